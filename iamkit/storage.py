"""The Store protocol: a few verbs over typed records, and the epochs by which caches know they are current.

A record is a frozen dataclass declared with `@record(...)`. Its fields are `str`, `int`, `bool`, `bytes`,
aware `datetime`, `tuple[str, ...]`, `Mapping[str, str]`, or one of these `| None`. A store keeps any
record type by its declaration alone, so adding a type touches no store.

Rules that every store keeps (the contract suite in `iamkit.testing.store_contract` shows them):

- A write unit is atomic and isolated, and durable before `unit()` returns from its `with` block.
- A unit that raises changes nothing. `bump` belongs to the unit: data and epoch change together, and
  that of `ANY` with them.
- Writing units are serialised against each other: what a unit read is still true when it commits.
- Text compares by code point, exactly, whatever the locale.
- Any fault of the medium surfaces as StoreUnavailable, never as an empty answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import Field, dataclass
from typing import Any, ClassVar, Final, Protocol, TypeVar

Key = tuple[str, ...]
Epochs = tuple[int, ...]

# The scope that moves with every bump of any other. While it stands still, so do all.
ANY: Final = "any"


@dataclass(frozen=True, slots=True)
class RecordType:
    """How a record is kept: its name, the fields of its key, and what must be unique or is looked up by."""

    name: str
    key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...] = ()
    index: tuple[tuple[str, ...], ...] = ()


class Record(Protocol):
    """A frozen dataclass that `@record` declared. Type checkers see the dataclass, stores the declaration."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


R = TypeVar("R", bound=Record)

# Every declared record type by name, filled at import by `@record` and never changed afterwards: the
# declarations are code, so two apps in one process share them as they share the classes themselves.
DECLARED: dict[str, type[Record]] = {}


def record(
    name: str,
    *,
    key: tuple[str, ...],
    unique: tuple[tuple[str, ...], ...] = (),
    index: tuple[tuple[str, ...], ...] = (),
) -> Callable[[type[R]], type[R]]:
    """Declare a frozen dataclass as a record. Key fields are `str`; `unique` and `index` name field groups.

    A unique group that holds None takes nothing. The names are lower case, with digits and underscores.
    """

    def declare(cls: type[R]) -> type[R]:
        cls.__record__ = RecordType(name, key, unique, index)  # type: ignore[attr-defined]  # set, not declared
        DECLARED[name] = cls
        return cls

    return declare


def record_type(kind: type[Record]) -> RecordType:
    """How a record type was declared. Raises TypeError if it was not."""
    declared = getattr(kind, "__record__", None)
    if not isinstance(declared, RecordType):
        raise TypeError(f"`{kind.__name__}` is not declared as a record")
    return declared


def key_of(item: Record) -> Key:
    """The key of a record."""
    return tuple(getattr(item, field) for field in record_type(type(item)).key)


@dataclass(frozen=True, slots=True)
class Less:
    """A condition in `where`: the stored value is below `bound` (or is None, if `or_none`)."""

    bound: object
    or_none: bool = False


@dataclass(frozen=True, slots=True)
class Plus:
    """A value in `change`: the stored integer grows by `step`; None counts as 0."""

    step: int = 1


class Reader(Protocol):
    """What a reading unit can do. All reads of one unit see one committed state, and its own writes."""

    def get(self, kind: type[R], key: Key) -> R | None:
        """The record with that key."""

    def find(
        self,
        kind: type[R],
        where: Mapping[str, object] | None = None,
        *,
        prefix: tuple[str, str] | None = None,
        order: str | None = None,
        after: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[R]:
        """Records whose fields equal `where`, ordered by field `order` (text, number, instant), then by key.

        None orders before every value. `where` takes values or `Less`.
        `prefix` is (field, text): the field begins with that text. `after` continues behind that value of
        the `order` field (behind it in the direction of the listing; a str field only).
        """

    def count(self, kind: type[R], where: Mapping[str, object] | None = None) -> int:
        """How many records `find` would give."""


class Unit(Reader, Protocol):
    """A writing unit of work."""

    def add(self, item: Record) -> None:
        """Insert. Raises EntityAlreadyExists if its key or one of its unique groups is taken."""

    def change(
        self,
        kind: type[R],
        key: Key,
        values: Mapping[str, object],
        *,
        where: Mapping[str, object] | None = None,
    ) -> bool:
        """Set fields of one record, not of its key, if it is there and `where` holds (values, or `Less`).

        True if it did.

        This is the conditional write behind everything that may happen once: one of many callers gets True.
        Raises EntityAlreadyExists if a unique group would be taken.
        """

    def remove(self, kind: type[R], key: Key) -> bool:
        """Delete one record. True if it was there."""

    def remove_all(self, kind: type[R], where: Mapping[str, object]) -> int:
        """Delete every record whose fields equal `where` (which must not be empty; values, or `Less`)."""

    def bump(self, *scopes: str) -> None:
        """Move the epochs of the scopes and of `ANY`: what was cached under them is read again everywhere."""


class Store(Protocol):
    """Where records live."""

    def read(self) -> AbstractContextManager[Reader]:
        """A reading unit."""

    def write(self) -> AbstractContextManager[Unit]:
        """A writing unit: commits, durably, when the block ends; rolls back if it raises."""

    def epochs(self, scopes: Sequence[str]) -> Epochs:
        """The committed epoch of each scope, 0 if never bumped. Strict: it sees each commit that returned."""

    def close(self) -> None:
        """Release connections and files. Idempotent."""
