"""The plugin that says no, to each reader in kind.

    a person who navigates     sent to the sign-in page (GET, 401), else a small page
    HTMX                       `HX-Redirect` to the sign-in page (401), and never swapped into the page
    everybody else             problem+json (RFC 9457)

Nothing that the caller did not send or may not know is in it; the reason is behind the decision id, for
whoever may ask `iamkit why`. A hidden refusal says exactly what is said of a missing page.
"""

from __future__ import annotations

import json
from html import escape
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from iamkit.builtin.sessions import cookie_name, set_cookie
from iamkit.clock import Clock
from iamkit.errors import (
    AccessDenied,
    AuthenticationError,
    ConflictError,
    InputError,
    MissingAuthenticationToken,
    NoSuchEntity,
    StepUpRequired,
    Throttling,
)
from iamkit.gate.challenges import challenges_of
from iamkit.gate.manners import PLAIN, Manners
from iamkit.gate.next_page import next_page
from iamkit.gate.readers import Reader, reader_of
from iamkit.gate.verdict import DECISION_HEADER, Refusal
from iamkit.hookspecs import hookimpl
from iamkit.http import HttpRequest, HttpResponse
from iamkit.settings import Settings

# Which reader gets what depends on these, and who may on the first two (THR-B23).
VARY: Final = "Cookie, Authorization, Accept"
# Errors whose message is worded for the caller; of all others only the kind is told.
_WORDED: Final = (InputError, AuthenticationError, AccessDenied, ConflictError, NoSuchEntity, Throttling)
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title></head>
<body><h1>{title}</h1><p>{detail}</p>{more}</body></html>
"""


class Responses:
    """Renders every refusal; an app's own plugin may answer before it."""

    def __init__(self, manners: Manners = PLAIN) -> None:
        self._manners = manners

    @hookimpl(trylast=True)
    def iamkit_refusal(self, refusal: Refusal) -> HttpResponse:
        return render(refusal, self._manners)


def manners_of(settings: Settings, clock: Clock) -> Manners:
    """How requests are answered, as the settings say."""
    return Manners(
        sign_in=settings.sign_in_path,
        step_up=settings.step_up_path or settings.sign_in_path,
        cors=frozenset(settings.cors),
        report_only=settings.report_only,
        live=settings.live_path,
        ready=settings.ready_path,
        body_limit=settings.body_limit,
        session_cookie=cookie_name(development=settings.development),
        forget_cookie=set_cookie(None, now=clock.now(), development=settings.development),
    )


def render(refusal: Refusal, manners: Manners = PLAIN) -> HttpResponse:
    """The answer to a refused request, in the form that its sender can read."""
    request = refusal.request
    reader = reader_of(request)
    door = _door(refusal, manners)
    if door and reader is Reader.PERSON and request.method in ("GET", "HEAD"):
        status, kind, body = 303, "text/html; charset=utf-8", _page(refusal, door)
    elif reader is Reader.PERSON:
        status, kind, body = refusal.status, "text/html; charset=utf-8", _page(refusal, door)
    else:
        status, kind, body = refusal.status, "application/problem+json", _problem(refusal)
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        # The answer depends on who asks, so no cache may keep it (THR-B23).
        ("Cache-Control", "no-store"),
        ("Vary", VARY),
        ("X-Content-Type-Options", "nosniff"),
    ]
    if reader is Reader.PERSON:
        headers.append(("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"))
    if status == 303:
        headers += [("Location", door), ("Referrer-Policy", "same-origin")]
    elif not refusal.hidden:
        headers += [("WWW-Authenticate", challenge) for challenge in challenges_of(refusal)]
    if reader is Reader.HTMX:
        headers += [("HX-Redirect", door)] if door else []
        # What says no belongs into no part of the page that asked.
        headers.append(("HX-Reswap", "none"))
    if isinstance(refusal.error, Throttling) and not refusal.hidden:
        headers.append(("Retry-After", str(refusal.error.retry_after)))
    if refusal.decision_id and not refusal.hidden:
        headers.append((DECISION_HEADER, refusal.decision_id))
    if _useless_cookie(refusal, manners):
        headers.append(("Set-Cookie", manners.forget_cookie))
    return HttpResponse(status, tuple(headers), b"" if request.method == "HEAD" else body)


def _door(refusal: Refusal, manners: Manners) -> str:
    """The page at which the refused person can sign in, with the way back; empty if there is none."""
    request = refusal.request
    step_up = isinstance(refusal.error, StepUpRequired)
    path = manners.step_up if step_up else manners.sign_in
    # The page itself is never sent to itself, whatever its mark says.
    if not path or refusal.status != 401 or request.path in (path, manners.sign_in, manners.step_up):
        return ""
    back = _way_back(request)
    return path + (f"?next={quote(back, safe='')}" if back else "")


def _way_back(request: HttpRequest) -> str | None:
    if reader_of(request) is Reader.HTMX:
        return next_page(request.headers.get("hx-current-url"), hosts=(request.host,))
    if request.method not in ("GET", "HEAD"):
        # What was posted is lost, and an address that takes posts may show nothing.
        return None
    return next_page(request.raw_path + (f"?{request.query}" if request.query else ""))


def _useless_cookie(refusal: Refusal, manners: Manners) -> bool:
    """Whether the session cookie that was sent can never be right, so that only forgetting it helps."""
    request, error = refusal.request, refusal.error
    return (
        isinstance(error, AuthenticationError)
        and not isinstance(error, MissingAuthenticationToken)
        and bool(manners.forget_cookie)
        and not refusal.hidden
        and "authorization" not in request.headers
        and bool(request.cookies(manners.session_cookie))
    )


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
    # A terminal shows it as a line.
    return json.dumps(problem).encode() + b"\n"


def _page(refusal: Refusal, door: str) -> bytes:
    more = ""
    if door:
        more = f'<p><a href="{escape(door)}">Sign in</a></p>'
    if refusal.decision_id and not refusal.hidden:
        more += f"<p>Decision <code>{escape(refusal.decision_id)}</code></p>"
    title = escape(f"{refusal.status} {_title(refusal)}")
    return _PAGE.format(title=title, detail=escape(_detail(refusal)), more=more).encode()


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
