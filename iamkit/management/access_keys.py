"""Operations on access keys (CAP-C6). The secret of a new one is in the result and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from iamkit.credentials import access_keys
from iamkit.credentials.access_keys import AccessKey, NewAccessKey
from iamkit.errors import AccessDenied, NoSuchEntity
from iamkit.identity import people, users
from iamkit.identity.users import User
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page


@dataclass(frozen=True, slots=True)
class AccessKeyFace:
    """An access key as people see it: everything but the secret."""

    key_id: str
    user_name: str
    status: str
    created_at: datetime
    last_used_at: datetime | None
    last_used_service: str | None
    last_used_region: str | None


def _own_asks(work: Work, *, user_name: str | None = None) -> Asks:
    return targets.user(work, user_name)


@operation("iam:CreateAccessKey", access="Write", on=("user",), asks=_own_asks)
def create_access_key(work: Work, *, user_name: str | None = None) -> NewAccessKey:
    """Make a key for a user (default: the caller). Raises LimitExceeded at two.

    Root users get none, unless the setting `root_access_keys` says so: such a key is the whole account.
    """
    user = _user(work, user_name)
    if people.is_root(user) and not work.house.root_access_keys:
        raise AccessDenied("root users have no access keys; make a user for what the key is for")
    targets.refuse_narrowed(work, user)
    targets.refuse_ending(work, user)
    house = work.house
    house.quotas.hold("access_keys_per_user", len(access_keys.held_by(work.unit, user.user_id)) + 1)
    return access_keys.create(
        work.unit,
        work.services.sealer,
        house.ids,
        account=user.account,
        user_id=user.user_id,
        now=house.now(),
    )


@operation("iam:ListAccessKeys", access="List", on=("user",), asks=_own_asks)
def list_access_keys(work: Work, *, user_name: str | None = None) -> Page[AccessKeyFace]:
    """The keys of a user (default: the caller), oldest first."""
    user = _user(work, user_name)
    return Page(tuple(face(key, user) for key in access_keys.held_by(work.unit, user.user_id)))


def _update_asks(work: Work, *, user_name: str | None = None, **_others: object) -> Asks:
    return targets.user(work, user_name)


@operation("iam:UpdateAccessKey", access="Write", on=("user",), asks=_update_asks)
def update_access_key(work: Work, *, access_key_id: str, status: str, user_name: str | None = None) -> None:
    """Make a key `Active` or `Inactive`; an inactive one is refused from the next request on."""
    user = _user(work, user_name)
    access_keys.set_status(work.unit, access_key_id, status, user_id=user.user_id)


def _delete_asks(work: Work, *, user_name: str | None = None, **_others: object) -> Asks:
    return targets.user(work, user_name)


@operation("iam:DeleteAccessKey", access="Write", on=("user",), asks=_delete_asks)
def delete_access_key(work: Work, *, access_key_id: str, user_name: str | None = None) -> None:
    """Remove a key for good. Raises NoSuchEntity."""
    access_keys.remove(work.unit, access_key_id, user_id=_user(work, user_name).user_id)


def _last_used_asks(work: Work, *, access_key_id: str) -> Asks:
    owner = _owner(work, access_key_id)
    # A denial tells neither whose key it is nor that there is one.
    return Asks(("*",)) if owner is None else replace(targets.user(work, owner.name), shown=("*",))


@operation("iam:GetAccessKeyLastUsed", access="Read", on=("user",), asks=_last_used_asks)
def get_access_key_last_used(work: Work, *, access_key_id: str) -> AccessKeyFace:
    """Whose a key is and when it was last used. Raises NoSuchEntity."""
    owner = _owner(work, access_key_id)
    if owner is None:
        raise NoSuchEntity(f"there is no access key `{access_key_id[:128]}`")
    return face(access_keys.get(work.unit, access_key_id, user_id=owner.user_id), owner)


def _user(work: Work, user_name: str | None) -> User:
    return targets.person(work, user_name)


def _owner(work: Work, key_id: str) -> User | None:
    key = work.unit.get(AccessKey, (key_id,))
    user = None if key is None else users.by_id(work.unit, key.user_id)
    return user if user is not None and user.account == work.account else None


def face(key: AccessKey, user: User) -> AccessKeyFace:
    """A key as people see it."""
    return AccessKeyFace(
        key.key_id,
        people.shown(user),
        key.status,
        key.created_at,
        key.last_used_at,
        key.last_used_service,
        key.last_used_region,
    )
