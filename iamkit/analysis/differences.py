"""Access differences: who gains and who loses what between two blueprints of an account.

Asked of the engine that guards everything. Somebody is looked at whose own policies, boundary or groups
differ; what a group's policies give its members is told of the group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from iamkit.analysis import access
from iamkit.analysis.access import Place, Reach
from iamkit.analysis.subjects import Subject
from iamkit.arn import iam_arn
from iamkit.identity.blueprint import Blueprint, GroupPlan, RolePlan, UserPlan
from iamkit.identity.shipped import ShippedPolicy
from iamkit.ids import name_key
from iamkit.policy import AttachedPolicy, EvaluationOptions, ResourceLayers, parse
from iamkit.policy.layers import CallerLayers, Policies, PolicySource
from iamkit.policy.model import Policy, PolicyKind
from iamkit.policy.request import Caller, CallerKind, ContextValue, action_fault

_ASSUME: Final = "sts:AssumeRole"
_SESSION: Final = "plan"
# Looked at, times actions: above it the differences are not worked out but said to be too many.
_LARGEST: Final = 200_000

Holder = UserPlan | GroupPlan | RolePlan


@dataclass(frozen=True, slots=True)
class Difference:
    """What one user, group or role gains or loses: an action on resources by pattern.

    `keys` are condition keys on which that hangs. `who` is such as `user/ana`.
    """

    who: str
    gains: bool
    action: str
    resources: tuple[str, ...]
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is the same before and after: shipped policies, guardrails, and how policies are read."""

    partition: str
    shipped: Mapping[str, ShippedPolicy]
    guardrails: tuple[Policies, ...]
    options: EvaluationOptions
    actions: tuple[str, ...]


def differences(before: Blueprint, after: Blueprint, around: Surroundings) -> list[Difference] | None:
    """Every gain and loss, by who, gains first; None if there is too much to look at.

    Raises MalformedPolicyDocument for a document that could not be saved.
    """
    # What is kept already counts even if the grammar has grown stricter since.
    one, two = _Side(before, around, stored=True), _Side(after, around, stored=False)
    actions = _actions(one, two, around)
    touched = sorted({*one.texts} | {*two.texts})
    changed = [who for who in touched if one.texts.get(who) != two.texts.get(who)]
    if len(changed) * len(actions) > _LARGEST:
        return None
    found: list[Difference] = []
    for who in changed:
        found += _compared(who, one.reach(who, actions), two.reach(who, actions))
    found += _assuming(one, two)
    return sorted(found, key=lambda item: (item.who, not item.gains, item.action))


class _Side:
    """One of the two blueprints, as the engine reads it."""

    def __init__(self, blueprint: Blueprint, around: Surroundings, *, stored: bool) -> None:
        self._blueprint = blueprint
        self._stored = stored
        self._read: dict[tuple[str, PolicyKind], Policy] = {}
        self._around = around
        self.account = blueprint.account.account
        self._own = {
            iam_arn(around.partition, self.account, "policy", policy.path, policy.name): policy.document
            for policy in blueprint.policies.values()
        }
        self._holders: dict[str, Holder] = {}
        for kind, plans in (
            ("group", blueprint.groups),
            ("role", blueprint.roles),
            ("user", blueprint.users),
        ):
            for plan in plans.values():
                self._holders[f"{kind}/{plan.name}"] = plan
        # What decides about each, as text: who has the same before and after is not looked at.
        self.texts = {who: self._texts(plan) for who, plan in self._holders.items()}

    def reach(self, who: str, actions: Iterable[str]) -> Mapping[str, Reach]:
        """What somebody can do, by action; for who is not there, what anybody can without a policy."""
        plan = self._holders.get(who) or UserPlan("nobody")
        subject = self._subject(plan)
        bare = Place("", ResourceLayers(), self.account)
        found = access.what_can(subject, actions, bare, (), {}, self._around.options)
        return {item.action: item for item in found}

    def assuming(self, roles: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Who can assume which of these roles, without conditions that nobody knows yet."""
        subjects = [
            (who, self._subject(plan))
            for who, plan in self._holders.items()
            if not isinstance(plan, GroupPlan) and (not isinstance(plan, UserPlan) or plan.enabled)
        ]
        for name in roles:
            role = self._blueprint.roles.get(name)
            if role is None:
                continue
            arn = self._arn("role", role.path, role.name)
            trust = self._policy(role.trust, PolicyKind.TRUST, "trust policy")
            place = Place(arn, ResourceLayers(policies=(trust,)), self.account)
            for who, subject in subjects:
                found = access.access(subject, _ASSUME, place, {}, self._around.options)
                if found is not None:
                    yield who, arn

    def trusts(self) -> Mapping[str, str]:
        """Trust policies by role."""
        return {key: role.trust for key, role in self._blueprint.roles.items()}

    def written(self) -> Iterator[str]:
        """Actions that documents write out."""
        for plan in self._holders.values():
            for attached in self._identity(plan):
                for statement in attached.policy.statements:
                    for element in statement.actions:
                        if action_fault(element.text) is None:
                            yield element.text

    def _texts(self, plan: Holder) -> tuple[object, ...]:
        named = tuple((arn, self._text(arn)) for arn in plan.attached)
        own: tuple[object, ...] = (tuple(sorted(plan.inline.items())), named)
        if isinstance(plan, GroupPlan):
            return own
        bound = None if plan.boundary is None else self._text(plan.boundary)
        tags = tuple(sorted(plan.tags.items()))
        more = (plan.groups, plan.enabled) if isinstance(plan, UserPlan) else ()
        return (*own, bound, tags, plan.path, *more)

    def _text(self, arn: str) -> str:
        shipped = self._around.shipped.get(arn)
        return shipped.text if shipped is not None else self._own.get(arn, "")

    def _policy(self, text: str, kind: PolicyKind, name: str) -> AttachedPolicy:
        read = self._read.get((text, kind))
        if read is None:
            operators = self._around.options.operators
            read = parse(text, kind, stored=self._stored, operators=operators)
            self._read[text, kind] = read
        return AttachedPolicy(read, PolicySource(name))

    def _identity(self, plan: Holder) -> Policies:
        held = [self._policy(text, PolicyKind.IDENTITY, name) for name, text in plan.inline.items()]
        held += [
            self._policy(text, PolicyKind.IDENTITY, arn) for arn in plan.attached if (text := self._text(arn))
        ]
        for name in plan.groups if isinstance(plan, UserPlan) else ():
            group = self._blueprint.groups.get(name_key(name))
            held += [] if group is None else self._identity(group)
        return tuple(held)

    def _subject(self, plan: Holder) -> Subject:
        kind = "user" if isinstance(plan, UserPlan | GroupPlan) else "role"
        arn = self._arn(kind, plan.path, plan.name)
        boundary: Policies | None = None
        tags: Mapping[str, str] = {}
        if not isinstance(plan, GroupPlan):
            tags = plan.tags
            if plan.boundary is not None:
                text = self._text(plan.boundary)
                boundary = (self._policy(text, PolicyKind.BOUNDARY, plan.boundary),) if text else ()
        identity = () if isinstance(plan, UserPlan) and not plan.enabled else self._identity(plan)
        layers = CallerLayers(identity=identity, boundary=boundary, guardrails=self._around.guardrails)
        caller = (
            Caller(
                CallerKind.ROLE_SESSION,
                f"arn:{self._around.partition}:sts::{self.account}:assumed-role/{plan.name}/{_SESSION}",
                self.account,
                issuer_arn=arn,
                bounded=boundary is not None,
            )
            if kind == "role"
            else Caller(CallerKind.USER, arn, self.account, bounded=boundary is not None)
        )
        keys: dict[str, ContextValue] = {
            "aws:PrincipalAccount": self.account,
            "aws:PrincipalArn": arn,
            "aws:PrincipalType": str(caller.kind),
        }
        if isinstance(plan, UserPlan):
            keys["aws:username"] = plan.name
        keys |= {f"aws:PrincipalTag/{key}": value for key, value in tags.items() if value}
        return Subject(arn, kind, caller, layers, keys)

    def _arn(self, kind: str, path: str, name: str) -> str:
        return iam_arn(self._around.partition, self.account, kind, path, name)


def _actions(one: _Side, two: _Side, around: Surroundings) -> tuple[str, ...]:
    known = {name.lower(): name for name in around.actions}
    for side in (one, two):
        for name in side.written():
            known.setdefault(name.lower(), name)
    return tuple(known.values())


def _compared(who: str, before: Mapping[str, Reach], after: Mapping[str, Reach]) -> Iterator[Difference]:
    for action in dict.fromkeys((*before, *after)):
        old, new = before.get(action), after.get(action)
        if old == new:
            continue
        was, now = _patterns(old), _patterns(new)
        conditions = (old.keys if old else ()) != (new.keys if new else ())
        gained = tuple(sorted(now - was)) or (tuple(sorted(now)) if conditions and now == was else ())
        lost = tuple(sorted(was - now)) or (tuple(sorted(was)) if conditions and now == was else ())
        if gained and new is not None:
            yield Difference(who, True, action, gained, new.keys)
        if lost and old is not None:
            yield Difference(who, False, action, lost, old.keys)


def _patterns(reach: Reach | None) -> frozenset[str]:
    return frozenset() if reach is None else frozenset(reach.patterns)


def _assuming(one: _Side, two: _Side) -> Iterator[Difference]:
    old, new = one.trusts(), two.trusts()
    roles = sorted(key for key in {*old} | {*new} if old.get(key) != new.get(key))
    before, after = set(one.assuming(roles)), set(two.assuming(roles))
    for who, arn in after - before:
        yield Difference(who, True, _ASSUME, (arn,))
    for who, arn in before - after:
        yield Difference(who, False, _ASSUME, (arn,))
