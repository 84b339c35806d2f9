"""The pages as ASGI: what is below the prefix is theirs, everything else is the app's behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from iamkit.errors import IamkitError, RequestTooLarge
from iamkit.web import marker
from iamkit.web.asgi import Door, Receive, Scope, Send, judged, send_response
from iamkit.web.guard import ADMISSION, Admission
from iamkit_pages import site
from iamkit_pages.place import Place

# Frameworks have types of their own for scopes and messages.
AnyASGIApp = Callable[[Any, Any, Any], Awaitable[None]]


class PagesASGI:
    """An ASGI app. It has a door of its own, so it needs no guard around it, and stands inside one too.

    A page may hash or wait for the store, so each is made in a thread.
    """

    def __init__(self, place: Place, behind: AnyASGIApp | None) -> None:
        self.place = place
        self.behind = behind
        self._door = Door(self._inside, place.guard)
        # Mounted in a guarded app, its guard is told that who may see what is this app's own business.
        if behind is None:
            marker.public(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if self.behind is not None and (kind != "http" or not self.place.owns(_whole(scope))):
            await self.behind(scope, receive, send)
        elif kind == "http":
            await self._door(scope, receive, send)
        elif kind == "lifespan":
            await _live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 4404, "reason": ""})

    async def _inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        admission: Admission = scope[ADMISSION]
        place, guard = self.place, self.place.guard
        refusal = await judged(guard, lambda: guard.check(admission, site.endpoint(place, admission.request)))
        if refusal is not None:
            await send_response(guard.response(refusal), scope, send)
            return
        try:
            body = await _body(receive) if admission.request.method == "POST" else b""
        except IamkitError as fault:
            await send_response(guard.response(guard.refusal(admission.request, fault)), scope, send)
            return
        if body is not None:
            await send_response(await asyncio.to_thread(site.respond, place, admission, body), scope, send)


def _whole(scope: Scope) -> str:
    """The path from the host on: frameworks differ in whether `path` has the mount's."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path if not root or path == root or path.startswith(f"{root}/") else root + path


async def _body(receive: Receive) -> bytes | None:
    """The body; None if the client left before it had sent it."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > site.BODY_LIMIT:
            raise RequestTooLarge(f"a form may have at most {site.BODY_LIMIT} bytes here")
        if not message.get("more_body", False):
            return bytes(body)


async def _live(receive: Receive, send: Send) -> None:
    """Nothing is started and nothing is stopped."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
