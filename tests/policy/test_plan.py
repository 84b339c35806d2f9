"""Plans: compiled once, they decide what evaluate decides, and refuse what they were not made for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from iamkit.policy import (
    AccessRequest,
    AttachedPolicy,
    Caller,
    CallerLayers,
    Context,
    Outcome,
    PolicyKind,
    ResourceLayers,
    compile_plan,
    evaluate,
    sites,
)
from iamkit.policy.formula import And, Or

Attach = Callable[..., AttachedPolicy]
OTHER = "999999999999"


def _layers(attach: Attach) -> CallerLayers:
    return CallerLayers(
        (
            attach(
                {"Effect": "Allow", "Action": "doc:*", "Resource": "arn:aws:doc:::a/*"},
                {
                    "Effect": "Allow",
                    "Action": "doc:Get",
                    "Resource": "*",
                    "Condition": {"StringEquals": {"app:k": ["x", "y"]}},
                },
                {"Effect": "Deny", "NotAction": "doc:List", "Resource": "arn:aws:doc:::a/secret"},
            ),
        )
    )


@pytest.mark.parametrize("action", ["doc:Get", "doc:Put", "doc:List"])
@pytest.mark.parametrize("resource", ["*", "arn:aws:doc:::a/b", "arn:aws:doc:::a/secret", "arn:aws:doc:::b"])
@pytest.mark.parametrize("value", ["x", "z", ""])
@pytest.mark.parametrize("owner", ["", OTHER])
def test_a_plan_decides_what_evaluate_decides(
    attach: Attach, jeff: Caller, action: str, resource: str, value: str, owner: str
) -> None:
    """For every resource, context and owner, the one plan says the same."""
    layers = _layers(attach)
    made = compile_plan(layers, ResourceLayers(), jeff, action)
    request = AccessRequest(jeff, action, resource, Context({"app:k": value} if value else {}), owner)

    assert made.decide(request) == evaluate(request, layers)


def test_a_plan_of_another_action_or_caller_refuses(attach: Attach, jeff: Caller, session: Caller) -> None:
    """Asking the wrong plan is a denial with an error, never somebody else's answer."""
    made = compile_plan(_layers(attach), ResourceLayers(), jeff, "doc:Get")
    good = AccessRequest(jeff, "doc:Get", "arn:aws:doc:::a/b")

    assert made.decide(good)
    assert made.decide(replace(good, caller=replace(jeff)))
    for wrong in (replace(good, action="doc:Put"), replace(good, caller=session)):
        assert made.decide(wrong).error == "the plan is of another caller or action"


def test_the_same_answer_is_the_same_object(attach: Attach, jeff: Caller) -> None:
    """Outcome and reason are interned, up to a bound."""
    made = compile_plan(_layers(attach), ResourceLayers(), jeff, "doc:Get")

    for resource in ("arn:aws:doc:::a/{}", "arn:aws:doc:::a/secret", "arn:aws:doc:::b/{}"):
        one, other = (made.decide(AccessRequest(jeff, "doc:Get", resource.format(i))) for i in range(2))
        assert one is other


def test_reasons_are_remembered_up_to_a_bound(
    attach: Attach, jeff: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond it, decisions that hang on a condition are made anew and stay right."""
    monkeypatch.setattr(sites, "_MAX_REASONS", 0)
    met = {"Condition": {"StringEquals": {"app:k": "x"}}}
    layers = CallerLayers(
        (attach(_allow("arn:aws:doc:::*", **met), _allow(MINE, Effect="Deny", **met)),),
        (attach(_allow("*", **met), kind=PolicyKind.BOUNDARY),),
    )
    for resource, key, outcome in (
        (YOURS, "x", Outcome.ALLOWED),
        (MINE, "x", Outcome.EXPLICIT_DENY),
        (YOURS, "y", Outcome.IMPLICIT_DENY),
    ):
        made = compile_plan(layers, ResourceLayers(), jeff, "doc:Get")
        request = AccessRequest(jeff, "doc:Get", resource, Context({"app:k": key}))

        assert made.decide(request) == made.decide(request)
        assert made.decide(request) is not made.decide(request)
        assert made.decide(request).outcome is outcome


def test_deciding_makes_no_formula(attach: Attach, jeff: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once compiled, a concrete request constructs no part of a formula."""
    made = compile_plan(_layers(attach), ResourceLayers(), jeff, "doc:Get")
    requests = [
        AccessRequest(jeff, "doc:Get", resource) for resource in ("arn:aws:doc:::a/b", "arn:aws:doc:::c")
    ]
    outcomes = [made.decide(request).outcome for request in requests]

    def refuse(self: object, *parts: object) -> None:
        raise AssertionError(self, parts)

    for kind in (And, Or):
        monkeypatch.setattr(kind, "__init__", refuse)

    assert [made.decide(request).outcome for request in requests] == outcomes
    assert outcomes == [Outcome.ALLOWED, Outcome.IMPLICIT_DENY]


def test_a_plan_of_no_action_denies(attach: Attach, jeff: Caller) -> None:
    """A pattern makes a plan that denies whatever it is asked."""
    made = compile_plan(_layers(attach), ResourceLayers(), jeff, "doc:*")

    assert made.decide(AccessRequest(jeff, "doc:*", "*")).error


def test_relation_and_trust_are_part_of_the_question(attach: Attach, jeff: Caller) -> None:
    """One plan answers for own and foreign resources, with and without explicit trust."""
    grant = attach(
        {"Effect": "Allow", "Action": "doc:Get", "Principal": {"AWS": "123456789012"}},
        kind=PolicyKind.RESOURCE,
    )
    layers = CallerLayers((attach({"Effect": "Allow", "Action": "doc:Get", "Resource": "*"}),))

    questions = [(owner, trust) for owner in ("", jeff.account, OTHER) for trust in (False, True)]
    # Whatever was asked first.
    for first in range(len(questions)):
        with_grant = compile_plan(layers, ResourceLayers((grant,)), jeff, "doc:Get")
        without = compile_plan(layers, ResourceLayers(), jeff, "doc:Get")
        for owner, trust in (*questions[first:], *questions[:first]):
            request = AccessRequest(jeff, "doc:Get", "*", Context(), owner, trust)
            assert with_grant.decide(request)
            assert bool(without.decide(request)) is (owner != OTHER and not trust)


MINE = "arn:aws:doc:::mine/a"
YOURS = "arn:aws:doc:::yours/a"


def _allow(resource: str, **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": "doc:Get", "Resource": resource, **more}


def test_a_boundary_limits_resource_by_resource(attach: Attach, jeff: Caller) -> None:
    """That the boundary speaks of the action is not enough: it has to allow this resource."""
    boundary = (attach(_allow(MINE), kind=PolicyKind.BOUNDARY),)
    made = compile_plan(CallerLayers((attach(_allow("*")),), boundary), ResourceLayers(), jeff, "doc:Get")

    allowed, denied = (made.decide(AccessRequest(jeff, "doc:Get", resource)) for resource in (MINE, YOURS))

    assert [str(ref.layer) for ref in allowed.determining] == [
        "identity-based policy",
        "permissions boundary",
    ]
    assert [str(layer) for layer in denied.missing] == ["permissions boundary"]


def test_either_side_grants_what_the_other_does_not(attach: Attach, jeff: Caller) -> None:
    """Where the caller's and the resource's policy speak of an action, each grants its own resources."""
    theirs = attach(_allow(YOURS, Principal={"AWS": jeff.arn}), kind=PolicyKind.RESOURCE)
    made = compile_plan(CallerLayers((attach(_allow(MINE)),)), ResourceLayers((theirs,)), jeff, "doc:Get")

    for resource, layer in ((MINE, "identity-based policy"), (YOURS, "resource-based policy")):
        decision = made.decide(AccessRequest(jeff, "doc:Get", resource))
        assert [str(ref.layer) for ref in decision.determining] == [layer]
    assert not made.decide(AccessRequest(jeff, "doc:Get", "arn:aws:doc:::nobodys"))


@pytest.mark.parametrize(
    "resource",
    ["", "arn:aws:doc::", "arm:aws:doc:::a", "xarn:aws:doc:::a", "ARN:aws:doc:::a", "**", "arn:", "a/b"],
)
def test_what_is_no_resource_is_denied_with_a_reason(attach: Attach, jeff: Caller, resource: str) -> None:
    """A plan that allows everything still refuses a text that is neither an ARN nor `*`, and says so."""
    made = compile_plan(CallerLayers((attach(_allow("*")),)), ResourceLayers(), jeff, "doc:Get")

    decision = made.decide(AccessRequest(jeff, "doc:Get", resource))

    assert decision.error == f"`{resource}` is neither an ARN nor `*`"
    assert made.decide(AccessRequest(jeff, "doc:Get", "*"))
    assert made.decide(AccessRequest(jeff, "doc:Get", "arn::::::"))
