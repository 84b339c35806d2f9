"""Step-up: the sign-in that would turn a denial into an allow, read off the policies and tried."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.policy import (
    AccessRequest,
    AttachedPolicy,
    Caller,
    CallerKind,
    CallerLayers,
    Context,
    ContextValue,
    EvaluationOptions,
    PolicyKind,
    PolicySource,
    ResourceLayers,
    compile_plan,
    parse,
)
from iamkit.policy.step_up import StepUp, step_up

ACCOUNT = "123456789012"
ANA = Caller(CallerKind.USER, f"arn:aws:iam::{ACCOUNT}:user/ana", ACCOUNT, unique_id="AIDAANA")
OPTIONS = EvaluationOptions()
PRESENT, AGE = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"
Row = Mapping[str, object]
EVERYTHING: Row = {"Effect": "Allow", "Action": "deploy:*", "Resource": "*"}
NO_MFA: Row = {
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"BoolIfExists": {PRESENT: "false"}},
}


def deny(operator: str, key: str, value: object) -> Row:
    return {"Effect": "Deny", "Action": "deploy:*", "Resource": "*", "Condition": {operator: {key: value}}}


def allow(operator: str, key: str, value: object) -> Row:
    return {**deny(operator, key, value), "Effect": "Allow"}


def needed(
    *statements: Row,
    context: Mapping[str, ContextValue] | None = None,
    boundary: Row | None = None,
) -> StepUp | None:
    def policies(*some: Row, kind: PolicyKind = PolicyKind.IDENTITY) -> tuple[AttachedPolicy, ...]:
        text = json.dumps({"Version": "2012-10-17", "Statement": list(some)})
        return (AttachedPolicy(parse(text, kind), PolicySource("p")),)

    values = {f"aws:{name}": value for name, value in (context or {}).items()}
    request = AccessRequest(ANA, "deploy:Start", f"arn:aws:deploy::{ACCOUNT}:env/prod", Context(values))
    layers = CallerLayers(
        identity=policies(*statements),
        boundary=None if boundary is None else policies(boundary, kind=PolicyKind.BOUNDARY),
    )
    plan = compile_plan(layers, ResourceLayers(), ANA, request.action, options=OPTIONS)
    assert not plan.decide(request).allowed
    return step_up(plan, request, layers, ResourceLayers(), OPTIONS)


@pytest.mark.parametrize(
    ("statements", "context", "answer"),
    [
        # The page's own story: an old MFA, and none.
        (
            (EVERYTHING, deny("NumericGreaterThan", AGE, "300"), NO_MFA),
            {"MultiFactorAuthAge": 301},
            StepUp(300),
        ),
        ((EVERYTHING, deny("NumericGreaterThan", AGE, "300"), NO_MFA), {}, StepUp(300)),
        ((EVERYTHING, deny("NumericGreaterThanEquals", AGE, "300"), NO_MFA), {}, StepUp(299)),
        ((EVERYTHING, deny("NumericGreaterThan", AGE, ["900", "300"]), NO_MFA), {}, StepUp(300)),
        ((allow("NumericLessThan", AGE, "60"),), {}, StepUp(59)),
        ((allow("NumericLessThanEquals", AGE, "60"),), {"MultiFactorAuthAge": 61}, StepUp(60)),
        ((allow("NumericLessThan", AGE, "1"),), {}, StepUp(0)),
        # No matter how long ago.
        ((EVERYTHING, NO_MFA), {"MultiFactorAuthPresent": False}, StepUp(None)),
        ((allow("Bool", PRESENT, "true"),), {}, StepUp(None)),
        ((allow("Null", AGE, "false"),), {}, StepUp(None)),
        # Of two ways in, the one that lasts longer.
        ((allow("NumericLessThan", AGE, "60"), allow("NumericLessThan", AGE, "600")), {}, StepUp(599)),
    ],
)
def test_what_the_policies_ask_for_is_said(
    statements: tuple[Row, ...], context: dict[str, ContextValue], answer: StepUp
) -> None:
    """`max_age` is what the conditions themselves say."""
    assert needed(*statements, context=context) == answer


@pytest.mark.parametrize(
    "statements",
    [
        (NO_MFA,),
        (EVERYTHING, NO_MFA, deny("StringEquals", "aws:PrincipalType", "User")),
        (EVERYTHING, NO_MFA, deny("Bool", PRESENT, "true")),
        (EVERYTHING, NO_MFA, deny("StringEquals", "aws:SourceIp", "192.0.2.1")),
        (EVERYTHING, deny("NumericGreaterThanEquals", AGE, "0"), NO_MFA),
        (allow("NumericLessThan", AGE, "0"),),
    ],
)
def test_nothing_is_asked_for_that_would_not_help(statements: tuple[Row, ...]) -> None:
    """Another Deny, or a layer that lacks an Allow, remains after the sign-in."""
    assert needed(*statements, context={"PrincipalType": "User", "SourceIp": "192.0.2.1"}) is None


def test_another_layer_that_refuses_is_not_stepped_over() -> None:
    """A boundary that does not allow the action refuses the freshest sign-in too."""
    other = {"Effect": "Allow", "Action": "docs:*", "Resource": "*"}

    assert needed(EVERYTHING, NO_MFA, boundary=other) is None
    assert needed(EVERYTHING, NO_MFA, boundary=EVERYTHING) == StepUp(None)


ages = st.integers(0, 5000)
conditions = st.builds(
    lambda effect, operator, age: (effect, operator, age),
    st.sampled_from(["Allow", "Deny"]),
    st.sampled_from(
        ["NumericLessThan", "NumericGreaterThan", "NumericEquals", "NumericLessThanEqualsIfExists"]
    ),
    ages,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(conditions, min_size=1, max_size=4), ages)
def test_who_steps_up_in_time_is_let_in(rows: list[tuple[str, str, int]], used: int) -> None:
    """Any age up to `max_age` passes, and the next one does not."""
    made = [
        NO_MFA,
        *((allow if effect == "Allow" else deny)(operator, AGE, str(age)) for effect, operator, age in rows),
    ]

    found = needed(*made)

    def passes(age: int) -> bool:
        layers = CallerLayers(
            identity=(
                AttachedPolicy(
                    parse(json.dumps({"Version": "2012-10-17", "Statement": made}), PolicyKind.IDENTITY),
                    PolicySource("p"),
                ),
            )
        )
        plan = compile_plan(layers, ResourceLayers(), ANA, "deploy:Start", options=OPTIONS)
        context = Context({PRESENT: True, AGE: age})
        resource = f"arn:aws:deploy::{ACCOUNT}:env/prod"
        return plan.decide(AccessRequest(ANA, "deploy:Start", resource, context)).allowed

    if found is None:
        assert not passes(0)
    elif found.max_age is None:
        assert passes(used)
    else:
        assert passes(min(used, found.max_age))
        assert not passes(found.max_age + 1)
