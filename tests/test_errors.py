"""The tree of errors: drawn as it is, and each leaf with a code and a status."""

from __future__ import annotations

import inspect
import re

import pytest

from iamkit import errors
from iamkit.errors import (
    AccessDenied,
    IamkitError,
    InvalidArn,
    MalformedPolicyDocument,
    ServiceUnavailable,
    Throttling,
    kind_and_place,
)

CLASSES = sorted(
    (
        thing
        for thing in vars(errors).values()
        if inspect.isclass(thing) and issubclass(thing, IamkitError) and thing.__module__ == errors.__name__
    ),
    key=lambda thing: thing.__name__,
)


def _drawn() -> dict[str, str]:
    """Each name in the drawing of the docstring, with the name it hangs under."""
    parents: dict[str, str] = {}
    trail: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ((?:[│├└─ ]{4})*)([A-Z]\w+)", line)
        if found is None:
            continue
        depth = len(found[1]) // 4
        del trail[depth:]
        parents[found[2]] = trail[-1] if trail else ""
        trail.append(found[2])
    return parents


def test_the_drawing_is_the_tree() -> None:
    """The docstring draws every class under its real parent, and no other."""
    drawn = _drawn()

    real = {
        thing.__name__: thing.__bases__[0].__name__ if thing is not IamkitError else "" for thing in CLASSES
    }

    assert drawn == real


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_and_an_error_status(kind: type[IamkitError]) -> None:
    """No error maps to success, and its code is one word."""
    assert 400 <= kind.status <= 599
    assert re.fullmatch(r"[A-Za-z]+", kind.code)
    assert kind.__doc__


def test_leaves_have_codes_of_their_own() -> None:
    """A machine can tell two errors apart by their codes; only a 503 does not say which part is missing."""
    codes = [kind.code for kind in CLASSES if kind.__mro__[1] is not ServiceUnavailable]

    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("family", "statuses"),
    [
        ("InputError", {400, 413}),
        ("ConflictError", {409}),
        ("AuthenticationError", {400, 401}),
        ("AccessDenied", {401, 403}),
        ("ServiceUnavailable", {503}),
    ],
)
def test_a_family_keeps_its_status(family: str, statuses: set[int]) -> None:
    """What catches a family may answer with the family's status."""
    root = getattr(errors, family)

    assert {kind.status for kind in CLASSES if issubclass(kind, root)} == statuses


def test_the_message_is_what_is_printed() -> None:
    """The text of an error is its message and nothing around it."""
    error = AccessDenied("no", decision_id="d_1")

    assert str(error) == error.message == "no"
    assert error.decision_id == "d_1"


def test_further_facts_are_carried() -> None:
    """What a caller needs to go on stands on the error, not in its words."""
    assert InvalidArn("x", suggestion="arn:aws:s3:::b").suggestion == "arn:aws:s3:::b"
    assert InvalidArn("x").suggestion is None
    assert MalformedPolicyDocument("x", problems=("one",)).problems == ("one",)
    assert Throttling("x", retry_after=30).retry_after == 30


def test_of_a_foreign_exception_only_kind_and_place_are_told() -> None:
    """Its text may quote a credential; where it was raised helps, innermost place first."""

    def inner() -> None:
        raise KeyError("hunter2")

    try:
        inner()
    except KeyError as fault:
        told = kind_and_place(fault)

    assert re.fullmatch(r"KeyError at test_errors\.py:\d+, from test_errors\.py:\d+", told)
    assert kind_and_place(KeyError("hunter2")) == "KeyError at an unknown place"
