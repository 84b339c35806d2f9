"""Simulation: what a user, group or role could do, asked of the engine that guards everything."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from iamkit.arn import Arn
from iamkit.errors import InputError, NoSuchEntity
from iamkit.identity import groups, roles, users
from iamkit.ids import checked_account_id
from iamkit.management.operation import Asks, Work, operation
from iamkit.policy import Explanation, evaluate, explain
from iamkit.policy.decision import Decision
from iamkit.policy.layers import CallerLayers
from iamkit.policy.request import AccessRequest, Caller, CallerKind, Context, ContextValue

_LARGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """The decision about one action on one resource, and why, if that was asked for."""

    action: str
    resource: str
    decision: Decision
    explanation: Explanation | None = None


def _asks(work: Work, *, policy_source_arn: str, **_others: object) -> Asks:
    return Asks((str(_source(work, policy_source_arn)),))


@operation("iam:SimulatePrincipalPolicy", access="Read", on=("user", "group", "role"), asks=_asks)
def simulate_principal_policy(
    work: Work,
    *,
    policy_source_arn: str,
    action_names: Sequence[str],
    resource_arns: Sequence[str] = ("*",),
    context_entries: Mapping[str, ContextValue] | None = None,
    resource_owner: str | None = None,
    explained: bool = False,
) -> tuple[SimulationResult, ...]:
    """Decide every action on every resource as if the user, a role session or a member of the group asked.

    The stored resource policies and guardrails count; `context_entries` are added to the keys that every
    request of that principal has. Nothing is recorded as a decision. Raises NoSuchEntity, InputError.
    """
    if len(action_names) * len(resource_arns) > _LARGEST:
        raise InputError(f"at most {_LARGEST} pairs of action and resource can be simulated at once")
    if resource_owner is not None:
        checked_account_id(resource_owner)
    caller, layers, keys = _simulated(work, policy_source_arn)
    try:
        context = Context({**keys, **(context_entries or {})})
    except ValueError as fault:
        raise InputError(str(fault)) from fault
    results = []
    for action in action_names:
        for resource in resource_arns:
            owner = resource_owner or _account_of(resource) or work.account
            asked = AccessRequest(caller, action, resource, context, owner)
            around = work.services.resource_layers.layers(resource, owner)
            options = work.services.options
            decision = evaluate(asked, layers, around, options=options)
            why = explain(asked, layers, around, options=options) if explained else None
            results.append(SimulationResult(action, resource, decision, why))
    return tuple(results)


def _source(work: Work, text: str) -> Arn:
    arn = Arn.parse(text)
    if arn.service != "iam" or arn.account != work.account:
        raise InputError(f"`{text[:200]}` is no user, group or role of this account")
    return arn


def _simulated(work: Work, text: str) -> tuple[Caller, CallerLayers, dict[str, ContextValue]]:
    """The caller, layers and condition keys of the principal with that ARN."""
    arn, reader = _source(work, text), work.services.caller_layers
    account = work.account
    keys: dict[str, ContextValue] = {"aws:PrincipalAccount": account}
    if arn.resource_type == "user":
        user = users.find(work.unit, account, arn.name)
        if user is not None and user.arn == text:
            caller = Caller(
                CallerKind.USER,
                user.arn,
                account,
                unique_id=user.user_id,
                bounded=user.boundary is not None,
            )
            keys |= {"aws:username": user.name, "aws:userid": user.user_id}
            return caller, reader.of_user(work.unit, user), _with_tags(keys, caller.arn, caller, user.tags)
    elif arn.resource_type == "role":
        role = roles.find(work.unit, account, arn.name)
        if role is not None and role.arn == text:
            session = f"arn:{arn.partition}:sts::{account}:assumed-role/{role.name}/simulation"
            caller = Caller(
                CallerKind.ROLE_SESSION,
                session,
                account,
                issuer_arn=role.arn,
                unique_id=role.role_id,
                bounded=role.boundary is not None,
            )
            keys["aws:userid"] = f"{role.role_id}:simulation"
            return caller, reader.of_role(work.unit, role), _with_tags(keys, role.arn, caller, role.tags)
    elif arn.resource_type == "group":
        group = groups.find(work.unit, account, arn.name)
        if group is not None and group.arn == text:
            # Somebody who has nothing but what the group gives.
            member = f"arn:{arn.partition}:iam::{account}:user/{group.name}-member"
            caller = Caller(CallerKind.USER, member, account)
            layers = CallerLayers(
                identity=reader.held(work.unit, group.holder),
                guardrails=reader.guardrails(work.unit, account),
            )
            return caller, layers, _with_tags(keys, member, caller, {})
    raise NoSuchEntity(f"there is no user, group or role `{text[:200]}`")


def _with_tags(
    keys: dict[str, ContextValue], arn: str, caller: Caller, tags: Mapping[str, str]
) -> dict[str, ContextValue]:
    keys |= {"aws:PrincipalArn": arn, "aws:PrincipalType": str(caller.kind)}
    keys |= {f"aws:PrincipalTag/{key}": value for key, value in tags.items() if value}
    return keys


def _account_of(resource: str) -> str:
    # As the gate reads it: of a shipped policy, `aws` is no account.
    parts = resource.split(":", 5)
    return parts[4] if len(parts) == 6 and re.fullmatch("[0-9]{12}", parts[4], re.ASCII) else ""
