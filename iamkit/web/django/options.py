"""What a project's settings say of iamkit: `IAMKIT_IAM`, `IAMKIT_PUBLIC`, `IAMKIT_VIEWS`, and two hooks.

Read when they are needed and never kept here, so that a test may override them like any other setting.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping
from typing import Final, cast

from django.conf import settings
from django.utils.module_loading import import_string

from iamkit.errors import ConfigurationError
from iamkit.web.guard import Gatekeeper, HasGate
from iamkit.web.marker import Marker, Public, requirement
from iamkit.web.sniff import checked_guardian

IAM: Final = "IAMKIT_IAM"
PUBLIC: Final = "IAMKIT_PUBLIC"
VIEWS: Final = "IAMKIT_VIEWS"
RESOURCE: Final = "IAMKIT_RESOURCE"
PRINCIPAL: Final = "IAMKIT_PRINCIPAL"

Hook = Callable[[object], object]


class Declarations:
    """Marks for views whose code cannot be marked: Django's own, and those of installed apps.

    A key names what was matched and never a path: a view name (`login`, `admin:index`), all of a namespace
    (`admin:*`), or a view's dotted path (`django.contrib.auth.views.LoginView`). A value is `public`, an
    action, an action and a resource separated by a space (`news:Read article/{pk}`), or a table of these by
    method.
    """

    def __init__(self, table: object) -> None:
        if not isinstance(table, Mapping):
            raise ConfigurationError(f'{VIEWS} is a table of view names: {{"login": "public"}}')
        self._marks = {str(name): _marks(str(name), value) for name, value in table.items()}
        # The longest namespace first: what is said of a part goes before what is said of the whole.
        self._spaces = sorted((name for name in self._marks if name.endswith(":*")), key=len, reverse=True)

    @property
    def names(self) -> tuple[str, ...]:
        """Every key of the table."""
        return tuple(self._marks)

    def name_for(self, view_name: str, path: str) -> str | None:
        """The key that speaks of a view, by its name in the URLconf and its dotted path."""
        for name in (view_name, path):
            if name in self._marks:
                return name
        return next((space for space in self._spaces if view_name.startswith(space[:-1])), None)

    def marker(self, view_name: str, path: str, method: str) -> Marker | None:
        """The mark of a view for one method; HEAD is judged as GET."""
        name = self.name_for(view_name, path)
        if name is None:
            return None
        marks = self._marks[name]
        return marks.get("*") or marks.get(method) or (marks.get("GET") if method == "HEAD" else None)


def guardian() -> HasGate | Gatekeeper:
    """The project's IAM. Raises ConfigurationError if no setting names it, or what is named is none."""
    value = getattr(settings, IAM, None)
    if value is None:
        raise ConfigurationError(f'{IAM} is not set; name the project\'s IAM: {IAM} = "mysite.iam.iam"')
    return cast(HasGate | Gatekeeper, checked_guardian(_imported(IAM, value)))


def public_names() -> Collection[str]:
    """What Django or an app of Django's adds by itself and the project opens: `static`, `media`, `admin`."""
    names: Collection[str] = getattr(settings, PUBLIC, ())
    if isinstance(names, str):
        raise ConfigurationError(f'{PUBLIC} is a set of names; write `{PUBLIC} = {{"{names}"}}`')
    return names


def declarations() -> Declarations:
    """The table of IAMKIT_VIEWS. Raises ConfigurationError if something in it is malformed."""
    return Declarations(getattr(settings, VIEWS, {}))


def hook(name: str) -> Hook | None:
    """The function that a setting names by itself or by its dotted path, if it is set."""
    value = getattr(settings, name, None)
    if value is None:
        return None
    found = _imported(name, value)
    if not callable(found):
        raise ConfigurationError(f"{name} must name a function")
    called: Hook = found
    return called


def _imported(setting: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        found: object = import_string(value)
    except ImportError as fault:
        raise ConfigurationError(f"{setting} names `{value}`, which cannot be imported: {fault}") from fault
    return found


def _marks(name: str, value: object) -> dict[str, Marker]:
    if isinstance(value, Mapping):
        return {str(method).upper(): mark_of(name, text) for method, text in value.items()}
    return {"*": mark_of(name, value)}


def mark_of(name: str, text: object) -> Marker:
    """The mark that a text stands for: `public`, an action, or an action and a resource.

    Raises ConfigurationError; `name` says whose mark it was to be.
    """
    if text == "public":
        return Public()
    if not isinstance(text, str) or not text.strip():
        raise ConfigurationError(
            f"`{name}` needs `public`, or an action and perhaps a resource: `news:Read article/{{pk}}`"
        )
    return _required(text)


@functools.lru_cache(maxsize=256)
def _required(text: str) -> Marker:
    action, _, resource = text.strip().partition(" ")
    return requirement(action, resource.strip() or None)
