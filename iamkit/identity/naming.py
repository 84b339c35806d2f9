"""Naming: from the principals that a resource or trust policy writes to the users and roles they are now.

AWS keeps unique ids in place of names when such a policy is saved, so that a name which is given up and
taken again regains nothing (SEM-P12, CAP-B4). iamkit keeps the ids beside the text.
"""

from __future__ import annotations

from collections.abc import Iterator

from iamkit.arn import Arn
from iamkit.errors import InvalidArn, MalformedPolicyDocument
from iamkit.identity import accounts, documents, roles, users
from iamkit.identity.house import House
from iamkit.identity.references import ResolvedPolicy
from iamkit.policy.model import Policy, PolicyKind, PrincipalEntry
from iamkit.storage import Reader


def resolved(reader: Reader, house: House, text: str, kind: PolicyKind) -> ResolvedPolicy:
    """Check a resource or trust policy and find whom it names.

    A user or role of an account of this deployment must exist; other principals are kept as written.
    Raises MalformedPolicyDocument.
    """
    policy = documents.checked(text, kind, house.operators)
    house.accept(policy)
    ids: dict[str, str] = {}
    for entry in principal_entries(policy):
        if entry.text in ids:
            continue
        found = _unique_id(reader, house, entry)
        if found is not None:
            ids[entry.text] = found
    return ResolvedPolicy(text, ids)


def principal_entries(policy: Policy) -> Iterator[PrincipalEntry]:
    """Every entry of every Principal and NotPrincipal, in the order of the text."""
    for statement in policy.statements:
        yield from statement.principals or ()


def _unique_id(reader: Reader, house: House, entry: PrincipalEntry) -> str | None:
    """The unique id behind an entry, or None if it names no single user or role of this deployment."""
    if entry.type != "AWS" or not entry.text.startswith("arn:"):
        return None
    try:
        arn = Arn.parse(entry.text)
    except InvalidArn:
        return None
    if arn.partition != house.partition or accounts.find(reader, arn.account) is None:
        return None
    kind = arn.resource_type
    if arn.service == "iam" and kind == "user":
        user = users.find(reader, arn.account, arn.name)
        if user is not None and user.arn == entry.text:
            return user.user_id
    elif arn.service == "iam" and kind == "role":
        role = roles.find(reader, arn.account, arn.name)
        if role is not None and role.arn == entry.text:
            return role.role_id
    elif arn.service == "sts" and kind == "assumed-role":
        # A session's ARN carries the role's name without its path.
        parts = arn.resource.split("/")
        role = roles.find(reader, arn.account, parts[1]) if len(parts) == 3 else None
        if role is not None and role.name == parts[1]:
            return role.role_id
    else:
        return None
    raise MalformedPolicyDocument(
        f"line {entry.span.line}, column {entry.span.column}: the principal `{entry.text[:200]}` "
        "does not exist; write the ARN of an existing user or role, case and path included"
    )
