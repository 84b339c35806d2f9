"""Where a row's facts stand: columns and expressions of an object mapper, by kind, and nothing about SQL."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, final

TAG_PREFIX: Final = "aws:resourcetag/"


class Kind(Enum):
    """What a column holds, as conditions see it."""

    TEXT = auto()
    CHOICE = auto()  # an enumeration, kept as text
    INTEGER = auto()
    DECIMAL = auto()
    FLOAT = auto()
    BOOL = auto()
    INSTANT = auto()
    DAY = auto()
    UUID = auto()
    TEXTS = auto()  # a JSON array of texts: a list-typed key
    TAGS = auto()  # a JSON object of texts
    TAG = auto()  # one value of it
    ELEMENT = auto()  # one text of a TEXTS, inside a test of it


@final
@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A fact of a row. `handle` is what the object mapper knows it by, `read` takes it from a loaded row.

    `name` is for messages. `tag` is the key of a TAG, in lower case; its handle is that of all tags.
    """

    kind: Kind
    handle: object
    name: str
    read: Callable[[object], object]
    tag: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """How a row of `model` becomes a resource and condition keys.

    `name` is the resource part of the ARN: texts and sources in turn. `account` owns the row; None: the
    caller's account. `keys` are condition keys in lower case; `written` has their spelling. `actions` are
    those that lists are filtered by, `masks` the columns that need a further action.
    """

    model: type
    kind: str
    name: tuple[str | NamePart, ...]
    account: Source | None
    tags: Source | None
    keys: Mapping[str, Source]
    written: Mapping[str, str]
    actions: tuple[str, ...] = ()
    masks: Mapping[str, str] = field(default_factory=dict)

    def source_of(self, key: str) -> Source | None:
        """Where a condition key, in lower case, is read from; None if rows do not have it."""
        found = self.keys.get(key)
        if found is not None or self.tags is None or not key.startswith(TAG_PREFIX):
            return found
        return Source(Kind.TAG, self.tags.handle, key, self.tags.read, key.removeprefix(TAG_PREFIX))

    @property
    def unknown_keys(self) -> Container[str]:
        """The condition keys that differ from row to row."""
        return _RowKeys(self)


@final
@dataclass(frozen=True, slots=True)
class NamePart:
    """A place in the name. `encoded` are the characters that are percent-encoded; `longest` in characters."""

    source: Source
    encoded: str
    longest: int


@final
@dataclass(frozen=True, slots=True)
class _RowKeys(Container[str]):
    declaration: Declaration

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.declaration.source_of(key) is not None
