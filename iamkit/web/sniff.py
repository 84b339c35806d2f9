"""Which framework an app is made with, told by the names of its classes; no framework is imported for it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeVar

from iamkit.errors import ConfigurationError
from iamkit.hookspecs import hookimpl
from iamkit.web.guard import Gatekeeper, HasGate
from iamkit.web.routes import Route

T = TypeVar("T")

# The first name in the app's class line that is listed here decides; FastAPI is a Starlette.
_HOMES: Final = {
    "fastapi.applications.FastAPI": "iamkit.web.fastapi",
    "starlette.applications.Starlette": "iamkit.web.starlette",
    "flask.app.Flask": "iamkit.web.flask",
    "litestar.app.Litestar": "iamkit.web.litestar",
    # What stands behind a route table, whatever it is made with.
    "iamkit.web.tabled.TabledWSGI": "iamkit.web.tabled",
    "iamkit.web.tabled.TabledASGI": "iamkit.web.tabled",
    "django.core.handlers.base.BaseHandler": "iamkit.web.django",
}
_TABLED: Final = "iamkit.web.tabled"


class FrameworkRoutes:
    """Lists the routes of Flask, Starlette, FastAPI, Litestar and Django apps: a plugin like any other."""

    @hookimpl
    def iamkit_routes(self, app: object) -> Sequence[Route] | None:
        home = home_of(app)
        if home is None:
            return None
        listing: Callable[[object], Sequence[Route]] = importlib.import_module(home).routes
        return listing(app)


def home_of(app: object) -> str | None:
    """The module of `iamkit.web` that knows apps of this kind, or None."""
    for kind in type(app).__mro__:
        home = _HOMES.get(f"{kind.__module__}.{kind.__qualname__}")
        if home is not None:
            behind = "iamkit-table" in (getattr(app, "extensions", None) or {})
            return _TABLED if home == "iamkit.web.flask" and behind else home
    return None


def guarded(app: object) -> bool:
    """Whether `protect(app, iam)` was called, so that marks count; taken for granted of a plugin's apps."""
    home = home_of(app)
    if home is None:
        return True
    if home == "iamkit.web.flask":
        return importlib.import_module(home).EXTENSION in getattr(app, "extensions", {})
    if home == "iamkit.web.django":
        return bool(importlib.import_module(home).guarded(app))
    # Starlette, FastAPI, Litestar.
    return importlib.import_module(home).guard_of(app) is not None


def protect(
    app: object, iam: HasGate | Gatekeeper, *, public: Collection[str] = (), routes: object = None
) -> object:
    """`protect` of the app's own framework module, or with `routes` the app behind that route table.

    Raises ConfigurationError if no module knows the app.
    """
    if routes is not None:
        if public:
            raise ConfigurationError("a route table names what is public itself; drop `public`")
        tables, home = importlib.import_module(_TABLED), home_of(app)
        if home == _TABLED:
            raise ConfigurationError("the app stands behind a route table already")
        put = tables.install if home == "iamkit.web.flask" else tables.protect
        tabled: object = put(app, checked_guardian(iam), routes)
        return tabled
    home = home_of(app)
    if home is None or home == _TABLED:
        raise misplaced(app, iam, "Flask, Starlette, FastAPI or Litestar")
    guarded: object = importlib.import_module(home).protect(app, iam, public=public)
    return guarded


def misplaced(app: object, iam: object, framework: str) -> ConfigurationError:
    """Why `protect` of `framework` cannot work with what it was given, and what to write instead."""
    if home_of(iam) is not None:
        return ConfigurationError("the arguments are swapped: write `protect(app, iam)`, the app first")
    home = home_of(app)
    if home is not None:
        return ConfigurationError(
            f"`{type(app).__qualname__}` is no {framework} app; import `protect` from `{home}`"
        )
    if inspect.isclass(app):
        return ConfigurationError(f"`{app.__qualname__}` is a class; make an app of it and protect that")
    return ConfigurationError(
        f"`{type(app).__qualname__}` is no {framework} app; "
        "mark a plain callable and wrap it with `WSGIMiddleware` or `ASGIMiddleware`, "
        'or give a table, `iam.protect(app, routes="routes.toml")`'
    )


def checked_guardian(iam: T) -> T:
    """What stands second in `protect`, if it can guard. Raises ConfigurationError."""
    if inspect.isclass(iam) or not callable(getattr(getattr(iam, "gate", iam), "admit", None)):
        shown = iam.__qualname__ if inspect.isclass(iam) else type(iam).__qualname__
        raise ConfigurationError(
            f'`{shown}` cannot guard an app; write `protect(app, iam)` with `iam = IAM("iamkit-data")`'
        )
    return iam
