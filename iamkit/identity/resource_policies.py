"""Resource policies: who may do what with one resource, kept by its ARN (CAP-E5).

Roles have a trust policy instead, kept with the role; other entities of iamkit itself have none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from iamkit import epochs
from iamkit.arn import Arn
from iamkit.errors import InputError, LimitExceeded, NoSuchEntity
from iamkit.identity import documents, naming, references
from iamkit.identity.house import House
from iamkit.policy.model import PolicyKind
from iamkit.storage import Reader, Unit, record

ARN_LENGTH: Final = 2048
_OWN_SERVICES: Final = frozenset({"iam", "sts", "iamkit"})


@record("resource_policy", key=("account", "resource_arn"), index=(("account",),))
@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """The policy of one resource. `account` owns the resource, also where the ARN names no account."""

    account: str
    resource_arn: str
    digest: str
    updated_at: datetime


def checked_arn(house: House, account: str, text: str) -> Arn:
    """A concrete ARN of a resource that `account` may keep a policy for. Raises InvalidArn, InputError."""
    arn = Arn.parse(text)
    if len(text) > ARN_LENGTH:
        raise InputError(f"a resource ARN must have at most {ARN_LENGTH} characters")
    if "*" in arn.resource or "?" in arn.resource:
        raise InputError(f"`{text[:200]}` is a pattern; a resource policy stands on one resource")
    if arn.partition != house.partition:
        raise InputError(f"`{text[:200]}` is not of the partition `{house.partition}` of this deployment")
    if arn.account not in ("", account):
        raise InputError(f"`{text[:200]}` belongs to account `{arn.account}`; that account keeps its policy")
    if arn.service in _OWN_SERVICES:
        raise InputError(
            f"`{text[:200]}` is an entity of iamkit and takes no resource policy; "
            "a role has a trust policy, the rest is granted by identity policies"
        )
    return arn


def put(unit: Unit, house: House, *, account: str, resource_arn: str, text: str) -> ResourcePolicy:
    """Save or replace the policy of a resource. Raises MalformedPolicyDocument, LimitExceeded."""
    checked_arn(house, account, resource_arn)
    # Half a pair of surrogates has no bytes; the parser says so below.
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > house.quotas.resource_policy_bytes:
        raise LimitExceeded(
            f"quota `resource_policy_bytes` is {house.quotas.resource_policy_bytes}, and this has {size}"
        )
    resolved = naming.resolved(unit, house, text, PolicyKind.RESOURCE)
    policy = ResourcePolicy(account, resource_arn, documents.keep(unit, text), house.now())
    unit.remove(ResourcePolicy, (account, resource_arn))
    unit.add(policy)
    references.write(unit, account, resource_arn, resolved.principal_ids)
    unit.bump(epochs.resources_of(account))
    return policy


def get(reader: Reader, *, account: str, resource_arn: str) -> ResourcePolicy:
    """The policy of a resource. Raises NoSuchEntity."""
    found = reader.get(ResourcePolicy, (account, resource_arn))
    if found is None:
        raise NoSuchEntity(f"resource `{resource_arn[:200]}` has no policy")
    return found


def listing(
    reader: Reader,
    account: str,
    *,
    arn_prefix: str = "",
    after: str | None = None,
    limit: int | None = None,
) -> list[ResourcePolicy]:
    """The policies that an account keeps, by ARN."""
    return reader.find(
        ResourcePolicy,
        {"account": account},
        prefix=("resource_arn", arn_prefix),
        order="resource_arn",
        after=after,
        limit=limit,
    )


def delete(unit: Unit, *, account: str, resource_arn: str) -> None:
    """Remove the policy of a resource. Raises NoSuchEntity."""
    if not unit.remove(ResourcePolicy, (account, resource_arn)):
        raise NoSuchEntity(f"resource `{resource_arn[:200]}` has no policy")
    references.remove(unit, account, resource_arn)
    unit.bump(epochs.resources_of(account))
