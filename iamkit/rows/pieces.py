"""Pieces of SQL: words, values that are bound apart from them, and places where columns stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeAlias
from uuid import UUID

from iamkit.rows.sources import Source

BoundValue: TypeAlias = str | int | float | Decimal | datetime | date | UUID


@dataclass(frozen=True, slots=True)
class Bound:
    """A value that the database is given apart from the text; `like`: in the type of that source's column."""

    value: BoundValue
    like: Source | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a column or expression of the object mapper stands."""

    handle: object


Piece: TypeAlias = str | Bound | Slot
Pieces: TypeAlias = tuple[Piece, ...]

TRUE: Final[Pieces] = ("(1 = 1)",)
FALSE: Final[Pieces] = ("(1 = 0)",)


def sql(text: str, *filled: Pieces) -> Pieces:
    """`text` with each `{}` replaced by pieces."""
    parts = text.split("{}")
    made: list[Piece] = [parts[0]]
    for pieces, part in zip(filled, parts[1:], strict=True):
        made.extend(pieces)
        made.append(part)
    joined: list[Piece] = []
    for piece in made:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        elif piece != "":
            joined.append(piece)
    return tuple(joined)


def listed(separator: str, items: Iterable[Pieces]) -> Pieces:
    """Pieces one after another."""
    made = list(items)
    return sql(separator.join(["{}"] * len(made)), *made)
