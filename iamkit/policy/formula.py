"""Formulas: what is left of a statement, a layer or a decision when only part of a request is known.

A formula is TRUE, FALSE, a leaf (a test on something not yet known), or a combination. Every reader of
IAM semantics reads formulas: a decision tests one, a list turns one into SQL, a proof compares two, an
explanation prints one. `test` on a concrete request allocates nothing. A part that cannot be judged raises
EvaluationError; combinations follow strong Kleene logic, so it matters only where the result hangs on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, final

from iamkit.errors import EvaluationError
from iamkit.policy.request import AccessRequest


class Formula(Protocol):
    """Anything that a concrete request makes true or false."""

    def test(self, request: AccessRequest) -> bool:
        """Whether it holds for this request. May raise EvaluationError, which is a denial (SEM-F2)."""


@final
@dataclass(frozen=True, slots=True)
class Constant:
    """TRUE or FALSE; use the two singletons."""

    value: bool

    def test(self, request: AccessRequest) -> bool:  # noqa: ARG002  # part of the protocol
        return self.value


TRUE = Constant(True)
FALSE = Constant(False)


@final
@dataclass(frozen=True, slots=True)
class Unjudged:
    """What could not be judged while making a formula: every test of it raises EvaluationError."""

    message: str

    def test(self, request: AccessRequest) -> bool:  # noqa: ARG002  # part of the protocol
        raise EvaluationError(self.message)


@final
@dataclass(frozen=True, slots=True)
class And:
    """All parts hold. Make it with `conjunction`.

    A part that cannot be judged is outweighed by one that does not hold, wherever it stands, so that the
    order of parts never matters.
    """

    parts: tuple[Formula, ...]

    def test(self, request: AccessRequest) -> bool:
        failure: EvaluationError | None = None
        for part in self.parts:
            try:
                if not part.test(request):
                    return False
            except EvaluationError as error:
                failure = first_failure(failure, error)
        if failure is not None:
            raise failure
        return True


@final
@dataclass(frozen=True, slots=True)
class Or:
    """Some part holds. Make it with `disjunction`.

    A part that cannot be judged is outweighed by one that holds.
    """

    parts: tuple[Formula, ...]

    def test(self, request: AccessRequest) -> bool:
        return first_holding(self.parts, request) >= 0


def first_holding(parts: tuple[Formula, ...], request: AccessRequest) -> int:
    """The place of the first part that holds, or -1. Raises EvaluationError if the unjudged ones decide."""
    failure: EvaluationError | None = None
    for index, part in enumerate(parts):
        try:
            if part.test(request):
                return index
        except EvaluationError as error:
            failure = first_failure(failure, error)
    if failure is not None:
        raise failure
    return -1


def first_failure(one: EvaluationError | None, other: EvaluationError) -> EvaluationError:
    """Which of several failures is told: the same one in whatever order they were met."""
    return other if one is None or other.message < one.message else one


@final
@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold. Make it with `negation`."""

    part: Formula

    def test(self, request: AccessRequest) -> bool:
        return not self.part.test(request)


def conjunction(parts: Iterable[Formula]) -> Formula:
    """All of `parts`, simplified: FALSE if one is, without those that are TRUE."""
    kept: list[Formula] = []
    for part in parts:
        if part is FALSE:
            return FALSE
        if part is TRUE:
            continue
        kept.extend(part.parts if isinstance(part, And) else (part,))
    if not kept:
        return TRUE
    return kept[0] if len(kept) == 1 else And(tuple(kept))


def disjunction(parts: Iterable[Formula]) -> Formula:
    """Some of `parts`, simplified: TRUE if one is, without those that are FALSE."""
    kept: list[Formula] = []
    for part in parts:
        if part is TRUE:
            return TRUE
        if part is FALSE:
            continue
        kept.extend(part.parts if isinstance(part, Or) else (part,))
    if not kept:
        return FALSE
    return kept[0] if len(kept) == 1 else Or(tuple(kept))


def negation(part: Formula) -> Formula:
    """Not `part`, simplified."""
    if part is TRUE:
        return FALSE
    if part is FALSE:
        return TRUE
    return part.part if isinstance(part, Not) else Not(part)


def leaves(formula: Formula) -> Iterator[Formula]:
    """The tests that a formula is made of, from left to right."""
    if isinstance(formula, And | Or):
        for part in formula.parts:
            yield from leaves(part)
    elif isinstance(formula, Not):
        yield from leaves(formula.part)
    else:
        yield formula


def given(formula: Formula, settle: Callable[[Formula], Formula]) -> Formula:
    """`formula` with each leaf replaced by what `settle` makes of it, simplified again.

    `settle` returns TRUE, FALSE, or the leaf (or a smaller one) if what it tests is still not known.
    """
    if isinstance(formula, And):
        return conjunction(given(part, settle) for part in formula.parts)
    if isinstance(formula, Or):
        return disjunction(given(part, settle) for part in formula.parts)
    if isinstance(formula, Not):
        return negation(given(formula.part, settle))
    if isinstance(formula, Constant | Unjudged):
        return formula
    return settle(formula)
