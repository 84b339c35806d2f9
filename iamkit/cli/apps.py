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
from iamkit.web.sniff import FrameworkRoutes, guarded

__all__ = ["guarded", "imported", "listed"]

# A Django project goes by its settings: `mysite.settings`, `mysite.settings.production`.
_SETTINGS: Final = re.compile(r"(?:\w+\.)*settings(?:\.\w+)*")
_APP: Final = re.compile(r"(?P<module>\w+(?:\.\w+)*):(?P<attribute>\w+(?:\.\w+)*)(?P<call>\(\))?")


def listed(app: object) -> Sequence[Route]:
    """The routes of an app. Raises ConfigurationError if nobody knows apps of its kind."""
    found: Sequence[Route] | None = plugin_manager([FrameworkRoutes()]).hook.iamkit_routes(app=app)
    if found is None:
        raise ConfigurationError(
            f"`{type(app).__module__}.{type(app).__qualname__}` is no app whose routes can be listed;"
            " name the Flask, Starlette, FastAPI, Litestar or Django app itself, not what wraps it;"
            " a factory is called, as in `app:create_app()`"
        )
    return found


def imported(name: str) -> object:
    """The app that `module:attribute`, `module:factory()` or a Django settings module names.

    Raises InputError for a name of another form or one that is not there, ConfigurationError if importing or
    making the app fails.
    """
    parts = _APP.fullmatch(name)
    if parts is None and _SETTINGS.fullmatch(name):
        return _project(name)
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


def _project(name: str) -> object:
    """The application of a Django project, by its settings."""
    directory = os.getcwd()
    if directory not in sys.path:
        sys.path.insert(0, directory)
    with contextlib.redirect_stdout(sys.stderr):
        if not hasattr(_module(name, directory), "ROOT_URLCONF"):
            raise InputError(f"`{name}` is no settings module of a Django project; write `module:attribute`")
        os.environ["DJANGO_SETTINGS_MODULE"] = name
        return _made(importlib.import_module("django.core.wsgi").get_wsgi_application, name)


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
