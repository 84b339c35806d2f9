"""Requests that a browser sent on another site's behalf: refused where a cookie is the only proof (THR-S5).

A browser says where a request comes from in `Sec-Fetch-Site` and `Origin`, which pages cannot forge. One that
says neither is old, or no browser: it has to send the token that the app's own pages carry (see `csrf`).
Callers that prove themselves by a header are exempt: no browser adds that header unasked.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlsplit

from iamkit.credentials.authentication import Authentication
from iamkit.errors import AccessDenied
from iamkit.gate import csrf
from iamkit.gate.manners import PLAIN, Manners
from iamkit.http import HttpRequest, NeedsBody

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# How browsers begin their `User-Agent`, whatever they are.
_BROWSERS: Final = ("mozilla/", "opera/")
_FORM: Final = "application/x-www-form-urlencoded"


def check(request: HttpRequest, proof: Authentication, manners: Manners = PLAIN) -> NeedsBody | None:
    """Raise AccessDenied if this may be another site's request with our cookie.

    NeedsBody if that hangs on a form that has not been read. WebSocket handshakes count as unsafe.
    """
    if not proof.by_cookie or (request.method in _SAFE and request.kind == "http"):
        return None
    # Every browser that knows WebSockets sends Origin with the handshake (RFC 6455 §4.1).
    if _says_ours(request, manners) or request.kind == "websocket":
        return None
    return _check_token(request, manners)


def check_sign_in(request: HttpRequest, manners: Manners = PLAIN) -> None:
    """Raise AccessDenied if another site signs a browser in, as somebody of its own choice (login CSRF).

    There is no session yet that a token could be bound to: a browser too old to say where a request comes
    from is judged by its `Referer`, which the other site can keep back. So a browser that says nothing at all
    is refused, and a program, which no other site can send, is not.
    """
    if _says_ours(request, manners):
        return
    here, referers = _plain(request.host.lower()), request.headers.all("referer")
    if any(_host_of(referer, request) != here for referer in referers):
        raise AccessDenied("this sign-in was sent by another site; sign in on a page of this one")
    if not referers and _is_browser(request):
        raise AccessDenied(
            "this sign-in does not say which site it comes from; let the browser send `Origin` or `Referer`"
        )


def _is_browser(request: HttpRequest) -> bool:
    """Whether a browser sent this for a page. What it says of itself, no page can change in a form."""
    fields = request.headers
    names = (agent.lower().startswith(_BROWSERS) for agent in fields.all("user-agent"))
    return any(names) or any("text/html" in kinds.lower() for kinds in fields.all("accept"))


def _says_ours(request: HttpRequest, manners: Manners) -> bool:
    """Whether the browser says that a page of ours, or of a named origin, sent this. False: it says nothing.

    Raises AccessDenied if it says that another did.
    """
    sites, origins = list(request.headers.all("sec-fetch-site")), list(request.headers.all("origin"))
    if sites == ["same-origin"] and origins == ["null"]:
        # A page of ours that keeps its address to itself (`Referrer-Policy: no-referrer`).
        return True
    if len(origins) == 1 and origins[0] in manners.cors:
        return True
    if any(site not in ("same-origin", "none") for site in sites):
        raise AccessDenied("this request was sent by another site and is not accepted with a session cookie")
    # Without a Host (HTTP/1.0) there is nothing that an Origin could be the same as.
    here = _plain(request.host.lower()) or None
    if any(here is None or _host_of(origin, request) != here for origin in origins):
        raise AccessDenied("the request's Origin is another site; it is not accepted with a session cookie")
    return bool(sites or origins)


def _check_token(request: HttpRequest, manners: Manners) -> NeedsBody | None:
    sessions = request.cookies(manners.session_cookie) if manners.session_cookie else ()
    sent = list(request.headers.all(csrf.HEADER))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not sent and sessions and kind == _FORM:
        if request.body is None:
            return NeedsBody(limit=manners.body_limit)
        pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        sent = [value for name, value in pairs if name == csrf.FIELD]
    if len(sessions) == 1 and len(sent) == 1 and csrf.verified(sent[0], sessions[0]):
        return None
    raise AccessDenied(
        "a request with a session cookie has to say where it comes from: send `Origin` (browsers do), or the"
        f" token of the page as `{csrf.HEADER}` or in the form field `{csrf.FIELD}`"
    )


def _host_of(origin: str, request: HttpRequest) -> str | None:
    """The host that `origin` names, None if it cannot be ours: http can be anybody's where we are https."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), parts.netloc.lower()
    if scheme == "http" and request.scheme in ("https", "wss"):
        return None
    return _plain(host) or None


def _plain(host: str) -> str:
    """The host without the usual port, of either scheme, as TLS may end at a proxy."""
    return host.removesuffix(":443").removesuffix(":80")
