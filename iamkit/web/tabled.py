"""Apps behind a route table: the table is asked, and the app sees the path that it was asked about, no other.

Where the app was mounted is part of that: `SCRIPT_NAME` and `root_path` have to be the table's `prefix`, so
that no header or proxy moves the app below another path.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, cast

from iamkit.errors import ConfigurationError, MalformedRequest
from iamkit.gate.verdict import Refusal
from iamkit.web import routes as listing
from iamkit.web.asgi import ASGIMiddleware, judged, send_refusal
from iamkit.web.canonical import quoted_path
from iamkit.web.guard import ADMISSION, Admission, Gatekeeper, Guard, HasGate
from iamkit.web.route_file import Routes, read
from iamkit.web.route_table import RouteTable
from iamkit.web.scopes import ASGIApp, Receive, Scope, Send
from iamkit.web.wsgi import WSGIMiddleware, send

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = logging.getLogger("iamkit.web")

# Under what a Flask app keeps its table.
EXTENSION: Final = "iamkit-table"
# By which some servers and apps exchange the path for another one.
_OTHER_PATHS: Final = ("x-original-url", "x-rewrite-url")
_RAW_TARGETS: Final = ("RAW_URI", "REQUEST_URI")


class TabledWSGI(WSGIMiddleware):
    """A WSGI app behind a route table."""

    def __init__(self, app: WSGIApplication, iam: HasGate | Gatekeeper, routes: Routes) -> None:
        super().__init__(app, iam)
        self.table = read(routes)

    def _checked(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        admission: Admission = environ[ADMISSION]
        prefix, path = _text(environ.get("SCRIPT_NAME", "")), _text(environ.get("PATH_INFO", ""))
        method = admission.request.method
        path = path or "/"
        refusal = _decided(self.guard, admission, self.table, prefix, method, path)
        if refusal is not None:
            return send(self.guard.response(refusal), start_response)
        environ["PATH_INFO"] = path.encode().decode("latin-1")
        for key in _RAW_TARGETS:
            if key in environ:
                query = environ.get("QUERY_STRING", "")
                environ[key] = quoted_path((prefix + path).encode()) + (f"?{query}" if query else "")
        for name in _OTHER_PATHS:
            environ.pop("HTTP_" + name.upper().replace("-", "_"), None)
        return self.app(environ, start_response)


class TabledASGI(ASGIMiddleware):
    """An ASGI app behind a route table."""

    def __init__(self, app: ASGIApp, iam: HasGate | Gatekeeper, routes: Routes) -> None:
        super().__init__(app, iam)
        self.table = read(routes)

    async def _checked(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        admission: Admission = scope[ADMISSION]
        prefix, path = scope.get("root_path", ""), scope["path"]
        if prefix and (path == prefix or path.startswith(prefix + "/")):
            path = path[len(prefix) :]
        path = path or "/"
        method = "WEBSOCKET" if scope["type"] == "websocket" else admission.request.method
        guard, table = self.guard, self.table
        refusal = await judged(guard, lambda: _decided(guard, admission, table, prefix, method, path))
        if refusal is not None:
            await send_refusal(guard, refusal, scope, send)
            return
        scope["path"] = prefix + path
        scope["raw_path"] = quoted_path((prefix + path).encode()).encode("ascii")
        scope["headers"] = [
            pair for pair in scope["headers"] if bytes(pair[0]).decode("latin-1").lower() not in _OTHER_PATHS
        ]
        await self.app(scope, receive, send)


def protect(app: object, iam: HasGate | Gatekeeper, routes: Routes) -> TabledWSGI | TabledASGI:
    """Put `app` behind a table. Raises ConfigurationError if it cannot be told whether it is WSGI or ASGI."""
    if _speaks_asgi(app):
        return TabledASGI(cast(ASGIApp, app), iam, routes)
    return TabledWSGI(cast("WSGIApplication", app), iam, routes)


def install(app: Any, iam: HasGate | Gatekeeper, routes: Routes) -> object:
    """Put the table inside a Flask app, before everything of it, and return the app.

    What `protect` returned would be passed over by `flask run`, which looks for a Flask object in the module
    and serves that.
    """
    tabled = TabledWSGI(app.wsgi_app, iam, routes)
    app.wsgi_app = tabled
    app.extensions[EXTENSION] = tabled
    return app


def guard_of(app: object) -> Guard:
    """The guard of an app behind a table; it always has one."""
    return _table_of(app).guard


def routes(app: object) -> list[listing.Route]:
    """The rows of the app's table."""
    return _table_of(app).table.routes()


def _table_of(app: object) -> TabledWSGI | TabledASGI:
    found = app if isinstance(app, TabledWSGI | TabledASGI) else getattr(app, "extensions", {}).get(EXTENSION)
    if not isinstance(found, TabledWSGI | TabledASGI):
        raise ConfigurationError(f"`{type(app).__qualname__}` does not stand behind a route table")
    return found


def _decided(
    guard: Guard, admission: Admission, table: RouteTable, prefix: str, method: str, path: str
) -> Refusal | None:
    if prefix != table.prefix:
        _log.error(
            "the app is mounted at `%s` and %s says `%s`; if that is meant, set its `prefix`",
            prefix.replace("\n", " ")[:100],
            table.name,
            table.prefix,
        )
        return guard.refusal(admission.request, MalformedRequest("the app is not served below this path"))
    endpoint = table.find(method, path, websocket=method == "WEBSOCKET")
    return guard.check(admission, endpoint or table.missing(method, path))


def _text(latin: str) -> str:
    # It was read as UTF-8 once, when the request was made canonical.
    return latin.encode("latin-1").decode()


def _speaks_asgi(app: object) -> bool:
    if inspect.isclass(app) or not callable(app):
        raise ConfigurationError(
            f"`{type(app).__qualname__}` is no app; give the WSGI or ASGI callable itself"
        )
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__):
        return True
    arguments = {2: False, 3: True}.get(_positional(app))
    if arguments is None:
        raise ConfigurationError(
            "whether the app is WSGI or ASGI cannot be told; "
            "say it: `iam.wsgi(app, routes=…)` or `iam.asgi(app, routes=…)`"
        )
    return arguments


def _positional(app: Callable[..., object]) -> int:
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return 0
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(parameter.kind in kinds for parameter in parameters)
