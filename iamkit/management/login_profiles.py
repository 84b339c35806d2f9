"""Operations on passwords: a login profile is the fact that a user has one (CAP-C1, C2).

Hashing is done in the preparing step, before the writing unit opens.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from iamkit.credentials import passwords
from iamkit.credentials.hashing import HashedPassword
from iamkit.credentials.passwords import PasswordRecord
from iamkit.credentials.secret import Secret
from iamkit.credentials.throttle import known_subject
from iamkit.errors import EntityAlreadyExists, InputError, InvalidCredentials, InvalidUserType, NoSuchEntity
from iamkit.identity import users
from iamkit.identity.users import User
from iamkit.management import targets
from iamkit.management.operation import Asks, Preparation, Work, operation
from iamkit.policy.request import CallerKind


@dataclass(frozen=True, slots=True)
class LoginProfile:
    """That a user has a password, since when, and whether it must be changed at the next sign-in."""

    user_name: str
    created_at: datetime
    password_reset_required: bool


def _hashed(preparation: Preparation, user_name: str, password: Secret, user: User | None) -> HashedPassword:
    new = preparation.services.passwords
    wanted = new.wanted(preparation.reader, preparation.account, user_name, user)
    return new.hashed(wanted, password.reveal())


def _create_prepare(
    preparation: Preparation, *, user_name: str, password: Secret, **_others: object
) -> HashedPassword:
    user = users.find(preparation.reader, preparation.account, user_name)
    return _hashed(preparation, user_name, password, user)


def _create_asks(work: Work, *, user_name: str, **_others: object) -> Asks:
    return targets.user(work, user_name)


@operation("iam:CreateLoginProfile", access="Write", on=("user",), asks=_create_asks, prepare=_create_prepare)
def create_login_profile(
    work: Work,
    *,
    user_name: str,
    password: Secret,  # noqa: ARG001  # prepared
    password_reset_required: bool = False,
) -> LoginProfile:
    """Give a user a password. Raises EntityAlreadyExists if it has one, PasswordPolicyViolation."""
    user = users.get(work.unit, work.account, user_name)
    targets.refuse_narrowed(work, user)
    if passwords.find(work.unit, user.user_id) is not None:
        raise EntityAlreadyExists(f"user `{user.name}` has a password already; update it")
    return _put(work, user, must_change=password_reset_required)


def _named_asks(work: Work, *, user_name: str | None = None) -> Asks:
    return targets.user(work, user_name)


@operation("iam:GetLoginProfile", access="Read", on=("user",), asks=_named_asks)
def get_login_profile(work: Work, *, user_name: str | None = None) -> LoginProfile:
    """Whether a user (default: the caller) has a password. Raises NoSuchEntity if not."""
    user = users.get(work.unit, work.account, targets.own_name(work, user_name))
    return _face(user, _kept(work, user))


def _update_prepare(
    preparation: Preparation, *, user_name: str, password: Secret | None = None, **_others: object
) -> HashedPassword | None:
    if password is None:
        return None
    user = users.find(preparation.reader, preparation.account, user_name)
    return _hashed(preparation, user_name, password, user)


def _update_asks(work: Work, *, user_name: str, **_others: object) -> Asks:
    return targets.user(work, user_name)


@operation("iam:UpdateLoginProfile", access="Write", on=("user",), asks=_update_asks, prepare=_update_prepare)
def update_login_profile(
    work: Work,
    *,
    user_name: str,
    password: Secret | None = None,
    password_reset_required: bool | None = None,
) -> None:
    """Replace a user's password, or have it changed at the next sign-in; ends the user's sessions."""
    user = users.get(work.unit, work.account, user_name)
    targets.refuse_narrowed(work, user)
    kept = _kept(work, user)
    if password is not None:
        must_change = kept.must_change if password_reset_required is None else password_reset_required
        _put(work, user, must_change=must_change)
    elif password_reset_required:
        passwords.require_change(work.unit, user.user_id)
    else:
        raise InputError("say what to update: a new `password`, or `password_reset_required`")


def _delete_asks(work: Work, *, user_name: str) -> Asks:
    return targets.user(work, user_name)


@operation("iam:DeleteLoginProfile", access="Write", on=("user",), asks=_delete_asks)
def delete_login_profile(work: Work, *, user_name: str) -> None:
    """Take a user's password away and end its sessions; access keys stay. Raises NoSuchEntity."""
    user = users.get(work.unit, work.account, user_name)
    _kept(work, user)
    passwords.remove(work.unit, user.user_id, now=work.house.now())


@dataclass(frozen=True, slots=True)
class _Change:
    """A password change as prepared: the record that was verified, if the old password was right."""

    verified: PasswordRecord | None
    hashed: HashedPassword


def _change_prepare(
    preparation: Preparation, *, old_password: Secret, new_password: Secret
) -> _Change | None:
    if preparation.principal.caller.kind is not CallerKind.USER and not preparation.principal.is_root_user:
        return None
    person = targets.person(preparation, None)
    subject = known_subject(person.user_id)
    # Counted before it is checked, with the attempts at sign-in: no door has its own guesses (THR-P8).
    preparation.services.throttle.reserve(subject)
    kept = passwords.find(preparation.reader, person.user_id)
    hashed = _hashed(preparation, person.name, new_password, person)
    right = preparation.services.hasher.verify(kept.hashed if kept else None, old_password.reveal()).ok
    return _Change(kept if right else None, hashed)


def _change_asks(work: Work, **_others: object) -> Asks:
    if work.principal.caller.kind is not CallerKind.USER and not work.principal.is_root_user:
        raise InvalidUserType("only users change a password of their own; sign in as the user")
    return targets.user(work, None)


@operation("iam:ChangePassword", access="Write", on=("user",), asks=_change_asks, prepare=_change_prepare)
def change_password(work: Work, *, old_password: Secret, new_password: Secret) -> None:  # noqa: ARG001
    """Change the caller's password and end its sessions. Raises InvalidCredentials for a wrong old one."""
    change = work.prepared
    if not isinstance(change, _Change) or change.verified is None:
        raise InvalidCredentials("the old password is not right")
    passwords.put(
        work.unit,
        account=work.account,
        user_id=change.verified.user_id,
        hashed=change.hashed,
        must_change=False,
        now=work.house.now(),
        expected=change.verified,
    )
    work.services.throttle.reset(work.unit, known_subject(change.verified.user_id))


def _put(work: Work, user: User, *, must_change: bool) -> LoginProfile:
    hashed = work.prepared
    if not isinstance(hashed, HashedPassword):
        raise TypeError("the password was not prepared")
    made = passwords.put(
        work.unit,
        account=user.account,
        user_id=user.user_id,
        hashed=hashed,
        must_change=must_change,
        now=work.house.now(),
    )
    return _face(user, made)


def _kept(work: Work, user: User) -> PasswordRecord:
    kept = passwords.find(work.unit, user.user_id)
    if kept is None:
        raise NoSuchEntity(f"user `{user.name}` has no password")
    return kept


def _face(user: User, kept: PasswordRecord) -> LoginProfile:
    return LoginProfile(user.name, kept.created_at, kept.must_change)
