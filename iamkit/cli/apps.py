"""The app that a person names on the command line: imported, or made by its factory, and its routes."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
from collections.abc import Sequence
from typing import Final

from iamkit.errors import ConfigurationError, IamkitError, InputError
from iamkit.plugins import plugin_manager
from iamkit.web.routes import Route
from iamkit.web.sniff import FrameworkRoutes, home_of

_APP: Final = re.compile(r"(?P<module>\w+(?:\.\w+)*):(?P<attribute>\w+(?:\.\w+)*)(?P<call>\(\))?")


def listed(app: object) -> Sequence[Route]:
    """The routes of an app. Raises ConfigurationError if nobody knows apps of its kind."""
    found: Sequence[Route] | None = plugin_manager([FrameworkRoutes()]).hook.iamkit_routes(app=app)
    if found is None:
        raise ConfigurationError(
            f"`{type(app).__module__}.{type(app).__qualname__}` is no app whose routes can be listed;"
            " name the Flask, Starlette, FastAPI or Litestar app itself, not what wraps it"
        )
    return found


def imported(name: str) -> object:
    """The app that `module:attribute` or `module:factory()` names.

    Raises InputError for a name of another form or one that is not there, ConfigurationError if importing or
    making the app fails.
    """
    parts = _APP.fullmatch(name)
    if parts is None:
        raise InputError(f"`{name[:200]}` names no app; write `module:attribute`, such as `{_meant(name)}`")
    directory = os.getcwd()
    if directory not in sys.path:
        sys.path.insert(0, directory)
    # What an app prints while it is imported is not part of the answer.
    with contextlib.redirect_stdout(sys.stderr):
        module = _module(parts["module"], directory)
        found: object = module
        for step in parts["attribute"].split("."):
            if not hasattr(found, step):
                raise InputError(
                    f"`{parts['module']}` has no `{parts['attribute']}`; name the variable that holds the app"
                )
            found = getattr(found, step)
        return _made(found, name) if parts["call"] else found


def _module(name: str, directory: str) -> object:
    try:
        return importlib.import_module(name)
    except IamkitError:
        raise
    except (Exception, SystemExit) as fault:
        if (
            isinstance(fault, ModuleNotFoundError)
            and fault.name
            and (name + ".").startswith(fault.name + ".")
        ):
            raise InputError(
                f"there is no module `{name}` in `{directory}` or among what is installed;"
                " go to the directory of the app first"
            ) from None
        raise ConfigurationError(
            f"importing `{name}` failed with {type(fault).__name__}: {fault};"
            " mend that first, `--debug` shows where"
        ) from fault


def _made(factory: object, name: str) -> object:
    if not callable(factory):
        raise InputError(f"`{name}` cannot be called; leave the `()` out")
    try:
        app: object = factory()
    except IamkitError:
        raise
    except (Exception, SystemExit) as fault:
        raise ConfigurationError(f"`{name}` failed with {type(fault).__name__}: {fault}") from fault
    return app


def _meant(name: str) -> str:
    module = name.partition(":")[0].removesuffix(".py").strip("./").replace("/", ".")
    return f"{module}:app" if re.fullmatch(r"\w+(\.\w+)*", module) else "app:app"


def guarded(app: object) -> bool:
    """Whether `protect(app, iam)` was called, so that marks count; taken for granted of a plugin's apps."""
    home = home_of(app)
    if home is None:
        return True
    if home == "iamkit.web.flask":
        return importlib.import_module(home).EXTENSION in getattr(app, "extensions", {})
    # Starlette, FastAPI, Litestar.
    return importlib.import_module(home).guard_of(app) is not None
