"""SEM-F: closed by default when a document is stored and when a decision cannot be finished."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.model import Policy

Ask = Callable[..., Decision]
Read = Callable[..., Policy]
Refused = Callable[..., str]


def test_F1_holds_one_bad_statement_refuses_the_whole_document(refused: Refused) -> None:
    """A document is never kept without its bad statement."""
    refused([{}, {"Effect": "Deny", "Action": "doc:Get", "Condition": {"NoSuchOperator": {"app:k": "x"}}}])


def test_F1_near_the_same_document_without_the_fault_is_kept_whole(read: Read) -> None:
    """Every statement of a valid document is kept."""
    assert len(read([{}, {"Effect": "Deny"}]).statements) == 2


UNKNOWN = {"Condition": {"NoSuchOperator": {"app:k": "x"}}}


@pytest.mark.parametrize("statements", [[UNKNOWN], [{}, {**UNKNOWN, "Effect": "Deny"}]])
def test_F2_holds_unknown_operator_at_rest_is_a_denial_with_its_own_reason(
    ask: Ask, statements: list[dict[str, object]]
) -> None:
    """An operator nobody knows ends the decision as an error, a Deny's although another statement allows."""
    decision = ask(identity=statements, context={"app:k": "x"}, stored=True)

    assert not decision
    assert decision.outcome is Outcome.IMPLICIT_DENY
    assert decision.error


@pytest.mark.parametrize("layer", ["identity", "boundary", "session", "resource", "scps", "rcps", "endpoint"])
def test_F2_holds_for_a_deny_in_every_layer_also_one_that_a_grant_would_pass(ask: Ask, layer: str) -> None:
    """A Deny that cannot be judged denies a caller whom the resource's policy names, wherever it stands."""
    deny = {**UNKNOWN, "Effect": "Deny"}
    layers: dict[str, object] = {"identity": {}, "resource": {}, "boundary": {}, "session": {}}
    layers[layer] = (([{}, deny],),) if layer in {"scps", "rcps"} else [{}, deny]

    decision = ask(context={"app:k": "x"}, stored=True, **layers)

    assert not decision
    assert decision.error


@pytest.mark.parametrize("statements", [[{}, UNKNOWN], [UNKNOWN, {}]])
def test_F2_near_an_allow_that_cannot_be_judged_takes_nothing_from_another(
    ask: Ask, statements: list[dict[str, object]]
) -> None:
    """An Allow more never turns allowed into a denial, in whatever order the two stand."""
    assert ask(identity=statements, context={"app:k": "x"}, stored=True)


def test_F2_near_an_ordinary_denial_carries_no_error(ask: Ask) -> None:
    """A statement that merely does not match is not an error."""
    decision = ask(identity={"Condition": {"StringEquals": {"app:k": "x"}}}, context={"app:k": "y"})

    assert decision.outcome is Outcome.IMPLICIT_DENY
    assert decision.error is None


def test_F3_holds_what_would_silently_disarm_a_deny_is_an_error(ask: Ask) -> None:
    """A Deny that cannot be judged denies with an error instead of stepping aside."""
    deny = {"Effect": "Deny", "Condition": {"NumericLessThan": {"app:n": "ten"}}}

    decision = ask(identity=[{}, deny], context={"app:n": 3}, stored=True)

    assert not decision
    assert decision.error


def test_F3_near_a_deny_that_can_be_judged_and_does_not_match_steps_aside(ask: Ask) -> None:
    """The same Deny with a readable number lets the Allow stand."""
    deny = {"Effect": "Deny", "Condition": {"NumericLessThan": {"app:n": "2"}}}

    assert ask(identity=[{}, deny], context={"app:n": 3})
