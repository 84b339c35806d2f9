"""Signing for httpx2: `httpx2.Client(auth=SigV4Auth(key_id, secret))`, sync and async alike."""

from __future__ import annotations

from collections.abc import Generator

import httpx2

from iamkit.client.signer import DEFAULT_REGION, DEFAULT_SERVICE, Signer, signable
from iamkit.clock import Clock, SystemClock
from iamkit.credentials.secret import Secret


class SigV4Auth(httpx2.Auth):
    """Signs method, URL, body, Content-Type and every x-amz-* field. A redirect is not signed anew."""

    requires_request_body = True

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

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Sign and send, once."""
        fields = signable(request.headers)
        added = self._signer.sign(
            request.method, str(request.url), fields, request.content, now=self._clock.now()
        )
        request.headers.update(added)
        yield request
