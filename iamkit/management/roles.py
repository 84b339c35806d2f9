"""Operations on roles and their trust policies (CAP-B6, B7)."""

from __future__ import annotations

from collections.abc import Mapping

from iamkit.identity import boundaries, departures, documents, naming, roles
from iamkit.identity.roles import Role
from iamkit.ids import checked_name, checked_path
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page, page
from iamkit.policy.model import PolicyKind


def _create_asks(
    work: Work,
    *,
    role_name: str,
    path: str = "/",
    permissions_boundary: str | None = None,
    tags: Mapping[str, str] | None = None,
    **_others: object,
) -> Asks:
    arn = work.house.arn(work.account, "role", checked_path(path), checked_name("role", role_name))
    return Asks(
        (arn,),
        {**targets.boundary_key(permissions_boundary), **targets.request_tag_keys(tags)},
        also=("iam:TagRole",) if tags else (),
    )


@operation("iam:CreateRole", access="Write", on=("role",), asks=_create_asks)
def create_role(
    work: Work,
    *,
    role_name: str,
    assume_role_policy_document: str,
    path: str = "/",
    description: str = "",
    max_session_duration: int = 3600,
    permissions_boundary: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> Role:
    """Make a role. Raises MalformedPolicyDocument (its trust policy), EntityAlreadyExists, LimitExceeded."""
    role = roles.create(
        work.unit,
        work.house,
        account=work.account,
        name=role_name,
        trust=naming.resolved(work.unit, work.house, assume_role_policy_document, PolicyKind.TRUST),
        path=path,
        description=description,
        max_session_seconds=max_session_duration,
        tags=tags,
    )
    if permissions_boundary is not None:
        role = boundaries.put(work.unit, work.house, role, permissions_boundary)
    return role


def _named_asks(work: Work, *, role_name: str) -> Asks:
    return targets.role(work, role_name)


@operation("iam:GetRole", access="Read", on=("role",), asks=_named_asks)
def get_role(work: Work, *, role_name: str) -> Role:
    """A role. Raises NoSuchEntity."""
    return roles.get(work.unit, work.account, role_name)


@operation("iamkit:GetAssumeRolePolicy", access="Read", on=("role",), asks=_named_asks)
def get_assume_role_policy(work: Work, *, role_name: str) -> str:
    """The text of a role's trust policy."""
    return documents.text_of(work.unit, roles.get(work.unit, work.account, role_name).trust_digest)


def _list_asks(work: Work, *, path_prefix: str = "/", **_others: object) -> Asks:
    return targets.below(work, "role", path_prefix)


@operation("iam:ListRoles", access="List", on=("role",), asks=_list_asks)
def list_roles(
    work: Work, *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
) -> Page[Role]:
    """Roles whose path begins with `path_prefix`, by name."""
    return page(
        lambda after, limit: roles.listing(
            work.unit, work.account, path_prefix=path_prefix, after=after, limit=limit
        ),
        lambda role: role.name_key,
        marker=marker,
        max_items=max_items,
    )


def _update_asks(work: Work, *, role_name: str, **_others: object) -> Asks:
    return targets.role(work, role_name)


@operation("iam:UpdateRole", access="Write", on=("role",), asks=_update_asks)
def update_role(
    work: Work, *, role_name: str, description: str | None = None, max_session_duration: int | None = None
) -> Role:
    """Change a role's description or longest session."""
    role = roles.get(work.unit, work.account, role_name)
    return roles.update(work.unit, role, description=description, max_session_seconds=max_session_duration)


def _description_asks(work: Work, *, role_name: str, **_others: object) -> Asks:
    return targets.role(work, role_name)


@operation("iam:UpdateRoleDescription", access="Write", on=("role",), asks=_description_asks)
def update_role_description(work: Work, *, role_name: str, description: str) -> Role:
    """Change a role's description. Raises NoSuchEntity, ValidationError."""
    return roles.update(work.unit, roles.get(work.unit, work.account, role_name), description=description)


def _trust_asks(work: Work, *, role_name: str, **_others: object) -> Asks:
    return targets.role(work, role_name)


@operation("iam:UpdateAssumeRolePolicy", access="Permissions management", on=("role",), asks=_trust_asks)
def update_assume_role_policy(work: Work, *, role_name: str, policy_document: str) -> None:
    """Replace a role's trust policy. Raises MalformedPolicyDocument, LimitExceeded."""
    role = roles.get(work.unit, work.account, role_name)
    trust = naming.resolved(work.unit, work.house, policy_document, PolicyKind.TRUST)
    roles.set_trust(work.unit, work.house, role, trust)


@operation("iam:DeleteRole", access="Write", on=("role",), asks=_named_asks)
def delete_role(work: Work, *, role_name: str) -> None:
    """Remove a role. Raises DeleteConflict while it has policies or is in an instance profile."""
    departures.delete_role(work.unit, work.house, roles.get(work.unit, work.account, role_name))
