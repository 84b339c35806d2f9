"""What stands in a Starlette or FastAPI route tree: endpoints, routers behind mounts, and what is not known.

A node of a type that is not listed here is an error, not a pass. FastAPI keeps included routers as private
nodes of its own; they are told by their module, so that Starlette alone is enough to import this.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.routing import BaseRoute, Host, Match, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles

from iamkit.errors import ConfigurationError
from iamkit.web.asgi import ASGIMiddleware, Door, Receive, Scope, Send
from iamkit.web.guard import Endpoint, endpoint_of
from iamkit.web.marker import Mark, Marker, Requirement, handler_of_view, marker_of, marker_of_view
from iamkit.web.readings import Readings, as_read

_FASTAPI: Final = "fastapi.routing"
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")
_APPLICATIONS: Final = ("starlette.applications", "fastapi.applications")
# Middleware whose code is known to do nothing but hand on to `.app`; a mount may be wrapped in it.
_PLAIN_MIDDLEWARE: Final = ("starlette.middleware.", "fastapi.middleware.")


@dataclass(frozen=True, slots=True)
class Inner:
    """A mounted app with a router of its own, where the check is made."""

    router: Router


@dataclass(frozen=True, slots=True)
class Guarded:
    """A mounted app with an iamkit middleware of its own, or nothing of the app's to run at all."""


# An endpoint stands there once for each thing that has to be allowed before it runs.
Target = tuple[Endpoint, ...] | Inner | Guarded


def match(routes: list[BaseRoute], scope: Scope) -> tuple[Match, BaseRoute | None, Scope]:
    """What the framework's router will choose: the first full match, else the first partial one."""
    partial: tuple[BaseRoute, Scope] | None = None
    none = Match.NONE
    for node in routes:
        found, child = node.matches(scope)
        if found is none:
            continue
        if found is Match.FULL:
            return found, node, child
        if partial is None:
            partial = (node, child)
    if partial is not None:
        return Match.PARTIAL, *partial
    return Match.NONE, None, {}


def target_of(
    node: BaseRoute, scope: Scope, child: Mapping[str, Any], readings: Readings | None = None
) -> Target:
    """What runs if `node`, which matched `scope`, is dispatched. Raises ConfigurationError if unknown.

    `readings` remembers what `as_read` found out.
    """
    served: object = None
    while is_included(node):
        # The same call by which FastAPI itself chooses among the routes of an included router.
        choose = getattr(node, "_match", None)
        if choose is None:
            raise ConfigurationError("this FastAPI keeps included routers in a way iamkit does not know")
        found, child, chosen, served = choose(scope)
        if found is not Match.FULL or not isinstance(chosen, BaseRoute):
            raise ConfigurationError("an included router matched a request and then chose no route")
        node = chosen
    # An included route is served with the parameters of its prefix too; a socket is made anew with them.
    dependant = getattr(served, "dependant", None) or getattr(node, "dependant", None)
    parameters = child.get("path_params", {})
    if dependant is not None and not (readings and readings.plain(dependant)):
        parameters = as_read(dependant, parameters)
    if isinstance(node, Route):
        return _route_target(node, child["endpoint"], str(scope["method"]), parameters, dependant)
    if isinstance(node, WebSocketRoute):
        runs = what_runs(node, child["endpoint"])
        return endpoints(runs, marker_of(runs), parameters, dependant)
    if isinstance(node, Mount | Host):
        return mounted(node, parameters)
    raise unknown(node)


def is_route(node: object) -> bool:
    """Whether `node` is an HTTP route, or FastAPI's node for a router that was included."""
    return isinstance(node, Route) or is_included(node)


def endpoints_of(node: BaseRoute, scope: Scope) -> Iterator[tuple[Endpoint, ...]]:
    """What `node` runs at this address for one method or another, each set of marks once."""
    seen: set[tuple[object, ...]] = set()
    for method in _METHODS:
        asked = {**scope, "method": method}
        found, child = node.matches(asked)
        target = target_of(node, asked, child) if found is Match.FULL else None
        if isinstance(target, tuple):
            marks = tuple((endpoint.name, id(endpoint.marker)) for endpoint in target)
            if marks not in seen:
                seen.add(marks)
                yield target


def mounted(node: Mount | Host, parameters: Mapping[str, object] | None = None) -> Target:
    """What stands behind a mount: a router, an app that guards itself, or an endpoint, marked or not."""
    app: object = node.app
    base = getattr(node, "_base_app", app)
    if _leads_to(app, base):
        # Between stands the middleware of the mount itself.
        app = base
    while type(app).__module__.startswith(_PLAIN_MIDDLEWARE) and hasattr(app, "app"):
        app = app.app
    if isinstance(app, Starlette) and not _answers_itself(type(app)):
        return Inner(app.router)
    if isinstance(app, Router):
        return Inner(app)
    if isinstance(app, ASGIMiddleware | Door):
        return Guarded()
    group = "static" if isinstance(app, StaticFiles) else node.name or None
    return (Endpoint(f"mounted {type(app).__qualname__}", marker_of(app), parameters or {}, group),)


def fallback(router: Router) -> Endpoint | None:
    """What the app itself serves where no route matches; None if that is the framework's plain 404."""
    default = router.default
    if getattr(default, "__func__", None) is Router.not_found:
        return None
    return Endpoint(f"default {name_of(default)}", marker_of(default))


def included_routes(node: BaseRoute) -> Iterator[Any]:
    """The routes of an included router as served: with `path`, `methods`, `endpoint`, `original_route`."""
    contexts: Iterator[Any] = importlib.import_module(_FASTAPI).iter_route_contexts([node])
    return contexts


def front_end(router: Router, scope: Scope) -> Endpoint | None:
    """What FastAPI serves where no route matches: files of a front end, closed until `static` is named."""
    choose = getattr(router, "_match_low_priority", None)
    if choose is None:
        return None
    found, _, node, _ = choose(scope)
    if found is Match.NONE:
        return None
    return Endpoint("front end", None, {}, "static" if _is_front_end(node) else None)


def front_end_paths(router: Router) -> list[str]:
    """The prefixes under which front ends are served, those of included routers too."""
    paths: list[str] = []
    nodes: Iterable[Any] = getattr(router, "_iter_low_priority_routes", list)()
    for node in nodes:
        group = getattr(node, "original_route", node)
        places = group.routes if _is_front_end(group) else [group]
        prefix = getattr(node, "frontend_prefix", "")
        paths += [prefix + str(getattr(place, "path", "")).rstrip("/") for place in places]
    return paths


def _is_front_end(node: object) -> bool:
    return type(node).__module__ == _FASTAPI and type(node).__qualname__ == "_FrontendRouteGroup"


class Chosen(BaseRoute):
    """A node that was matched: the router's own code, which matches once more, is told what came of it."""

    def __init__(self, node: BaseRoute, child: Scope) -> None:
        self._node = node
        self._child = child
        self.path_format = getattr(node, "path_format", None)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:  # noqa: ARG002
        return Match.FULL, self._child

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._node.handle(scope, receive, send)


def chosen(node: BaseRoute, child: Scope) -> BaseRoute:
    """What a router has to choose from once `node` was matched with `child`: this one node."""
    if isinstance(node, Route):
        return Chosen(node, {"route": node, **child})
    return Chosen(node, child) if is_included(node) else node


def is_included(node: object) -> bool:
    """Whether `node` is FastAPI's private node for a router that was included."""
    return type(node).__module__ == _FASTAPI and type(node).__qualname__ == "_IncludedRouter"


def is_known(node: object) -> bool:
    """Whether `target_of` knows this type of node."""
    return isinstance(node, Route | WebSocketRoute | Mount | Host) or is_included(node)


def unknown(node: object) -> ConfigurationError:
    """The error for a node that `target_of` does not know."""
    return ConfigurationError(f"a route of the unknown type `{type(node).__qualname__}` cannot be guarded")


def group_of(endpoint: object) -> str | None:
    """`docs` for the pages that FastAPI adds by itself (schema, Swagger UI, ReDoc)."""
    own = getattr(endpoint, "__module__", "") == "fastapi.applications"
    return "docs" if own and "setup.<locals>" in getattr(endpoint, "__qualname__", "") else None


def marker_for(endpoint: object, method: str) -> Marker | None:
    """The mark of a route's endpoint for one method."""
    if inspect.isclass(endpoint) and issubclass(endpoint, HTTPEndpoint):
        return marker_of_view(endpoint, method, base=HTTPEndpoint, dispatch="dispatch")
    return marker_of(endpoint)


def _answers_itself(kind: type[Starlette]) -> bool:
    """Whether a class of apps has a `__call__` of its own, which could answer before its router is asked."""
    own = itertools.takewhile(lambda base: base.__module__ not in _APPLICATIONS, kind.__mro__)
    return any("__call__" in vars(base) for base in own)


def _leads_to(app: object, base: object) -> bool:
    for _ in range(100):
        if app is base or app is None:
            break
        app = getattr(app, "app", None)
    return app is base


def endpoints(
    runs: object, marker: Marker | None, parameters: Mapping[str, object], dependant: Any
) -> tuple[Endpoint, ...]:
    """What is checked before `runs` may run: its own mark, and what `Depends(require(…))` adds.

    All of them have to be allowed. A public endpoint below a router that requires something requires it.
    """
    needed = requirements_of(dependant)
    if needed and not isinstance(marker, Requirement):
        marker, *needed = needed
    name, group = name_of(runs), group_of(runs) if marker is None else None
    if not needed:
        return (endpoint_of(name, marker, parameters, group),)
    return tuple([endpoint_of(name, one, parameters, group) for one in (marker, *needed)])


def requirements_of(dependant: Any) -> list[Requirement]:
    """What the dependencies of a FastAPI route require, those of its routers and of dependencies too."""
    found: list[Requirement] = []
    waiting = [] if dependant is None else [dependant]
    for part in waiting:
        waiting += part.dependencies
        if isinstance(part.call, Mark) and part.call.requirement not in found:
            found.append(part.call.requirement)
    return found


def _route_target(
    node: Route, endpoint: object, method: str, parameters: Mapping[str, object], dependant: Any
) -> Target:
    runs = what_runs(node, endpoint)
    if inspect.isclass(runs) and issubclass(runs, HTTPEndpoint):
        stock = runs.dispatch is HTTPEndpoint.dispatch
        if stock and handler_of_view(runs, method) is None:
            # Answered with 405 by Starlette; no handler of the app runs.
            return Guarded()
    return endpoints(runs, marker_for(runs, method), parameters, dependant)


def what_runs(node: object, endpoint: object) -> object:
    """The callable that a route runs."""
    # FastAPI calls what it analysed when the route was made, whatever `endpoint` was set to since.
    analysed = getattr(getattr(node, "dependant", None), "call", None)
    return endpoint if analysed is None else analysed


def name_of(endpoint: object) -> str:
    """A name for an endpoint in logs and listings."""
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    name = getattr(endpoint, "__qualname__", None) or type(endpoint).__qualname__
    return f"{getattr(endpoint, '__module__', '')}.{name}"
