"""The combination of layers against the rule's own pseudo-code, every cell of it."""

from __future__ import annotations

import json
from itertools import product

import pytest

from iamkit.policy import (
    AccessRequest,
    AttachedPolicy,
    Caller,
    CallerKind,
    CallerLayers,
    Context,
    Decision,
    EvaluationOptions,
    Layer,
    Outcome,
    PolicyKind,
    PolicySource,
    ResourceLayers,
    evaluate,
    parse,
)

A, OTHER = "123456789012", "999999999999"
USER = f"arn:aws:iam::{A}:user/jeff"
ROLE = f"arn:aws:iam::{A}:role/app/writer"
CALLERS = {
    "user": Caller(CallerKind.USER, USER, A),
    "session": Caller(CallerKind.ROLE_SESSION, f"arn:aws:sts::{A}:assumed-role/writer/x", A, ROLE),
    "federated": Caller(CallerKind.FEDERATED_USER, f"arn:aws:sts::{A}:federated-user/x", A, USER),
    "root": Caller(CallerKind.ROOT, f"arn:aws:iam::{A}:root", A),
    "anonymous": Caller(CallerKind.ANONYMOUS),
    "service": Caller(CallerKind.SERVICE, "x.y"),
    "provider": Caller(CallerKind.PROVIDER, "x.y"),
}
OUTSIDERS = {"anonymous", "service", "provider"}
LEVELS = ("none", "account", "behind", "direct", "any")


def _policy(effect: str | None, kind: PolicyKind, principal: str = "") -> tuple[AttachedPolicy, ...]:
    if effect is None:
        return ()
    who = f'"Principal": {principal}, ' if principal else ""
    text = f'{{"Statement": {{"Effect": "{effect}", {who}"Action": "doc:Get", "Resource": "*"}}}}'
    return (AttachedPolicy(parse(text, kind), PolicySource(kind)),)


def _principal(caller: Caller, level: str) -> str:
    named = {"service": "Service", "provider": "Federated"}.get(caller.kind.value.lower(), "AWS")
    return {
        "account": f'{{"AWS": "{A}"}}',
        "behind": f'{{"AWS": "{caller.issuer_arn or ROLE}"}}',
        "direct": f'{{"{named}": "{caller.arn or "x.y"}"}}',
        "any": '"*"',
    }[level]


def expected(
    name: str,
    same: bool,
    trust: bool,
    level: str,
    identity: bool,
    boundary: bool | None,
    session: bool | None,
) -> bool:
    """The pseudo-code of the rule, with explicit denies and guard rails left out."""
    rp = set()
    if level == "any":
        rp = {"ANY"}
    elif level == "direct" and name not in ("anonymous",):
        rp = {"ACCOUNT"} if name == "root" else {"DIRECT"}
    elif level == "behind" and name in ("session", "federated"):
        rp = {"ROLE"}
    elif level == "account" and name not in OUTSIDERS:
        rp = {"ACCOUNT"}
    if name == "anonymous":
        return "ANY" in rp
    if name in ("service", "provider"):
        return bool(rp & {"DIRECT", "ANY"})
    b = boundary is not False
    s = session is not False
    own = False if name == "federated" and session is None else s
    path = (identity or name == "root") and b and own
    if not same:
        return bool(rp) and path
    if name == "root":
        path = True
    if rp & {"DIRECT", "ANY"}:
        return True
    if rp & {"ROLE"} and b and s:
        return True
    return path and (not trust or "ACCOUNT" in rp)


@pytest.mark.parametrize("name", CALLERS)
@pytest.mark.parametrize("level", LEVELS)
def test_every_cell_of_the_rule(name: str, level: str) -> None:
    """Account, trust, identity, boundary and session policy in every combination."""
    caller = CALLERS[name]
    if (name, level) == ("anonymous", "direct"):
        level = "account"  # nobody can name the anonymous
    resource = () if level == "none" else _policy("Allow", PolicyKind.RESOURCE, _principal(caller, level))
    layer = {None: None, True: "Allow", False: "silent"}
    for same, trust, identity, boundary, session in product(
        (True, False), (True, False), (True, False), (None, True, False), (None, True, False)
    ):
        mine = CallerLayers(
            identity=_policy("Allow" if identity else None, PolicyKind.IDENTITY),
            boundary=None
            if boundary is None
            else _policy(layer[boundary] if boundary else None, PolicyKind.BOUNDARY),
            session=None
            if session is None
            else _policy(layer[session] if session else None, PolicyKind.SESSION),
        )
        request = AccessRequest(
            caller, "doc:Get", "*", resource_account=A if same else OTHER, explicit_trust=trust
        )

        decision = evaluate(request, mine, ResourceLayers(resource))

        cell = (same, trust, identity, boundary, session)
        assert bool(decision) is expected(name, same, trust, level, identity, boundary, session), cell
        assert decision or decision.outcome is Outcome.IMPLICIT_DENY
        assert bool(decision.missing) is not bool(decision), cell


@pytest.mark.parametrize("name", CALLERS)
@pytest.mark.parametrize(
    "layer", ["identity", "boundary", "session", "guardrail", "resource", "rcp", "endpoint"]
)
def test_a_deny_in_any_layer_that_applies_wins(name: str, layer: str) -> None:
    """Everything allows; one Deny in one layer denies, unless the layer is not the caller's."""
    caller = CALLERS[name]

    def both(where: str, kind: PolicyKind, principal: str = "") -> tuple[AttachedPolicy, ...]:
        allow = _policy("Allow", kind, principal)
        return allow + _policy("Deny", kind, principal) if where == layer else allow

    everybody = '"*"'
    mine = CallerLayers(
        both("identity", PolicyKind.IDENTITY),
        both("boundary", PolicyKind.BOUNDARY),
        both("session", PolicyKind.SESSION),
        (both("guardrail", PolicyKind.GUARDRAIL),),
    )
    rcp = _policy("Deny", PolicyKind.ENDPOINT, everybody) if layer == "rcp" else ()
    theirs = ResourceLayers(
        both("resource", PolicyKind.RESOURCE, everybody),
        (_policy("Allow", PolicyKind.ENDPOINT, everybody) + rcp,),
        both("endpoint", PolicyKind.ENDPOINT, everybody),
    )

    decision = evaluate(AccessRequest(caller, "doc:Get", "*"), mine, theirs)

    spared = name in OUTSIDERS and layer in ("identity", "boundary", "session", "guardrail")
    assert decision.outcome is (Outcome.ALLOWED if spared else Outcome.EXPLICIT_DENY)


def test_the_switch_binds_direct_grants_to_the_session_policy() -> None:
    """With it a silent session policy stops a direct grant, a missing or allowing one does not."""
    caller = CALLERS["session"]
    theirs = ResourceLayers(_policy("Allow", PolicyKind.RESOURCE, _principal(caller, "direct")))
    strict = EvaluationOptions(session_policy_binds_direct_grants=True)
    request = AccessRequest(caller, "doc:Get", "*")

    for session, allowed in ((None, True), ((), False), (_policy("Allow", PolicyKind.SESSION), True)):
        assert bool(evaluate(request, CallerLayers(session=session), theirs, options=strict)) is allowed
        assert evaluate(request, CallerLayers(session=session), theirs)


def _of_three(three: dict[str, str | None]) -> Decision:
    """Identity, boundary and session policy, each of which holds, does not, or cannot be judged."""
    conditions = {
        "holds": {},
        "met": {"Condition": {"StringEquals": {"app:k": "x"}}},
        "not": {"Condition": {"StringEquals": {"app:k": "other"}}},
        "unjudged": {"Condition": {"NumericEquals": {"app:k": "1"}}},
    }

    def layer(kind: PolicyKind) -> tuple[AttachedPolicy, ...] | None:
        word = three[kind.value]
        if word is None:
            return None
        statement = {"Effect": "Allow", "Action": "doc:Get", "Resource": "*", **conditions[word]}
        text = json.dumps({"Version": "2012-10-17", "Statement": statement})
        return (AttachedPolicy(parse(text, kind), PolicySource(kind)),)

    mine = CallerLayers(
        layer(PolicyKind.IDENTITY) or (), layer(PolicyKind.BOUNDARY), layer(PolicyKind.SESSION)
    )
    return evaluate(AccessRequest(CALLERS["session"], "doc:Get", "*", Context({"app:k": "x"})), mine)


WORDS = ("holds", "met", "not", "unjudged")
NAMES = {
    "identity": Layer.IDENTITY,
    "boundary": Layer.BOUNDARY,
    "session": Layer.SESSION,
}


@pytest.mark.parametrize("identity", WORDS)
@pytest.mark.parametrize("boundary", [None, *WORDS])
@pytest.mark.parametrize("session", [None, *WORDS])
def test_a_layer_that_cannot_be_judged_never_counts_as_allowing(
    identity: str, boundary: str | None, session: str | None
) -> None:
    """What does not hold outweighs it and is told; where all others hold it is an error."""
    three = {"identity": identity, "boundary": boundary, "session": session}
    words = [word for word in three.values() if word is not None]

    decision = _of_three(three)

    assert decision.allowed is all(word in ("holds", "met") for word in words)
    if "not" in words:
        assert decision.error is None
        assert decision.missing == tuple(
            NAMES[name] for name, word in three.items() if word in ("not", "unjudged")
        )
    elif "unjudged" in words:
        assert decision.missing == ()
        assert (
            decision.error
            == "condition on `app:k`: a condition key has a value (str) that cannot be read as a number"
        )
    else:
        assert [ref.layer for ref in decision.determining] == [NAMES[name] for name in three if three[name]]


def test_what_is_lacking_is_the_callers_own_policy_before_the_resources() -> None:
    """Where both sides speak of the action and neither allows, the caller's side is named (SEM-E12)."""
    caller = CALLERS["user"]
    elsewhere = "arn:aws:doc:::elsewhere"

    def on(kind: PolicyKind, principal: str = "") -> tuple[AttachedPolicy, ...]:
        (attached,) = _policy("Allow", kind, principal)
        text = attached.policy.text.replace('"Resource": "*"', f'"Resource": "{elsewhere}"')
        return (AttachedPolicy(parse(text, kind), attached.source),)

    theirs = ResourceLayers(on(PolicyKind.RESOURCE, f'{{"AWS": "{USER}"}}'))
    request = AccessRequest(caller, "doc:Get", "arn:aws:doc:::a")

    own, boundary = on(PolicyKind.IDENTITY), on(PolicyKind.BOUNDARY)
    whole = _policy("Allow", PolicyKind.IDENTITY)
    for mine, missing in (
        (CallerLayers(own), (Layer.IDENTITY,)),
        (CallerLayers(), (Layer.IDENTITY,)),
        (CallerLayers(whole, boundary), (Layer.BOUNDARY,)),
        (CallerLayers(own, boundary), (Layer.IDENTITY, Layer.BOUNDARY)),
    ):
        assert evaluate(request, mine, theirs).missing == missing


@pytest.mark.parametrize("count", [1, 4, 5, 30])
def test_every_deny_that_matches_is_named(count: int) -> None:
    """However many they are, and whatever conditions they have."""
    statements = [
        {
            "Sid": f"s{number}",
            "Effect": "Deny",
            "Action": "*",
            "Resource": ["*", "arn:aws:doc:::a"],
            **({"Condition": {"StringEquals": {"app:k": "x"}}} if number % 3 == 0 else {}),
        }
        for number in range(count)
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    attached = AttachedPolicy(parse(text, PolicyKind.IDENTITY), PolicySource("denies"))
    request = AccessRequest(CALLERS["user"], "doc:Get", "arn:aws:doc:::a", Context({"app:k": "x"}))

    decision = evaluate(request, CallerLayers((attached,)))

    assert sorted(ref.index for ref in decision.determining) == list(range(count))


@pytest.mark.parametrize("outer", ["holds", "met", "not"])
@pytest.mark.parametrize("inner", ["holds", "met", "not"])
@pytest.mark.parametrize("identity", ["holds", "met", "not"])
def test_guards_that_lack_an_allow_are_told_first(outer: str, inner: str, identity: str) -> None:
    """Each level of guardrails has to allow by itself; what lacks is told from the outside in."""
    conditions = {
        "holds": {},
        "met": {"StringEquals": {"app:k": "x"}},
        "not": {"StringEquals": {"app:k": "y"}},
    }

    def policy(word: str, kind: PolicyKind) -> AttachedPolicy:
        statement = {"Effect": "Allow", "Action": "doc:*", "Resource": "*", "Condition": conditions[word]}
        text = json.dumps({"Version": "2012-10-17", "Statement": statement})
        return AttachedPolicy(parse(text, kind, stored=True), PolicySource(word))

    mine = CallerLayers(
        (policy(identity, PolicyKind.IDENTITY),),
        guardrails=tuple((policy(word, PolicyKind.GUARDRAIL),) for word in (outer, inner)),
    )
    request = AccessRequest(CALLERS["user"], "doc:Get", "*", Context({"app:k": "x"}))

    decision = evaluate(request, mine)

    lacking = [Layer.GUARDRAIL] * ("not" in (outer, inner)) + [Layer.IDENTITY] * (identity == "not")
    assert decision.error is None
    assert list(decision.missing) == lacking
    assert decision.allowed is not bool(lacking)
    assert [(ref.layer, ref.level) for ref in decision.determining] == (
        [] if lacking else [(Layer.IDENTITY, 0), (Layer.GUARDRAIL, 0), (Layer.GUARDRAIL, 1)]
    )
