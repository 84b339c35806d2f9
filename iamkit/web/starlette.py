"""Starlette: `protect(app, iam)`. FastAPI is served by the same code.

Outermost, before any middleware of the app, stands a `Door`: it admits. Innermost, where a router would
dispatch, stands a `RouterGuard`: it matches as the router does, has the matched endpoint's marker checked,
and lets the router's own code dispatch among that one node and no other. So whatever middleware does to
the request in between, what was checked is what runs. Routers behind mounts get a guard of their own before
anything is dispatched to them; mounted apps that have no router are refused unless they carry a marker
or are named in `public`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final, TypeVar

from starlette._utils import get_route_path
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Router

from iamkit.errors import ConfigurationError, IamkitError
from iamkit.gate.verdict import Refusal
from iamkit.identity.principal import Principal
from iamkit.web import inventory, nodes
from iamkit.web import routes as listing
from iamkit.web.answers import is_preflight
from iamkit.web.asgi import ASGIApp, Door, Receive, Scope, Send, judged, send_refusal, send_response
from iamkit.web.guard import (
    ADMISSION,
    Admission,
    Endpoint,
    Gatekeeper,
    Guard,
    HasGate,
    bare_response,
    gate_of,
    not_admitted,
    unreadable_request,
)
from iamkit.web.marker import Requirement
from iamkit.web.readings import Readings
from iamkit.web.route_index import RouteIndex
from iamkit.web.sniff import checked_guardian, misplaced

AppT = TypeVar("AppT", bound=Starlette)

_STATE: Final = "iamkit"
_DISPATCHERS: Final = ("starlette.routing", "fastapi.routing")


def protect(app: AppT, iam: HasGate | Gatekeeper, *, public: Collection[str] = ()) -> AppT:
    """Guard every endpoint of `app`, those that are added later included; returns `app`.

    `public` opens what is not the app's own code: `docs` (FastAPI's schema and pages), `static`
    (StaticFiles), or a mount by its name. Raises ConfigurationError if the route tree holds something
    that cannot be guarded.
    """
    if not isinstance(app, Starlette):
        raise misplaced(app, iam, "Starlette or FastAPI")
    if guard_of(app) is not None:
        raise ConfigurationError("the app is protected already; call `protect` once")
    guard = Guard(gate_of(checked_guardian(iam)), public=public)
    # Says at start-up what could not be guarded.
    inventory.rows_of(app.router, guard)
    arm(app.router)
    # What an endpoint raises of iamkit's own, such as `iam.authorize(...)`. An app's own handler goes before.
    app.exception_handlers.setdefault(IamkitError, _raised)
    build = app.build_middleware_stack

    def guarded_stack() -> ASGIApp:
        arm(app.router)
        return Door(build(), guard)

    app.build_middleware_stack = guarded_stack  # type: ignore[method-assign]
    if app.middleware_stack is not None:
        app.middleware_stack = Door(app.middleware_stack, guard)
    setattr(app.state, _STATE, guard)
    return app


def iam_principal(connection: HTTPConnection) -> Principal:
    """Who the request belongs to, as a dependency: `caller: Annotated[Principal, Depends(iam_principal)]`."""
    admission = connection.scope.get(ADMISSION)
    if not isinstance(admission, Admission):
        raise not_admitted()
    return admission.principal


async def _raised(connection: HTTPConnection, fault: Exception) -> Response:
    """The answer when an endpoint raised one of iamkit's errors; a WebSocket is closed by the server."""
    admission = connection.scope.get(ADMISSION)
    if not isinstance(admission, Admission) or connection.scope["type"] != "http":
        raise fault
    answer = admission.guard.response(admission.guard.refusal(admission.request, fault))
    response = Response(answer.body, answer.status)
    response.raw_headers = [(name.lower().encode(), text.encode("latin-1")) for name, text in answer.headers]
    return response


def guard_of(app: Starlette) -> Guard | None:
    """The guard of a protected app."""
    guard = getattr(app.state, _STATE, None)
    return guard if isinstance(guard, Guard) else None


def arm(router: Router) -> None:
    """Put a guard where `router` dispatches. Raises ConfigurationError where that place cannot be found."""
    kind = type(router)
    if kind.app.__module__ not in _DISPATCHERS or kind.__call__.__module__ not in _DISPATCHERS:
        raise ConfigurationError(f"router `{kind.__qualname__}` dispatches in a way iamkit does not know")
    holder: object = router
    name = "middleware_stack"
    for _ in range(100):
        inner = getattr(holder, name, None)
        if isinstance(inner, RouterGuard):
            return
        if getattr(inner, "__self__", None) is router:
            setattr(holder, name, RouterGuard(router))
            return
        # Middleware of the router itself: the guard goes below it.
        holder, name = inner, "app"
    raise ConfigurationError("a middleware of a router hides the router; add it to the application instead")


class RouterGuard:
    """Stands in the place where one router dispatches."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._readings = Readings()
        self._index = RouteIndex(())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._router.app(scope, receive, send)
            return
        admission = scope.get(ADMISSION)
        if not isinstance(admission, Admission):
            missing = Refusal(unreadable_request(str(scope.get("method", ""))), not_admitted())
            await send_response(bare_response(missing), scope, send)
            return
        found, node, child = self._match(scope)
        preflight = is_preflight(admission.request)
        if preflight and found is not Match.FULL:
            # Said of every address alike, so nothing is learnt of what is there.
            await send_refusal(admission.guard, admission.guard.preflight(admission.request), scope, send)
            return
        if node is None:
            await self._unmatched(admission, list(self._router.routes), scope, receive, send)
            return
        if found is Match.PARTIAL:
            await self._other_method(admission, list(self._router.routes), scope, receive, send)
            return
        try:
            target = self._target(node, scope, child)
        except Exception as fault:  # noqa: BLE001  # the guard logs it and refuses
            wrong = admission.guard.refusal(admission.request, fault)
            await send_refusal(admission.guard, wrong, scope, send)
            return
        guard = admission.guard
        for endpoint in target if isinstance(target, tuple) else ():
            refusal: Refusal | None
            if guard.gate.blocking:
                refusal = await asyncio.to_thread(guard.check, admission, endpoint)
            else:
                refusal = guard.check(admission, endpoint)
            if refusal is not None:
                await self._say_no(guard, refusal, scope, receive, send)
                return
        if isinstance(target, nodes.Guarded) and nodes.is_route(node):
            # A class-based endpoint without this method: Starlette answers 405, no handler runs.
            if preflight:
                await send_refusal(admission.guard, admission.guard.preflight(admission.request), scope, send)
            else:
                await self._other_method(admission, [node], scope, receive, send)
            return
        await self._dispatch([nodes.chosen(node, child)], scope, receive, send)

    def _match(self, scope: Scope) -> tuple[Match, BaseRoute | None, Scope]:
        routes = self._router.routes
        if scope["type"] != "http" or "effective_route_context" in scope.get("fastapi", ()):
            # FastAPI has put another route's path in place, or paths are not all that counts.
            return nodes.match(routes, scope)
        if not self._index.stands_for(routes):
            self._index = RouteIndex(routes)
        path = get_route_path(scope)
        could = [
            node
            for node, matched in self._index.candidates(path)
            if matched is None or matched(path) is not None
        ]
        return nodes.match(could, scope)

    async def _other_method(
        self, admission: Admission, tree: list[BaseRoute], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Another method than the routes': 405 of the first that is not hidden; no handler runs."""
        refusals = []
        for node in tree:
            if node.matches(scope)[0] is Match.NONE:
                continue
            refusal = await judged(admission.guard, lambda node=node: self._hidden(admission, node, scope))  # type: ignore[misc]  # bound now
            if refusal is None:
                await self._dispatch([node], scope, receive, send)
                return
            refusals.append(refusal)
        await self._say_no(admission.guard, refusals[0], scope, receive, send)

    def _hidden(self, admission: Admission, node: BaseRoute, scope: Scope) -> Refusal | None:
        """The refusal for a route of which every method is hidden from the caller, else None."""
        guard = admission.guard
        try:
            if not nodes.is_route(node):
                raise nodes.unknown(node)
            refusal = None
            for endpoints in nodes.endpoints_of(node, scope):
                hidden = [
                    one for one in endpoints if isinstance(one.marker, Requirement) and one.marker.hidden
                ]
                refused = (guard.check(admission, endpoint) for endpoint in hidden)
                refusal = next((found for found in refused if found is not None), None)
                if refusal is None:
                    return None
        except Exception as fault:  # noqa: BLE001  # the guard logs it and refuses
            return guard.refusal(admission.request, fault)
        return refusal

    def _target(self, node: BaseRoute, scope: Scope, child: Scope) -> nodes.Target:
        target = nodes.target_of(node, scope, child, self._readings)
        if isinstance(target, nodes.Inner):
            arm(target.router)
        return target

    async def _unmatched(
        self, admission: Admission, tree: list[BaseRoute], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """No route matched: a redirect that adds or drops a slash, FastAPI's front ends, or the app's 404."""
        front_end = nodes.front_end(self._router, scope)
        if front_end is not None:
            if not await self._refused(admission, front_end, scope, receive, send):
                await self._dispatch(tree, scope, receive, send)
            return
        fallback = nodes.fallback(self._router)
        if fallback is not None and await self._refused(admission, fallback, scope, receive, send):
            return
        view = self._view([_Closed(node) for node in tree])
        scope.setdefault("router", self._router)
        # Starlette's dispatch, which knows of nothing beyond `routes`, whatever a subclass adds.
        await Router.app(view, scope, receive, send)

    async def _refused(
        self, admission: Admission, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send
    ) -> bool:
        guard = admission.guard
        refusal = await judged(guard, lambda: guard.check(admission, endpoint))
        if refusal is None:
            return False
        await self._say_no(guard, refusal, scope, receive, send)
        return True

    async def _say_no(
        self, guard: Guard, refusal: Refusal, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if refusal.hidden:
            # What a path without a route gets, from the same code.
            await self._router.not_found(scope, receive, send)
        else:
            await send_refusal(guard, refusal, scope, send)

    async def _dispatch(self, tree: list[BaseRoute], scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("router", self._router)
        await self._view(tree).app(scope, receive, send)

    def _view(self, tree: list[BaseRoute]) -> Router:
        """The router itself in all but `routes`: its own code then dispatches among `tree` only."""
        view: Router = object.__new__(type(self._router))
        view.__dict__ = {**self._router.__dict__, "routes": tree}
        return view


class _Closed(BaseRoute):
    """A node that did not match, kept for the search that adds or drops a slash; it dispatches nothing."""

    def __init__(self, node: BaseRoute) -> None:
        self._node = node

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found, _ = self._node.matches(scope)
        return (Match.NONE if found is Match.NONE else Match.PARTIAL), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        refusal = Refusal(unreadable_request(str(scope.get("method", ""))), not_admitted())
        await send_response(bare_response(refusal), scope, send)


def routes(app: object) -> list[listing.Route]:
    """Every route of the app with what it declares. Raises ConfigurationError on nodes of unknown type."""
    if not isinstance(app, Starlette):
        raise ConfigurationError(f"`{type(app).__qualname__}` is no Starlette app")
    return inventory.rows_of(app.router, guard_of(app))
