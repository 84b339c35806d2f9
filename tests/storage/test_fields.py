"""The shapes of fields, and what a store is spared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Literal

import pytest

from iamkit.errors import ValidationError
from iamkit.fields import Field, Shape, checked, checked_where, fields_of
from iamkit.storage import Less, record


class Colour(StrEnum):
    """A text with a name."""

    RED = "red"


@record("test_shapes", key=("name",))
@dataclass(frozen=True, slots=True)
class Shapes:
    """One field of each shape."""

    name: str
    state: Literal["on", "off"]
    count: int | None
    flag: bool
    raw: bytes
    at: datetime
    parts: tuple[str, ...]
    pairs: Mapping[str, str] | None


def test_shapes_are_read_off_the_declaration() -> None:
    """Every field has a name, a shape, and may or may not be None."""
    assert list(fields_of(Shapes).values()) == [
        Field("name", Shape.TEXT, optional=False),
        Field("state", Shape.TEXT, optional=False),
        Field("count", Shape.INTEGER, optional=True),
        Field("flag", Shape.FLAG, optional=False),
        Field("raw", Shape.BYTES, optional=False),
        Field("at", Shape.INSTANT, optional=False),
        Field("parts", Shape.TEXTS, optional=False),
        Field("pairs", Shape.PAIRS, optional=True),
    ]


def test_values_are_kept_in_one_form() -> None:
    """Instants go to UTC, mappings are copied and sorted, a kind of text becomes plain text."""
    there = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    pairs = {"b": "2", "a": "1"}

    kept = checked(Shapes, "pairs", pairs)
    pairs["c"] = "3"

    assert checked(Shapes, "at", there) == datetime(2026, 1, 1, tzinfo=UTC)
    assert getattr(checked(Shapes, "at", there), "tzinfo", None) is UTC
    assert list(kept.items() if isinstance(kept, Mapping) else []) == [("a", "1"), ("b", "2")]
    assert type(checked(Shapes, "name", Colour.RED)) is str
    assert checked(Shapes, "name", Colour.RED) == "red"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", None),
        ("name", b"x"),
        ("count", True),
        ("count", 1.0),
        ("count", "1"),
        ("flag", 1),
        ("flag", None),
        ("raw", "x"),
        ("raw", bytearray(b"x")),
        ("at", datetime(2026, 1, 1)),  # noqa: DTZ001  (the point of the test)
        ("at", 0),
        ("parts", ["x"]),
        ("parts", ("x", 1)),
        ("parts", "x"),
        ("pairs", {"x": 1}),
        ("pairs", [("x", "y")]),
        ("missing", "x"),
    ],
)
def test_other_shapes_are_refused(name: str, value: object) -> None:
    """A value of another shape is the caller's mistake, however alike."""
    with pytest.raises(TypeError):
        checked(Shapes, name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "a\x00"),
        ("name", "\udc80"),
        ("parts", ("ok", "\x00")),
        ("pairs", {"\x00": "x"}),
        ("pairs", {"x": "\ud800"}),
        ("count", 2**63),
        ("count", -(2**63) - 1),
    ],
)
def test_what_cannot_be_kept_is_bad_input(name: str, value: object) -> None:
    """The right shape with a content that some store could not keep is bad input, no fault of the store."""
    with pytest.raises(ValidationError, match=f"`{name}`"):
        checked(Shapes, name, value)


def test_a_bound_is_checked_like_a_value() -> None:
    """Less keeps its meaning, and its bound the rules of its field."""
    assert checked_where(Shapes, {"count": Less(3, or_none=True)}) == {"count": Less(3, or_none=True)}
    for bad in ({"count": Less("3")}, {"flag": Less(True)}, {"raw": Less(b"")}, {"count": Less(None)}):
        with pytest.raises(TypeError):
            checked_where(Shapes, bad)
