"""Parameters and results of operations as JSON, and back: what each is, its type hint says.

Nothing is written down for an operation: whatever the desk does can be asked for from elsewhere, and its
answer is the value that the desk gave. What only the deployment itself has a use for stays behind (`_KEPT`):
sealed secrets, parsed policies, and what records hold for later explanations.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from typing import Any, Final, TypeVar

from iamkit.analysis.subjects import Subject
from iamkit.audit.decision_log import DecisionRecord
from iamkit.credentials.access_keys import AccessKey
from iamkit.credentials.secret import Secret
from iamkit.errors import ValidationError
from iamkit.federation.saml_keys import SamlPrivateKey
from iamkit.management.operation import Operation
from iamkit.policy.fixes import Fix
from iamkit.policy.layers import CallerLayers
from iamkit.policy.places import Place
from iamkit.policy.request import Context, ContextValue
from iamkit.policy.revision import Basis
from iamkit.policy.spans import Span
from iamkit.policy.trace import StatementTrace

# Any: hints are of any type, and so are the values of them; JSON is whatever was sent.
Json = Any

# What does not travel, and what stands in its place.
_KEPT: Final[Mapping[type, Mapping[str, object]]] = {
    AccessKey: {"sealed": b""},
    SamlPrivateKey: {"sealed": b""},
    Subject: {"layers": CallerLayers()},
    DecisionRecord: {"layers": "[]", "context": "{}", "determining": "[]"},
    StatementTrace: {"leaves": ()},
}
# What is JSON in itself.
_PLAIN: Final[Mapping[type, frozenset[str]]] = {Fix: frozenset({"statement"})}
# Beyond this, numbers of JSON are not the same everywhere (RFC 8259 §6).
_LARGEST: Final = 2**53 - 1
_NATIVE: Final = (str, bool, int, float)


def arguments_out(operation: Operation[..., Any], given: Mapping[str, object]) -> dict[str, Json]:
    """The keyword arguments of an operation, secrets among them. Raises TypeError for an unknown one."""
    hints = hints_of(operation)
    unknown = given.keys() - hints.keys()
    if unknown:
        raise TypeError(f"{operation.action} has no parameter {sorted(unknown)}")
    return {name: out(hints[name], value) for name, value in given.items()}


def arguments_in(operation: Operation[..., Any], data: Json) -> dict[str, object]:
    """The keyword arguments that came. Raises ValidationError if one is missing, unknown, or not so."""
    hints = hints_of(operation)
    if not isinstance(data, dict):
        raise ValidationError("the parameters have to be one JSON object")
    for name in data:
        if name not in hints:
            raise ValidationError(f"`{operation.action}` has no parameter `{_shown(name)}`")
    made = {name: into(hints[name], value, name) for name, value in data.items()}
    for name in _needed(operation):
        if name not in made:
            raise ValidationError(f"`{operation.action}` needs the parameter `{name}`")
    return made


def result_out(operation: Operation[..., Any], result: object) -> Json:
    """What an operation gave."""
    return out(_hints(operation.run)["return"], result)


def result_in(operation: Operation[..., Any], data: Json) -> object:
    """What an operation gave elsewhere. Raises ValidationError if it is nothing that the operation gives."""
    return into(_hints(operation.run)["return"], data, "result")


def hints_of(operation: Operation[..., Any]) -> dict[str, Any]:
    """The types of an operation's parameters."""
    hints = _hints(operation.run)
    return {
        name: hints[name]
        for name, parameter in inspect.signature(operation.run).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }


def out(hint: Any, value: object) -> Json:
    """A value of the type `hint` as JSON."""
    special = _SPECIAL.get(hint)
    if special is not None:
        return special.out(value)
    members = _members(hint)
    if members is not None:
        return _union_out(members, value)
    if hint is Any:
        return value
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(origin or hint):
        return {name: out(each, getattr(value, name)) for name, each in _fields(hint).items()}
    match value:
        case Enum():
            return value.value
        case Mapping():
            return {str(key): out(inside[1], item) for key, item in value.items()}
        case tuple() | list():
            return [out(_item(inside, number), item) for number, item in enumerate(value)]
        case str() | bool() | int() | float() | None:
            return value
    raise TypeError(f"a value of type {type(value).__name__} does not travel")


def into(hint: Any, data: Json, path: str) -> Any:
    """The value of the type `hint` that `data` stands for. Raises ValidationError, naming `path`."""
    special = _SPECIAL.get(hint)
    if special is not None:
        return special.into(data, path)
    members = _members(hint)
    if members is not None:
        return _union_in(members, data, path)
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(origin or hint):
        return _structure(origin or hint, _fields(hint), data, path)
    if hint is None or hint is type(None):
        return None if data is None else _refuse(path, "null")
    if origin is typing.Literal:
        return data if data in inside else _refuse(path, "one of the words known here")
    if hint is Any:
        return data
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(hint, data, path)
    if hint in _NATIVE:
        return _native(hint, data, path)
    if origin in (tuple, Sequence, list):
        if not isinstance(data, list) or (origin is tuple and ... not in inside and len(inside) != len(data)):
            _refuse(path, "a list")
        made = [into(_item(inside, number), item, f"{path}[{number}]") for number, item in enumerate(data)]
        return made if origin is list else tuple(made)
    if origin in (Mapping, dict):
        if not isinstance(data, dict):
            _refuse(path, "an object")
        return {
            _native(str, key, path): into(inside[1], item, f"{path}.{_shown(key)}")
            for key, item in data.items()
        }
    raise TypeError(f"nothing of type {hint} travels")


@dataclasses.dataclass(frozen=True, slots=True)
class _Special:
    """A type with a form of its own."""

    out: Callable[[Any], Json]
    into: Callable[[Json, str], object]


def _secret(data: Json, path: str) -> Secret:
    return Secret(_native(str, data, path))


def _datetime(data: Json, path: str) -> datetime:
    try:
        found = datetime.fromisoformat(_native(str, data, path))
    except ValueError:
        _refuse(path, "an instant such as `2030-01-31T12:00:00+00:00`")
    return found if found.tzinfo is not None else _refuse(path, "an instant with its offset")


def _decimal(data: Json, path: str) -> Decimal:
    try:
        return Decimal(_native(str, data, path))
    except InvalidOperation:
        _refuse(path, "a decimal number as a text")


def _bytes(data: Json, path: str) -> bytes:
    try:
        return base64.b64decode(_native(str, data, path), validate=True)
    except (binascii.Error, ValueError):
        _refuse(path, "base 64")


def _context(data: Json, path: str) -> Context:
    try:
        return Context(into(Mapping[str, ContextValue], data, path))
    except ValueError:
        _refuse(path, "condition keys that differ by more than case")


_SPECIAL: Final[Mapping[Any, _Special]] = {
    Secret: _Special(Secret.reveal, _secret),
    datetime: _Special(datetime.isoformat, _datetime),
    Decimal: _Special(str, _decimal),
    bytes: _Special(lambda value: base64.b64encode(value).decode("ascii"), _bytes),
    Context: _Special(lambda value: out(Mapping[str, ContextValue], value), _context),
    Place: _Special(
        lambda value: out(Span, value.span), lambda data, path: Place.told(into(Span, data, path))
    ),
    Basis: _Special(lambda value: value.revision, lambda data, path: Basis.named(_native(str, data, path))),
}


@lru_cache(maxsize=512)
def _hints(of: Any) -> dict[str, Any]:
    return typing.get_type_hints(of)


@lru_cache(maxsize=512)
def _fields(hint: Any) -> Mapping[str, Any]:
    """The fields of a dataclass that travel, with their types; of `Page[User]` the items are users."""
    bare = typing.get_origin(hint) or hint
    filled = dict(zip(getattr(bare, "__parameters__", ()), typing.get_args(hint), strict=True))
    kept, plain = _KEPT.get(bare, {}), _PLAIN.get(bare, frozenset())
    hints = _hints(bare)
    return {
        field.name: Any if field.name in plain else _filled(hints[field.name], filled)
        for field in dataclasses.fields(bare)
        if field.init and field.name not in kept
    }


def _filled(hint: Any, given: Mapping[Any, Any]) -> Any:
    if isinstance(hint, TypeVar):
        return given[hint]
    wanted = getattr(hint, "__parameters__", ())
    return hint[tuple(given[each] for each in wanted)] if wanted else hint


def _members(hint: Any) -> tuple[Any, ...] | None:
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else None


def _union_out(members: tuple[Any, ...], value: object) -> Json:
    if value is None:
        return None
    real = [member for member in members if member is not type(None)]
    if len(real) == 1:
        return out(real[0], value)
    member = next(each for each in real if isinstance(value, typing.get_origin(each) or each))
    if member in _NATIVE or typing.get_origin(member) is tuple:
        return out(member, value)
    return {member.__name__: out(member, value)}


def _union_in(members: tuple[Any, ...], data: Json, path: str) -> object:
    real = [member for member in members if member is not type(None)]
    if data is None and len(real) < len(members):
        return None
    if len(real) == 1:
        return into(real[0], data, path)
    for member in real:
        listed = isinstance(data, list) and typing.get_origin(member) is tuple
        if listed or (member in _NATIVE and type(data) is member):
            return into(member, data, path)
        if isinstance(data, dict) and list(data) == [getattr(member, "__name__", "")]:
            return into(member, data[member.__name__], path)
    return _refuse(path, "of a type that is known here")


def _structure(made: Any, fields: Mapping[str, Any], data: Json, path: str) -> object:
    if not isinstance(data, dict):
        _refuse(path, "an object")
    for name in data:
        if name not in fields:
            _refuse(f"{path}.{_shown(name)}", "left out; it is not known here")
    required = {
        field.name
        for field in dataclasses.fields(made)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    for name in fields:
        if name in required and name not in data:
            _refuse(f"{path}.{name}", "given")
    values = {name: into(fields[name], item, f"{path}.{name}") for name, item in data.items()}
    return made(**_KEPT.get(made, {}), **values)


def _item(inside: tuple[Any, ...], number: int) -> Any:
    return inside[0] if len(inside) == 1 or inside[1] is ... else inside[number]


def _enum(hint: type[Enum], data: Json, path: str) -> Enum:
    try:
        return hint(data)
    except ValueError:
        _refuse(path, "one of the words known here")


def _native(hint: Any, data: Json, path: str) -> Any:
    if hint is float and type(data) is int:
        data = float(data)
    if type(data) is not hint:
        _refuse(path, {str: "a text", bool: "true or false", int: "a whole number"}.get(hint, "a number"))
    if hint is int and not -_LARGEST <= data <= _LARGEST:
        _refuse(path, "a number that others can hold")
    if hint is str and any("\ud800" <= letter <= "\udfff" for letter in data):
        _refuse(path, "Unicode")
    return data


def _needed(operation: Operation[..., Any]) -> list[str]:
    return [
        name
        for name, parameter in inspect.signature(operation.run).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty
    ]


def _shown(name: str) -> str:
    return name[:80].encode("utf-8", "replace").decode()


def _refuse(path: str, wanted: str) -> typing.NoReturn:
    raise ValidationError(f"`{path[:200]}` has to be {wanted}")
