"""The record types that the contract suite keeps: between them they have every shape of field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from iamkit.storage import Record, record

START: Final = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


@record(
    "contract_person",
    key=("person_id",),
    unique=(("realm", "name"), ("badge",)),
    index=(("realm", "joined_at"),),
)
@dataclass(frozen=True, slots=True)
class Person:
    """A record with one key field, two unique groups, and a field of each shape."""

    person_id: str
    realm: str
    name: str
    joined_at: datetime = START
    badge: str | None = None
    note: str | None = None
    uses: int = 0
    step: int | None = None
    active: bool = True
    digest: bytes = b""
    seal: bytes | None = None
    seen_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@record("contract_link", key=("left", "right"))
@dataclass(frozen=True, slots=True)
class Link:
    """A record with a key of two fields."""

    left: str
    right: str
    made: str = ""


@dataclass(frozen=True, slots=True)
class Undeclared:
    """A dataclass that nobody declared as a record."""

    name: str


# A store under test has to be able to keep these.
CONTRACT_RECORDS: Final[tuple[type[Record], ...]] = (Person, Link)


def person(person_id: str, *, realm: str = "r", name: str | None = None, minutes: int = 0) -> Person:
    """A person named like the id unless told otherwise, who joined `minutes` after START."""
    return Person(person_id, realm, name or person_id, START + timedelta(minutes=minutes))
