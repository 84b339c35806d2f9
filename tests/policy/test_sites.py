"""Sites: what a place settles is what its tests would say, for every combination of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from iamkit.policy import (
    AccessRequest,
    AttachedPolicy,
    Caller,
    CallerLayers,
    Context,
    Decision,
    Layer,
    Outcome,
    Plan,
    PolicyKind,
    ResourceLayers,
    compile_plan,
)

Attach = Callable[..., AttachedPolicy]
HERE = "arn:aws:doc:::a/b"
MFA: dict[str, object] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def _allow(resource: str = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": "doc:Get", "Resource": resource, **more}


def _plan(jeff: Caller, layers: CallerLayers, resource: ResourceLayers | None = None) -> Plan:
    return compile_plan(layers, resource or ResourceLayers(), jeff, "doc:Get")


def _ask(plan: Plan, resource: str = HERE, *, mfa: bool = False) -> Decision:
    context = Context({"aws:MultiFactorAuthPresent": mfa})
    return plan.decide(AccessRequest(plan.caller, "doc:Get", resource, context))


def _settled(plan: Plan, resource: str = HERE) -> Decision | None:
    sites = plan.sites(AccessRequest(plan.caller, "doc:Get", resource))
    return sites.at(sites.fold.place(resource)).settled


def _around(attach: Attach, **more: object) -> Iterator[CallerLayers]:
    """One layer with a boundary, one with a session, one with guardrails, one with all, each wide open."""
    wide = (attach(_allow("*", **more)),)
    own = CallerLayers((attach(_allow("arn:aws:doc:::a/*")),))
    yield replace(own, boundary=wide)
    yield replace(own, session=wide)
    yield replace(own, guardrails=(wide, wide))
    yield replace(own, boundary=wide, session=wide, guardrails=(wide,))


def test_layers_without_conditions_are_settled_together(attach: Attach, jeff: Caller) -> None:
    """An allow through any number of layers, and the denial elsewhere, need no test."""
    for layers in _around(attach):
        plan = _plan(jeff, layers)

        assert _settled(plan) is not None
        assert _ask(plan).allowed
        assert len(_ask(plan).determining) > 1
        assert _settled(plan, "arn:aws:doc:::b") == _ask(plan, "arn:aws:doc:::b")
        assert _ask(plan, "arn:aws:doc:::b").missing == (Layer.IDENTITY,)


def test_a_condition_in_any_layer_keeps_a_place_open(attach: Attach, jeff: Caller) -> None:
    """What was decided with MFA is not the answer without."""
    for layers in _around(attach, Condition=MFA):
        plan = _plan(jeff, layers)

        assert _settled(plan) is None
        assert [_ask(plan, mfa=mfa).allowed for mfa in (True, False, True)] == [True, False, True]
        assert _ask(plan).missing == _ask(_plan(jeff, layers)).missing


def test_a_conditional_deny_over_a_sure_allow_keeps_a_place_open(attach: Attach, jeff: Caller) -> None:
    """And a sure Deny beside a conditional one names both where both hold."""
    deny = {"Effect": "Deny", "Action": "doc:*", "Resource": "arn:aws:doc:::a/*", "Condition": MFA}
    sure = {"Effect": "Deny", "Action": "doc:*", "Resource": "arn:aws:doc:::a/b*"}
    one = _plan(jeff, CallerLayers((attach(_allow(), deny),)))
    both = _plan(jeff, CallerLayers((attach(_allow(), deny, sure),)))

    assert _settled(one) is None
    assert [_ask(one, mfa=mfa).outcome for mfa in (True, False)] == [Outcome.EXPLICIT_DENY, Outcome.ALLOWED]
    assert _settled(both) is None
    assert [len(_ask(both, mfa=mfa).determining) for mfa in (True, False)] == [2, 1]


def test_a_deny_that_holds_everywhere_settles_its_place(attach: Attach, jeff: Caller) -> None:
    """Whatever else is allowed there on conditions; and the denial is one object."""
    deny = {"Effect": "Deny", "Action": "doc:*", "Resource": [HERE, "arn:aws:doc:::a/*"]}
    plan = _plan(jeff, CallerLayers((attach(_allow(Condition=MFA), deny),)))

    settled = _settled(plan)

    assert settled is not None
    assert settled.outcome is Outcome.EXPLICIT_DENY
    assert len(settled.determining) == 1
    assert _ask(plan) is _ask(plan, mfa=True) is _ask(plan, "arn:aws:doc:::a/c")


@pytest.mark.parametrize("resource", ["", "a/b", "arn:aws:doc::a", "*x", "ARN:aws:doc:::a/b"])
def test_a_settled_place_does_not_take_what_is_no_resource(
    attach: Attach, jeff: Caller, resource: str
) -> None:
    """An Allow of everything is for every resource, and only for resources."""
    plan = _plan(jeff, CallerLayers((attach(_allow()),)))

    assert _ask(plan).allowed
    assert _ask(plan, "*").allowed
    assert not _ask(plan, resource)
    assert "neither an ARN" in (_ask(plan, resource).error or "")


def test_a_guard_that_is_silent_somewhere_denies_there(attach: Attach, jeff: Caller) -> None:
    """An empty level of guardrails, or one that speaks of another place, is what is lacking."""
    own = CallerLayers((attach(_allow(Condition=MFA)),))
    there = attach(_allow("arn:aws:doc:::c/*"))
    plan = _plan(jeff, replace(own, guardrails=((there,),)))

    assert _ask(plan, mfa=True).missing == (Layer.GUARDRAIL,)
    assert _ask(plan).missing == (Layer.GUARDRAIL, Layer.IDENTITY)
    assert _ask(plan, "arn:aws:doc:::c/d", mfa=True).allowed
    assert _ask(_plan(jeff, replace(own, guardrails=((),))), mfa=True).missing == (Layer.GUARDRAIL,)


def test_a_resource_policy_opens_a_second_route(attach: Attach, jeff: Caller) -> None:
    """A condition on the caller's side does not matter where the resource's policy allows for sure."""
    grant = attach(
        {"Effect": "Allow", "Action": "doc:Get", "Principal": {"AWS": jeff.arn}, "Resource": "*"},
        kind=PolicyKind.RESOURCE,
    )
    layers = CallerLayers((attach(_allow(Condition=MFA)),))
    plan = _plan(jeff, layers, ResourceLayers((grant,)))

    assert [ref.layer for ref in _ask(plan).determining] == [Layer.RESOURCE]
    assert [ref.layer for ref in _ask(plan, mfa=True).determining] == [Layer.IDENTITY]
