"""Bringing users in from other software, with the password hashes that it made; a batch is one unit of work.

A user who is there already is left exactly as it is: an import never changes a password, and never gives
anybody what somebody else of the same name had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from iamkit.credentials import foreign_hashes, mail_address, passwords
from iamkit.credentials.hashing import FOREIGN, HashedPassword
from iamkit.credentials.secret import Secret
from iamkit.errors import InputError, ValidationError
from iamkit.identity import users as user_records
from iamkit.identity.users import User
from iamkit.ids import checked_name, checked_path, name_key
from iamkit.management.operation import Asks, Work, operation

# How many at once: so long is the store held for one writer.
LARGEST: Final = 500


@dataclass(frozen=True, slots=True)
class ImportedUser:
    """A user as other software has it; without a hash it gets no password."""

    user_name: str
    email: str | None = None
    password_hash: str | None = field(default=None, repr=False)
    enabled: bool = True
    email_verified: bool = False

    def __str__(self) -> str:
        return self.user_name


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of a batch: who was made, and the names of who was there already."""

    created: tuple[User, ...]
    present: tuple[str, ...]


def examine(user: object) -> ImportedUser:
    """`user`, if it can be taken. Raises ValidationError saying why not, never quoting the hash."""
    if not isinstance(user, ImportedUser):
        raise ValidationError("an imported user is an `ImportedUser` with a name")
    checked_name("user", user.user_name)
    if user.email is not None:
        user = replace(user, email=mail_address.checked(user.email))
    if user.password_hash is not None:
        foreign_hashes.form_of(user.password_hash)
    return user


def _import_asks(work: Work, *, users: Sequence[ImportedUser], path: str = "/", **_others: object) -> Asks:
    checked_path(path)
    if not 1 <= len(users) <= LARGEST:
        raise InputError(f"import 1 to {LARGEST} users at once")
    names = [examine(user).user_name for user in users]
    if len({name_key(name) for name in names}) != len(names):
        raise InputError("two users of the batch have the same name; names differ by more than case")
    plain = [work.house.arn(work.account, "user", path, name) for name in names]
    found = [user_records.find(work.unit, work.account, name) for name in names]
    arns = [arn if user is None else user.arn for arn, user in zip(plain, found, strict=True)]
    # Whoever may not make users or give passwords may not do it by importing either.
    return Asks(tuple(arns), also=("iam:CreateUser", "iam:CreateLoginProfile"), shown=tuple(plain))


@operation("iamkit:ImportUsers", access="Write", on=("user",), asks=_import_asks)
def import_users(
    work: Work, *, users: Sequence[ImportedUser], path: str = "/", hash_key: Secret | None = None
) -> ImportResult:
    """Make those users who are not there yet, with their hashes; a hash is replaced at the next sign-in.

    `hash_key` is Flask-Security's SECURITY_PASSWORD_SALT, where it mixed passwords with it; it is kept
    sealed. Raises ValidationError, InputError, LimitExceeded, and nobody of the batch is made then.
    """
    key_id = ""
    if hash_key is not None:
        key_id = work.services.hasher.adopt_key(work.unit, _key_bytes(hash_key))
    created: list[User] = []
    present: list[str] = []
    for given in users:
        if user_records.find(work.unit, work.account, given.user_name) is not None:
            present.append(given.user_name)
            continue
        created.append(_made(work, examine(given), path, key_id))
    return ImportResult(tuple(created), tuple(present))


def _made(work: Work, given: ImportedUser, path: str, key_id: str) -> User:
    now = work.house.now()
    user = user_records.create(
        work.unit, work.house, account=work.account, name=given.user_name, path=path, email=given.email
    )
    if given.email is not None and given.email_verified:
        user = user_records.set_email(work.unit, user, email=given.email, verified_at=now)
    if not given.enabled:
        user = user_records.set_enabled(work.unit, user, enabled=False)
    if given.password_hash is not None:
        passwords.put(
            work.unit,
            account=work.account,
            user_id=user.user_id,
            hashed=HashedPassword(given.password_hash, FOREIGN, key_id),
            must_change=False,
            now=now,
        )
    return user


def _key_bytes(key: Secret) -> bytes:
    try:
        raw = key.reveal().encode("utf-8")
    except UnicodeEncodeError:
        raise ValidationError("the hash key must be well-formed Unicode text") from None
    if not 1 <= len(raw) <= 4096:
        raise ValidationError("the hash key must have 1 to 4096 bytes")
    return raw
