"""`can(...)` in the templates of Starlette and FastAPI apps.

templates = Jinja2Templates("templates", context_processors=[template_context])

{% if can("delete_note", note_id=note.id) %}<button>Delete</button>{% endif %}
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Mount, Route, Router

from iamkit.web import foresight, nodes
from iamkit.web.asgi import Scope
from iamkit.web.guard import ADMISSION, Admission, Endpoint, not_admitted
from iamkit.web.marker import handler_of_view

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Can:
    """What a template asks; see `iamkit.web.foresight`. One for each request."""

    def __init__(self, request: Request) -> None:
        admission = request.scope.get(ADMISSION)
        if not isinstance(admission, Admission):
            raise not_admitted()
        self._admission = admission
        self._request = request

    def __call__(
        self, target: str, resource: str = "*", /, *, _method: str | None = None, **values: Any
    ) -> bool:
        """Whether the caller may use the endpoint of that name, or do that action.

        Raises NoMatchFound for a name that is no route's, as `url_for` does.
        """
        if foresight.is_action(target):
            return foresight.may(self._admission.principal, target, resource, values)
        scope = self._request.scope
        router: Router = scope.get("router") or scope["app"].router
        path = str(router.url_path_for(target, **values))
        methods = {method for route in _named(router, target) for method in _methods(route)}
        method = foresight.chosen_method(target, methods, _method)
        endpoints = _reached(
            router, {**scope, "root_path": "", "path": path, "method": method, "path_params": {}}
        )
        request = foresight.foreseen(
            self._admission.request, method, scope.get("app_root_path", scope.get("root_path", "")) + path
        )
        admission = self._admission
        return bool(endpoints) and all(
            admission.guard.foresee(admission.principal, endpoint, request) for endpoint in endpoints
        )


def template_context(request: Request) -> dict[str, Any]:
    """A context processor for `Jinja2Templates`: templates are given `can`, and `principal`."""
    can = Can(request)
    return {"can": can, "principal": request.scope[ADMISSION].principal}


def _reached(router: Router, scope: Scope) -> tuple[Endpoint, ...]:
    """What has to be allowed for `scope`, followed through mounts; empty if none of the app's runs."""
    for _ in range(100):
        found, node, child = nodes.match(list(router.routes), scope)
        if node is None or found is not Match.FULL:
            return ()
        scope = {**scope, **child}
        target = nodes.target_of(node, scope, child)
        if isinstance(target, tuple):
            return target
        if not isinstance(target, nodes.Inner):
            return ()
        router = target.router
    return ()


def _named(router: Router, name: str) -> Iterator[BaseRoute]:
    """The routes that `url_path_for` finds under a name: through mounts, whose names come before a colon."""
    for node in router.routes:
        if nodes.is_included(node):
            served = (part.original_route for part in nodes.included_routes(node))
            yield from (route for route in served if getattr(route, "name", None) == name)
        elif isinstance(node, Mount):
            before = f"{node.name}:" if node.name else ""
            target = nodes.mounted(node)
            if isinstance(target, nodes.Inner) and name.startswith(before):
                yield from _named(target.router, name.removeprefix(before))
        elif getattr(node, "name", None) == name:
            yield node


def _methods(route: BaseRoute) -> tuple[str, ...]:
    if not isinstance(route, Route):
        return ()
    endpoint = nodes.what_runs(route, route.endpoint)
    if inspect.isclass(endpoint) and issubclass(endpoint, HTTPEndpoint):
        return tuple(method for method in _METHODS if handler_of_view(endpoint, method) is not None)
    return tuple(route.methods or ())
