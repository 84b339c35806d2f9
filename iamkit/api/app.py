"""The management API as an app: a WSGI and an ASGI callable over the same deployment.

    api = ManagementAPI(iam)
    api.wsgi    # or api.asgi: for a server, or mounted in an app, beside or instead of its own routes

It lets requests in by the gate of its own, whose signatures are made for `iam` and `sts`, and stands inside
no other guard: nothing of it is an endpoint of the app that it is mounted in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from iamkit.api import operations
from iamkit.api.dispatch import Dispatch
from iamkit.api.envelope import wants_json
from iamkit.gate.verdict import Refusal
from iamkit.http import HttpResponse
from iamkit.kit import IAM
from iamkit.web import asgi, wsgi
from iamkit.web.guard import ADMISSION, Admission, Guard

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class _ApiGuard(Guard):
    """A guard that says no as AWS does, to those who do not speak JSON."""

    def __init__(self, iam: IAM, dispatch: Dispatch) -> None:
        super().__init__(iam.api_gate)
        self._dispatch = dispatch

    def response(self, refusal: Refusal) -> HttpResponse:
        asked = refusal.request
        if refusal.preflight or (wants_json(asked) and not operations.is_meant(asked)):
            return super().response(refusal)
        return self._dispatch.refused(refusal.error, refusal.request)


class ManagementAPI:
    """See the module. Made once; the tables are read when it is made."""

    def __init__(self, iam: IAM) -> None:
        self._dispatch = Dispatch(iam)
        self._limit = iam.settings.body_limit
        guard = _ApiGuard(iam, self._dispatch)
        self.wsgi = wsgi.Door(self._answer_wsgi, guard)
        self.asgi = asgi.Door(self._answer_asgi, guard)

    def _answer_wsgi(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        admission: Admission = environ[ADMISSION]
        request = admission.request
        if request.body is None:
            # What is too long is refused by the door.
            request = request.with_body(wsgi.buffered(environ, self._limit))
        response = self._dispatch.answer(request, admission.principal, environ.get("PATH_INFO", ""))
        return wsgi.send(response, start_response)

    async def _answer_asgi(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        if scope["type"] == "lifespan":
            await _lived(receive, send)
            return
        admission: Admission = scope[ADMISSION]
        request = admission.request
        if request.body is None:
            # What is too long is refused by the door.
            body = await asgi.buffered(scope, receive, self._limit)
            if body is None:
                return
            request = request.with_body(body)
        local = str(scope["path"]).removeprefix(scope.get("root_path", ""))
        # The desk reads and writes: not in the event loop's own thread.
        response = await asyncio.to_thread(self._dispatch.answer, request, admission.principal, local)
        await asgi.send_response(response, scope, send)


async def _lived(receive: asgi.Receive, send: asgi.Send) -> None:
    """The life of a server: there is nothing to start, and whoever made the deployment ends it."""
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
