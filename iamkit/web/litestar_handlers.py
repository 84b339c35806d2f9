"""What a Litestar handler is to the guard: the function it runs, its mark, group and parameters as read."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import date, time, timedelta
from enum import Enum
from pathlib import PurePath
from types import MethodType
from typing import Any, Final

import msgspec
from litestar import Controller, Litestar
from litestar.handlers.base import BaseRouteHandler
from litestar.routes import ASGIRoute, HTTPRoute, WebSocketRoute
from litestar.routes.base import BaseRoute

from iamkit.errors import ConfigurationError
from iamkit.web.marker import Marker, marker_of

# Where Litestar's own handlers come from, and the group that each kind belongs to.
_GROUPS: Final = {
    "litestar._openapi.plugin": "docs",
    "litestar.openapi.plugins": "docs",
    "litestar.openapi.controller": "docs",
    "litestar.static_files.config": "static",
    "litestar.static_files.base": "static",
}
_OPTIONS: Final = "HTTPRoute.create_options_handler.<locals>"
# What Litestar makes of a function: run in a worker thread, or once for every message of a socket.
_WRAPPERS: Final = {
    "litestar.utils.sync.AsyncCallable": "func",
    "litestar.handlers.websocket_handlers._utils.ListenerHandler": "_fn",
}


def what_runs(handler: BaseRouteHandler) -> object:
    """The function that a handler calls in the end, as the developer wrote it."""
    runs: object = handler.fn
    for _ in range(10):
        inner = runs.__func__ if isinstance(runs, MethodType) else runs
        kind = type(inner)
        attribute = _WRAPPERS.get(f"{kind.__module__}.{kind.__qualname__}")
        if attribute is None:
            return runs
        runs = getattr(inner, attribute)
    return runs


def marker_for(handler: BaseRouteHandler) -> Marker | None:
    """The mark of a handler: its function's, else that of its controller, or of a listener's class."""
    runs = what_runs(handler)
    own = marker_of(runs)
    if own is not None:
        return own
    owner = handler.owner if isinstance(handler.owner, Controller) else getattr(runs, "__self__", None)
    return None if owner is None else marker_of(type(owner))


def group_of(handler: BaseRouteHandler) -> str | None:
    """`docs`, `static`, or the name of what is mounted here."""
    runs = what_runs(handler)
    home = (
        runs.__module__
        if hasattr(runs, "__code__") or isinstance(runs, MethodType)
        else type(runs).__module__
    )
    if home in _GROUPS:
        return _GROUPS[home]
    return handler.name if getattr(handler, "is_mount", False) else None


def as_read(handler: BaseRouteHandler, raw: Mapping[str, Any]) -> Mapping[str, object]:
    """Path parameters as the handler and its dependencies get them: for an `int`, Litestar reads 1 in `1.0`.

    What two of them read in two ways is None, on which nothing is decided. What Litestar refuses stays as it
    is: nothing runs.
    """
    if not raw:
        return raw
    readings: dict[str, list[object]] = {name: [] for name in raw}
    readers = [(handler.parsed_fn_signature, handler.signature_model)]
    readers += [
        (provider.parsed_fn_signature, provider.signature_model)
        for provider in handler.resolve_dependencies().values()
    ]
    for signature, model in readers:
        for name, declared in signature.parameters.items():
            alias = getattr(declared.kwarg_definition, "name", None) or name
            for known in {name, alias} & set(raw):
                hook = functools.partial(_decoded, handler)
                try:
                    kind = model.__annotations__[name]
                    value = msgspec.convert(raw[known], kind, strict=False, dec_hook=hook, str_keys=True)
                except Exception:  # noqa: BLE001, S112  # Litestar will say so to the client
                    continue
                readings[known].append(_plain(value))
    read: dict[str, object] = {}
    for name, given in raw.items():
        texts = {str(value): value for value in readings[name]}
        read[name] = _plain(given) if not texts else next(iter(texts.values())) if len(texts) == 1 else None
    return read


def _decoded(handler: BaseRouteHandler, kind: Any, value: Any) -> Any:
    """As Litestar's signature models decode what msgspec does not know."""
    if isinstance(kind, type) and isinstance(value, kind):
        return value
    decoder = getattr(kind, "_decoder", None)
    return decoder(kind, value) if decoder else handler.default_deserializer(kind, value)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | PurePath):
        # A `path` parameter is the only one with slashes, and always begins with one.
        return str(value).removeprefix("/")
    return str(value) if isinstance(value, date | time | timedelta) else value


def is_automatic_options(runs: object) -> bool:
    qualname = str(getattr(runs, "__qualname__", ""))
    return getattr(runs, "__module__", "") == HTTPRoute.__module__ and qualname.startswith(_OPTIONS)


def mounted_app(handler: BaseRouteHandler) -> Litestar | None:
    """The Litestar app that is mounted here, if it is one that leaves everything to its router."""
    app = what_runs(handler)
    plain = isinstance(app, Litestar) and type(app).__call__ is Litestar.__call__
    return app if isinstance(app, Litestar) and plain else None


def handlers_of(route: BaseRoute) -> list[BaseRouteHandler]:
    if isinstance(route, HTTPRoute):
        return list(route.route_handlers)
    if isinstance(route, WebSocketRoute | ASGIRoute):
        return [route.route_handler]
    raise unknown(route)


def unknown(route: object) -> ConfigurationError:
    return ConfigurationError(f"a route of the unknown type `{type(route).__qualname__}` cannot be guarded")


def name_of(handler: BaseRouteHandler) -> str:
    runs = what_runs(handler)
    home = runs if hasattr(runs, "__qualname__") else type(runs)
    return f"{getattr(home, '__module__', '')}.{getattr(home, '__qualname__', '')}"
