"""Formulas: simplification, strong Kleene logic for what cannot be judged, and that order never matters."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import pytest
from hypothesis import given as sample
from hypothesis import strategies as st

from iamkit.errors import EvaluationError
from iamkit.policy import FALSE, TRUE, AccessRequest, Caller, CallerKind, Formula
from iamkit.policy.formula import (
    And,
    Not,
    Or,
    Unjudged,
    conjunction,
    disjunction,
    first_holding,
    given,
    negation,
)

REQUEST = AccessRequest(Caller(CallerKind.USER), "doc:Get", "*")


@dataclass(frozen=True)
class Leaf:
    """A leaf that answers, or cannot be judged."""

    answer: bool | None
    name: str = "leaf"

    def test(self, request: AccessRequest) -> bool:
        assert request is REQUEST
        if self.answer is None:
            raise EvaluationError(self.name)
        return self.answer


YES, NO, ERROR = Leaf(True), Leaf(False), Leaf(None, "b")


def answer(formula: Formula) -> bool | str:
    try:
        return formula.test(REQUEST)
    except EvaluationError as error:
        return error.message


@pytest.mark.parametrize(
    ("parts", "every", "some"),
    [
        ((YES, YES), True, True),
        ((YES, NO), False, True),
        ((NO, NO), False, False),
        ((YES, ERROR), "b", True),
        ((NO, ERROR), False, "b"),
        ((ERROR, Leaf(None, "a"), Leaf(None, "c")), "a", "a"),
    ],
)
def test_what_cannot_be_judged_is_outweighed(parts: tuple[Leaf, ...], every: object, some: object) -> None:
    """A false part settles a conjunction, a true one a disjunction, wherever the failing part stands."""
    for order in permutations(parts):
        assert answer(And(order)) == every
        assert answer(Or(order)) == some
        assert answer(Not(And(order))) == (not every if isinstance(every, bool) else every)


def test_making_simplifies() -> None:
    """Constants disappear, nested parts are flattened, single parts stand alone."""
    assert conjunction([]) is TRUE
    assert disjunction([]) is FALSE
    assert conjunction([TRUE, YES]) is YES
    assert disjunction([FALSE, NO]) is NO
    assert conjunction([ERROR, FALSE]) is FALSE
    assert disjunction([ERROR, TRUE]) is TRUE
    assert conjunction([And((YES, NO)), YES]) == And((YES, NO, YES))
    assert disjunction([Or((YES, NO)), YES]) == Or((YES, NO, YES))
    assert negation(TRUE) is FALSE
    assert negation(FALSE) is TRUE
    assert negation(negation(YES)) is YES


def test_settling_leaves_simplifies_upwards() -> None:
    """Replacing a leaf by a constant takes its surroundings with it; what failed stays."""
    failed = Unjudged("x")
    formula = conjunction([YES, disjunction([NO, negation(ERROR)]), failed])

    assert given(formula, lambda leaf: TRUE if leaf is YES else leaf) == And((Or((NO, Not(ERROR))), failed))
    assert given(formula, lambda leaf: FALSE if leaf is YES else leaf) is FALSE
    assert given(formula, lambda leaf: TRUE if leaf is not ERROR else FALSE) is failed
    assert given(TRUE, lambda leaf: FALSE) is TRUE


def test_the_first_that_holds() -> None:
    """The place of the first part that holds, failing ones before it notwithstanding."""
    assert first_holding((ERROR, NO, YES, YES), REQUEST) == 2
    assert first_holding((NO, NO), REQUEST) == -1
    with pytest.raises(EvaluationError):
        first_holding((NO, ERROR), REQUEST)


_FORMULAS = st.recursive(
    st.sampled_from([TRUE, FALSE, YES, NO, ERROR]),
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple).map(And)
        | st.lists(inner, max_size=3).map(tuple).map(Or)
        | inner.map(Not)
    ),
    max_leaves=12,
)


def _simplified(formula: Formula) -> Formula:
    if isinstance(formula, And):
        return conjunction(map(_simplified, formula.parts))
    if isinstance(formula, Or):
        return disjunction(map(_simplified, formula.parts))
    return negation(_simplified(formula.part)) if isinstance(formula, Not) else formula


@sample(_FORMULAS)
def test_simplifying_changes_no_answer(formula: Formula) -> None:
    """The simplified formula answers what the plain one does."""
    assert answer(_simplified(formula)) == answer(formula)


def test_constants_and_their_places() -> None:
    """TRUE holds, FALSE does not, and both may stand anywhere in what is settled."""
    assert TRUE.test(REQUEST) is True
    assert FALSE.test(REQUEST) is False
    leaf = Leaf(True)
    for make in (Or, And):
        assert given(make((leaf, Leaf(False, "other"))), lambda one: TRUE) is TRUE
        assert given(make((leaf, Leaf(False, "other"))), lambda one: FALSE) is FALSE
    other = Leaf(False, "other")
    assert given(Or((leaf, other)), lambda one: TRUE if one is leaf else FALSE) is TRUE
    assert given(And((leaf, other)), lambda one: TRUE if one is leaf else FALSE) is FALSE
    assert given(And((leaf, other)), lambda one: TRUE if one is leaf else one) is other
    assert given(Not(leaf), lambda one: TRUE) is FALSE
    assert given(Not(leaf), lambda one: FALSE) is TRUE
