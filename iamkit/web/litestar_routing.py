"""Where Litestar routes and calls handlers, with the checks in these places.

Litestar's router and routes get a class that does the check and then what Litestar does; nothing is wrapped,
so that what the app holds of them stays true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from litestar import Litestar
from litestar._asgi.asgi_router import ASGIRouter
from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.handlers.base import BaseRouteHandler
from litestar.plugins import PluginRegistry
from litestar.plugins.base import ReceiveRoutePlugin
from litestar.routes import ASGIRoute, HTTPRoute, WebSocketRoute
from litestar.routes.base import BaseRoute
from litestar.types import Receive as LitestarReceive
from litestar.types import Scope as LitestarScope
from litestar.types import Send as LitestarSend
from litestar.utils.path import normalize_path
from litestar.utils.scope.state import ScopeState

from iamkit.errors import ConfigurationError
from iamkit.gate.verdict import Refusal
from iamkit.http import HttpResponse
from iamkit.web import openapi
from iamkit.web.answers import is_preflight
from iamkit.web.asgi import Door, judged, send_refusal, send_response
from iamkit.web.guard import (
    ADMISSION,
    Admission,
    Endpoint,
    Guard,
    bare_response,
    not_admitted,
    unreadable_request,
)
from iamkit.web.litestar_handlers import (
    as_read,
    group_of,
    handlers_of,
    is_automatic_options,
    marker_for,
    mounted_app,
    name_of,
    unknown,
    what_runs,
)
from iamkit.web.marker import Requirement

_ALLOWED: Final = "iamkit.allowed"
# No handler can have it.
_NO_METHOD: Final[Any] = "-"


class GuardPlugin(ReceiveRoutePlugin):
    """Guards what is registered with an app. `guard` is None for an app that is mounted in a guarded one."""

    guard: Guard | None = None

    def receive_route(self, route: BaseRoute) -> None:
        check_route(route)


def guard_of(app: Litestar) -> Guard | None:
    """The guard of a protected app."""
    plugins = (plugin for plugin in app.plugins if isinstance(plugin, GuardPlugin))
    return next((plugin.guard for plugin in plugins if plugin.guard is not None), None)


# What is matched beside the app that runs: handler, path, parameters and template.
_Matched = tuple[Any, str, dict[str, Any], str]


class CheckedRouter(ASGIRouter):
    """Litestar's router; what it has matched is checked before it runs."""

    __slots__ = ()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        admission = admission_of(scope)
        if admission is not None and is_preflight(admission.request) and not self._has_options(scope):
            # Said of every address alike, so nothing is learnt of what is there.
            await send_refusal(admission.guard, admission.guard.preflight(admission.request), scope, send)
            return
        await super().__call__(scope, receive, send)

    def _has_options(self, scope: Any) -> bool:
        """Whether a handler of the app, or an app that is mounted, answers OPTIONS at this address."""
        path = scope["path"]
        if root_path := scope.get("root_path", ""):
            path = path.split(root_path, maxsplit=1)[-1]
        try:
            handler = super()._handle_routing(normalize_path(path), "OPTIONS")[1]
        except (MethodNotAllowedException, NotFoundException):
            return False
        return not is_automatic_options(what_runs(handler))

    def _handle_routing(self, path: str, method: Any) -> tuple[Any, Any, str, dict[str, Any], str]:
        try:
            matched, handler, *rest = super()._handle_routing(path, method)
        except MethodNotAllowedException:
            others = self._others(path)
            if not any(_is_hidden(other) for other, *_ in others.values()):
                raise
            return self._of_the_visible(others, automatic=False)
        if is_automatic_options(what_runs(handler)):
            others = self._others(path)
            if any(_is_hidden(other) for other, *_ in others.values()):
                return self._of_the_visible(others, automatic=True)

        async def checked(scope: Any, receive: Any, send: Any) -> None:
            if await passes(handler, scope, send, unmatched=self._unmatched):
                await matched(scope, receive, send)

        return checked, handler, *rest  # type: ignore[return-value]  # the rest is as it was

    def _others(self, path: str) -> dict[str, _Matched]:
        """What would be matched at an address by each method that the app has a handler for."""
        try:
            super()._handle_routing(path, _NO_METHOD)
        except MethodNotAllowedException as fault:
            allowed = str((fault.headers or {}).get("allow", "")).split(", ")
        else:
            return {}
        found: dict[str, _Matched] = {}
        # Beside methods stands `websocket`, in small letters.
        for method in filter(str.isupper, allowed):
            _, handler, *rest = super()._handle_routing(path, cast("Any", method))
            if not is_automatic_options(what_runs(handler)):
                found[method] = cast("_Matched", (handler, *rest))
        return found

    def _of_the_visible(
        self, others: Mapping[str, _Matched], *, automatic: bool
    ) -> tuple[Any, Any, str, dict[str, Any], str]:
        """A 405, or automatic OPTIONS, of the methods that are not hidden from the caller; 404 if all are."""

        async def told(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001  # the protocol's shape
            refusals: list[Refusal] = []
            visible: list[str] = []
            for method, (handler, _, parameters, _) in others.items():
                refusal = await _hidden(handler, parameters, scope)
                if refusal is None:
                    visible.append(method)
                else:
                    refusals.append(refusal)
            unmatched = self._unmatched(scope)
            if not visible and refusals[0].hidden:
                raise unmatched
            if not visible:
                await send_refusal(scope[ADMISSION].guard, refusals[0], scope, send)
                return
            allow = ", ".join(sorted([*visible, "OPTIONS"]))
            if not automatic:
                raise MethodNotAllowedException(headers={"allow": allow})
            await send_response(HttpResponse(204, (("Allow", allow),), b""), scope, send)

        return told, *next(iter(others.values()))

    def _unmatched(self, scope: Any) -> Exception:
        """What a path without a route gets, from the same code: no handler's own answer to a 404."""
        ScopeState.from_scope(scope).exception_handlers = self._app_exception_handlers
        scope.pop("route_handler", None)
        return NotFoundException()


class DoorRouter(CheckedRouter):
    """The router of a protected app: admits before it matches."""

    __slots__ = ()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        guard = guard_of(self.app)
        if guard is None:
            raise not_admitted()
        await Door(self._admitted, guard)(scope, receive, send)

    async def _admitted(self, scope: Any, receive: Any, send: Any) -> None:
        principal = scope[ADMISSION].principal
        # What `request.user` and `request.auth` of Litestar give.
        scope["user"], scope["auth"] = principal, principal.authentication
        await super().__call__(scope, receive, send)


class _CheckedHTTP(HTTPRoute):
    __slots__ = ()

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        handler, _ = self.route_handler_map[scope["method"]]
        if await passes(handler, scope, send):
            await super().handle(scope, receive, send)


class _CheckedWebSocket(WebSocketRoute):
    __slots__ = ()

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        if await passes(self.route_handler, scope, send):
            await super().handle(scope, receive, send)


class _CheckedASGI(ASGIRoute):
    __slots__ = ()

    async def handle(self, scope: LitestarScope, receive: LitestarReceive, send: LitestarSend) -> None:
        if await passes(self.route_handler, scope, send):
            await super().handle(scope, receive, send)


_CHECKED: Final[Mapping[type[BaseRoute], type[BaseRoute]]] = {
    HTTPRoute: _CheckedHTTP,
    WebSocketRoute: _CheckedWebSocket,
    ASGIRoute: _CheckedASGI,
}


def replace_router(app: Litestar, kind: type[CheckedRouter]) -> None:
    router = app.asgi_router
    if type(router) is not ASGIRouter or not hasattr(ASGIRouter, "_handle_routing"):
        raise ConfigurationError("this Litestar routes in a way iamkit does not know; 2.25 is one it knows")
    # In place, as the app's handler holds this very object; made anew, as it keeps what it has matched.
    router.__class__ = kind
    type(router).__init__(router, app)


def arm(app: Litestar, plugin: ReceiveRoutePlugin, kind: type[CheckedRouter]) -> None:
    """Guard an app that has its routes already."""
    for route in app.routes:
        check_route(route)
    app.plugins = PluginRegistry([*app.plugins, plugin])
    replace_router(app, kind)
    app.asgi_router.construct_routing_trie()


def check_route(route: BaseRoute) -> None:
    """Put the check where `route` calls its handlers. Raises ConfigurationError if it is unknown."""
    if type(route) in _CHECKED.values():
        return
    checked = _CHECKED.get(type(route))
    if checked is None:
        raise unknown(route)
    route.__class__ = checked
    for handler in handlers_of(route):
        mounted = mounted_app(handler)
        if mounted is not None:
            if guard_of(mounted) is not None:
                raise ConfigurationError(
                    "a mounted Litestar app is guarded by the app it is mounted in; do not protect it too"
                )
            if not any(isinstance(plugin, GuardPlugin) for plugin in mounted.plugins):
                arm(mounted, GuardPlugin(), CheckedRouter)
        marker = marker_for(handler)
        if isinstance(route, HTTPRoute) and isinstance(marker, Requirement):
            _tell(handler, marker)


@dataclass(frozen=True, slots=True)
class _Allowed:
    """What was allowed: exactly this call."""

    admission: Admission
    handler: object
    parameters: Mapping[str, object]


async def passes(
    handler: BaseRouteHandler,
    scope: Any,
    send: Any,
    *,
    unmatched: Callable[[Any], Exception] = lambda scope: NotFoundException(),  # noqa: ARG005
) -> bool:
    """Whether `handler` may run; if not, the refusal was sent. Raises NotFoundException for a hidden one."""
    admission = admission_of(scope)
    if admission is None:
        refusal = Refusal(unreadable_request(str(scope.get("method", ""))), not_admitted())
        await send_response(bare_response(refusal), scope, send)
        return False
    runs = what_runs(handler)
    if is_automatic_options(runs) or mounted_app(handler) is not None:
        return True
    guard = admission.guard
    call = _Allowed(admission, handler, dict(scope.get("path_params") or {}))
    earlier = scope.get(_ALLOWED)
    if isinstance(earlier, _Allowed) and earlier.handler is handler and earlier == call:
        return True

    refusal_given = await _judged(handler, call.parameters, admission)
    if refusal_given is None:
        scope[_ALLOWED] = call
        return True
    if refusal_given.hidden:
        raise unmatched(scope)
    await send_refusal(guard, refusal_given, scope, send)
    return False


def _is_hidden(handler: BaseRouteHandler) -> bool:
    marker = marker_for(handler)
    return isinstance(marker, Requirement) and marker.hidden


async def _hidden(handler: BaseRouteHandler, parameters: Mapping[str, Any], scope: Any) -> Refusal | None:
    """The refusal for a handler that is hidden from the caller, else None."""
    admission = admission_of(scope)
    if admission is None:
        return Refusal(unreadable_request(str(scope.get("method", ""))), not_admitted())
    if not _is_hidden(handler):
        return None
    return await _judged(handler, parameters, admission)


async def _judged(
    handler: BaseRouteHandler, parameters: Mapping[str, Any], admission: Admission
) -> Refusal | None:
    guard = admission.guard

    def ask() -> Refusal | None:
        try:
            endpoint = Endpoint(
                name_of(handler), marker_for(handler), as_read(handler, parameters), group_of(handler)
            )
        except Exception as fault:  # noqa: BLE001  # the guard logs it and refuses
            return guard.refusal(admission.request, fault)
        return guard.check(admission, endpoint)

    return await judged(guard, ask)


def admission_of(scope: Mapping[str, Any]) -> Admission | None:
    admission = scope.get(ADMISSION)
    return admission if isinstance(admission, Admission) else None


def _tell(handler: Any, needed: Requirement) -> None:
    """Say in the description of an operation what it needs."""
    own = list(handler.security or ())
    handler.security = own + [one for one in openapi.alternatives() if one not in own]
    described = handler.description
    config = handler.app.openapi_config
    if described is None and config is not None and config.use_handler_docstrings:
        described = what_runs(handler).__doc__
    handler.description = openapi.with_sentence(described, openapi.sentence_of(needed))
