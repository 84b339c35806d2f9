"""Requests that a browser sent on another site's behalf: refused where a cookie is the only proof (THR-S5).

A browser says where a request comes from in `Sec-Fetch-Site` and `Origin`, which pages cannot forge.
Callers that prove themselves by a header are exempt: no browser adds that header unasked.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from iamkit.credentials.authentication import Authentication
from iamkit.errors import AccessDenied
from iamkit.http import HttpRequest

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def check(request: HttpRequest, proof: Authentication) -> None:
    """Raise AccessDenied if this is another site's request with our cookie.

    WebSocket handshakes count as unsafe.
    """
    if not proof.by_cookie or (request.method in _SAFE and request.kind == "http"):
        return
    if any(site not in ("same-origin", "none") for site in request.headers.all("sec-fetch-site")):
        raise AccessDenied("this request was sent by another site and is not accepted with a session cookie")
    # Without a Host (HTTP/1.0) there is nothing that an Origin could be the same as.
    here = request.host.lower() or None
    if any(here is None or _host_of(origin) != here for origin in request.headers.all("origin")):
        raise AccessDenied("the request's Origin is another site; it is not accepted with a session cookie")


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None
