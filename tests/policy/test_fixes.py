"""Fixes over random worlds: what is suggested works, opens nothing else, and names what stands in the way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from iamkit.policy import (
    ANONYMOUS,
    AccessRequest,
    AttachedPolicy,
    Caller,
    CallerKind,
    CallerLayers,
    Context,
    ContextValue,
    Decision,
    Explanation,
    Fix,
    Layer,
    Outcome,
    PolicyKind,
    PolicySource,
    ResourceLayers,
    StatementRef,
    evaluate,
    explain,
    parse,
)
from iamkit.policy.layers import Policies

HOME: Final = "123456789012"
AWAY: Final = "999999999999"
ROLE: Final = f"arn:aws:iam::{HOME}:role/app/writer"
ACTIONS: Final = ("doc:Get", "doc:Put", "doc:List", "sts:AssumeRole")
RESOURCES: Final = (
    f"arn:aws:doc::{HOME}:note/1",
    f"arn:aws:doc::{HOME}:note/*",
    f"arn:aws:doc::{HOME}:a?b/${{x}}$",
    f"arn:aws:doc::{AWAY}:note/1",
    ROLE,
    "*",
)
CALLERS: Final = (
    Caller(CallerKind.USER, f"arn:aws:iam::{HOME}:user/ana", HOME, unique_id="AIDAANA"),
    Caller(CallerKind.USER, f"arn:aws:iam::{HOME}:user/app/ben", HOME, unique_id="AIDABEN", bounded=True),
    Caller(CallerKind.USER, f"arn:aws:iam::{AWAY}:user/ana", AWAY, unique_id="AIDAFAR"),
    Caller(CallerKind.ROOT, f"arn:aws:iam::{HOME}:root", HOME, unique_id=HOME),
    Caller(CallerKind.ROOT, f"arn:aws:iam::{AWAY}:root", AWAY, unique_id=AWAY),
    *(
        Caller(
            CallerKind.ROLE_SESSION, f"arn:aws:sts::{HOME}:assumed-role/writer/{day}", HOME, ROLE, "AROAW"
        )
        for day in ("monday", "friday")
    ),
    Caller(
        CallerKind.FEDERATED_USER, f"arn:aws:sts::{HOME}:federated-user/guest", HOME,
        f"arn:aws:iam::{HOME}:user/ana", "AIDAANA",
    ),
    Caller(CallerKind.SERVICE, "jobs.example"),
    Caller(CallerKind.PROVIDER, "accounts.example"),
    ANONYMOUS,
)  # fmt: skip
CONDITIONS: Final[tuple[Mapping[str, object], ...]] = (
    {"StringEquals": {"app:k": ["x", "y"]}},
    {"StringNotEquals": {"app:k": "x"}},
    {"StringLike": {"app:k": "x*z?"}},
    {"StringNotLikeIfExists": {"app:k": "*"}},
    {"StringEquals": {"app:k": "${app:other, 'z'}"}},
    {"Null": {"app:k": "true"}},
    {"Null": {"app:k": "false"}},
    {"NumericLessThan": {"app:n": "10"}},
    {"NumericGreaterThan": {"app:n": "2.5"}},
    {"NumericLessThan": {"app:n": "10"}, "NumericGreaterThan": {"app:n": "5"}},
    {"DateGreaterThan": {"app:d": "2024-01-31T12:00:00Z"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"ArnLike": {"app:arn": "arn:aws:doc:*:*:note/?"}},
    {"ForAnyValue:StringEquals": {"app:list": ["x", "y"]}},
    {"ForAllValues:StringLike": {"app:list": "x*"}},
    {"BinaryEquals": {"app:b": "AAEC"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}},
    {"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "300"}},
    {"StringEquals": {"aws:userid": "AIDAANA"}},
    {"NoSuchOperator": {"app:k": "x"}},
)
KEYS: Final[Mapping[str, tuple[ContextValue, ...]]] = {
    "app:k": ("x", "xyza", "q", ("x",)),
    "app:other": ("x", "*"),
    "app:n": (3, "7", "many", 50),
    "app:d": ("2024-01-01", "2025-01-01"),
    "aws:SourceIp": ("10.1.2.3", "192.0.2.7"),
    "app:arn": (f"arn:aws:doc::{HOME}:note/1", "none"),
    "app:list": (("x",), ("x", "q"), "x"),
    "app:b": (b"\x00\x01\x02", "AA=="),
    "aws:MultiFactorAuthPresent": (True, False),
    "aws:MultiFactorAuthAge": (10, 900),
}
OPEN: Final = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
Change = Callable[[Layer, int, Policies], Policies]


@dataclass(frozen=True)
class World:
    """Callers with their layers and resources with theirs. What is shared in life is shared here."""

    callers: Mapping[Caller, CallerLayers]
    resources: Mapping[str, ResourceLayers]

    def decide(self, request: AccessRequest) -> Decision:
        return evaluate(request, self.callers[request.caller], self.resources[request.resource])

    def explain(self, request: AccessRequest) -> Explanation:
        return explain(request, self.callers[request.caller], self.resources[request.resource])

    def changed(self, request: AccessRequest, change: Change) -> World:
        """The world in which the documents that concern a request are changed, for whomever they concern."""
        return World(
            {
                caller: self._caller(caller, layers, request, change)
                for caller, layers in self.callers.items()
            },
            {name: self._resource(name, layers, request, change) for name, layers in self.resources.items()},
        )

    def _caller(
        self, caller: Caller, layers: CallerLayers, request: AccessRequest, change: Change
    ) -> CallerLayers:
        def some(layer: Layer, policies: Policies | None) -> Policies | None:
            return None if policies is None else change(layer, 0, policies)

        if caller == request.caller:
            identity = change(Layer.IDENTITY, 0, layers.identity)
            layers = replace(layers, identity=identity, session=some(Layer.SESSION, layers.session))
        if caller.account == request.caller.account:
            levels = _levels(Layer.GUARDRAIL, layers.guardrails, change)
            layers = replace(layers, boundary=some(Layer.BOUNDARY, layers.boundary), guardrails=levels)
        return layers

    def _resource(
        self, name: str, layers: ResourceLayers, request: AccessRequest, change: Change
    ) -> ResourceLayers:
        if name == request.resource:
            layers = replace(layers, policies=change(Layer.RESOURCE, 0, layers.policies))
        return replace(
            layers,
            guardrails=_levels(Layer.RESOURCE_GUARDRAIL, layers.guardrails, change),
            endpoint=None if layers.endpoint is None else change(Layer.ENDPOINT, 0, layers.endpoint),
        )


def _levels(layer: Layer, levels: tuple[Policies, ...] | None, change: Change) -> tuple[Policies, ...] | None:
    if levels is None:
        return None
    return tuple(change(layer, number, level) for number, level in enumerate(levels))


class Maker:
    """A seeded, plain generator of worlds and requests."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.made = 0

    def world(self) -> World:
        rails = {account: self.rails() for account in (HOME, AWAY)}
        bounds = {account: self.layer(PolicyKind.BOUNDARY) for account in (HOME, AWAY)}
        endpoint = self.layer(PolicyKind.ENDPOINT) if self.random.random() < 0.2 else None
        limits = self.limits()
        callers = {}
        for caller in CALLERS:
            bound = caller.bounded or (caller.kind is CallerKind.ROLE_SESSION and self.random.random() < 0.3)
            session = caller.kind is CallerKind.FEDERATED_USER or (
                caller.kind is CallerKind.ROLE_SESSION and self.random.random() < 0.5
            )
            callers[caller] = CallerLayers(
                () if caller.kind is CallerKind.ROOT else self.layer(PolicyKind.IDENTITY),
                bounds[caller.account] if bound and caller.account else None,
                self.layer(PolicyKind.SESSION) if session else None,
                rails.get(caller.account),
            )
        return World(
            callers,
            {
                name: ResourceLayers(
                    self.layer(PolicyKind.TRUST if name == ROLE else PolicyKind.RESOURCE)
                    if self.random.random() < 0.6
                    else (),
                    limits,
                    endpoint,
                )
                for name in RESOURCES
            },
        )

    def request(self) -> AccessRequest:
        caller = self.random.choice(CALLERS)
        action, resource = self.random.choice(ACTIONS[:3]), self.random.choice(RESOURCES)
        if resource == ROLE:
            action = "sts:AssumeRole"
        owner = AWAY if AWAY in resource else HOME if resource != "*" else ""
        keys: dict[str, ContextValue] = {"aws:PrincipalType": str(caller.kind)}
        if caller.account:
            session = caller.kind is CallerKind.ROLE_SESSION
            keys["aws:PrincipalArn"] = caller.issuer_arn if session else caller.arn
            keys["aws:userid"] = caller.unique_id + (f":{caller.arn.rsplit('/')[-1]}" if session else "")
        for name, values in KEYS.items():
            if self.random.random() < 0.6:
                keys[name] = self.random.choice(values)
        return AccessRequest(caller, action, resource, Context(keys), owner, resource == ROLE)

    def rails(self) -> tuple[Policies, ...] | None:
        if self.random.random() < 0.5:
            return None
        return tuple(self.layer(PolicyKind.GUARDRAIL) for _ in range(self.random.randint(1, 2)))

    def limits(self) -> tuple[Policies, ...] | None:
        """Levels that allow everything, as every level does, and refuse some of it."""
        if self.random.random() < 0.7:
            return None
        refusal = {**self.statement(PolicyKind.RESOURCE_GUARDRAIL), "Effect": "Deny", "Principal": "*"}
        return (self.policies(PolicyKind.RESOURCE_GUARDRAIL, [OPEN, refusal]),)

    def layer(self, kind: PolicyKind) -> Policies:
        count = self.random.choice((0, 1, 2, 3))
        return self.policies(kind, [self.statement(kind) for _ in range(count)])

    def policies(self, kind: PolicyKind, statements: list[dict[str, Any]]) -> Policies:
        if not statements:
            return ()
        self.made += 1
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        return (AttachedPolicy(parse(text, kind, stored=True), PolicySource(f"p{self.made}")),)

    def statement(self, kind: PolicyKind) -> dict[str, Any]:
        pick = self.random.choice
        made: dict[str, Any] = {"Effect": "Deny" if self.random.random() < 0.2 else "Allow"}
        made["Action"] = pick(("doc:Get", "doc:Put", ["doc:Get", "doc:List"], "doc:*", "*"))
        if kind is PolicyKind.TRUST:
            made["Action"] = "sts:AssumeRole"
        else:
            made["Resource"] = pick(
                ("*", f"arn:aws:doc::{HOME}:*", f"arn:aws:doc::{HOME}:note/1", "arn:aws:*:*:*:*")
            )
        if kind in (PolicyKind.RESOURCE, PolicyKind.TRUST, PolicyKind.ENDPOINT):
            named = [caller.arn for caller in self.random.sample(CALLERS[:8], 2)]
            whole = pick(
                ("*", {"AWS": named}, {"AWS": [HOME, AWAY]}, {"AWS": ROLE}, {"Service": "jobs.example"})
            )
            negated = made["Effect"] == "Deny" and self.random.random() < 0.3
            made["NotPrincipal" if negated else "Principal"] = whole
        if self.random.random() < 0.5:
            made["Condition"] = pick(CONDITIONS)
        return made


def _statements(fixes: tuple[Fix, ...], *, besides: Layer | None = None, level: int = 0) -> Change:
    """Adds every suggested statement, parsed as strictly as what people write; but not for one layer."""
    added: dict[tuple[Layer, int], Policies] = {}
    for fix in fixes:
        if fix.kind != "add-statement" or (fix.layer is besides and fix.level == level):
            continue
        assert fix.layer is not None
        assert fix.document is not None
        assert fix.statement is not None, fix.text
        text = json.dumps({"Version": "2012-10-17", "Statement": [fix.statement]})
        added[fix.layer, fix.level] = (AttachedPolicy(parse(text, fix.document), PolicySource("added")),)
    return lambda layer, number, policies: policies + added.get((layer, number), ())


def _without(refs: set[StatementRef]) -> Change:
    """Takes exactly the named statements out."""
    gone = {(ref.source.name, ref.index) for ref in refs}

    def change(layer: Layer, number: int, policies: Policies) -> Policies:
        return tuple(
            replace(
                attached,
                policy=replace(
                    attached.policy,
                    statements=tuple(
                        statement
                        for statement in attached.policy.statements
                        if (attached.source.name, statement.index) not in gone
                    ),
                ),
            )
            for attached in policies
        )

    return change


def _in_the_way(explanation: Explanation) -> set[StatementRef]:
    """The Denies that the fixes name, to lift or to mend."""
    denies = {item.ref for item in explanation.statements if item.effect == "Deny"}
    return {
        fix.ref
        for fix in explanation.fixes
        if fix.kind in ("lift-deny", "mend-policy") and fix.ref is not None and fix.ref in denies
    }


def _denials(
    maker: Maker, outcome: Outcome, count: int
) -> Iterator[tuple[World, AccessRequest, Explanation]]:
    while count:
        world = maker.world()
        for _ in range(40):
            request = maker.request()
            if count and world.decide(request).outcome is outcome:
                count -= 1
                yield world, request, world.explain(request)


def _with(request: AccessRequest, fix: Fix) -> AccessRequest:
    """The request in the context that a fix speaks of."""
    assert fix.context is not None
    changed = {name.lower() for name in fix.context}
    kept = {name: value for name, value in request.context.items() if name.lower() not in changed}
    given = {name: value for name, value in fix.context.items() if value is not None}
    return replace(request, context=Context({**kept, **given}))


def test_suggested_statements_let_the_request_pass_and_nothing_else() -> None:
    """For 1,000 implicit denials: all of them applied, it passes; no other does."""
    maker = Maker(20_240_131)
    seen: Counter[str] = Counter()

    for world, request, explanation in _denials(maker, Outcome.IMPLICIT_DENY, 1_000):
        if request.caller.kind is CallerKind.ANONYMOUS and request.resource == ROLE:
            # A trust policy cannot trust everybody, so there is nothing to add.
            assert all(fix.statement is None for fix in explanation.fixes if fix.layer is Layer.RESOURCE)
            continue
        mended = world.changed(request, _without(_in_the_way(explanation)))
        fixed = mended.changed(request, _statements(explanation.fixes))
        assert fixed.decide(request), "\n".join(explanation.lines(show_values=True))
        for fix in explanation.fixes:
            seen[f"{fix.layer} {fix.kind}"] += 1
        for _ in range(8):
            other = maker.request()
            if (other.caller, other.action, other.resource) == (
                request.caller, request.action, request.resource,
            ):  # fmt: skip
                continue
            if request.resource == "*" and (other.caller, other.action) == (request.caller, request.action):
                # Only `*` covers a request that names no resource, and `*` covers every other.
                continue
            assert fixed.decide(other).outcome is mended.decide(other).outcome, explanation.fixes

    assert {
        f"{layer} add-statement" for layer in Layer if layer is not Layer.RESOURCE_GUARDRAIL
    } <= seen.keys(), seen


def test_the_denies_in_the_way_are_named() -> None:
    """For 500 explicit denials: exactly those that matched; without them and with the rest, it passes."""
    for world, request, explanation in _denials(Maker(7), Outcome.EXPLICIT_DENY, 500):
        lifted = {fix.ref for fix in explanation.fixes if fix.kind == "lift-deny"}
        assert lifted == set(explanation.decision.determining)
        if any(fix.kind == "add-statement" and fix.statement is None for fix in explanation.fixes):
            continue
        mended = world.changed(request, _without(_in_the_way(explanation)))
        assert mended.decide(request).outcome is not Outcome.EXPLICIT_DENY
        assert mended.changed(request, _statements(explanation.fixes)).decide(request)


def test_changes_of_the_context_are_honest() -> None:
    """A fresher MFA or another key does for its layer, or its Deny, what it is said to do."""
    seen: Counter[str] = Counter()
    for outcome in (Outcome.IMPLICIT_DENY, Outcome.EXPLICIT_DENY):
        for world, request, explanation in _denials(Maker(99), outcome, 700):
            denies = _in_the_way(explanation)
            for fix in explanation.fixes:
                if fix.context is None:
                    continue
                assert fix.layer is not None
                assert fix.ref is not None
                for_deny = fix.ref in denies
                rest = world.changed(request, _without(denies - {fix.ref}))
                statements = _statements(
                    explanation.fixes, besides=None if for_deny else fix.layer, level=fix.level
                )
                assert rest.changed(request, statements).decide(_with(request, fix)), explanation.lines(
                    show_values=True
                )
                seen[fix.kind] += 1
                json.dumps(fix.as_data(show_values=True))

    assert all(seen[kind] >= 30 for kind in ("meet-condition", "avoid-deny", "sign-in-with-mfa")), seen


def test_what_is_told_of_each_statement_is_what_decided() -> None:
    """A Deny matches exactly if it determined the denial; what determined an allow matches."""
    maker = Maker(3)
    for outcome in Outcome:
        for _, _, explanation in _denials(maker, outcome, 150):
            matched = {(item.ref, item.effect.value) for item in explanation.statements if item.matched}
            determining = set(explanation.decision.determining)
            if outcome is Outcome.EXPLICIT_DENY:
                assert {ref for ref, effect in matched if effect == "Deny"} == determining
            else:
                assert determining <= {ref for ref, effect in matched if effect == "Allow"}
