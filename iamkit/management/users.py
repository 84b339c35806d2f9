"""Operations on users (CAP-B1, B2, B16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from iamkit.credentials import sessions, temporary
from iamkit.identity import boundaries, departures, moves, users
from iamkit.identity.users import User
from iamkit.ids import checked_name, checked_path
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page, page


def create_asks(
    work: Work,
    *,
    user_name: str,
    path: str = "/",
    permissions_boundary: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> Asks:
    """What to ask for making a user."""
    arn = work.house.arn(work.account, "user", checked_path(path), checked_name("user", user_name))
    return Asks(
        (arn,),
        {**targets.boundary_key(permissions_boundary), **targets.request_tag_keys(tags)},
        also=("iam:TagUser",) if tags else (),
    )


@operation("iam:CreateUser", access="Write", on=("user",), asks=create_asks)
def create_user(
    work: Work,
    *,
    user_name: str,
    path: str = "/",
    permissions_boundary: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> User:
    """Make a user without credentials. Raises EntityAlreadyExists, LimitExceeded, NoSuchEntity (boundary)."""
    user = users.create(work.unit, work.house, account=work.account, name=user_name, path=path, tags=tags)
    if permissions_boundary is not None:
        user = boundaries.put(work.unit, work.house, user, permissions_boundary)
    return user


def _own_asks(work: Work, *, user_name: str | None = None) -> Asks:
    return targets.user(work, user_name)


@operation("iam:GetUser", access="Read", on=("user",), asks=_own_asks)
def get_user(work: Work, *, user_name: str | None = None) -> User:
    """A user; without a name, the caller. Raises NoSuchEntity."""
    return users.get(work.unit, work.account, targets.own_name(work, user_name))


def _list_asks(work: Work, *, path_prefix: str = "/", **_others: object) -> Asks:
    return targets.below(work, "user", path_prefix)


@operation("iam:ListUsers", access="List", on=("user",), asks=_list_asks)
def list_users(
    work: Work, *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
) -> Page[User]:
    """Users whose path begins with `path_prefix`, by name."""
    return page(
        lambda after, limit: users.listing(
            work.unit, work.account, path_prefix=path_prefix, after=after, limit=limit
        ),
        lambda user: user.name_key,
        marker=marker,
        max_items=max_items,
    )


def _update_asks(
    work: Work, *, user_name: str, new_user_name: str | None = None, new_path: str | None = None
) -> Asks:
    """The user as it is and as it will be: moving somebody into or out of a path needs both."""
    if new_user_name is not None:
        checked_name("user", new_user_name)
    asks = targets.user(work, user_name)
    found = users.find(work.unit, work.account, user_name)
    return targets.moved(work, asks, "user", found, new_user_name, new_path)


@operation("iam:UpdateUser", access="Write", on=("user",), asks=_update_asks)
def update_user(
    work: Work, *, user_name: str, new_user_name: str | None = None, new_path: str | None = None
) -> User:
    """Rename or move a user. The id, credentials, groups and policies stay; principals in policies follow."""
    user = users.get(work.unit, work.account, user_name)
    return moves.rename_user(work.unit, work.house, user, name=new_user_name, path=new_path)


# What taking everything off a user does, each of which may be denied on its own.
_CASCADE: Final = (
    "iam:DeleteAccessKey",
    "iam:DeleteLoginProfile",
    "iam:DeleteSSHPublicKey",
    "iam:DeleteServiceSpecificCredential",
    "iam:DeleteSigningCertificate",
    "iam:DeleteUserPermissionsBoundary",
    "iam:DeleteUserPolicy",
    "iam:DetachUserPolicy",
)


def _delete_asks(work: Work, *, user_name: str, cascade: bool = False) -> Asks:
    asks = targets.user(work, user_name)
    return replace(asks, also=_CASCADE) if cascade else asks


@operation("iam:DeleteUser", access="Write", on=("user",), asks=_delete_asks)
def delete_user(work: Work, *, user_name: str, cascade: bool = False) -> None:
    """Remove a user; with `cascade`, everything that hangs on it too. Raises DeleteConflict, NoSuchEntity."""
    departures.delete_user(
        work.unit, work.house, users.get(work.unit, work.account, user_name), cascade=cascade
    )


def _named_asks(work: Work, *, user_name: str) -> Asks:
    return targets.user(work, user_name)


@operation("iamkit:DisableUser", access="Write", on=("user",), asks=_named_asks)
def disable_user(work: Work, *, user_name: str) -> User:
    """Refuse a user from the next request on, by any credential, and end all sessions (CAP-B16)."""
    user = users.set_enabled(work.unit, users.get(work.unit, work.account, user_name), enabled=False)
    sessions.end_all(work.unit, account=user.account, user_id=user.user_id)
    temporary.end_all_from(work.unit, user.user_id)
    return user


@operation("iamkit:EnableUser", access="Write", on=("user",), asks=_named_asks)
def enable_user(work: Work, *, user_name: str) -> User:
    """Admit a disabled user again, with the groups, policies and keys it had; sessions stay ended."""
    return users.set_enabled(work.unit, users.get(work.unit, work.account, user_name), enabled=True)
