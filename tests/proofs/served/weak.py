"""Guards as people write them, each with one well-known hole: the matrix has to notice every one of them.

They ask the same gate and their decisions stand in the same log; only where and when they ask is wrong.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import flask
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from iamkit import IAM
from iamkit.errors import IamkitError
from iamkit.http import Headers, HttpRequest, NeedsBody
from iamkit.web.scopes import ASGIApp
from iamkit.web.templates import Template
from tests.proofs.served.marks import Mark
from tests.proofs.served.wsgi_shapes import with_functions

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def _asked(iam: IAM, request: HttpRequest, action: str, resource: str) -> Any:
    """The principal if the gate allows it, else None."""
    try:
        principal = iam.gate.admit(request)
        if isinstance(principal, NeedsBody):
            return None
        verdict = iam.gate.authorize(principal, action, resource, request=request)
    except IamkitError:
        return None
    return principal if verdict.allowed else None


def _read(path: str, method: str) -> tuple[str, str] | None:
    """Action and resource by what the path looks like; None is taken for public."""
    parts = path.split("/")
    if path.startswith("/docs/"):
        return ("docs:Write" if method == "PUT" else "docs:Read"), _resource("doc/{id}", id=parts[2])
    if path.startswith("/api/v1/items/"):
        return "docs:Item", _resource("item/{id}", id=parts[4])
    if path.startswith("/admin"):
        return "docs:Admin", "*"
    if path.startswith("/form"):
        return "docs:Form", "*"
    return ("none:Bare", "*") if path.startswith("/bare") else None


def _resource(template: str, **values: object) -> str:
    """Written as the guard writes it: the holes are others."""
    return "*" if template == "*" else Template.parse(template).fill(values)


class _Outside:
    """A guard before the whole app, which decides by the path as it reads it."""

    def __init__(self, app: WSGIApplication, iam: IAM, read: Callable[[str], str]) -> None:
        self._app, self._iam, self._path = app, iam, read

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, method = (
            self._path(environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")),
            environ["REQUEST_METHOD"],
        )
        needed = _read(path, method)
        if needed is None:
            return self._app(environ, start_response)
        fields = tuple(
            (key[5:].replace("_", "-"), value) for key, value in environ.items() if key.startswith("HTTP_")
        )
        request = HttpRequest(method, "http", "", path, path, "", Headers(fields), environ.get("REMOTE_ADDR"))
        principal = _asked(self._iam, request, *needed)
        if principal is None:
            start_response("403 Forbidden", [("Content-Length", "0")])
            return [b""]
        with self._iam.acting(principal):
            return self._app(environ, start_response)


def _unmarked(*arguments: Any, **more: Any) -> Any:
    return lambda endpoint: endpoint


def prefix(iam: IAM, mark: Mark) -> Any:
    """By how the path begins: `//admin` begins otherwise, and Flask serves it."""
    app = with_functions(flask.Flask(__name__), mark, _unmarked, lambda endpoint: endpoint)
    return _Outside(app, iam, lambda path: path)


def twice(iam: IAM, mark: Mark) -> Any:
    """Decoding the path once more than the framework does: `/docs/%2532` is asked about as document 2."""
    app = with_functions(flask.Flask(__name__), mark, _unmarked, lambda endpoint: endpoint)
    return _Outside(app, iam, unquote)


def only_get(iam: IAM, mark: Mark) -> Any:
    """A decorator that looks at the methods it thought of: HEAD runs the same view."""

    def require(action: str, resource: str = "*") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def decorated(view: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(view)
            def checked(**values: Any) -> Any:
                got = flask.request
                run = flask.current_app.ensure_sync(view)
                if got.method not in ("GET", "PUT", "POST"):
                    return run(**values)
                request = HttpRequest(
                    got.method, "http", "", got.path, got.path, "", Headers(tuple(got.headers.items()))
                )
                principal = _asked(iam, request, action, _resource(resource, **values))
                if principal is None:
                    return "no", 403
                with iam.acting(principal):
                    return run(**values)

            return checked

        return decorated

    return with_functions(flask.Flask(__name__), mark, require, lambda endpoint: endpoint)


def only_http(iam: IAM, mark: Mark) -> ASGIApp:
    """A middleware of the framework that is not asked about WebSockets."""

    async def guard(request: Request, call_next: Callable[[Request], Any]) -> Any:
        raw = request.scope["path"]
        needed = _read(raw, request.method)
        if needed is None:
            return await call_next(request)
        known = HttpRequest(request.method, "http", "", raw, raw, "", Headers(tuple(request.headers.items())))
        principal = _asked(iam, known, *needed)
        if principal is None:
            return PlainTextResponse("no", 403)
        with iam.acting(principal):
            return await call_next(request)

    async def read(request: Request) -> PlainTextResponse:
        mark("read", request.headers.get("x-probe"), request.path_params["id"])
        return PlainTextResponse("ok")

    async def live(socket: Any) -> None:
        mark("live", socket.headers.get("x-probe"), socket.path_params["id"])
        await socket.accept()
        await socket.close()

    routes = [Route("/docs/{id}", read), WebSocketRoute("/live/{id}", live)]
    return Starlette(routes=routes, middleware=[Middleware(BaseHTTPMiddleware, dispatch=guard)])
