"""Rewriting resource and trust policies when a principal they name is renamed or goes (SEM-P12, CAP-B16).

A rename is followed in the text, because the policy means the user and not the name. When a user or role
goes, the text shows its unique id in place of its ARN, as AWS does: the entry matches nobody, and saving
the text again is refused until somebody looks at it, so a re-created name regains nothing by that either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from iamkit import epochs
from iamkit.errors import EvaluationError, InputError
from iamkit.identity import documents, naming, references, roles
from iamkit.identity.house import House
from iamkit.identity.resource_policies import ResourcePolicy
from iamkit.identity.roles import Role
from iamkit.policy import parse
from iamkit.policy.model import PolicyKind
from iamkit.storage import Unit


def follow(unit: Unit, house: House, unique_id: str, *, old_arn: str, new_arn: str) -> int:
    """Write `new_arn` wherever a policy names that principal as `old_arn`. Returns how many changed."""
    changed = 0
    for item in references.to_principal(unit, unique_id):
        if item.principal_arn == old_arn:
            _rewrite(unit, house, item.account, item.holder_arn, {old_arn: new_arn}, unique_id)
            changed += 1
    return changed


def forget(unit: Unit, house: House, unique_id: str) -> int:
    """Write the unique id wherever a policy names a principal that goes. Returns how many changed."""
    holders: dict[tuple[str, str], dict[str, str]] = {}
    for item in references.to_principal(unit, unique_id):
        holders.setdefault((item.account, item.holder_arn), {})[item.principal_arn] = unique_id
    for (account, holder_arn), names in holders.items():
        _rewrite(unit, house, account, holder_arn, names, None)
    return len(holders)


def _rewrite(
    unit: Unit, house: House, account: str, holder_arn: str, names: Mapping[str, str], unique_id: str | None
) -> None:
    """Replace principals in one policy; its references follow and point to `unique_id`, if there is one."""
    ids = references.of_policy(unit, account, holder_arn)
    for old, new in names.items():
        ids.pop(old, None)
        if unique_id is not None:
            ids[new] = unique_id
    stored = unit.get(ResourcePolicy, (account, holder_arn))
    if stored is not None:
        text = _renamed(house, documents.text_of(unit, stored.digest), PolicyKind.RESOURCE, names)
        unit.change(ResourcePolicy, (account, holder_arn), {"digest": documents.keep(unit, text)})
    else:
        role = _role_with(unit, account, holder_arn)
        if role is None:
            return
        text = _renamed(house, documents.text_of(unit, role.trust_digest), PolicyKind.TRUST, names)
        unit.change(Role, (role.role_id,), {"trust_digest": documents.keep(unit, text)})
        unit.bump(epochs.principal(role.role_id))
    references.write(unit, account, holder_arn, ids)
    unit.bump(epochs.resources_of(account))


def _role_with(unit: Unit, account: str, arn: str) -> Role | None:
    role = roles.find(unit, account, arn.rsplit("/", 1)[-1])
    return role if role is not None and role.arn == arn else None


def _renamed(house: House, text: str, kind: PolicyKind, names: Mapping[str, str]) -> str:
    """`text` with each principal of `names` replaced and not a character else touched."""
    try:
        policy = parse(text, kind, stored=True, operators=house.operators)
    except InputError as fault:
        raise EvaluationError(f"a policy that names this principal no longer parses: {fault}") from fault
    spots = sorted(
        {
            (entry.span.start, entry.span.end): names[entry.text]
            for entry in naming.principal_entries(policy)
            if entry.text in names
        }.items(),
        reverse=True,
    )
    for (start, end), name in spots:
        text = text[:start] + json.dumps(name) + text[end:]
    return text
