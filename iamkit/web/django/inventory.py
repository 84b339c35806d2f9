"""The routes of a Django project as rows, through nested URLconfs; and whether anything guards them."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern
from django.utils.module_loading import import_string
from django.utils.regex_helper import normalize

from iamkit.errors import ConfigurationError
from iamkit.web import routes as listing
from iamkit.web.django import endpoints, options
from iamkit.web.django.middleware import Middleware
from iamkit.web.guard import Gatekeeper, HasGate
from iamkit.web.marker import Marker

_OWN: Final = frozenset({"static", "media", "admin"})


@dataclass(frozen=True, slots=True)
class Place:
    """A view where the URLconf puts it; `parameters` are the names that it is called with."""

    path: str
    view: object
    view_name: str
    parameters: frozenset[str]
    arguments: dict[str, object]


def routes(app: object = None) -> list[listing.Route]:
    """Every view of the project with what it declares, a row for each method that differs.

    `app` is the WSGI or ASGI application; a process has one Django, so it only has to be one. Raises
    ConfigurationError for anything else, and for what stands in the URLconf and is not known.
    """
    if app is not None and not isinstance(app, BaseHandler):
        raise ConfigurationError(f"`{type(app).__qualname__}` is no Django application")
    declared, opened = options.declarations(), frozenset(options.public_names())
    return [row for place in places() for row in _rows(place, declared, opened)]


def guarded(app: object = None) -> bool:  # noqa: ARG001  # asked of every framework's app alike
    """Whether the middleware is in MIDDLEWARE."""
    return bool(positions())


def positions() -> list[int]:
    """Where in MIDDLEWARE the middleware stands."""
    return [number for number, path in enumerate(settings.MIDDLEWARE) if is_middleware(path)]


def is_middleware(path: str) -> bool:
    """Whether a dotted path of MIDDLEWARE names iamkit's, or a class made from it."""
    try:
        found = import_string(path)
    except ImportError:
        return False
    return isinstance(found, type) and issubclass(found, Middleware)


def protect(app: object, iam: HasGate | Gatekeeper, *, public: Collection[str] = ()) -> object:  # noqa: ARG001
    """Raises ConfigurationError, always: Django is guarded by its settings. Says which."""
    raise ConfigurationError(
        'a Django project is guarded by its settings: put "iamkit.web.django.Middleware" first in MIDDLEWARE'
        ' and name the IAM, IAMKIT_IAM = "mysite.iam.iam"'
    )


def places(resolver: URLResolver | None = None) -> Iterator[Place]:
    """Every view of a URLconf (default: the project's)."""
    return _below(resolver or get_resolver(), "", "", frozenset(), {}, outermost=True)


def _below(
    resolver: URLResolver,
    prefix: str,
    space: str,
    names: frozenset[str],
    given: dict[str, object],
    *,
    outermost: bool = False,
) -> Iterator[Place]:
    if not outermost:
        prefix += _text(resolver.pattern)
        names |= _names(resolver.pattern)
        given = {**given, **resolver.default_kwargs}
        space += f"{resolver.namespace}:" if resolver.namespace else ""
    for node in resolver.url_patterns:
        if isinstance(node, URLResolver):
            yield from _below(node, prefix, space, names, given)
        elif isinstance(node, URLPattern):
            arguments = {**given, **node.default_args}
            known = names | _names(node.pattern) | arguments.keys()
            path = "/" + (prefix + _text(node.pattern)).lstrip("/")
            view_name = space + (node.name or endpoints.name_of(node.callback))
            yield Place(path, node.callback, view_name, frozenset(known), arguments)
        else:
            raise ConfigurationError(
                f"a URL pattern of the unknown type `{type(node).__qualname__}` cannot be guarded"
            )


def _rows(place: Place, declared: options.Declarations, opened: Collection[str]) -> list[listing.Route]:
    kind = endpoints.class_of(place.view)
    methods = ["*"] if kind is None else endpoints.methods_of(place.view, kind) or ["*"]
    together: list[tuple[str, Marker | None, list[str]]] = []
    for method in methods:
        marker = endpoints.mark_for(place.view, method, declared, place.view_name)
        runs = "" if kind is None else endpoints.handler_name(place.view, kind, method)
        action = f".{runs}" if kind is not None and runs != method.lower() else ""
        name = endpoints.name_of(place.view) + action
        if together and together[-1][:2] == (name, marker):
            together[-1][2].append(method)
        else:
            together.append((name, marker, [method]))
    group = endpoints.group_of(place.view, place.arguments)
    rows = []
    for name, marker, some in together:
        row = listing.route_of(
            marker,
            methods=tuple(some),
            path=place.path,
            endpoint=name,
            opened=group is not None and group in opened,
            given=place.parameters,
        )
        rows.append(replace(row, closed=not row.declared and group in _OWN))
    return rows


def _text(pattern: object) -> str:
    """A pattern as people write paths: `notes/<int:pk>/`; what a regular expression matches in general."""
    if isinstance(pattern, RoutePattern) or not isinstance(pattern, RegexPattern):
        return str(pattern)
    return _plain(str(pattern))


@functools.lru_cache(maxsize=1024)
def _plain(regex: str) -> str:
    # Django's own reading of a regular expression, by which it makes addresses from it.
    readings = normalize(regex)
    if not readings:
        return regex
    text, names = readings[0]
    return str(text % {name: f"<{name}>" for name in names})


def _names(pattern: object) -> frozenset[str]:
    if isinstance(pattern, RoutePattern):
        return frozenset(pattern.converters)
    if isinstance(pattern, RegexPattern):
        return frozenset(pattern.regex.groupindex)
    return frozenset()
