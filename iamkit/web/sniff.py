"""Which framework an app is made with, told by the names of its classes; no framework is imported for it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Sequence
from typing import Final

from iamkit.errors import ConfigurationError
from iamkit.hookspecs import hookimpl
from iamkit.web.guard import Gatekeeper, HasGate
from iamkit.web.routes import Route

# The first name in the app's class line that is listed here decides; FastAPI is a Starlette.
_HOMES: Final = {
    "fastapi.applications.FastAPI": "iamkit.web.fastapi",
    "starlette.applications.Starlette": "iamkit.web.starlette",
    "flask.app.Flask": "iamkit.web.flask",
}


class FrameworkRoutes:
    """Lists the routes of Flask, Starlette and FastAPI apps: a plugin like any other."""

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
            return home
    return None


def protect(app: object, iam: HasGate | Gatekeeper, *, public: Collection[str] = ()) -> object:
    """`protect` of the app's own framework module. Raises ConfigurationError if no module knows it."""
    home = home_of(app)
    if home is None:
        raise ConfigurationError(
            f"`{type(app).__qualname__}` is no Flask, Starlette or FastAPI app; "
            "mark a plain callable and wrap it with `WSGIMiddleware` or `ASGIMiddleware`"
        )
    guarded: object = importlib.import_module(home).protect(app, iam, public=public)
    return guarded
