"""References: which user or role each principal of a resource or trust policy was at saving (SEM-P12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iamkit.storage import Reader, Unit, record


@dataclass(frozen=True, slots=True)
class ResolvedPolicy:
    """A checked resource or trust policy, with the unique ids of the users and roles that it names."""

    text: str
    principal_ids: Mapping[str, str]


@record(
    "principal_reference",
    key=("account", "holder_arn", "principal_arn"),
    index=(("account", "holder_arn"), ("unique_id",)),
)
@dataclass(frozen=True, slots=True)
class PrincipalReference:
    """One principal named in the policy of `holder_arn`, which `account` holds."""

    account: str
    holder_arn: str
    principal_arn: str
    unique_id: str


def write(unit: Unit, account: str, holder_arn: str, principal_ids: Mapping[str, str]) -> None:
    """Replace the references of one policy."""
    remove(unit, account, holder_arn)
    for principal_arn, unique_id in principal_ids.items():
        unit.add(PrincipalReference(account, holder_arn, principal_arn, unique_id))


def remove(unit: Unit, account: str, holder_arn: str) -> None:
    """Forget the references of one policy."""
    unit.remove_all(PrincipalReference, {"account": account, "holder_arn": holder_arn})


def of_policy(reader: Reader, account: str, holder_arn: str) -> dict[str, str]:
    """Unique ids by the ARN written in the policy of `holder_arn`."""
    found = reader.find(PrincipalReference, {"account": account, "holder_arn": holder_arn})
    return {item.principal_arn: item.unique_id for item in found}


def to_principal(reader: Reader, unique_id: str) -> list[PrincipalReference]:
    """Every reference to one user or role, in any account."""
    return reader.find(PrincipalReference, {"unique_id": unique_id})
