"""The marker: what an endpoint says of itself, read by the guard before the endpoint runs.

`require` and `public` put an attribute on the function and return the same function, so their place among
other decorators does not matter: the framework registered that very object. They check nothing
themselves. A decorator that returns another function without carrying attributes over (no
`functools.wraps`) hides the mark; the endpoint is then undeclared, and refused. `__wrapped__` is not
followed, because it says nothing about what the wrapper does.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from types import FunctionType, MappingProxyType
from typing import Any, Final, Protocol, TypeVar, overload

from iamkit.errors import ConfigurationError
from iamkit.policy.request import ContextValue
from iamkit.web.templates import Template, as_text

E = TypeVar("E")

# Where an admission travels: a key of environ and scope that no header can write (THR-B11).
ADMISSION: Final = "iamkit"

_ATTRIBUTE: Final = "__iamkit_marker__"
_LITESTAR_HANDLER: Final = "litestar.handlers.base.BaseRouteHandler"
_ACTION: Final = re.compile(r"([a-z0-9][a-z0-9-]*):[A-Za-z0-9]+", re.ASCII)
_CONTEXT_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*:[A-Za-z0-9_./-]+", re.ASCII)
_PLACE: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Requirement:
    """The endpoint needs an allow for `action` on `resource` (None: there is no resource, `*` is asked).

    `hidden`: a caller who may not is told what is told of a missing page. `context` are condition keys of
    the app's own; `{doc_id}` in their texts is filled from the route.
    """

    action: str
    resource: Template | None = None
    hidden: bool = False
    context: Mapping[str, ContextValue] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def service(self) -> str:
        """What stands before the colon of the action, and in the service part of the ARN."""
        return self.action[: self.action.index(":")]

    def filled_context(self, parameters: Mapping[str, object]) -> dict[str, ContextValue]:
        """The condition keys with their places filled. Raises EvaluationError like `Template.fill`."""
        if not self.context:
            return {}
        return {key: _context_value(key, value, parameters) for key, value in self.context.items()}


@dataclass(frozen=True, slots=True)
class Public:
    """The endpoint is open to everybody, signed in or not."""


Marker = Requirement | Public


class Mark:
    """What `require(...)` gives: a decorator of endpoints, and a FastAPI dependency, `Depends(require(...))`.

    As a dependency it decides nothing either: the guard finds it in the route and checks before anything of
    the route runs. When FastAPI calls it, it makes sure that the guard did, so that nothing is open in an app
    that was never guarded.
    """

    def __init__(self, requirement: Requirement) -> None:
        self.requirement = requirement

    @overload
    def __call__(self, endpoint: E, /) -> E: ...

    @overload
    def __call__(self, *, connection: HasScope) -> None: ...

    def __call__(self, *endpoint: E, connection: HasScope | None = None) -> E | None:
        if connection is None:
            (marked,) = endpoint
            return _marked(marked, self.requirement)
        admission = connection.scope.get(ADMISSION)
        passed = getattr(admission, "passed", ())
        if not any(getattr(checked, "marker", None) is self.requirement for checked in passed):
            raise ConfigurationError(
                f"`Depends(require({self.requirement.action!r}, ...))` was not checked before the endpoint: "
                "guard the app with `protect(app, iam)`"
            )
        return None

    @property
    def __signature__(self) -> inspect.Signature:
        """What FastAPI passes when this is a dependency; nobody else asks."""
        connection: object = getattr(sys.modules.get("starlette.requests"), "HTTPConnection", object)
        kind = inspect.Parameter.KEYWORD_ONLY
        return inspect.Signature([inspect.Parameter("connection", kind, annotation=connection)])


class HasScope(Protocol):
    """A Starlette connection, as much of it as is used here."""

    @property
    def scope(self) -> MutableMapping[str, Any]: ...


def require(
    action: str,
    resource: str | None = None,
    *,
    hidden: bool = False,
    context: Mapping[str, ContextValue] | None = None,
) -> Mark:
    """Mark an endpoint: it runs only for callers whom policies allow `action` on `resource`.

    `action` is one concrete action, `docs:Read`; `resource` the last part of an ARN with places named after
    route parameters, `doc/{doc_id}` (without it `*` is asked, as for listing). Raises
    ConfigurationError when the module is imported, not when a request comes, if something is malformed.
    """
    return Mark(requirement(action, resource, hidden=hidden, context=context))


def requirement(
    action: str,
    resource: str | None = None,
    *,
    hidden: bool = False,
    context: Mapping[str, ContextValue] | None = None,
) -> Requirement:
    """The mark that `require` puts on an endpoint, for tables. Raises ConfigurationError like it."""
    if not is_action(action):
        raise ConfigurationError(
            f'`{action}` is not an action; write `@require("docs:Read")`, one service and verb, no wildcard'
        )
    for key in context or {}:
        if not _CONTEXT_KEY.fullmatch(key) or key.lower().startswith(("aws:", "iamkit:")):
            raise ConfigurationError(f"condition key `{key}` needs your own prefix, such as `docs:Folder`")
    template = None if resource is None else Template.parse(resource)
    return Requirement(action, template, hidden, MappingProxyType(dict(context or {})))


@overload
def public(endpoint: E, /) -> E: ...


@overload
def public() -> Callable[[E], E]: ...


def public(*endpoint: E) -> E | Callable[[E], E]:
    """Mark an endpoint as open to everybody, signed in or not. `@public()` is the same as `@public`."""
    if not endpoint:
        return lambda later: _marked(later, Public())
    (marked,) = endpoint
    return _marked(marked, Public())


def is_action(text: object) -> bool:
    """Whether `text` is one concrete action, `docs:Read`."""
    return isinstance(text, str) and _ACTION.fullmatch(text) is not None


def marker_of(endpoint: object) -> Marker | None:
    """The mark of an endpoint: a function, class, partial or callable object. None means undeclared.

    A class's mark is its own and not inherited: a subclass of a public view is not public by that.
    """
    if type(endpoint) is FunctionType:
        return _checked(endpoint.__dict__.get(_ATTRIBUTE))
    while isinstance(endpoint, functools.partial):
        own = _checked(vars(endpoint).get(_ATTRIBUTE))
        if own is not None:
            return own
        endpoint = endpoint.func
    if inspect.isroutine(endpoint):
        return _checked(getattr(endpoint, _ATTRIBUTE, None))
    if inspect.isclass(endpoint):
        return _checked(vars(endpoint).get(_ATTRIBUTE))
    kind = type(endpoint)
    own = _checked(getattr(endpoint, "__dict__", {}).get(_ATTRIBUTE)) or _checked(vars(kind).get(_ATTRIBUTE))
    if own is not None:
        return own
    call = inspect.getattr_static(kind, "__call__", None)
    return _checked(getattr(call, _ATTRIBUTE, None))


def marker_of_view(view: type, method: str, *, base: type, dispatch: str) -> Marker | None:
    """The mark of a class-based view for one HTTP method.

    Where the framework's own `dispatch` of `base` chooses the handler by method name, the handler's mark
    holds; where the class has a `dispatch` of its own, that function's. Otherwise the class's mark.
    """
    chosen = getattr(view, dispatch, None)
    if chosen is getattr(base, dispatch, None):
        chosen = handler_of_view(view, method)
    return marker_of(chosen) or marker_of(view)


def handler_of_view(view: type, method: str) -> object | None:
    """What a class-based view runs for `method`; HEAD is answered by `get` if there is no `head`."""
    handler = getattr(view, method.lower(), None)
    if handler is None and method == "HEAD":
        handler = getattr(view, "get", None)
    return handler


def _context_value(key: str, value: ContextValue, parameters: Mapping[str, object]) -> ContextValue:
    if not isinstance(value, str):
        return value
    return _PLACE.sub(lambda found: as_text(key, found.group(1), parameters), value)


def _marked(endpoint: E, marker: Marker) -> E:
    target: object = endpoint
    if isinstance(target, staticmethod | classmethod):
        target = target.__func__
    target = _function_of_handler(target)
    if not callable(target):
        raise ConfigurationError(f"`{_name(target)}` cannot be marked: it is not callable")
    if inspect.ismethod(target):
        raise ConfigurationError(f"`{_name(target)}` is bound to an object; mark the function in its class")
    if _checked(getattr(target, "__dict__", {}).get(_ATTRIBUTE)) is not None:
        raise ConfigurationError(
            f"`{_name(target)}` carries two marks; an endpoint has one `@require(...)` or `@public`"
        )
    try:
        setattr(target, _ATTRIBUTE, marker)
    except (AttributeError, TypeError) as fault:
        raise ConfigurationError(f"`{_name(target)}` cannot be marked; wrap it in a function") from fault
    return endpoint


def _function_of_handler(target: object) -> object:
    """The function that Litestar's `@get(...)` and the like hold, or `target` itself.

    A handler takes no attributes, and controllers and routers work with copies: the function is what stays.
    """
    if any(f"{kind.__module__}.{kind.__qualname__}" == _LITESTAR_HANDLER for kind in type(target).__mro__):
        target = getattr(target, "_fn", None)
    for inner in ("_fn", "func"):
        # A listener of a WebSocket, and what Litestar runs in a worker thread.
        if type(target).__module__.startswith("litestar."):
            target = getattr(target, inner, target)
    return target


def _checked(value: object) -> Marker | None:
    # An object that answers to any attribute name (a proxy, a mock) is not marked by that.
    return value if isinstance(value, Requirement | Public) else None


def _name(endpoint: object) -> str:
    return str(getattr(endpoint, "__qualname__", type(endpoint).__qualname__))
