"""The engine against the reference: 20,000 random questions, and that the questions are good ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.policy.reference import reference
from tests.policy.reference.cases import case_of
from tests.policy.reference.comparison import Tally, differs, every_cell, run
from tests.policy.reference.corpus import FOLDER, expected, load
from tests.policy.reference.generator import Generator
from tests.policy.reference.shrinking import shrunk

PAIRS = 20_000
SEED = 2
STEP = 50


def test_both_say_the_same_and_the_questions_are_adequate() -> None:
    """No difference in 20,000 questions; a quarter of each outcome; every operator met in every way."""
    tally = Tally()
    first = 0
    while tally.pairs < PAIRS:
        more, found = run(SEED, first, STEP)
        assert [f"{one}\n{shrunk(one.case).as_data()}" for one in found[:3]] == []
        tally.add(more)
        first += STEP

    print("\n".join(tally.lines()))
    assert min(tally.share(outcome) for outcome in ("allowed", "explicitDeny", "implicitDeny")) >= 0.25
    assert tally.outcomes["error"] >= 20
    assert [cell for cell in every_cell() if tally.cells[cell] < 20] == []
    assert len(tally.callers) == 7


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_what_was_found_once_stays_right(path: Path) -> None:
    """Every counter-example ever found is asked again, of both."""
    case, wanted = load(path)

    assert expected(case) == wanted
    assert differs(case) is None
    assert case_of(case.as_data()) == case


Fault = Callable[[pytest.MonkeyPatch], None]


def _negation_lost(patch: pytest.MonkeyPatch) -> None:
    negated = {name: positive for name, positive in reference.NEGATED.items() if name != "NotIpAddress"}
    patch.setattr(reference, "NEGATED", negated)
    table = {**reference.WITH_TEXT, "NotIpAddress": reference.WITH_TEXT["IpAddress"]}
    patch.setattr(reference, "WITH_TEXT", table)


def _inclusive(patch: pytest.MonkeyPatch) -> None:
    table = {**reference.WITH_TEXT, "NumericLessThan": reference.WITH_TEXT["NumericLessThanEquals"]}
    patch.setattr(reference, "WITH_TEXT", table)


def _case_folded(patch: pytest.MonkeyPatch) -> None:
    table = {**reference.WITH_MARKS, "StringEquals": reference.WITH_MARKS["StringEqualsIgnoreCase"]}
    patch.setattr(reference, "WITH_MARKS", table)


def _variables_always_live(patch: pytest.MonkeyPatch) -> None:
    whole = reference.substituted
    patch.setattr(reference, "substituted", lambda text, live, context: whole(text, True, context))


def _unbounded(patch: pytest.MonkeyPatch) -> None:
    whole = reference.Reference.named

    def named(self: reference.Reference, statement: reference.Document, ids: dict[str, str]) -> set[str]:
        if "NotPrincipal" in statement:
            found = reference.levels(statement["NotPrincipal"], self.request.caller, ids)
            return set() if found else {"ANY"}
        return whole(self, statement, ids)

    patch.setattr(reference.Reference, "named", named)


def _errors_swallowed(patch: pytest.MonkeyPatch) -> None:
    whole = reference.condition_holds
    patch.setattr(reference, "condition_holds", lambda *given: bool(whole(*given)))


def _no_last_level(patch: pytest.MonkeyPatch) -> None:
    whole = reference.Reference.allows_in

    def allows_in(self: reference.Reference, name: str, documents: object, level: int = 0) -> object:
        found = whole(self, name, documents, level)  # type: ignore[arg-type]
        return True if name == "guardrail" and level else found

    patch.setattr(reference.Reference, "allows_in", allows_in)


def _role_is_direct(patch: pytest.MonkeyPatch) -> None:
    whole = reference.entry_level
    patch.setattr(reference, "entry_level", lambda *given: whole(*given).replace("ROLE", "DIRECT"))


@pytest.mark.parametrize(
    "fault",
    [
        _negation_lost,
        _inclusive,
        _case_folded,
        _variables_always_live,
        _unbounded,
        _errors_swallowed,
        _no_last_level,
        _role_is_direct,
    ],
)
def test_a_planted_fault_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """One rule wrong in one of the two shows within few questions, and shrinks to a small case."""
    fault(monkeypatch)

    for first in range(0, 2000, 25):
        _, found = run(SEED, first, 25)
        if found:
            break
    else:
        pytest.fail("the fault was not found")

    before, after = (len(str(case.as_data())) for case in (found[0].case, shrunk(found[0].case)))
    assert after < before


def test_a_seed_is_its_questions() -> None:
    """The same seed makes the same policies and requests, another one others."""
    one, same, other = (Generator(seed).policy_set() for seed in ("7", "7", "8"))

    assert one == same
    assert one != other
    assert 20 <= len(one.requests) <= 50
