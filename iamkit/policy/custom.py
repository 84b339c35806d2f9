"""Policies and callers that stand in no store: layers from bare documents, a caller from a bare ARN."""

from __future__ import annotations

from collections.abc import Iterable

from iamkit.errors import InvalidArn
from iamkit.policy.layers import AttachedPolicy, CallerLayers, Policies, PolicySource, ResourceLayers
from iamkit.policy.model import PolicyKind
from iamkit.policy.operators import STANDARD, OperatorTable
from iamkit.policy.parse import parse
from iamkit.policy.request import Caller, CallerKind


def custom_layers(
    policies: Iterable[str],
    boundaries: Iterable[str] | None = None,
    *,
    operators: OperatorTable = STANDARD,
) -> CallerLayers:
    """The caller's layers of documents that are attached nowhere, named as AWS's simulator names them.

    Raises MalformedPolicyDocument.
    """
    return CallerLayers(
        _listed(policies, PolicyKind.IDENTITY, "PolicyInputList", operators),
        None
        if boundaries is None
        else _listed(boundaries, PolicyKind.BOUNDARY, "PermissionsBoundaryPolicyInputList", operators),
    )


def custom_resource_layers(policy: str | None, *, operators: OperatorTable = STANDARD) -> ResourceLayers:
    """The layers of a resource with the given policy. Raises MalformedPolicyDocument."""
    if policy is None:
        return ResourceLayers()
    parsed = parse(policy, PolicyKind.RESOURCE, operators=operators)
    return ResourceLayers((AttachedPolicy(parsed, PolicySource("ResourcePolicy", "resource")),))


def _listed(texts: Iterable[str], kind: PolicyKind, name: str, operators: OperatorTable) -> Policies:
    return tuple(
        AttachedPolicy(parse(text, kind, operators=operators), PolicySource(f"{name}.{number}", "none"))
        for number, text in enumerate(texts, 1)
    )


def caller_named(arn: str) -> Caller:
    """A caller by its ARN alone: a user, an account's root, a role or a session. Raises InvalidArn."""
    parts = arn.split(":", 5)
    if len(parts) == 6 and parts[0] == "arn":
        _, _, service, _, account, resource = parts
        kind = resource.partition("/")[0]
        if service == "iam" and resource == "root":
            return Caller(CallerKind.ROOT, arn, account, unique_id=account)
        found = {
            ("iam", "user"): CallerKind.USER,
            ("iam", "role"): CallerKind.ROLE_SESSION,
            ("sts", "assumed-role"): CallerKind.ROLE_SESSION,
            ("sts", "federated-user"): CallerKind.FEDERATED_USER,
        }.get((service, kind))
        if found is not None and resource != kind:
            return Caller(found, arn, account, issuer_arn=arn if kind == "role" else "")
    raise InvalidArn(f"`{arn[:200]}` is not the ARN of a user, a role, a session or an account's root")
