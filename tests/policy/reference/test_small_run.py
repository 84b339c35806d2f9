"""A few thousand questions, always the same: engine, plan, explanation and residual agree with the reference.

The whole run is `test_differential`; this one is for whoever changes the engine and wants to know at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from iamkit.policy import compile_plan, evaluate, explain, residual
from iamkit.policy.decision import Outcome
from iamkit.policy.match import Known
from iamkit.policy.request import AccessRequest, Context
from tests.policy.reference import reference
from tests.policy.reference.cases import EngineLayers, for_engine, for_reference, without_own_layers
from tests.policy.reference.comparison import Tally, compare, difference
from tests.policy.reference.generator import Generator

SEED = "small"


@dataclass(frozen=True)
class Question:
    """A request under layers, and what the reference says."""

    request: AccessRequest
    engine: EngineLayers
    verdict: reference.Verdict


def questions(number: int) -> Iterator[Question]:
    """The questions of one set of policies."""
    policy_set = Generator(f"{SEED}:{number}").policy_set()
    for request in policy_set.requests:
        layers = without_own_layers(policy_set.layers, request.caller)
        verdict = reference.Reference(request).decide(
            for_reference(layers), session_binds=layers.session_binds
        )
        yield Question(request, for_engine(layers), verdict)


@pytest.mark.parametrize("number", range(60))
def test_plans_agree_with_the_reference(number: int) -> None:
    """No difference in the outcome, and no statement named that does not match."""
    found = list(compare(Generator(f"{SEED}:{number}").policy_set(), Tally()))

    assert [str(one) for one in found] == []


@pytest.mark.parametrize("number", range(65, 77))
def test_every_deny_that_matches_is_named(number: int) -> None:
    """An explicit denial names all of them, and the explanation is of the same decision."""
    for asked in questions(number):
        request, engine = asked.request, asked.engine
        decision = evaluate(request, engine.caller, engine.resource, options=engine.options)
        told = explain(request, engine.caller, engine.resource, options=engine.options)

        assert difference(decision, asked.verdict) is None
        assert told.decision == decision
        if decision.outcome is Outcome.EXPLICIT_DENY:
            assert len(decision.determining) == len(asked.verdict.denies)


@pytest.mark.parametrize("number", range(77, 89))
def test_a_plan_used_again_and_a_residual_filled_say_the_same(number: int) -> None:
    """What a request finds does not depend on what the same plan was asked before."""
    for asked in questions(number):
        request, engine = asked.request, asked.engine
        plan = compile_plan(
            engine.caller, engine.resource, request.caller, request.action, options=engine.options
        )
        first = plan.decide(request)

        assert plan.decide(request) == first
        assert plan.decide(request) is first or first.error is not None
        if first.error is not None:
            continue
        names = sorted(request.context)
        for unknown in (names[:0], names[::2], names[1::2], names):
            known = Known(
                request.caller,
                request.action,
                request.resource if len(unknown) % 2 else None,
                Context({name: request.context[name] for name in names if name not in unknown}),
                frozenset(unknown),
                request.resource_account,
                request.explicit_trust,
            )
            left = residual(known, engine.caller, engine.resource, options=engine.options)
            assert left.outcome(request) is first.outcome
