"""A small client for APIs that iamkit guards: signs each request, and sends it again where that is safe."""

from __future__ import annotations

import http.client
import json as json_format
import os
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from iamkit.client.credentials import Bearer, Credentials, from_environment
from iamkit.client.signer import DEFAULT_REGION, DEFAULT_SERVICE, Signer
from iamkit.client.variables import KEY_ID_VARIABLE, SECRET_VARIABLE, TOKEN_VARIABLE
from iamkit.clock import Clock, SystemClock
from iamkit.credentials.secret import Secret
from iamkit.errors import ConfigurationError, ServiceUnavailable, ValidationError
from iamkit.ids import Ids

# Answers that promise that nothing was done, so that any method may be sent again.
_TRY_AGAIN: Final = frozenset({429, 503})
_THROTTLED: Final = b"<Code>Throttling</Code>"
_LONGEST_WAIT: Final = 30.0
# Methods that change nothing (RFC 9110 §9.2.1).
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# A clock that is off by less is not why a signature was refused; the window is five minutes.
_SKEW: Final = timedelta(minutes=4)
_REFUSED: Final = frozenset({400, 401, 403})


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
        except (ValueError, RecursionError):
            raise ValidationError("the answer is not JSON") from None


class NoAnswer(ServiceUnavailable):
    """No answer came. `sent` says whether the request may have arrived, and so may have been done."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class Client:
    """Sends signed requests to one base URL. Redirects are not followed: a signature is for one path.

    What it proves itself by: the key that is given (`token` with a temporary one), `bearer` (a
    session's or personal token), else the variables of the environment that `client.credentials` names.

    `attempts` bounds how often a request is sent. It is sent again after 429 and 503, which promise that
    nothing was done; after a connection that could not be made; and after one that broke only if the request
    changes nothing. Retry-After is kept to, up to `longest_wait` seconds; beyond that the answer is given as
    it is. A clock that is off is corrected once, by what the server says the time is.

    One connection a request, so one client may be shared between threads.
    """

    def __init__(
        self,
        base_url: str,
        key_id: str | None = None,
        secret: str | Secret | None = None,
        *,
        bearer: str | Secret | None = None,
        service: str = DEFAULT_SERVICE,
        region: str = DEFAULT_REGION,
        token: str | Secret | None = None,
        attempts: int = 3,
        timeout: float = 30.0,
        longest_wait: float = _LONGEST_WAIT,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValidationError("the base URL must be like `https://host/prefix`")
        self._base = base_url.rstrip("/")
        self._credentials = _chosen(key_id, secret, token, bearer, service, region)
        self._attempts = max(1, attempts)
        self._timeout = timeout
        self._longest_wait = longest_wait
        self._clock = clock or SystemClock()
        self._sleep = sleep
        self._chance = chance or _chance
        self._tls = tls
        # What the server's clock is ahead by.
        self._ahead = timedelta()

    def __repr__(self) -> str:
        found = self._credentials
        return f"Client({self._base}, {found.key_id if isinstance(found, Signer) else 'token'})"

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        changes: bool | None = None,
    ) -> Response:
        """Send one request. `path` begins with a slash and is percent-encoded, query included.

        A status is an answer and raises nothing. `changes` says whether the request changes anything, where
        its method does not. Raises NoAnswer (a ServiceUnavailable) if none came, ValidationError for a path
        that cannot be signed.
        """
        if not path.startswith("/"):
            raise ValidationError(f"the path `{path[:200]}` must begin with a slash")
        fields = dict(headers or {})
        if json is not None:
            body = json_format.dumps(json, allow_nan=False).encode()
            fields.setdefault("Content-Type", "application/json")
        safe = method in _SAFE if changes is None else not changes
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                response = self._corrected(method, self._base + path, fields, body)
            except NoAnswer as fault:
                if last or (fault.sent and not safe):
                    raise
                self._sleep(self._backoff(attempt))
                continue
            if last or not _again(response):
                break
            wait = self._wait(response, attempt)
            if wait > self._longest_wait:
                break
            self._sleep(wait)
        return response

    def _corrected(self, method: str, url: str, fields: Mapping[str, str], body: bytes) -> Response:
        """The answer; if the request was refused and the clock is off, to the request with the right time."""
        ahead = self._ahead
        response = self._send(method, url, fields, body)
        if response.status not in _REFUSED or isinstance(self._credentials, Bearer) or ahead:
            return response
        theirs = _date(response)
        if theirs is None or abs(theirs - self._clock.now()) < _SKEW:
            return response
        self._ahead = theirs - self._clock.now()
        return self._send(method, url, fields, body)

    def _send(self, method: str, url: str, fields: Mapping[str, str], body: bytes) -> Response:
        # Signed anew each time: the time is part of what is signed.
        found = self._credentials
        if isinstance(found, Bearer):
            added = found.fields
        else:
            added = found.sign(method, url, fields, body, now=self._clock.now() + self._ahead)
        parts = urlsplit(url)
        host = parts.hostname or ""
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = self._tls or ssl.create_default_context()
            connection = http.client.HTTPSConnection(host, parts.port, timeout=self._timeout, context=context)
        else:
            connection = http.client.HTTPConnection(host, parts.port, timeout=self._timeout)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = False
        try:
            connection.connect()
            sent = True
            connection.request(method, target, body=body or None, headers={**fields, **added})
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as fault:
            reason = fault.verify_message if isinstance(fault, ssl.SSLCertVerificationError) else ""
            raise NoAnswer(
                f"`{parts.scheme}://{parts.netloc}` did not answer: {reason or type(fault).__name__}",
                sent=sent,
            ) from fault
        finally:
            connection.close()
        received: dict[str, str] = {}
        for name, value in answer.getheaders():
            lowered = name.lower()
            received[lowered] = f"{received[lowered]}, {value}" if lowered in received else value
        return Response(answer.status, received, content)

    def _wait(self, response: Response, attempt: int) -> float:
        """Seconds to wait: what the answer asks for, else what `_backoff` says."""
        asked = response.headers.get("retry-after", "")
        if asked.isascii() and asked.isdigit() and len(asked) < 6:
            return float(asked)
        return self._backoff(attempt)

    def _backoff(self, attempt: int) -> float:
        """From half of 0.2, 0.4, 0.8 … seconds to the whole, by chance: clients do not come back together."""
        return min(0.1 * 2.0**attempt, self._longest_wait) * (0.5 + self._chance() / 2)


def _chosen(
    key_id: str | None,
    secret: str | Secret | None,
    token: str | Secret | None,
    bearer: str | Secret | None,
    service: str,
    region: str,
) -> Credentials:
    if bearer is not None and key_id is None and secret is None:
        return Bearer(bearer if isinstance(bearer, Secret) else Secret(bearer))
    if key_id is not None and secret is not None and bearer is None:
        return Signer.of(key_id, secret, service, region, token)
    if not (key_id is None and secret is None and token is None):
        raise ConfigurationError(
            "give both halves of a key, or a token alone, or nothing for the environment's"
        )
    found = from_environment(os.environ, service=service, region=region)
    if found is None:
        raise ConfigurationError(
            f"there is no credential; set {KEY_ID_VARIABLE} and {SECRET_VARIABLE}, or {TOKEN_VARIABLE}"
        )
    return found


def _chance() -> float:
    """From 0 up to 1."""
    return int.from_bytes(Ids().bytes(4)) / 2**32


def _again(response: Response) -> bool:
    """Whether the answer says that nothing was done, and to come back; AWS says the latter with 400."""
    return response.status in _TRY_AGAIN or (response.status == 400 and _THROTTLED in response.body[:2048])


def _date(response: Response) -> datetime | None:
    try:
        found = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
