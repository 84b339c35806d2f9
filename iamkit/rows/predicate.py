"""Predicates: what has to hold of a row, over its sources; what every SQL dialect writes in its own words.

INVARIANT: an atom may be unknown (NULL) only where a source that it reads is absent. Whoever makes one
joins it with the opposite of `Absent`, or with a guard, so that what is joined is never NULL and a negation
of it is safe.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias, final
from uuid import UUID

from iamkit.policy.tokens import Wildcard
from iamkit.rows.sources import Source


@final
@dataclass(frozen=True, slots=True)
class Field:
    """A source as text. The characters in `encoded` stand as `%XX`, as they do in a resource's name."""

    source: Source
    encoded: str = ""


Text: TypeAlias = tuple[str | Field, ...]
Token: TypeAlias = str | Wildcard | Field


@final
@dataclass(frozen=True, slots=True)
class Always:
    """True of every row, or of none."""

    value: bool


YES: Final = Always(True)
NO: Final = Always(False)


@final
@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Predicate, ...]


@final
@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Predicate, ...]


@final
@dataclass(frozen=True, slots=True)
class Opposite:
    part: Predicate


@final
@dataclass(frozen=True, slots=True)
class Absent:
    """The row does not have the key: NULL, the empty text, no element (SEM-C17)."""

    source: Source


@final
@dataclass(frozen=True, slots=True)
class Same:
    """The source, a text, is one of `texts`, character by character."""

    source: Source
    texts: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Identified:
    """The source, a UUID, is this one."""

    source: Source
    value: UUID


@final
@dataclass(frozen=True, slots=True)
class Begins:
    """The source, a text, begins with `prefix`."""

    source: Source
    prefix: str


@final
@dataclass(frozen=True, slots=True)
class Like:
    """A text has the shape of the tokens."""

    text: Text
    tokens: tuple[Token, ...]


@final
@dataclass(frozen=True, slots=True)
class PartLike:
    """Part `index` of the six of an ARN has the shape of the tokens."""

    source: Source
    index: int
    tokens: tuple[Token, ...]


@final
@dataclass(frozen=True, slots=True)
class Folded:
    """A text is `lowered` once it is in lower case."""

    text: Text
    lowered: str


@final
@dataclass(frozen=True, slots=True)
class Compared:
    """A number stands to another as the symbol says: `=`, `<`, `<=`, `>`, `>=`."""

    source: Source
    symbol: str
    number: Decimal


@final
@dataclass(frozen=True, slots=True)
class Dated:
    """An instant or a day stands so to an instant, in picoseconds since 1970."""

    source: Source
    symbol: str
    instant: int


@final
@dataclass(frozen=True, slots=True)
class Holds:
    """The source, a truth, is true."""

    source: Source


@final
@dataclass(frozen=True, slots=True)
class Finite:
    """The source, a number, is a finite one."""

    source: Source


@final
@dataclass(frozen=True, slots=True)
class Some:
    """Some text of a list passes; `element` is the source that stands for it in `part`."""

    source: Source
    part: Predicate


@final
@dataclass(frozen=True, slots=True)
class Nameable:
    """The source can stand in a name: not absent, no control characters, not longer than `longest`."""

    source: Source
    longest: int


@final
@dataclass(frozen=True, slots=True)
class Sound:
    """The source has a value that conditions can be about, or none: see `facts`."""

    source: Source


Predicate: TypeAlias = (
    Always | All | AnyOf | Opposite | Absent | Same | Identified | Begins | Like | PartLike | Folded
    | Compared | Dated | Holds | Finite | Some | Nameable | Sound
)  # fmt: skip


def all_of(parts: Iterable[Predicate]) -> Predicate:
    """Every part holds."""
    kept: list[Predicate] = []
    for part in parts:
        if part == NO:
            return NO
        if isinstance(part, All):
            kept.extend(part.parts)
        elif part != YES:
            kept.append(part)
    if not kept:
        return YES
    return kept[0] if len(kept) == 1 else All(tuple(kept))


def any_of(parts: Iterable[Predicate]) -> Predicate:
    """Some part holds. Equalities of one source become one, which an index answers."""
    kept: list[Predicate] = []
    for part in parts:
        if part == YES:
            return YES
        if isinstance(part, AnyOf):
            kept.extend(part.parts)
        elif part != NO:
            kept.append(part)
    merged: dict[int, Same] = {}
    others: list[Predicate] = []
    for part in kept:
        if isinstance(part, Same):
            before = merged.get(id(part.source))
            texts = (*(before.texts if before else ()), *part.texts)
            merged[id(part.source)] = Same(part.source, tuple(dict.fromkeys(texts)))
        elif part not in others:
            others.append(part)
    parts = (*merged.values(), *others)
    if not parts:
        return NO
    return parts[0] if len(parts) == 1 else AnyOf(parts)


def opposite(part: Predicate) -> Predicate:
    """The part does not hold."""
    if isinstance(part, Always):
        return NO if part.value else YES
    return part.part if isinstance(part, Opposite) else Opposite(part)
