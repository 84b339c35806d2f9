"""The routes of a Starlette or FastAPI app as rows, through mounts and included routers."""

from __future__ import annotations

import inspect

from starlette.endpoints import HTTPEndpoint
from starlette.routing import BaseRoute, Host, Mount, Route, Router, WebSocketRoute

from iamkit.web import nodes
from iamkit.web import routes as listing
from iamkit.web.guard import Endpoint, Guard
from iamkit.web.marker import handler_of_view, marker_of

_VIEW_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def rows_of(router: Router, guard: Guard | None, prefix: str = "") -> list[listing.Route]:
    """A row for each endpoint. Raises ConfigurationError for a node of unknown type: none may be missed."""
    rows: list[listing.Route] = []
    for node in router.routes:
        if not nodes.is_known(node):
            raise nodes.unknown(node)
        if nodes.is_included(node):
            for served in nodes.included_routes(node):
                rows += _rows(served.original_route, served, prefix, guard)
        else:
            rows += _rows(node, node, prefix, guard)
    # FastAPI's front ends: files that are served where no route matches.
    end = Endpoint("front end", None, {}, "static")
    for path in nodes.front_end_paths(router):
        rows.append(_row(end, ("GET", "HEAD"), f"{prefix}{path}/{{path}}", guard))
    fallback = nodes.fallback(router)
    if fallback is not None:
        rows.append(_row(fallback, ("*",), f"{prefix}/{{path}}", guard))
    return rows


def _rows(kind: BaseRoute, served: object, prefix: str, guard: Guard | None) -> list[listing.Route]:
    path = prefix + str(getattr(served, "path", None) or "")
    dependant = getattr(served, "dependant", None)
    endpoint = nodes.what_runs(served, getattr(served, "endpoint", None))
    if isinstance(kind, WebSocketRoute):
        return [_row(one, ("WEBSOCKET",), path, guard) for one in _endpoints(endpoint, None, dependant)]
    if isinstance(kind, Route):
        if inspect.isclass(endpoint) and issubclass(endpoint, HTTPEndpoint):
            return [
                _row(one, (method,), path, guard)
                for method in _VIEW_METHODS
                if handler_of_view(endpoint, method) is not None
                for one in _endpoints(endpoint, method, dependant)
            ]
        methods = tuple(sorted(getattr(served, "methods", None) or ("*",)))
        return [_row(one, methods, path, guard) for one in _endpoints(endpoint, None, dependant)]
    if isinstance(kind, Mount | Host):
        return _mounted(kind, path, guard)
    raise nodes.unknown(kind)


def _mounted(kind: Mount | Host, path: str, guard: Guard | None) -> list[listing.Route]:
    target = nodes.mounted(kind)
    if isinstance(target, nodes.Inner):
        return rows_of(target.router, guard, path)
    if isinstance(target, tuple):
        return [_row(one, ("*",), path + "/{path}", guard) for one in target]
    return []


def _endpoints(endpoint: object, method: str | None, dependant: object) -> tuple[Endpoint, ...]:
    marker = marker_of(endpoint) if method is None else nodes.marker_for(endpoint, method)
    return nodes.endpoints(endpoint, marker, {}, dependant)


def _row(endpoint: Endpoint, methods: tuple[str, ...], path: str, guard: Guard | None) -> listing.Route:
    opened = guard is not None and guard.opens(endpoint.group)
    return listing.route_of(
        endpoint.marker,
        methods=methods,
        path=path,
        endpoint=endpoint.name,
        group=endpoint.group,
        opened=opened,
    )
