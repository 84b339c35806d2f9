"""Decisions: what determined them, what was missing, and that nothing is ever raised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from iamkit.policy import (
    ANONYMOUS,
    AccessRequest,
    AttachedPolicy,
    Caller,
    CallerKind,
    CallerLayers,
    Context,
    EvaluationOptions,
    Layer,
    Outcome,
    PolicyKind,
    ResourceLayers,
    evaluate,
)

Attach = Callable[..., AttachedPolicy]
NOTE = "arn:aws:doc::123456789012:note/1"
ALLOW = {"Effect": "Allow", "Action": "doc:*", "Resource": "*"}
DENY = {"Effect": "Deny", "Action": "doc:*", "Resource": "*"}


def ask(caller: Caller, action: str = "doc:Get", resource: str = NOTE, **context: str) -> AccessRequest:
    return AccessRequest(
        caller, action, resource, Context({f"app:{key}": value for key, value in context.items()})
    )


def test_an_allow_names_the_statements_that_sufficed(attach: Attach, jeff: Caller) -> None:
    """One per layer that had to allow, the identity's before the guard rails'."""
    layers = CallerLayers(
        identity=(attach({**ALLOW, "Sid": "id"}),),
        boundary=(attach({**ALLOW, "Sid": "b"}),),
        guardrails=((attach({**ALLOW, "Sid": "root"}),), (attach({**ALLOW, "Sid": "unit"}),)),
    )

    decision = evaluate(ask(jeff), layers)

    assert decision.outcome is Outcome.ALLOWED
    assert [(ref.layer, ref.level, ref.sid) for ref in decision.determining] == [
        (Layer.IDENTITY, 0, "id"),
        (Layer.BOUNDARY, 0, "b"),
        (Layer.GUARDRAIL, 0, "root"),
        (Layer.GUARDRAIL, 1, "unit"),
    ]
    assert decision.layer is Layer.IDENTITY
    assert decision.missing == ()


def test_an_explicit_deny_names_every_deny_that_matched(attach: Attach, jeff: Caller) -> None:
    """Denies of all layers are named, Allows are not."""
    layers = CallerLayers(
        identity=(attach(ALLOW, {**DENY, "Sid": "b"}, {**DENY, "Sid": "a"}),),
        session=(attach({**DENY, "Sid": "s"}),),
    )

    decision = evaluate(ask(jeff), layers)

    assert decision.outcome is Outcome.EXPLICIT_DENY
    assert [ref.sid for ref in decision.determining] == ["a", "b", "s"]


@pytest.mark.parametrize(
    ("build", "missing"),
    [
        (lambda a: CallerLayers(), (Layer.IDENTITY,)),
        (lambda a: CallerLayers((a(ALLOW),), boundary=()), (Layer.BOUNDARY,)),
        (
            lambda a: CallerLayers((), boundary=(), session=()),
            (Layer.IDENTITY, Layer.BOUNDARY, Layer.SESSION),
        ),
        (lambda a: CallerLayers((a(ALLOW),), guardrails=((a(ALLOW),), ())), (Layer.GUARDRAIL,)),
        (lambda a: CallerLayers((), guardrails=((), ())), (Layer.GUARDRAIL, Layer.IDENTITY)),
    ],
)
def test_an_implicit_deny_names_the_layers_that_lacked_an_allow(
    attach: Attach, jeff: Caller, build: Callable[[Attach], CallerLayers], missing: tuple[Layer, ...]
) -> None:
    """The deciding layer first; layers that need not allow are not named."""
    decision = evaluate(ask(jeff), build(attach))

    assert (decision.outcome, decision.missing, decision.determining) == (Outcome.IMPLICIT_DENY, missing, ())
    assert decision.layer is missing[0]


def test_what_is_missing_follows_what_the_resource_grants(attach: Attach, session: Caller) -> None:
    """With a grant to the role only the boundary is lacking; across accounts the resource's policy is."""
    grant = attach({**ALLOW, "Principal": {"AWS": session.issuer_arn}}, kind=PolicyKind.RESOURCE)
    bounded = CallerLayers(boundary=())

    assert evaluate(ask(session), bounded, ResourceLayers((grant,))).missing == (Layer.BOUNDARY,)
    foreign = replace(ask(session), resource_account="999999999999")
    assert evaluate(foreign, CallerLayers((attach(ALLOW),))).missing == (Layer.RESOURCE,)
    assert evaluate(foreign, CallerLayers(), ResourceLayers((grant,))).missing == (Layer.IDENTITY,)
    trusting = replace(ask(session), explicit_trust=True)
    assert evaluate(trusting, CallerLayers((attach(ALLOW),))).missing == (Layer.RESOURCE,)


def test_a_direct_grant_and_its_switch(attach: Attach, session: Caller) -> None:
    """A session named in person needs no session policy, unless the deployment says so."""
    grant = ResourceLayers((attach({**ALLOW, "Principal": {"AWS": session.arn}}, kind=PolicyKind.RESOURCE),))
    silent = CallerLayers(session=())

    assert evaluate(ask(session), silent, grant)
    strict = EvaluationOptions(session_policy_binds_direct_grants=True)
    assert evaluate(ask(session), silent, grant, options=strict).missing == (Layer.SESSION,)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("doc:*", NOTE),
        ("doc:G?t", NOTE),
        ("*", NOTE),
        ("doc", NOTE),
        ("doc:Get:x", NOTE),
        ("doc:", NOTE),
        ("", NOTE),
        ("doc:Get,x", NOTE),
        ("doc:Gét", NOTE),
        ("do c:Get", NOTE),
        ("doc:Get\n", NOTE),
        ("doc:Get", ""),
        ("doc:Get", "note/1"),
        ("doc:Get", "arn:aws:doc:::"[:-2]),
        ("doc:Get", "**"),
    ],
)
def test_malformed_questions_are_denied(attach: Attach, jeff: Caller, action: str, resource: str) -> None:
    """A pattern is no action, a name is no resource; the nearest good question is allowed."""
    layers = CallerLayers((attach({"Effect": "Allow", "Action": "*", "Resource": "*"}),))

    decision = evaluate(ask(jeff, action, resource), layers)

    assert decision.outcome is Outcome.IMPLICIT_DENY
    assert decision.error
    assert evaluate(ask(jeff), layers)


def test_who_am_i_is_open_to_whoever_is_somebody(attach: Attach, jeff: Caller) -> None:
    """Explicit denies do not count for it; the anonymous do not pass."""
    layers = CallerLayers((attach({"Effect": "Deny", "Action": "*", "Resource": "*"}),), guardrails=((),))

    assert evaluate(ask(jeff, "STS:getCallerIdentity", "*"), layers)
    assert not evaluate(ask(ANONYMOUS, "sts:GetCallerIdentity", "*"), layers)
    assert not evaluate(ask(jeff, "sts:GetFederationToken", "*"), layers)


def test_layers_of_the_caller_do_not_apply_to_outsiders(attach: Attach) -> None:
    """The anonymous, services and providers are judged by the resource's side alone."""
    mine = CallerLayers((attach(DENY),), boundary=(attach(DENY),), guardrails=((attach(DENY),),))
    everybody = ResourceLayers((attach({**ALLOW, "Principal": "*"}, kind=PolicyKind.RESOURCE),))

    for caller in (ANONYMOUS, Caller(CallerKind.SERVICE, "x.y"), Caller(CallerKind.PROVIDER, "x.y")):
        assert evaluate(ask(caller), mine, everybody)
        assert evaluate(ask(caller), mine).missing == (Layer.RESOURCE,)
        assert not evaluate(ask(caller), mine, replace(everybody, guardrails=((),)))
        assert evaluate(ask(caller), mine, replace(everybody, endpoint=())).missing == (Layer.ENDPOINT,)


def test_a_deny_that_cannot_be_judged_prevents_an_allow(attach: Attach, jeff: Caller) -> None:
    """It is a denial with an error; a Deny that does match says so instead."""
    broken = {**DENY, "Condition": {"NumericEquals": {"app:n": "5"}}}

    decision = evaluate(ask(jeff, n="five"), CallerLayers((attach(ALLOW, broken),)))
    assert (decision.outcome, bool(decision)) == (Outcome.IMPLICIT_DENY, False)
    assert decision.error
    assert "app:n" in decision.error
    assert (
        evaluate(ask(jeff, n="five"), CallerLayers((attach(ALLOW, broken, DENY),))).outcome
        is Outcome.EXPLICIT_DENY
    )


def test_an_allow_that_cannot_be_judged_matters_only_alone(attach: Attach, jeff: Caller) -> None:
    """Beside one that holds it changes nothing; alone it is an error."""
    broken = {**ALLOW, "Condition": {"NumericEquals": {"app:n": "5"}}}

    assert evaluate(ask(jeff, n="five"), CallerLayers((attach(broken, ALLOW),)))
    assert evaluate(ask(jeff, n="five"), CallerLayers((attach(broken),))).error
    assert evaluate(ask(jeff, n="five"), CallerLayers((attach(broken),), boundary=())).error is None


def test_a_principal_in_an_identity_policy_plays_no_part(attach: Attach, jeff: Caller) -> None:
    """At rest such an element is passed over, in an Allow as in a Deny."""
    nobody = {"Principal": {"Service": "x.y"}}

    assert evaluate(ask(jeff), CallerLayers((attach({**ALLOW, **nobody}, stored=True),)))
    assert not evaluate(ask(jeff), CallerLayers((attach(ALLOW, {**DENY, **nobody}, stored=True),)))


def test_the_boundary_of_a_caller_is_known_from_its_layers(attach: Attach, jeff: Caller) -> None:
    """NotPrincipal with Deny catches whoever has a boundary."""
    spared = attach({**DENY, "NotPrincipal": {"AWS": jeff.arn}}, kind=PolicyKind.RESOURCE)
    layers = CallerLayers((attach(ALLOW),), boundary=(attach(ALLOW),))

    assert evaluate(ask(jeff), replace(layers, boundary=None), ResourceLayers((spared,)))
    assert evaluate(ask(jeff), layers, ResourceLayers((spared,))).outcome is Outcome.EXPLICIT_DENY
