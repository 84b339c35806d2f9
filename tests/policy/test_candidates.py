"""Candidates: which of several statements is named, however a document is written."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations, product

import pytest

from iamkit.policy import (
    AccessRequest,
    AttachedPolicy,
    Caller,
    CallerKind,
    CallerLayers,
    Context,
    Layer,
    Outcome,
    PolicyKind,
    PolicySource,
    ResourceLayers,
    evaluate,
    explain,
    parse,
)

NOTE = "arn:aws:doc:::note/a"
GOOD: dict[str, object] = {"Effect": "Allow", "Action": ["doc:Get"], "Resource": ["*"]}
CONTEXT = Context({"app:a": "x", "app:b": "x"})


def attached(*statements: dict[str, object], kind: PolicyKind = PolicyKind.IDENTITY) -> AttachedPolicy:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return AttachedPolicy(parse(text, kind), PolicySource("policy"))


def turned(values: object, way: bool) -> object:
    """A list of values, the other way round if so wanted."""
    return values[::-1] if way and isinstance(values, list) else values


def rewritten(statement: dict[str, object]) -> list[dict[str, object]]:
    """The same statement with every list in every order, and in two spellings of case where that is free."""
    ways: list[list[object]] = []
    for name, value in statement.items():
        if isinstance(value, list):
            ways.append([list(order) for order in permutations(value)])
        elif name in ("Principal", "Condition") and isinstance(value, dict):
            ((operator, inner),) = value.items()
            if isinstance(inner, dict):
                ways.append(
                    [
                        {operator: {key: turned(values, way) for key, values in order}}
                        for order in permutations(inner.items())
                        for way in (False, True)
                    ]
                )
            else:
                ways.append([{operator: list(order)} for order in permutations(inner)])
        else:
            ways.append([value])
    return [dict(zip(statement, way, strict=True)) for way in product(*ways)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"Action": ["doc:Get", "doc:Put"]}, {"Action": ["doc:Get", "doc:List"]}),
        ({"Action": ["doc:Get", "doc:aut"]}, {"Action": ["doc:Get", "doc:_ist"]}),
        ({"Resource": [NOTE, "*"]}, {"Resource": ["arn:aws:doc:::note/*", "*"]}),
        ({"Resource": [NOTE]}, {"Resource": ["*"]}),
        ({"Resource": ["*"]}, {"Resource": None, "NotResource": ["arn:aws:doc:::z", "arn:aws:doc:::b"]}),
        ({"Action": ["doc:*"]}, {"Action": None, "NotAction": ["doc:Put", "doc:List"]}),
        (
            {"Condition": {"StringEquals": {"app:a": ["x", "y"], "app:b": "x"}}},
            {"Condition": {"StringEquals": {"app:a": ["x", "z"], "app:b": "x"}}},
        ),
        (
            {"Condition": {"StringEquals": {"app:b": ["z", "x"]}}},
            {"Condition": {"StringEquals": {"app:a": ["x", "y"]}}},
        ),
        ({}, {"Condition": {"StringEquals": {"app:a": "x"}}}),
    ],
)
def test_which_allow_is_named_does_not_hang_on_how_it_is_written(
    jeff: Caller, one: dict[str, object], other: dict[str, object]
) -> None:
    """Of two statements that each suffice the same one is named, in whatever order everything stands."""
    pair = [
        {name: value for name, value in {**GOOD, **more}.items() if value is not None}
        for more in (one, other)
    ]
    named = set()
    for first, second in product(rewritten(pair[0]), rewritten(pair[1])):
        for order in ((first, second), (second, first)):
            decision = evaluate(
                AccessRequest(jeff, "doc:Get", NOTE, CONTEXT), CallerLayers((attached(*order),))
            )
            (ref,) = decision.determining
            named.add("one" if order[ref.index] is first else "other")

    assert len(named) == 1


def test_which_principal_is_named_does_not_hang_on_order(jeff: Caller) -> None:
    """The same for the resource's policy, whose statements name principals."""
    pair: list[dict[str, object]] = [
        {**GOOD, "Principal": {"AWS": [jeff.arn, other]}}
        for other in (f"arn:aws:iam::{jeff.account}:user/b", f"arn:aws:iam::{jeff.account}:user/c")
    ]
    named = set()
    for first, second in product(*map(rewritten, pair)):
        for order in ((first, second), (second, first)):
            theirs = ResourceLayers((attached(*order, kind=PolicyKind.RESOURCE),))
            (ref,) = evaluate(AccessRequest(jeff, "doc:Get", NOTE), CallerLayers(), theirs).determining
            named.add("first" if order[ref.index] is first else "second")

    assert len(named) == 1


def test_one_without_conditions_is_named_first(jeff: Caller) -> None:
    """What suffices by itself comes before what needs a circumstance, whatever their names."""
    conditional = {**GOOD, "Sid": "A", "Condition": {"StringEquals": {"app:a": "x"}}}
    plain = {**GOOD, "Sid": "B"}

    for order in ((conditional, plain), (plain, conditional)):
        decision = evaluate(AccessRequest(jeff, "doc:Get", NOTE, CONTEXT), CallerLayers((attached(*order),)))
        assert [ref.sid for ref in decision.determining] == ["B"]


@pytest.mark.parametrize("bounded", [True, False])
def test_who_is_bounded_is_no_exception_to_a_deny(jeff: Caller, bounded: bool) -> None:
    """A Deny with NotPrincipal meets whoever has a boundary, wherever the boundary stands (SEM-P16)."""
    caller = replace(jeff, bounded=bounded)
    deny: dict[str, object] = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "NotPrincipal": {"AWS": [jeff.arn, jeff.account]},
    }
    theirs = ResourceLayers((attached(deny, kind=PolicyKind.RESOURCE),))

    decision = evaluate(AccessRequest(caller, "doc:Get", NOTE), CallerLayers((attached(GOOD),)), theirs)

    assert decision.outcome is (Outcome.EXPLICIT_DENY if bounded else Outcome.ALLOWED)
    assert decision.layer is (Layer.RESOURCE if bounded else Layer.IDENTITY)


def test_only_guardrails_have_levels(jeff: Caller) -> None:
    """Told layer by layer, also for a session that has nothing of its own (SEM-E11)."""
    caller = Caller(CallerKind.FEDERATED_USER, f"arn:aws:sts::{jeff.account}:federated-user/x", jeff.account)
    guardrail = (attached(GOOD),)
    layers = CallerLayers((attached(GOOD),), boundary=(attached(GOOD),), guardrails=(guardrail, guardrail))

    for who in (caller, jeff):
        told = explain(AccessRequest(who, "doc:Get", NOTE), layers).layers
        found = {(item.layer, item.level) for item in told}
        assert {level for layer, level in found if layer is not Layer.GUARDRAIL} <= {0}
        assert {level for layer, level in found if layer is Layer.GUARDRAIL} <= {0, 1}
