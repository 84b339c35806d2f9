"""What Django is about to run: the mark of a view for one method, its name, and what it belongs to.

Function views, class-based views by method, and the view sets of Django REST framework by action; the
framework's classes are told by their modules, so that Django alone is enough to import this.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Mapping
from typing import Final

from django.conf import settings
from django.views import static
from django.views.generic.base import View

from iamkit.web.django.options import Declarations
from iamkit.web.marker import Marker, marker_of

# Where a class keeps the marks of its actions, see `iamkit.web.django.rest.actions`.
ACTIONS: Final = "__iamkit_actions__"

# Classes whose `dispatch` chooses the handler by the method's name, and those that look before they call it.
_DISPATCHERS: Final = frozenset({"django.views.generic.base", "rest_framework.views"})
_MAKERS: Final = frozenset({"django.views.generic.base", "rest_framework.viewsets"})
_EXEMPTS: Final = "django.views.decorators.csrf"
_LOOKERS: Final = "django.contrib.auth.mixins"
_STEPS: Final = ("dispatch", "setup", "options", "http_method_not_allowed")
_ADMIN: Final = ("django.contrib.admin.sites", "django.contrib.admin.options")


def marker_for(view: object, method: str) -> Marker | None:
    """The mark of a view for one method: of what its class runs for it, of the view itself, or of the class.

    Where the class has a `dispatch` of its own, its methods' marks say nothing of what will run.
    """
    kind = class_of(view)
    if kind is None:
        return marker_of(view)
    own: Marker | None = None
    if dispatches_by_method(view, kind):
        name = handler_name(view, kind, method)
        own = actions_of(kind).get(name) or marker_of(getattr(kind, name, None))
    elif not _given(view):
        own = marker_of(getattr(kind, "dispatch", None))
    return own or marker_of(view) or marker_of(kind)


def class_of(view: object) -> type | None:
    """The class behind a class-based view, or None for a function."""
    kind = getattr(view, "view_class", None) or getattr(view, "cls", None)
    return kind if isinstance(kind, type) and issubclass(kind, View) else None


def actions_of(kind: type) -> Mapping[str, Marker]:
    """The marks that a class states for its actions. They are its own and not inherited."""
    found = vars(kind).get(ACTIONS)
    return found if isinstance(found, dict) else {}


def dispatches_by_method(view: object, kind: type) -> bool:
    """Whether a framework's own `dispatch` chooses the handler."""
    if _given(view):
        return False
    home = _home(kind, "dispatch", beyond=_LOOKERS)
    return home is not None and home.__module__ in _DISPATCHERS


def handler_name(view: object, kind: type, method: str) -> str:
    """The name of the method that the class runs for an HTTP method; HEAD is answered by `get` if need be."""
    name = method.lower()
    bound = getattr(view, "actions", None)
    bound = bound if isinstance(bound, dict) else {}
    for wanted in (name, "get") if name == "head" else (name,):
        if wanted in bound:
            return str(bound[wanted])
        if hasattr(kind, wanted):
            return wanted
    return name


def methods_of(view: object, kind: type) -> list[str]:
    """The HTTP methods that a class-based view has a handler of its own for."""
    return [
        name.upper()
        for name in kind.http_method_names  # type: ignore[attr-defined]  # of every View
        if hasattr(kind, handler_name(view, kind, name.upper()))
        and not (name == "options" and _is_stock(kind, "options"))
        and not (name == "head" and not hasattr(kind, "head"))
    ]


def is_automatic(view: object, method: str) -> bool:
    """Whether only the framework would answer: OPTIONS, or 405 for want of a handler."""
    kind = class_of(view)
    if kind is None or not _is_bare(view) or not dispatches_by_method(view, kind):
        return False
    if not (_is_stock(kind, "dispatch") and _is_stock(kind, "setup")):
        return False
    allowed = method.lower() in kind.http_method_names  # type: ignore[attr-defined]  # of every View
    if allowed and method == "OPTIONS":
        # What Django REST framework tells there is made from the app's own serializers.
        home = _home(kind, "options")
        return home is View
    handled = allowed and hasattr(kind, handler_name(view, kind, method))
    return not handled and _is_stock(kind, "http_method_not_allowed")


def handled_methods(view: object) -> tuple[str, ...]:
    """The methods that a class-based view has a handler of its own for."""
    kind = class_of(view)
    if kind is None:
        return ()
    names = (name for name in kind.http_method_names if name not in ("options", "trace"))  # type: ignore[attr-defined]  # of every View
    return tuple(name.upper() for name in names if hasattr(kind, handler_name(view, kind, name.upper())))


def name_of(view: object) -> str:
    """The dotted path of a view, for logs, listings and declarations."""
    while isinstance(view, functools.partial):
        view = view.func
    named = class_of(view) or view
    name = getattr(named, "__qualname__", None) or type(named).__qualname__
    return f"{getattr(named, '__module__', None) or type(named).__module__}.{name}"


def group_of(view: object, arguments: Mapping[str, object]) -> str | None:
    """`static`, `media` or `admin` for what Django serves by itself, else None."""
    if view is static.serve:
        root = getattr(settings, "STATIC_ROOT", None)
        return "static" if root and arguments.get("document_root") == root else "media"
    files = sys.modules.get("django.contrib.staticfiles.views")
    if files is not None and view is files.serve:
        return "static"
    return "admin" if _is_admins(view) else None


def mark_for(view: object, method: str, declared: Declarations, view_name: str) -> Marker | None:
    """The mark in the code, else what the settings declare."""
    return marker_for(view, method) or declared.marker(view_name, name_of(view), method)


def _is_bare(view: object) -> bool:
    """Whether a view is what `as_view` made, with nothing around it that would run as well."""
    while _code_of(view) == _EXEMPTS:
        view = getattr(view, "__wrapped__", None)
    return _code_of(view) in _MAKERS


def _code_of(view: object) -> object:
    # The module of a function's own code, which no `functools.wraps` changes.
    return getattr(view, "__globals__", {}).get("__name__")


def _is_admins(view: object) -> bool:
    """Whether a view is of the admin: what its classes wrap, and methods that Django wrote for it."""
    owner = getattr(view, "admin_site", None) or getattr(view, "model_admin", None)
    if owner is None:
        method = view if inspect.ismethod(view) else getattr(view, "__wrapped__", None)
        if not inspect.ismethod(method):
            return False
        owner = method.__self__
        home = _home(type(owner), method.__name__)
        if home is None or not home.__module__.startswith("django.contrib."):
            return False
    return any(base.__module__ in _ADMIN for base in type(owner).__mro__)


def _given(view: object) -> bool:
    # `as_view(dispatch=...)` puts another function in the place of the class's.
    given = getattr(view, "view_initkwargs", None) or getattr(view, "initkwargs", None) or {}
    return any(name in given for name in (*_STEPS, "http_method_names"))


def _home(kind: type, name: str, beyond: str = "") -> type | None:
    return next((base for base in kind.__mro__ if name in vars(base) and base.__module__ != beyond), None)


def _is_stock(kind: type, name: str) -> bool:
    home = _home(kind, name)
    return home is not None and home.__module__ in _DISPATCHERS
