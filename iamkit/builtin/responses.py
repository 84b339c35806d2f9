"""The plugin that says no: problem+json (RFC 9457) for programs, a small page for people in a browser.

Nothing that the caller did not send or may not know is in it; the reason is behind the decision id, for
whoever may ask `iamkit why`. A hidden refusal says exactly what is said of a missing page.
"""

from __future__ import annotations

import json
from html import escape
from http import HTTPStatus
from typing import Final

from iamkit.errors import (
    AccessDenied,
    AuthenticationError,
    ConflictError,
    InputError,
    NoSuchEntity,
    Throttling,
)
from iamkit.gate.verdict import DECISION_HEADER, Refusal
from iamkit.hookspecs import hookimpl
from iamkit.http import HttpRequest, HttpResponse

_DEFAULT_CHALLENGE: Final = 'Bearer realm="iamkit"'
# Errors whose message is worded for the caller; of all others only the kind is told.
_WORDED: Final = (InputError, AuthenticationError, AccessDenied, ConflictError, NoSuchEntity, Throttling)
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title></head>
<body><h1>{title}</h1><p>{detail}</p>{decision}</body></html>
"""


class Responses:
    """Renders every refusal; an app's own plugin may answer before it."""

    @hookimpl(trylast=True)
    def iamkit_refusal(self, refusal: Refusal) -> HttpResponse:
        return render(refusal)


def render(refusal: Refusal) -> HttpResponse:
    """The answer to a refused request, in the form that its sender can read."""
    page = wants_page(refusal.request)
    body = _page(refusal) if page else _problem(refusal)
    headers = [
        ("Content-Type", "text/html; charset=utf-8" if page else "application/problem+json"),
        ("Content-Length", str(len(body))),
        # The answer depends on who asks, so no cache may keep it (THR-B23).
        ("Cache-Control", "no-store"),
        ("Vary", "Cookie, Authorization"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    if page:
        headers.append(("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"))
    if refusal.status == 401:
        headers += [("WWW-Authenticate", challenge) for challenge in challenges(refusal)]
    if isinstance(refusal.error, Throttling) and not refusal.hidden:
        headers.append(("Retry-After", str(refusal.error.retry_after)))
    if refusal.decision_id and not refusal.hidden:
        headers.append((DECISION_HEADER, refusal.decision_id))
    return HttpResponse(refusal.status, tuple(headers), b"" if refusal.request.method == "HEAD" else body)


def challenges(refusal: Refusal) -> tuple[str, ...]:
    """The WWW-Authenticate values (RFC 9110 §11.6.1): at least one.

    A bearer token that was sent is called invalid, one that was not is not mentioned (RFC 6750 §3.1).
    """
    given = refusal.challenges or (_DEFAULT_CHALLENGE,)
    sent = refusal.request.headers.get("authorization", "")
    if sent[:7].lower() != "bearer ":
        return given
    return tuple(
        challenge + ', error="invalid_token"' if challenge.startswith("Bearer ") else challenge
        for challenge in given
    )


def wants_page(request: HttpRequest) -> bool:
    """Whether a person in a browser navigates here, rather than a program or a script of a page."""
    headers = request.headers
    if request.kind == "websocket" or "authorization" in headers:
        return False
    if "hx-request" in headers or "x-requested-with" in headers:
        return False
    mode = headers.get("sec-fetch-mode")
    if mode is not None:
        return mode == "navigate"
    accept = ",".join(headers.all("accept"))
    return _quality(accept, "text/html") > _quality(accept, "application/json")


def _quality(accept: str, wanted: str) -> float:
    """The weight of `wanted` in an Accept header, wildcards left out: who names nothing wants JSON."""
    best = 0.0
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name != wanted:
            continue
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key == "q":
                try:
                    quality = min(max(float(value), 0.0), 1.0)
                except ValueError:
                    quality = 0.0
        best = max(best, quality)
    return best


def _problem(refusal: Refusal) -> bytes:
    code = _code(refusal)
    problem: dict[str, str | int] = {
        "type": f"urn:iamkit:error:{code}",
        "title": _title(refusal),
        "status": refusal.status,
        "detail": _detail(refusal),
        "instance": refusal.request.raw_path,
    }
    if not refusal.hidden:
        if refusal.decision_id:
            problem["decision"] = refusal.decision_id
        if refusal.action:
            problem["action"] = refusal.action
    return json.dumps(problem).encode()


def _page(refusal: Refusal) -> bytes:
    decision = ""
    if refusal.decision_id and not refusal.hidden:
        decision = f"<p>Decision <code>{escape(refusal.decision_id)}</code></p>"
    title = escape(f"{refusal.status} {_title(refusal)}")
    return _PAGE.format(title=title, detail=escape(_detail(refusal)), decision=decision).encode()


def _title(refusal: Refusal) -> str:
    try:
        return HTTPStatus(refusal.status).phrase
    except ValueError:
        return "Refused"


def _code(refusal: Refusal) -> str:
    return "NotFound" if refusal.hidden else refusal.error.code


def _detail(refusal: Refusal) -> str:
    if refusal.hidden:
        return "nothing is here"
    if isinstance(refusal.error, _WORDED):
        return refusal.error.message
    if refusal.status == 503:
        return "the request cannot be answered at the moment; try again later"
    return "the request was refused"
