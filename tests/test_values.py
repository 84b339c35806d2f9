"""Constructors for each request: what they make is what the class itself makes."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field

import pytest

from iamkit.values import quickly


@dataclass(frozen=True, slots=True)
class Point:
    """A value as the house has them."""

    x: int
    y: int = 2
    marks: list[str] = field(default_factory=list, compare=False)
    secret: str = field(default="s", repr=False, kw_only=True)


def test_what_is_made_is_the_same_in_every_way() -> None:
    """Class, equality, hash, text, defaults, and a list of its own."""
    make = quickly(Point)
    one = make(1)

    assert type(one) is Point
    assert (one, hash(one), repr(one)) == (Point(1), hash(Point(1)), repr(Point(1)))
    assert make(1, 3, secret="t") == Point(1, 3, secret="t")
    assert one.marks is not make(1).marks


def test_it_is_as_frozen() -> None:
    """Nobody sees it open."""
    made = quickly(Point)(1)

    with pytest.raises(FrozenInstanceError):
        made.x = 2  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        made.z = 2  # type: ignore[attr-defined]


def test_wrong_arguments_are_refused() -> None:
    """As by the class itself."""
    with pytest.raises(TypeError):
        quickly(Point)()  # type: ignore[call-arg]


@dataclass(frozen=True, slots=True)
class Checked:
    """A class that looks at what it is made of."""

    x: int

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("negative")


@dataclass(slots=True)
class Open:
    """A class that needs no help."""

    x: int


@pytest.mark.parametrize("kind", [Checked, Open, str])
def test_a_class_whose_own_constructor_does_more_or_less_is_refused(kind: type) -> None:
    """No check of a class is ever left out."""
    with pytest.raises(TypeError, match="no frozen dataclass"):
        quickly(kind)
