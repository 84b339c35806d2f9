"""The fields of a record: their shapes, read off the declaration, and the check every store makes of a value.

All stores use these, so that a value which one of them could not keep is refused by each of them alike,
and a test on MemoryStore means something for PostgreSQL.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from iamkit.errors import ValidationError
from iamkit.storage import Less, Plus, Record, record_type

_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**63 - 1


class Shape(enum.Enum):
    """The kinds of value that a field can hold."""

    TEXT = "text"
    INTEGER = "integer of 64 bits"
    FLAG = "bool"
    BYTES = "bytes"
    INSTANT = "aware datetime"
    TEXTS = "tuple of texts"
    PAIRS = "mapping of text to text"


# What a listing can be ordered by, and what can be less than a bound.
ORDERED: Final = frozenset({Shape.TEXT, Shape.INTEGER, Shape.INSTANT})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record type."""

    name: str
    shape: Shape
    optional: bool


@functools.cache
def fields_of(kind: type[Record]) -> Mapping[str, Field]:
    """The fields of a record type by name, in order. Raises TypeError for one that no store could keep."""
    if not dataclasses.is_dataclass(kind):
        raise TypeError(f"`{kind.__name__}` is not a dataclass")
    hints = typing.get_type_hints(kind)
    found = {}
    for declared in dataclasses.fields(kind):
        shape, optional = _shape(hints[declared.name])
        if shape is None:
            raise TypeError(f"`{kind.__name__}.{declared.name}` has a type that no store keeps")
        found[declared.name] = Field(declared.name, shape, optional)
    for name in record_type(kind).key:
        if name not in found or found[name] != Field(name, Shape.TEXT, optional=False):
            raise TypeError(f"`{kind.__name__}.{name}` is part of the key and is not a `str`")
    return types.MappingProxyType(found)


def field_of(kind: type[Record], name: str) -> Field:
    """That field. Raises TypeError if the record type has none of that name."""
    try:
        return fields_of(kind)[name]
    except KeyError:
        raise TypeError(f"`{kind.__name__}` has no field `{name}`") from None


def checked(kind: type[Record], name: str, value: object) -> object:
    """`value` as a store keeps it: instants in UTC, mappings read-only copies.

    Raises TypeError if it is not of the field's shape (True is not 1), ValidationError if it is text or a
    number outside what every store can keep.
    """
    field = field_of(kind, name)
    if value is None:
        if field.optional:
            return None
    elif field.shape is Shape.TEXT:
        if isinstance(value, str):
            return _storable(name, value)
    elif field.shape is Shape.INTEGER:
        if isinstance(value, int) and not isinstance(value, bool):
            if not _SMALLEST <= value <= _LARGEST:
                raise ValidationError(f"`{name}` must fit in 64 bits")
            return value
    elif field.shape is Shape.FLAG:
        if isinstance(value, bool):
            return value
    elif field.shape is Shape.BYTES:
        if isinstance(value, bytes):
            return value
    elif field.shape is Shape.INSTANT:
        if isinstance(value, datetime) and value.utcoffset() is not None:
            return value if value.tzinfo is UTC else value.astimezone(UTC)
    elif field.shape is Shape.TEXTS:
        if isinstance(value, tuple) and all(isinstance(part, str) for part in value):
            return tuple(_storable(name, part) for part in value)
    elif isinstance(value, Mapping) and all(isinstance(part, str) for pair in value.items() for part in pair):
        return types.MappingProxyType(
            {_storable(name, key): _storable(name, value[key]) for key in sorted(value)}
        )
    raise TypeError(f"`{kind.__name__}.{name}` takes this shape of value: {field.shape.value}")


def checked_item(item: Record) -> dict[str, object]:
    """The values of a record by field, each checked."""
    kind = type(item)
    return {name: checked(kind, name, getattr(item, name)) for name in fields_of(kind)}


def checked_key(kind: type[Record], key: object) -> tuple[str, ...]:
    """`key`, if it has the parts of the record type's key; otherwise TypeError."""
    names = record_type(kind).key
    if not isinstance(key, tuple) or len(key) != len(names) or not all(isinstance(part, str) for part in key):
        raise TypeError(f"the key of `{kind.__name__}` is a tuple of texts: {', '.join(names)}")
    return tuple(_storable(name, part) for name, part in zip(names, key, strict=True))


def checked_where(kind: type[Record], where: Mapping[str, object] | None) -> dict[str, object]:
    """A `where` with its values, and the bounds of its Less conditions, checked."""
    fields_of(kind)
    conditions: dict[str, object] = {}
    for name, value in (where or {}).items():
        if isinstance(value, Less):
            if field_of(kind, name).shape not in ORDERED or value.bound is None:
                raise TypeError(f"`{kind.__name__}.{name}` has no order, or the bound is None")
            conditions[name] = Less(checked(kind, name, value.bound), value.or_none)
        else:
            conditions[name] = checked(kind, name, value)
    return conditions


def checked_values(kind: type[Record], values: Mapping[str, object]) -> dict[str, object]:
    """What `change` sets, checked. Keys never change: a record under another key is another record."""
    changes: dict[str, object] = {}
    for name, value in values.items():
        field = field_of(kind, name)
        if name in record_type(kind).key:
            raise TypeError(f"`{kind.__name__}.{name}` is part of the key and cannot change")
        if isinstance(value, Plus):
            if field.shape is not Shape.INTEGER:
                raise TypeError(f"`{kind.__name__}.{name}` is no integer that could grow")
            changes[name] = value
        else:
            changes[name] = checked(kind, name, value)
    return changes


@dataclass(frozen=True, slots=True)
class Listing:
    """The checked form of what `find` is asked for beside `where`."""

    prefix: tuple[str, str] | None
    order: str | None
    after: str | None
    limit: int | None
    newest_first: bool


def checked_listing(
    kind: type[Record],
    *,
    prefix: tuple[str, str] | None,
    order: str | None,
    after: str | None,
    limit: int | None,
    newest_first: bool,
) -> Listing:
    """The arguments of `find`, checked; `after` without `order` goes by a key of one field."""
    if prefix is not None:
        if field_of(kind, prefix[0]).shape is not Shape.TEXT:
            raise TypeError(f"`{kind.__name__}.{prefix[0]}` is no text that has a prefix")
        prefix = (prefix[0], _storable(prefix[0], prefix[1]))
    if order is not None and field_of(kind, order).shape not in ORDERED:
        raise TypeError(f"`{kind.__name__}.{order}` has no order")
    if after is not None:
        if order is None and len(record_type(kind).key) == 1:
            order = record_type(kind).key[0]
        if order is None or field_of(kind, order).shape is not Shape.TEXT:
            raise TypeError(f"a listing of `{kind.__name__}` continues only in the order of a text field")
        after = _storable(order, after)
    if not _is_limit(limit):
        raise TypeError("`limit` is a number of records, not negative")
    return Listing(prefix, order, after, limit, newest_first)


def _is_limit(limit: object) -> bool:
    return limit is None or (isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0)


def _shape(hint: object) -> tuple[Shape | None, bool]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        inner = [part for part in arguments if part is not types.NoneType]
        if len(inner) != 1 or len(arguments) != 2:
            return None, False
        return _shape(inner[0])[0], True
    if origin is typing.Literal and all(isinstance(part, str) for part in arguments):
        return Shape.TEXT, False
    if origin is tuple and arguments == (str, ...):
        return Shape.TEXTS, False
    if origin is Mapping and arguments == (str, str):
        return Shape.PAIRS, False
    return _PLAIN.get(hint), False


_PLAIN: Final[Mapping[object, Shape]] = {
    str: Shape.TEXT,
    int: Shape.INTEGER,
    bool: Shape.FLAG,
    bytes: Shape.BYTES,
    datetime: Shape.INSTANT,
}


def _storable(name: str, text: str) -> str:
    """`text` as a plain str. NUL and lone surrogates are refused: some stores cannot keep them (THR-X)."""
    if "\x00" in text:
        raise ValidationError(f"`{name}` must not hold the character NUL")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise ValidationError(f"`{name}` must be well-formed Unicode text") from None
    return text if type(text) is str else str.__str__(text)
