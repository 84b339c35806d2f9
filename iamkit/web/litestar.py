"""Litestar: `Litestar(..., plugins=[IAMPlugin(iam)])`, or `protect(app, iam)` for an app that exists.

A `Door` before the app's router admits. The mark of the matched handler is checked in two places: where the
router has matched it, before any middleware of the route, and where the route calls it, before its guards and
dependencies; there the first answer is accepted only for the same handler and parameters. Handlers that are
registered later, and Litestar apps mounted with `asgi(..., is_mount=True)`, are guarded like the app's own.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

from litestar import Litestar
from litestar import Request as LitestarRequest
from litestar import Response as LitestarResponse
from litestar.config.app import AppConfig
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.plugins import InitPlugin
from litestar.routes import HTTPRoute, WebSocketRoute
from litestar.routes.base import BaseRoute
from litestar.types import Scope as LitestarScope

from iamkit.errors import ConfigurationError, IamkitError
from iamkit.http import HttpResponse
from iamkit.identity.principal import Principal
from iamkit.web import openapi
from iamkit.web import routes as listing
from iamkit.web.asgi import send_response
from iamkit.web.guard import Gatekeeper, Guard, HasGate, gate_of, not_admitted
from iamkit.web.litestar_handlers import (
    group_of,
    handlers_of,
    is_automatic_options,
    marker_for,
    mounted_app,
    name_of,
    what_runs,
)
from iamkit.web.litestar_routing import (
    DoorRouter,
    GuardPlugin,
    admission_of,
    arm,
    check_route,
    guard_of,
    replace_router,
)
from iamkit.web.sniff import checked_guardian, misplaced

AppT = TypeVar("AppT", bound=Litestar)

__all__ = ["IAMPlugin", "guard_of", "iam_principal", "protect", "routes"]


class IAMPlugin(InitPlugin, GuardPlugin):
    """Guards every handler of one app; `public` is that of `protect`.

    A handler may then ask for `principal: Principal`, and the OpenAPI description shows what each needs.
    """

    def __init__(self, iam: HasGate | Gatekeeper, *, public: Collection[str] = ()) -> None:
        self.iam = checked_guardian(iam)
        self.guard = Guard(gate_of(iam), public=public)
        self._app: Litestar | None = None

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        app_config.dependencies.setdefault("principal", Provide(iam_principal))
        app_config.exception_handlers.setdefault(IamkitError, raised)
        _declare_schemes(app_config.openapi_config, self.iam)
        return app_config

    def receive_route(self, route: BaseRoute) -> None:
        app = handlers_of(route)[0].app
        if self._app is None:
            self._app = app
            replace_router(app, DoorRouter)
        if self._app is not app:
            raise ConfigurationError("an `IAMPlugin` guards one app; make another one for this app")
        check_route(route)


def protect(app: AppT, iam: HasGate | Gatekeeper, *, public: Collection[str] = ()) -> AppT:
    """Guard every handler of `app`, those that are registered later included; returns `app`.

    `public` opens what is not the app's own code: `docs` (the schema and its pages), `static` (static files),
    or a mount by its name. Raises ConfigurationError if a route is of a kind that cannot be guarded.
    """
    if not isinstance(app, Litestar):
        raise misplaced(app, iam, "Litestar")
    if guard_of(app) is not None:
        raise ConfigurationError("the app is protected already; call `protect` once, or use `IAMPlugin` once")
    plugin = IAMPlugin(iam, public=public)
    app.exception_handlers.setdefault(IamkitError, raised)
    _declare_schemes(app.openapi_config, iam)
    arm(app, plugin, DoorRouter)
    plugin._app = app
    return app


async def iam_principal(scope: LitestarScope) -> Principal:
    """Who the request belongs to, as a dependency: `dependencies={"principal": Provide(iam_principal)}`."""
    admission = admission_of(scope)
    if admission is None:
        raise not_admitted()
    return admission.principal


def routes(app: object) -> list[listing.Route]:
    """Every handler of the app with what it declares. Automatic OPTIONS run nothing and are left out."""
    if not isinstance(app, Litestar):
        raise ConfigurationError(f"`{type(app).__qualname__}` is no Litestar app")
    return _rows(app, guard_of(app), "")


def raised(request: LitestarRequest[Any, Any, Any], fault: Exception) -> LitestarResponse[Any]:
    """The answer when a handler raised one of iamkit's errors, such as by `iam.authorize(...)`."""
    admission = admission_of(request.scope)
    if admission is None:
        raise fault
    return _Answer(admission.guard.response(admission.guard.refusal(admission.request, fault)))


class _Answer(LitestarResponse[Any]):
    """An answer of iamkit's own, header for header."""

    def __init__(self, answer: HttpResponse) -> None:
        super().__init__(answer.body, status_code=answer.status)
        self._answer = answer

    def to_asgi_response(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002  # its signature
        async def send_it(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
            await send_response(self._answer, scope, send)

        return send_it


def _rows(app: Litestar, guard: Guard | None, prefix: str) -> list[listing.Route]:
    rows: list[listing.Route] = []
    for route in app.routes:
        for handler in handlers_of(route):
            runs = what_runs(handler)
            path = prefix + (route.path if route.path != "/" or not prefix else "")
            mounted = mounted_app(handler)
            if mounted is not None:
                rows += _rows(mounted, guard, path.rstrip("/"))
                continue
            if is_automatic_options(runs):
                continue
            methods: tuple[str, ...] = ("*",)
            if isinstance(route, HTTPRoute):
                methods = tuple(sorted(getattr(handler, "http_methods", ())))
            elif isinstance(route, WebSocketRoute):
                methods = ("WEBSOCKET",)
            elif getattr(handler, "is_mount", False):
                path = path.rstrip("/") + "/{path}"
            group = group_of(handler)
            opened = guard is not None and guard.opens(group)
            rows.append(
                listing.route_of(
                    marker_for(handler),
                    methods=methods,
                    path=path,
                    endpoint=name_of(handler),
                    group=group,
                    opened=opened,
                )
            )
    return rows


def _declare_schemes(config: OpenAPIConfig | None, iam: object) -> None:
    if config is None:
        return
    fields = {"in": "security_scheme_in"}
    made = {
        name: SecurityScheme(**{fields.get(key, key): value for key, value in scheme.items()})  # type: ignore[arg-type]
        for name, scheme in openapi.schemes(iam).items()
    }
    own = config.components if isinstance(config.components, list) else [config.components]
    config.components = [*own, Components(security_schemes={**made})]
