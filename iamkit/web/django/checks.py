"""What `manage.py check` says: middleware that is missing or misplaced, and views that declare nothing.

iamkit.E001  a view declares neither an action nor that it is public
iamkit.E002  the middleware is missing, so marks do nothing
iamkit.E003  the middleware stands twice, or after one that answers from a cache
iamkit.E004  a setting of iamkit's is missing or malformed
iamkit.E005  a resource has a place that no parameter of the route fills
iamkit.W001  another middleware stands before it
iamkit.W002  IAMKIT_VIEWS names no view of the project
iamkit.W003  IAMKIT_VIEWS names a view that carries a mark; the mark counts
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from iamkit.errors import ConfigurationError
from iamkit.web.django import endpoints, inventory, options

_NAME: Final = "iamkit.web.django.Middleware"
# These may stand further out: they add headers, compress, count, or serve what everybody may see.
_HARMLESS: Final = (
    "django.middleware.security.",
    "django.middleware.gzip.",
    "django.middleware.http.",
    "django.middleware.cache.UpdateCacheMiddleware",
    "corsheaders.",
    "whitenoise.",
    "django_prometheus.",
)
_CACHED: Final = (
    "django.middleware.cache.FetchFromCacheMiddleware",
    "django.middleware.cache.CacheMiddleware",
)


def check_project(app_configs: object = None, **options_given: object) -> list[CheckMessage]:  # noqa: ARG001
    """Every finding about the project."""
    try:
        options.guardian()
        declared = options.declarations()
        options.hook(options.RESOURCE)
        options.hook(options.PRINCIPAL)
    except ConfigurationError as fault:
        return [Error(str(fault), id="iamkit.E004")]
    try:
        return [*_middleware(), *_routes(), *_table(declared)]
    except ConfigurationError as fault:
        return [Error(str(fault), id="iamkit.E001")]


def _middleware() -> Iterator[CheckMessage]:
    places = inventory.positions()
    if not places:
        yield Error(
            "iamkit guards nothing: its middleware is not in MIDDLEWARE, so every view is open",
            hint=f'Put "{_NAME}" first.',
            id="iamkit.E002",
        )
        return
    if len(places) > 1:
        yield Error("iamkit's middleware stands twice in MIDDLEWARE; every view is refused", id="iamkit.E003")
    for path in settings.MIDDLEWARE[: places[0]]:
        if path in _CACHED:
            yield Error(
                f"`{path}` stands before iamkit's middleware and answers before anybody is asked",
                hint=f'Put "{_NAME}" before it.',
                id="iamkit.E003",
            )
        elif not path.startswith(_HARMLESS):
            yield Warning(
                f"`{path}` stands before iamkit's middleware: it acts on requests that were not admitted yet",
                hint=f'Put "{_NAME}" first, or silence this if it only adds headers.',
                id="iamkit.W001",
            )


def _routes() -> Iterator[CheckMessage]:
    for row in inventory.routes():
        methods = ", ".join(row.methods)
        if row.unfilled:
            yield Error(
                f"`{methods} {row.path}`: no parameter fills `{{{row.unfilled[0]}}}` of `{row.resource}`,"
                " so every request is refused",
                hint="Name a parameter of the route.",
                id="iamkit.E005",
            )
        elif not (row.declared or row.closed):
            yield Error(
                f"`{methods} {row.path}` runs `{row.endpoint}`, which declares nothing: nobody may use it",
                hint=f'Mark it with @iam.require("service:Action", ...) or @iam.public, or name it in'
                f" {options.VIEWS}.",
                id="iamkit.E001",
            )


def _table(declared: options.Declarations) -> Iterator[CheckMessage]:
    used = set()
    for place in inventory.places():
        name = declared.name_for(place.view_name, endpoints.name_of(place.view))
        if name is None:
            continue
        used.add(name)
        kind = endpoints.class_of(place.view)
        methods = ["GET"] if kind is None else endpoints.methods_of(place.view, kind)
        if not name.endswith(":*") and any(endpoints.marker_for(place.view, method) for method in methods):
            yield Warning(
                f"{options.VIEWS} names `{name}`, which carries a mark; the mark counts", id="iamkit.W003"
            )
    for name in declared.names:
        if name not in used:
            yield Warning(
                f"{options.VIEWS} names `{name}`, and no view is called that",
                hint="Keys are view names, `namespace:*`, or dotted paths of views; never paths of URLs.",
                id="iamkit.W002",
            )
