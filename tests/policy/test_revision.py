"""The revision of a decision: which policies, exactly, it was taken from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from iamkit.policy import (
    AccessRequest,
    AttachedPolicy,
    Caller,
    CallerLayers,
    Outcome,
    PolicyKind,
    PolicySource,
    ResourceLayers,
    compile_plan,
    evaluate,
    explain,
)
from iamkit.policy.revision import revision_of

Attach = Callable[..., AttachedPolicy]

READ = {"Effect": "Allow", "Action": "doc:Get", "Resource": "*"}
WRITE = {"Effect": "Allow", "Action": "doc:Put", "Resource": "*"}
NOTE = "arn:aws:doc:::note/a"


def test_a_decision_names_its_revision(jeff: Caller, attach: Attach) -> None:
    """Allowed, denied or failed, from a plan or from scratch, explained or not: it is that of the layers."""
    layers = CallerLayers(identity=(attach(READ, {**READ, "Effect": "Deny", "Resource": "arn:aws:doc:::x"}),))
    wanted = revision_of(layers, ResourceLayers())

    outcomes = set()
    for action, resource in (
        ("doc:Get", NOTE),
        ("doc:Get", "arn:aws:doc:::x"),
        ("doc:Put", NOTE),
        ("doc:Get", "nowhere"),
    ):
        request = AccessRequest(jeff, action, resource)
        plan = compile_plan(layers, ResourceLayers(), jeff, action)
        decision = evaluate(request, layers)
        outcomes.add(decision.outcome)

        assert decision.revision == plan.decide(request).revision == wanted
        assert explain(request, layers).as_data()["revision"] == wanted
    assert outcomes == set(Outcome)


def test_the_order_of_policies_is_no_part_of_it(attach: Attach) -> None:
    """The same policies in another order decide the same, and are the same revision."""
    one, other = attach(READ, name="a"), attach(WRITE, name="b")

    first, second = (
        revision_of(CallerLayers(identity=policies), ResourceLayers())
        for policies in ((one, other), (other, one))
    )

    assert first == second
    assert len(first) == 20


def test_every_change_of_what_hangs_where_is_another_revision(attach: Attach) -> None:
    """Another text, place, version, holder or identity, an empty layer beside none: all are told apart."""
    one, other = attach(READ), attach(WRITE)
    versioned = replace(one, source=PolicySource("policy", version="v2"))
    held = replace(one, source=PolicySource("policy", holder="group/staff"))
    somebody = replace(one, principal_ids={"arn:aws:iam::123456789012:user/jeff": "AIDAJEFF"})
    boundary = replace(one, policy=replace(one.policy, kind=PolicyKind.BOUNDARY))
    callers = [
        CallerLayers(),
        *(CallerLayers(identity=(policy,)) for policy in (one, other, versioned, held, somebody, boundary)),
        CallerLayers(identity=(one, other)),
        CallerLayers(identity=(one, one)),
        CallerLayers(boundary=()),
        CallerLayers(boundary=(one,)),
        CallerLayers(session=()),
        CallerLayers(session=(one,)),
        CallerLayers(guardrails=()),
        CallerLayers(guardrails=((one,), (other,))),
        CallerLayers(guardrails=((other,), (one,))),
        CallerLayers(guardrails=((one, other),)),
    ]
    resources = [
        ResourceLayers(policies=(one,)),
        ResourceLayers(guardrails=()),
        ResourceLayers(guardrails=((one,),)),
        ResourceLayers(endpoint=()),
        ResourceLayers(endpoint=(one,)),
    ]

    found = [revision_of(caller, ResourceLayers()) for caller in callers]
    found += [revision_of(CallerLayers(), resource) for resource in resources]

    assert len(set(found)) == len(found)


def test_a_stored_text_is_known_by_its_digest(attach: Attach) -> None:
    """With the digest kept beside it or without, the same text is the same revision."""
    bare = attach(READ)
    digest = hashlib.sha256(bare.policy.text.encode()).hexdigest()
    kept = replace(bare, source=replace(bare.source, digest=digest))

    found = {revision_of(CallerLayers((one,)), ResourceLayers()) for one in (bare, kept)}

    assert len(found) == 1


def test_nobody_asks_nothing_is_hashed(jeff: Caller, attach: Attach, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deciding costs no digest; the first to ask pays for all decisions of a plan."""
    asked: list[object] = []

    def count(*layers: object) -> str:
        asked.append(layers)
        return "a revision"

    monkeypatch.setattr("iamkit.policy.revision.revision_of", count)
    plan = compile_plan(CallerLayers(identity=(attach(READ),)), ResourceLayers(), jeff, "doc:Get")
    decisions = [plan.decide(AccessRequest(jeff, "doc:Get", f"{NOTE}{number}")) for number in range(3)]

    assert asked == []
    assert [decision.revision for decision in decisions] == ["a revision"] * 3
    assert len(asked) == 1
