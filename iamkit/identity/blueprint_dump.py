"""A blueprint from what AWS tells of an account: the JSON of `aws iam get-account-authorization-details`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from iamkit.errors import InputError
from iamkit.identity.blueprint import (
    AccountPlan,
    Blueprint,
    GroupPlan,
    Plan,
    PolicyPlan,
    ProfilePlan,
    RolePlan,
    UserPlan,
)

# Any: JSON of somebody else's making, looked at member by member.
Data = Mapping[str, Any]


def blueprint_of(text: str, account: str) -> Blueprint:
    """The blueprint of a dump. Raises InputError for what is none.

    What a dump does not tell (descriptions of roles, longest sessions, providers) is as by default.
    """
    try:
        data = json.loads(text)
        return Blueprint.of((AccountPlan(account), *_plans(data)))
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        what = f"it lacks {fault}" if isinstance(fault, KeyError) else str(fault)[:200]
        raise InputError(f"this is no dump of authorization details: {what}") from None


def _plans(data: Data) -> Iterator[Plan]:
    for user in data["UserDetailList"]:
        yield UserPlan(
            name=user["UserName"],
            path=user["Path"],
            tags=_tags(user),
            boundary=_boundary(user),
            groups=tuple(sorted(user.get("GroupList", ()))),
            attached=_attached(user),
            inline=_inline(user.get("UserPolicyList", ())),
        )
    for group in data["GroupDetailList"]:
        yield GroupPlan(
            name=group["GroupName"],
            path=group["Path"],
            attached=_attached(group),
            inline=_inline(group.get("GroupPolicyList", ())),
        )
    profiles: dict[str, Plan] = {}
    for role in data["RoleDetailList"]:
        yield RolePlan(
            name=role["RoleName"],
            trust=_document(role["AssumeRolePolicyDocument"]),
            path=role["Path"],
            tags=_tags(role),
            boundary=_boundary(role),
            attached=_attached(role),
            inline=_inline(role.get("RolePolicyList", ())),
        )
        for profile in role.get("InstanceProfileList", ()):
            profiles[profile["Arn"]] = ProfilePlan(
                profile["InstanceProfileName"], profile["Path"], role["RoleName"], _tags(profile)
            )
    yield from profiles.values()
    for policy in data["Policies"]:
        if policy["Arn"].split(":")[4] == "aws":
            continue  # shipped, not the account's own
        yield PolicyPlan(
            name=policy["PolicyName"],
            versions={
                version["VersionId"]: _document(version["Document"])
                for version in policy["PolicyVersionList"]
            },
            default=policy["DefaultVersionId"],
            path=policy["Path"],
            description=policy.get("Description", ""),
        )


def _document(found: object) -> str:
    """A document as JSON, as the command line of AWS prints it, or percent-encoded, as the wire has it."""
    if isinstance(found, str):
        return unquote(found) if found.lstrip().startswith("%") else found
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False)


def _inline(found: list[Data]) -> dict[str, str]:
    return {item["PolicyName"]: _document(item["PolicyDocument"]) for item in found}


def _attached(found: Data) -> tuple[str, ...]:
    return tuple(sorted(item["PolicyArn"] for item in found.get("AttachedManagedPolicies", ())))


def _boundary(found: Data) -> str | None:
    arn: str | None = (found.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    return arn


def _tags(found: Data) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}
