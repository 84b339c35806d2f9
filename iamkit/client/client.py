"""A small client for APIs that iamkit guards: signs each request, and comes back when it is told to wait."""

from __future__ import annotations

import http.client
import json as json_format
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from iamkit.client.signer import DEFAULT_REGION, DEFAULT_SERVICE, Signer
from iamkit.clock import Clock, SystemClock
from iamkit.credentials.secret import Secret
from iamkit.errors import ServiceUnavailable, ValidationError

# Answers that promise that nothing was done, so that any method may be sent again.
_TRY_AGAIN: Final = frozenset({429, 503})
_LONGEST_WAIT: Final = 30.0


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `headers` has lower-case names; a repeated field is joined with commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> object:
        """The body as JSON. Raises ValidationError if it is none."""
        try:
            return json_format.loads(self.body)
        except ValueError:
            raise ValidationError("the answer is not JSON") from None


class Client:
    """Sends signed requests to one base URL. Redirects are not followed: a signature is for one path.

    `attempts` bounds how often a request is sent when the answer is 429 or 503; Retry-After is kept to, up
    to 30 seconds. One connection a request, so one client may be shared between threads.
    """

    def __init__(
        self,
        base_url: str,
        key_id: str,
        secret: str | Secret,
        *,
        service: str = DEFAULT_SERVICE,
        region: str = DEFAULT_REGION,
        token: str | Secret | None = None,
        attempts: int = 3,
        timeout: float = 30.0,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValidationError("the base URL must be like `https://host/prefix`")
        self._base = base_url.rstrip("/")
        self._signer = Signer.of(key_id, secret, service, region, token)
        self._attempts = max(1, attempts)
        self._timeout = timeout
        self._clock = clock or SystemClock()
        self._sleep = sleep
        self._tls = tls

    def __repr__(self) -> str:
        return f"Client({self._base}, {self._signer.key_id})"

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send one request. `path` begins with a slash and is percent-encoded, query included.

        A status is an answer and raises nothing. Raises ServiceUnavailable if no answer came, ValidationError
        for a path that cannot be signed.
        """
        if not path.startswith("/"):
            raise ValidationError(f"the path `{path[:200]}` must begin with a slash")
        fields = dict(headers or {})
        if json is not None:
            body = json_format.dumps(json, allow_nan=False).encode()
            fields.setdefault("Content-Type", "application/json")
        for attempt in range(1, self._attempts + 1):
            response = self._send(method, self._base + path, fields, body)
            if response.status not in _TRY_AGAIN or attempt == self._attempts:
                break
            self._sleep(_wait(response, attempt))
        return response

    def _send(self, method: str, url: str, fields: Mapping[str, str], body: bytes) -> Response:
        # Signed anew each time: the time is part of what is signed.
        added = self._signer.sign(method, url, fields, body, now=self._clock.now())
        parts = urlsplit(url)
        host = parts.hostname or ""
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = self._tls or ssl.create_default_context()
            connection = http.client.HTTPSConnection(host, parts.port, timeout=self._timeout, context=context)
        else:
            connection = http.client.HTTPConnection(host, parts.port, timeout=self._timeout)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request(method, target, body=body or None, headers={**fields, **added})
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as fault:
            raise ServiceUnavailable(
                f"`{parts.scheme}://{parts.netloc}` did not answer: {type(fault).__name__}"
            ) from fault
        finally:
            connection.close()
        received: dict[str, str] = {}
        for name, value in answer.getheaders():
            lowered = name.lower()
            received[lowered] = f"{received[lowered]}, {value}" if lowered in received else value
        return Response(answer.status, received, content)


def _wait(response: Response, attempt: int) -> float:
    """Seconds to wait: what the answer asks for, else 0.2, 0.4, 0.8 …; never beyond the longest."""
    asked = response.headers.get("retry-after", "")
    if asked.isascii() and asked.isdigit() and len(asked) < 6:
        return min(float(asked), _LONGEST_WAIT)
    return min(0.1 * 2.0**attempt, _LONGEST_WAIT)
