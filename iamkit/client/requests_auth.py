"""Signing for requests: `requests.get(url, auth=SigV4Auth(key_id, secret))`, which it need not import."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from iamkit.client.signer import DEFAULT_REGION, DEFAULT_SERVICE, Signer, signable
from iamkit.clock import Clock, SystemClock
from iamkit.credentials.secret import Secret
from iamkit.errors import ValidationError


class Prepared(Protocol):
    """What of `requests.PreparedRequest` is signed."""

    method: str | None
    url: str | None
    headers: Any
    body: Any


R = TypeVar("R", bound=Prepared)


class SigV4Auth:
    """Signs method, URL, body, Content-Type and every x-amz-* field. A redirect is not signed anew.

    A body that is a stream cannot be signed before it is sent: give its bytes. Raises ValidationError.
    """

    def __init__(
        self,
        key_id: str,
        secret: str | Secret,
        *,
        service: str = DEFAULT_SERVICE,
        region: str = DEFAULT_REGION,
        token: str | Secret | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._signer = Signer.of(key_id, secret, service, region, token)
        self._clock = clock or SystemClock()

    def __call__(self, request: R) -> R:
        """Sign it."""
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        if not isinstance(body, bytes):
            raise ValidationError("a body that is a stream cannot be signed; give its bytes")
        added = self._signer.sign(
            request.method or "GET",
            request.url or "",
            signable(request.headers),
            body,
            now=self._clock.now(),
        )
        request.headers.update(added)
        return request
