"""The pages as WSGI: what is below the prefix is theirs, everything else is the app's behind them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from iamkit.errors import IamkitError, MalformedRequest, RequestTooLarge
from iamkit.web import marker
from iamkit.web.guard import ADMISSION, Admission
from iamkit.web.wsgi import Door, send
from iamkit_pages import site
from iamkit_pages.place import Place

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class PagesWSGI:
    """A WSGI app. It has a door of its own, so it needs no guard around it, and stands inside one too."""

    def __init__(self, place: Place, behind: WSGIApplication | None) -> None:
        self.place = place
        self.behind = behind
        self._door = Door(self._inside, place.guard)
        # Mounted in a guarded app, its guard is told that who may see what is this app's own business.
        if behind is None:
            marker.public(self)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.behind is not None:
            whole = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
            if not self.place.owns(whole):
                return self.behind(environ, start_response)
        return self._door(environ, start_response)

    def _inside(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        admission: Admission = environ[ADMISSION]
        guard = self.place.guard
        refusal = guard.check(admission, site.endpoint(self.place, admission.request))
        if refusal is not None:
            return send(guard.response(refusal), start_response)
        try:
            body = _body(environ) if admission.request.method == "POST" else b""
        except IamkitError as fault:
            return send(guard.response(guard.refusal(admission.request, fault)), start_response)
        return send(site.respond(self.place, admission, body), start_response)


def _body(environ: WSGIEnvironment) -> bytes:
    length = environ.get("CONTENT_LENGTH")
    if not length:
        if environ.get("HTTP_TRANSFER_ENCODING"):
            raise MalformedRequest("send the form with its length")
        return b""
    wanted = int(length)
    if wanted > site.BODY_LIMIT:
        raise RequestTooLarge(f"a form may have at most {site.BODY_LIMIT} bytes here")
    body = bytearray()
    while len(body) < wanted:
        piece = environ["wsgi.input"].read(wanted - len(body))
        if not piece:
            raise MalformedRequest("the body is shorter than its Content-Length")
        body += piece
    return bytes(body)
