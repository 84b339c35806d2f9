"""The steps for what is no user, group or role: policies, profiles, policies of resources, the account."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from iamkit.arn import iam_arn
from iamkit.management import (
    accounts,
    guardrails,
    instance_profiles,
    password_policy,
    policies,
    resource_policies,
)
from iamkit.manifest.entries import (
    AccountEntry,
    GuardrailEntry,
    InstanceProfileEntry,
    PolicyEntry,
    ResourcePolicyEntry,
)
from iamkit.manifest.holders import tag_steps, tagged
from iamkit.manifest.steps import Stage, Step


def policy_arn(home: AccountEntry, entry: PolicyEntry) -> str:
    """The ARN of a policy of the account."""
    return iam_arn(home.partition, home.account, "policy", entry.path, entry.name)


def policy_steps(
    home: AccountEntry, before: PolicyEntry | None, after: PolicyEntry, *, most_versions: int
) -> Iterator[Step]:
    """From the managed policy that is there, or none, to the one that should be.

    A changed document is a new version in force; where there are too many, the oldest other one goes.
    """
    arn, shown = policy_arn(home, after), f"policy {after.name}"
    if before is None:
        params: dict[str, object] = {
            "policy_name": after.name,
            "policy_document": after.document.text,
            "path": after.path,
            "description": after.description,
        }
        if after.tags:
            params["tags"] = dict(after.tags)
        yield Step(Stage.NEW_POLICIES, policies.create_policy, params, f"create {shown}")
        return
    yield from tag_steps("policy_arn", arn, shown, before.tags, after.tags)
    if before.document != after.document:
        if len(before.other_versions) + 1 >= most_versions:
            oldest = before.other_versions[0]
            yield Step(
                Stage.DOCUMENTS,
                policies.delete_policy_version,
                {"policy_arn": arn, "version_id": oldest},
                f"delete version {oldest} of {shown}, to make room",
            )
        yield Step(
            Stage.DOCUMENTS,
            policies.create_policy_version,
            {"policy_arn": arn, "policy_document": after.document.text, "set_as_default": True},
            f"put a new version of {shown} in force",
            before.document.text,
        )


def policy_removal(home: AccountEntry, entry: PolicyEntry) -> Iterator[Step]:
    """A managed policy goes, with all its versions."""
    arn = policy_arn(home, entry)
    for version in entry.other_versions:
        yield Step(
            Stage.DELETE_POLICIES,
            policies.delete_policy_version,
            {"policy_arn": arn, "version_id": version},
            f"delete version {version} of policy {entry.name}",
        )
    yield Step(
        Stage.DELETE_POLICIES, policies.delete_policy, {"policy_arn": arn}, f"delete policy {entry.name}"
    )


def profile_steps(before: InstanceProfileEntry | None, after: InstanceProfileEntry) -> Iterator[Step]:
    """From the instance profile that is there, or none, to the one that should be."""
    named = {"instance_profile_name": after.name}
    shown = f"instance profile {after.name}"
    if before is None:
        params: dict[str, object] = {**named, "path": after.path}
        if after.tags:
            params["tags"] = dict(after.tags)
        yield Step(Stage.PROFILES, instance_profiles.create_instance_profile, params, f"create {shown}")
    else:
        yield from tagged(
            instance_profiles.tag_instance_profile,
            instance_profiles.untag_instance_profile,
            named,
            shown,
            before.tags,
            after.tags,
        )
    held = None if before is None else before.role
    if (held or "").lower() == (after.role or "").lower():
        return
    if held is not None:
        yield _emptied(after.name, held, Stage.REVOKE)
    if after.role is not None:
        yield Step(
            Stage.PROFILES,
            instance_profiles.add_role_to_instance_profile,
            {**named, "role_name": after.role},
            f"put role {after.role} into {shown}",
        )


def profile_removal(entry: InstanceProfileEntry) -> Iterator[Step]:
    """An instance profile goes; its role stays."""
    if entry.role is not None:
        yield _emptied(entry.name, entry.role, Stage.DELETE_PROFILES)
    yield Step(
        Stage.DELETE_PROFILES,
        instance_profiles.delete_instance_profile,
        {"instance_profile_name": entry.name},
        f"delete instance profile {entry.name}",
    )


def _emptied(profile: str, role: str, stage: Stage) -> Step:
    return Step(
        stage,
        instance_profiles.remove_role_from_instance_profile,
        {"instance_profile_name": profile, "role_name": role},
        f"take role {role} out of instance profile {profile}",
    )


def resource_steps(before: ResourcePolicyEntry | None, after: ResourcePolicyEntry) -> Iterator[Step]:
    """From the policy that stands on a resource, or none, to the one that should stand there."""
    verb = "set" if before is None else "replace"
    yield Step(
        Stage.RESOURCES,
        resource_policies.put_resource_policy,
        {"resource_arn": after.resource, "policy_document": after.document.text},
        f"{verb} the policy of {after.resource}",
        "" if before is None else before.document.text,
    )


def resource_removal(entry: ResourcePolicyEntry) -> Iterator[Step]:
    """The policy of a resource goes."""
    yield Step(
        Stage.DELETE_RESOURCES,
        resource_policies.delete_resource_policy,
        {"resource_arn": entry.resource},
        f"delete the policy of {entry.resource}",
    )


def guardrail_steps(
    before: GuardrailEntry | None, after: GuardrailEntry, target_id: Callable[[str], str]
) -> Iterator[Step]:
    """From the guardrail that is there, or none, to the one that should be. It limits before others grant."""
    named: dict[str, object] = {"name": after.name}
    if before is None:
        params = {**named, "policy_document": after.document.text, "kind": after.kind}
        params["description"] = after.description
        yield Step(Stage.NEW_POLICIES, guardrails.create_guardrail, params, f"create guardrail {after.name}")
    elif (before.document, before.description) != (after.document, after.description):
        yield Step(
            Stage.BOUNDARIES,
            guardrails.update_guardrail,
            {**named, "policy_document": after.document.text, "description": after.description},
            f"replace guardrail {after.name}",
            before.document.text,
        )
    had = () if before is None else before.targets
    for target in sorted(set(after.targets) - set(had)):
        yield Step(
            Stage.BOUNDARIES,
            guardrails.attach_guardrail,
            {"guardrail": after.name, "target_id": target_id(target)},
            f"put guardrail {after.name} on {target}",
        )
    for target in sorted(set(had) - set(after.targets)):
        yield _lifted(after.name, target, target_id, Stage.UNBOUND)


def guardrail_removal(entry: GuardrailEntry, target_id: Callable[[str], str]) -> Iterator[Step]:
    """A guardrail goes, from wherever it is."""
    for target in entry.targets:
        yield _lifted(entry.name, target, target_id, Stage.DELETE_POLICIES)
    yield Step(
        Stage.DELETE_POLICIES,
        guardrails.delete_guardrail,
        {"name": entry.name},
        f"delete guardrail {entry.name}",
    )


def _lifted(name: str, target: str, target_id: Callable[[str], str], stage: Stage) -> Step:
    return Step(
        stage,
        guardrails.detach_guardrail,
        {"guardrail": name, "target_id": target_id(target)},
        f"detach guardrail {name} from {target}",
    )


def settings_steps(before: AccountEntry, after: AccountEntry) -> Iterator[Step]:
    """From the alias and password policy that the account has to those that it should have."""
    if not after.describes_settings:
        return
    if after.alias is None and before.alias is not None:
        yield Step(
            Stage.SETTINGS,
            accounts.delete_account_alias,
            {"account_alias": before.alias},
            f"take the alias {before.alias} away",
        )
    elif after.alias is not None and after.alias != before.alias:
        yield Step(
            Stage.SETTINGS,
            accounts.create_account_alias,
            {"account_alias": after.alias},
            f"give the account the alias {after.alias}",
        )
    if after.password_policy is None and before.password_policy is not None:
        yield Step(
            Stage.SETTINGS,
            password_policy.delete_account_password_policy,
            {},
            "go back to the password policy of the profile",
        )
    elif after.password_policy is not None and after.password_policy != before.password_policy:
        yield Step(
            Stage.SETTINGS,
            password_policy.update_account_password_policy,
            dataclasses.asdict(after.password_policy),
            "set the password policy",
        )
