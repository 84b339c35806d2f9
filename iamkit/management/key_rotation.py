"""Rotating access keys with an overlap, and telling which are old (CAP-C6).

Three steps, with time between them: a second key is made; when programs use it, the first is made inactive;
when nothing broke, it is deleted. No step leaves a user without an active key who had one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from iamkit.credentials import access_keys
from iamkit.credentials.access_keys import AccessKey, KeyStatus
from iamkit.credentials.secret import Secret
from iamkit.errors import InputError, ValidationError
from iamkit.identity import people, users
from iamkit.identity.users import User
from iamkit.management import access_keys as operations
from iamkit.management import targets
from iamkit.management.access_keys import AccessKeyFace, face
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page

BEGIN: Final = "begin"
FINISH: Final = "finish"
DELETE: Final = "delete"
# What each step does, each of which may be denied by itself.
_ALSO: Final = {
    BEGIN: "iam:CreateAccessKey",
    FINISH: "iam:UpdateAccessKey",
    DELETE: "iam:DeleteAccessKey",
}
# A key that was used within this time is still in use by somebody.
_LATELY: Final = timedelta(days=1)
_MOST_DAYS: Final = 36_600


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a step did. `key_id` is the key to use from now on, with its secret if it was just made.

    `old` is the other one as it was before the step, with when it was last used.
    """

    key_id: str
    old_key_id: str
    old: AccessKeyFace
    secret: Secret | None = None


def _asks(work: Work, *, user_name: str | None = None, step: str = BEGIN, **_others: object) -> Asks:
    also = _ALSO.get(step)
    if also is None:
        raise ValidationError(f"step `{step[:20]}` must be `begin`, `finish` or `delete`")
    return replace(targets.user(work, user_name), also=(also,))


@operation("iamkit:RotateAccessKey", access="Write", on=("user",), asks=_asks)
def rotate_access_key(
    work: Work, *, user_name: str | None = None, step: str = BEGIN, force: bool = False
) -> Rotation:
    """`begin` makes a second key, `finish` makes the older one inactive, `delete` deletes the inactive one.

    Finishing is refused while the older key was used within a day, or the newer never was, unless `force`.
    Raises InputError where there is nothing to do, or nothing would be left.
    """
    user = targets.person(work, user_name)
    held = access_keys.held_by(work.unit, user.user_id)
    if step == BEGIN:
        return _begun(work, user, user_name, held)
    newest = held[-1] if held else None
    others = [key for key in held[:-1] if key.active is (step == FINISH)]
    if newest is None or not newest.active or not others:
        raise InputError(
            f"user `{people.shown(user)}` has not an active key beside an older"
            f" {'active' if step == FINISH else 'inactive'} one; nothing was changed"
        )
    old = others[0]
    if step == FINISH:
        if not force:
            _refuse_in_use(newest, old, work.house.now())
        access_keys.set_status(work.unit, old.key_id, KeyStatus.INACTIVE, user_id=user.user_id)
    else:
        access_keys.remove(work.unit, old.key_id, user_id=user.user_id)
    return Rotation(newest.key_id, old.key_id, face(old, user))


def _begun(work: Work, user: User, user_name: str | None, held: list[AccessKey]) -> Rotation:
    active = [key for key in held if key.active]
    if not active:
        raise InputError(f"user `{people.shown(user)}` has no active key to rotate; make one")
    if len(held) > 1:
        raise InputError(
            f"user `{people.shown(user)}` has two keys; finish the rotation, or delete one of them"
        )
    made = operations.create_access_key.run(work, user_name=user_name)
    return Rotation(made.key.key_id, active[0].key_id, face(active[0], user), made.secret)


def _refuse_in_use(newest: AccessKey, old: AccessKey, now: datetime) -> None:
    if newest.last_used_at is None:
        raise InputError(f"key `{newest.key_id}` was never used; let programs use it first, or force it")
    if old.last_used_at is not None and now - old.last_used_at < _LATELY:
        when = old.last_used_at.strftime("%Y-%m-%d %H:%MZ")
        raise InputError(
            f"key `{old.key_id}` was used at {when}, so something needs it; find it, or force it"
        )


@dataclass(frozen=True, slots=True)
class AccessKeyAge:
    """A key with its age. `unused_days` counts from its last use, or from its making if there was none."""

    key: AccessKeyFace
    age_days: int
    unused_days: int


def _report_asks(work: Work, **_others: object) -> Asks:
    return targets.whole_account(work)


@operation("iamkit:ReportAccessKeys", access="List", asks=_report_asks)
def report_access_keys(
    work: Work, *, older_than_days: int = 0, unused_for_days: int = 0, active_only: bool = False
) -> Page[AccessKeyAge]:
    """The account's keys that are at least so old and were not used for so long, the oldest first."""
    for days in (older_than_days, unused_for_days):
        if not 0 <= days <= _MOST_DAYS:
            raise ValidationError(f"a number of days is 0 to {_MOST_DAYS}")
    now = work.house.now()
    found = []
    for key in work.unit.find(AccessKey, {"account": work.account}, order="created_at"):
        user = users.by_id(work.unit, key.user_id) or people.by_id(work.unit, key.user_id)
        age, unused = (now - key.created_at).days, (now - (key.last_used_at or key.created_at)).days
        wanted = age >= older_than_days and unused >= unused_for_days and (key.active or not active_only)
        if user is not None and wanted:
            found.append(AccessKeyAge(face(key, user), age, unused))
    return Page(tuple(found))
