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


def guarded(app: object) -> bool:
    """Whether `protect(app, iam)` was called, so that marks count; taken for granted of a plugin's apps."""
    home = home_of(app)
    if home is None:
        return True
    if home == "iamkit.web.flask":
        return importlib.import_module(home).EXTENSION in getattr(app, "extensions", {})
    return importlib.import_module("iamkit.web.starlette").guard_of(app) is not None


def protect(app: object, iam: HasGate | Gatekeeper, *, public: Collection[str] = ()) -> object:
    """`protect` of the app's own framework module. Raises ConfigurationError if no module knows it."""
    home = home_of(app)
    if home is None:
        raise misplaced(app, iam, "Flask, Starlette or FastAPI")
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
        "mark a plain callable and wrap it with `WSGIMiddleware` or `ASGIMiddleware`"
    )


def checked_guardian(iam: T) -> T:
    """What stands second in `protect`, if it can guard. Raises ConfigurationError."""
    if inspect.isclass(iam) or not callable(getattr(getattr(iam, "gate", iam), "admit", None)):
        shown = iam.__qualname__ if inspect.isclass(iam) else type(iam).__qualname__
        raise ConfigurationError(
            f'`{shown}` cannot guard an app; write `protect(app, iam)` with `iam = IAM("iamkit-data")`'
        )
    return iam
