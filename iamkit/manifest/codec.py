"""Entries to JSON and back: written always the same way, read strictly, faults told with their place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import Field
from typing import Any, Final, TypeVar

from iamkit.errors import InputError, ValidationError
from iamkit.ids import NamedKind, checked_name, checked_path
from iamkit.manifest.document import Document, Plain
from iamkit.manifest.entries import (
    Entry,
    GroupEntry,
    GuardrailEntry,
    InstanceProfileEntry,
    PasswordPolicyEntry,
    PolicyEntry,
    RoleEntry,
    UserEntry,
)

T = TypeVar("T")

# Told also where they are what they usually are: a file that names nothing is hard to read.
_ALWAYS: Final = ("name", "path")
# What the account has and files do not tell.
_UNTOLD: Final = ("other_versions",)
_NAMED: Final[Mapping[type[object], NamedKind]] = {
    UserEntry: "user",
    GroupEntry: "group",
    RoleEntry: "role",
    PolicyEntry: "policy",
    InstanceProfileEntry: "instance-profile",
    GuardrailEntry: "guardrail",
}


class Misfit(Exception):  # noqa: N818  # what does not fit is no error until somebody says where it stood
    """A value that is not what its place holds."""


def to_plain(entry: Entry | PasswordPolicyEntry) -> dict[str, Plain]:
    """An entry as its file holds it: members that say nothing beyond the usual are left out."""
    told: dict[str, Plain] = {}
    for part in sorted(_parts(type(entry)), key=lambda part: part.name not in _ALWAYS):
        value = getattr(entry, part.name)
        if part.name in _ALWAYS or _is_required(part) or value != _usual(part):
            told[part.name] = _written(value)
    return told


def from_plain(kind: type[T], plain: Plain, place: str) -> T:
    """The entry that a file holds. `place` is the file, for messages. Raises InputError."""
    if not isinstance(plain, dict):
        raise InputError(f"`{place}` holds no JSON object")
    parts = {part.name: part for part in _parts(kind)}
    unknown = next((name for name in plain if name not in parts), None)
    if unknown is not None:
        raise InputError(f"`{place}` has a member `{unknown[:80]}`, which means nothing; {_known(parts)}")
    values: dict[str, object] = {}
    for name, part in parts.items():
        if name not in plain:
            if _is_required(part):
                raise InputError(f"`{place}` lacks the member `{name}`")
            continue
        try:
            values[name] = _READERS[str(part.type)](plain[name])
        except Misfit as fault:
            raise InputError(f"`{place}`, `{name}`: {fault}") from None
    try:
        _check_names(kind, values)
    except ValidationError as fault:
        raise InputError(f"`{place}`: {fault.message}") from None
    return kind(**values)


def _parts(kind: type[object]) -> list[Field[Any]]:  # Any: a field of whatever type
    # Entries are all dataclasses, which a type variable cannot say.
    return [part for part in dataclasses.fields(kind) if part.name not in _UNTOLD]  # type: ignore[arg-type]


def _is_required(part: Field[Any]) -> bool:
    return part.default is dataclasses.MISSING and part.default_factory is dataclasses.MISSING


def _usual(part: Field[Any]) -> object:
    if part.default_factory is dataclasses.MISSING:
        return part.default
    return part.default_factory()


def _known(parts: Mapping[str, object]) -> str:
    return "there are " + ", ".join(f"`{name}`" for name in parts)


def _check_names(kind: type[object], values: Mapping[str, object]) -> None:
    named = _NAMED.get(kind)
    if named is not None:
        checked_name(named, str(values["name"]))
        checked_path(str(values.get("path", "/")))


def _written(value: object) -> Plain:
    if isinstance(value, Document):
        return value.plain
    if isinstance(value, Mapping):
        return {str(key): _written(value[key]) for key in sorted(value)}
    if isinstance(value, tuple):
        return [str(item) for item in sorted(value)]
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"`{type(value).__name__}` is nothing that a file holds")


# --- reading, by the type of the field ----------------------------------------------------------


def _text(plain: Plain) -> str:
    if not isinstance(plain, str):
        raise Misfit("it must be a text")
    return plain


def _bool(plain: Plain) -> bool:
    if not isinstance(plain, bool):
        raise Misfit("it must be true or false")
    return plain


def _number(plain: Plain) -> int:
    if not isinstance(plain, int) or isinstance(plain, bool):
        raise Misfit("it must be a whole number")
    return plain


def _texts(plain: Plain) -> tuple[str, ...]:
    if not isinstance(plain, list):
        raise Misfit("it must be a list of texts")
    found = tuple(map(_text, plain))
    if len({item.lower() for item in found}) != len(found):
        raise Misfit("an item is given twice")
    return tuple(sorted(found))


def _pairs(plain: Plain) -> dict[str, str]:
    if not isinstance(plain, dict):
        raise Misfit("it must be an object of texts")
    return {name: _text(value) for name, value in plain.items()}


def _document(plain: Plain) -> Document:
    try:
        return Document.of_plain(plain)
    except ValueError as fault:
        raise Misfit(str(fault)) from None


def _documents(plain: Plain) -> dict[str, Document]:
    if not isinstance(plain, dict):
        raise Misfit("it must be an object of policy documents by name")
    found = {}
    for name, value in plain.items():
        try:
            found[checked_name("policy", name)] = _document(value)
        except ValidationError as fault:
            raise Misfit(fault.message) from None
    return found


def _or_none(read: Callable[[Plain], object]) -> Callable[[Plain], object]:
    return lambda plain: None if plain is None else read(plain)


# By the annotation as it is written in the entries.
_READERS: Final[Mapping[str, Callable[[Plain], object]]] = {
    "str": _text,
    "str | None": _or_none(_text),
    "int": _number,
    "int | None": _or_none(_number),
    "bool": _bool,
    "tuple[str, ...]": _texts,
    "Mapping[str, str]": _pairs,
    "Document": _document,
    "Mapping[str, Document]": _documents,
}
