"""MemoryStore: records in this process's memory, for tests, demonstrations and short-lived apps.

The committed state is never altered, only replaced: a reading unit holds on to the state it began with, a
writing unit works on a draft that becomes the state at its end, or is dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, cast

from iamkit.errors import EntityAlreadyExists, StoreUnavailable
from iamkit.fields import (
    checked,
    checked_item,
    checked_key,
    checked_listing,
    checked_values,
    checked_where,
)
from iamkit.storage import ANY, Epochs, Key, Less, Plus, R, Record, Unit, record_type


@dataclass(frozen=True, slots=True)
class Shelf:
    """The records of one type by key, and for each unique group which key has taken which values.

    `indexes` has the keys by the values of a group of fields, made when somebody first looks by it.
    """

    items: dict[Key, Record] = field(default_factory=dict)
    taken: dict[tuple[str, ...], dict[tuple[object, ...], Key]] = field(default_factory=dict)
    indexes: dict[tuple[str, ...], dict[tuple[object, ...], set[Key]]] = field(default_factory=dict)

    def copy(self) -> Shelf:
        """A shelf that can be altered without touching this one."""
        return Shelf(dict(self.items), {group: dict(values) for group, values in self.taken.items()})


@dataclass(frozen=True, slots=True)
class State:
    """All records and epochs at one moment. Never altered once others see it."""

    shelves: Mapping[type[Record], Shelf] = field(default_factory=dict)
    epochs: Mapping[str, int] = field(default_factory=dict)


_EMPTY: Final = Shelf()


class MemoryReader:
    """A reading unit over one state. Other stores that hold their records in memory can use it as theirs."""

    def __init__(self, state: State) -> None:
        self._state: State | None = state

    def _shelf(self, kind: type[Record]) -> Shelf:
        if self._state is None:
            raise StoreUnavailable("this unit of work has ended")
        return self._state.shelves.get(kind, _EMPTY)

    def end(self) -> None:
        """From now on, answer nothing."""
        self._state = None

    def get(self, kind: type[R], key: Key) -> R | None:
        return cast("R | None", self._shelf(kind).items.get(checked_key(kind, key)))

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
        listing = checked_listing(
            kind, prefix=prefix, order=order, after=after, limit=limit, newest_first=newest_first
        )
        found = self._matching(kind, where)
        if listing.prefix is not None:
            name, beginning = listing.prefix
            found = [pair for pair in found if _begins(getattr(pair[1], name), beginning)]
        place = _place(listing.order)
        if listing.after is not None and listing.order is not None:
            mark = (1, listing.after)
            if newest_first:
                found = [pair for pair in found if place(pair)[0] < mark]
            else:
                found = [pair for pair in found if place(pair)[0] > mark]
        found.sort(key=place, reverse=newest_first)
        return [cast("R", item) for _, item in found[: listing.limit]]

    def count(self, kind: type[R], where: Mapping[str, object] | None = None) -> int:
        conditions = checked_where(kind, where)
        for group in record_type(kind).index:
            if set(group) == conditions.keys() and _are_plain(conditions, group):
                return len(_indexed(self._shelf(kind), group, conditions))
        return len(self._matching(kind, where))

    def _matching(self, kind: type[Record], where: Mapping[str, object] | None) -> list[tuple[Key, Record]]:
        conditions = checked_where(kind, where)
        shelf, declared = self._shelf(kind), record_type(kind)
        candidates: Collection[Key] = shelf.items
        for group in declared.unique:
            # What is unique or has an index is looked up; everything else is looked through.
            if _are_plain(conditions, group) and None not in (conditions[name] for name in group):
                key = shelf.taken.get(group, {}).get(tuple(conditions[name] for name in group))
                candidates = () if key is None else (key,)
                break
        else:
            for group in declared.index:
                if _are_plain(conditions, group):
                    found = _indexed(shelf, group, conditions)
                    candidates = found if len(found) < len(candidates) else candidates
        items = shelf.items
        return [(key, items[key]) for key in candidates if _holds(items[key], conditions)]


class MemoryUnit(MemoryReader):
    """A writing unit over one state: works on copies of the shelves it touches, made when it first does.

    `changed` names each record that was touched, `bumped` each scope that was moved.
    """

    def __init__(self, state: State) -> None:
        self._shelves = dict(state.shelves)
        self._epochs = dict(state.epochs)
        self._own: set[type[Record]] = set()
        self.changed: set[tuple[type[Record], Key]] = set()
        self.bumped: set[str] = set()
        super().__init__(State(self._shelves, self._epochs))

    def draft(self) -> State:
        """The state that the unit leaves behind, if it is committed."""
        return State(self._shelves, self._epochs)

    def _writable(self, kind: type[Record]) -> Shelf:
        shelf = self._shelf(kind)
        if kind not in self._own:
            shelf = shelf.copy()
            self._shelves[kind] = shelf
            self._own.add(kind)
        return shelf

    def add(self, item: Record) -> None:
        kind = type(item)
        item = kind(**checked_item(item))
        key = tuple(cast("str", getattr(item, name)) for name in record_type(kind).key)
        shelf = self._writable(kind)
        if key in shelf.items:
            raise EntityAlreadyExists(f"a record `{record_type(kind).name}` with that key exists already")
        _take(shelf, key, None, item)
        self.changed.add((kind, key))

    def change(
        self,
        kind: type[R],
        key: Key,
        values: Mapping[str, object],
        *,
        where: Mapping[str, object] | None = None,
    ) -> bool:
        key, conditions = checked_key(kind, key), checked_where(kind, where)
        changes = checked_values(kind, values)
        old = self._shelf(kind).items.get(key)
        if old is None or not _holds(old, conditions):
            return False
        grown = {
            name: checked(kind, name, (getattr(old, name) or 0) + value.step)
            for name, value in changes.items()
            if isinstance(value, Plus)
        }
        new = kind(**{**checked_item(old), **changes, **grown})
        _take(self._writable(kind), key, old, new)
        self.changed.add((kind, key))
        return True

    def remove(self, kind: type[R], key: Key) -> bool:
        key = checked_key(kind, key)
        if key not in self._shelf(kind).items:
            return False
        self._drop(kind, key)
        return True

    def remove_all(self, kind: type[R], where: Mapping[str, object]) -> int:
        if not where:
            raise TypeError("`where` must not be empty: it would remove every record")
        found = self._matching(kind, where)
        for key, _ in found:
            self._drop(kind, key)
        return len(found)

    def bump(self, *scopes: str) -> None:
        if self._state is None:
            raise StoreUnavailable("this unit of work has ended")
        moved = {*scopes, ANY} if scopes else ()
        for scope in moved:
            self._epochs[scope] = self._epochs.get(scope, 0) + 1
        self.bumped.update(moved)

    def _drop(self, kind: type[Record], key: Key) -> None:
        shelf = self._writable(kind)
        item = shelf.items.pop(key)
        _unindex(shelf, key, item)
        self.changed.add((kind, key))
        for group, values in _groups(item):
            del shelf.taken[group][values]


class MemoryStore:
    """A store in memory. Everything is gone when the process ends. Safe to share between threads.

    `timeout` is how many seconds a writing unit waits for its turn before StoreUnavailable.
    """

    def __init__(self, *, timeout: float = 5.0) -> None:
        self._state: State | None = State()
        self._turn = threading.Lock()
        self._writer: int | None = None
        self._timeout = timeout

    def copy(self) -> MemoryStore:
        """Another store that begins with what this one holds. It costs nothing: states are never altered."""
        made = MemoryStore(timeout=self._timeout)
        made._state = self._committed()
        return made

    def _committed(self) -> State:
        state = self._state
        if state is None:
            raise StoreUnavailable("the store is closed")
        return state

    @contextmanager
    def read(self) -> Iterator[MemoryReader]:
        reader = MemoryReader(self._committed())
        try:
            yield reader
        finally:
            reader.end()

    @contextmanager
    def write(self) -> Iterator[Unit]:
        if self._writer == threading.get_ident():
            raise StoreUnavailable("a writing unit is open in this thread already; end it first")
        if not self._turn.acquire(timeout=self._timeout):
            raise StoreUnavailable("the store is busy: another writing unit did not end in time")
        try:
            self._writer = threading.get_ident()
            unit = MemoryUnit(self._committed())
            try:
                yield unit
                self._committed()
                self._state = unit.draft()
            finally:
                unit.end()
        finally:
            self._writer = None
            self._turn.release()

    def epochs(self, scopes: Sequence[str]) -> Epochs:
        epochs = self._committed().epochs
        return tuple([epochs.get(scope, 0) for scope in scopes])

    def close(self) -> None:
        self._state = None


def _holds(item: Record, conditions: Mapping[str, object]) -> bool:
    for name, wanted in conditions.items():
        value = getattr(item, name)
        if isinstance(wanted, Less):
            if not (wanted.or_none if value is None else value < wanted.bound):
                return False
        elif value != wanted:
            return False
    return True


def _are_plain(conditions: Mapping[str, object], group: tuple[str, ...]) -> bool:
    """Whether every field of a group has to be equal to something."""
    return all(name in conditions and not isinstance(conditions[name], Less) for name in group)


def _indexed(shelf: Shelf, group: tuple[str, ...], conditions: Mapping[str, object]) -> Collection[Key]:
    index = shelf.indexes.get(group)
    if index is None:
        index = {}
        for key, item in shelf.items.items():
            index.setdefault(tuple([getattr(item, name) for name in group]), set()).add(key)
        shelf.indexes[group] = index
    return index.get(tuple([conditions[name] for name in group]), ())


def _begins(value: str | None, beginning: str) -> bool:
    return value is not None and value.startswith(beginning)


def _place(order: str | None) -> Callable[[tuple[Key, Record]], tuple[tuple[int, object], Key]]:
    """Where a record stands: by the order field, None first, then by key."""

    def place(pair: tuple[Key, Record]) -> tuple[tuple[int, object], Key]:
        value = None if order is None else getattr(pair[1], order)
        return (0, 0) if value is None else (1, value), pair[0]

    return place


def _groups(item: Record) -> list[tuple[tuple[str, ...], tuple[object, ...]]]:
    """Each unique group with this record's values; a group that holds None is free, as in SQL."""
    groups = []
    for group in record_type(type(item)).unique:
        values = tuple(getattr(item, name) for name in group)
        if None not in values:
            groups.append((group, values))
    return groups


def _take(shelf: Shelf, key: Key, old: Record | None, new: Record) -> None:
    """Put `new` in the place of `old`, unless a unique group is another record's."""
    groups = _groups(new)
    for group, values in groups:
        if shelf.taken.get(group, {}).get(values, key) != key:
            raise EntityAlreadyExists(
                f"another record `{record_type(type(new)).name}` has the same {', '.join(group)} already"
            )
    if old is not None:
        for group, values in _groups(old):
            del shelf.taken[group][values]
    for group, values in groups:
        shelf.taken.setdefault(group, {})[values] = key
    if old is not None:
        _unindex(shelf, key, old)
    for group, index in shelf.indexes.items():
        index.setdefault(tuple([getattr(new, name) for name in group]), set()).add(key)
    shelf.items[key] = new


def _unindex(shelf: Shelf, key: Key, item: Record) -> None:
    for group, index in shelf.indexes.items():
        index[tuple([getattr(item, name) for name in group])].discard(key)
