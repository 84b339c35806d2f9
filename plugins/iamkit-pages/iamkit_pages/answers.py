"""Answers of the pages, and the header fields that each of them carries.

Nothing of a page is kept by a cache, framed by another site, told to another site, or run: no script but the
one for passkeys, from our own address, on the pages that need it; no style and no handler inside the HTML.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from iamkit.errors import (
    AccessDenied,
    AuthenticationError,
    ConflictError,
    IamkitError,
    InputError,
    InvalidAuthenticationCode,
    NoSuchEntity,
    Throttling,
)
from iamkit.http import HttpResponse

HTML: Final = "text/html; charset=utf-8"
# Errors whose message is worded for the caller; of all others only the kind is told.
_WORDED: Final = (
    InputError,
    AuthenticationError,
    InvalidAuthenticationCode,
    AccessDenied,
    ConflictError,
    NoSuchEntity,
    Throttling,
)
_POLICY: Final = (
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self' data:",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
)
_ALWAYS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    (
        "Permissions-Policy",
        "camera=(), geolocation=(), microphone=(), publickey-credentials-create=(self),"
        " publickey-credentials-get=(self)",
    ),
)
_YEAR: Final = 31_536_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent. `script`: the page needs the one for passkeys. `lasting`: it is the same for everybody.

    `referrer` is `no-referrer` where the address itself is secret. On all other pages it is `same-origin`:
    with less a browser would say `Origin: null` of our own forms.
    """

    status: int = 200
    body: bytes = b""
    kind: str = HTML
    location: str = ""
    cookies: tuple[str, ...] = ()
    script: bool = False
    lasting: bool = False
    referrer: str = "same-origin"
    headers: tuple[tuple[str, str], ...] = ()


def response(answer: Answer, method: str, *, secure: bool) -> HttpResponse:
    """The answer with its header fields; `secure` if it goes over TLS."""
    policy = (*_POLICY, "script-src 'self'") if answer.script else _POLICY
    fields = [
        ("Content-Type", answer.kind),
        ("Content-Length", str(len(answer.body))),
        ("Cache-Control", "public, max-age=86400" if answer.lasting else "no-store"),
        ("Content-Security-Policy", "; ".join(policy)),
        ("Referrer-Policy", answer.referrer),
        *_ALWAYS,
        *answer.headers,
    ]
    if not answer.lasting:
        fields.append(("Vary", "Cookie, Authorization, Accept-Language"))
    if secure:
        fields.append(("Strict-Transport-Security", f"max-age={_YEAR}"))
    if answer.location:
        fields.append(("Location", answer.location))
    fields += [("Set-Cookie", cookie) for cookie in answer.cookies]
    return HttpResponse(answer.status, tuple(fields), b"" if method == "HEAD" else answer.body)


def redirect(location: str, *cookies: str) -> Answer:
    """Sends the browser on with a GET."""
    return Answer(303, location=location, cookies=cookies)


def data(said: Mapping[str, object], *cookies: str, status: int = 200) -> Answer:
    """JSON."""
    body = json.dumps(said, ensure_ascii=False).encode()
    return Answer(status, body, "application/json", cookies=cookies)


def problem(fault: IamkitError, challenges: tuple[str, ...] = ()) -> Answer:
    """What went wrong as problem+json (RFC 9457)."""
    said: dict[str, object] = {
        "type": f"urn:iamkit:error:{fault.code}",
        "title": fault.code,
        "status": fault.status,
    }
    if isinstance(fault, _WORDED):
        said["detail"] = fault.message
    headers = [("WWW-Authenticate", text) for text in challenges] if fault.status == 401 else []
    if isinstance(fault, Throttling):
        said["retry_after"] = fault.retry_after
        headers.append(("Retry-After", str(fault.retry_after)))
    body = json.dumps(said, ensure_ascii=False).encode()
    return Answer(fault.status, body, "application/problem+json", headers=tuple(headers))
