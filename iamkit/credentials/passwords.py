"""Passwords: the record of a user's password (the login profile), changing it, and those it had before.

Hashing takes milliseconds and is done before a writing unit opens; the functions that take a unit only write.
Every change bumps the principal's epoch and ends all its sessions (THR-P12).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from iamkit import epochs
from iamkit.credentials import links, sessions
from iamkit.credentials.hashing import HashedPassword
from iamkit.errors import ConcurrentModification, NoSuchEntity
from iamkit.storage import Reader, Unit, record


@record("password", key=("user_id",), index=(("account",),))
@dataclass(frozen=True, slots=True)
class PasswordRecord:
    """One user's password. `profile` names the cost it was hashed at, `pepper_key_id` the pepper."""

    user_id: str
    account: str
    hash: str = field(repr=False)
    profile: str
    pepper_key_id: str
    normalization: str
    # Which choosing of a password this is: new with each `put`, the same after a mere rehash.
    generation: str
    must_change: bool
    created_at: datetime
    changed_at: datetime
    # A first password that somebody else chose is good until then (None: no limit).
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    @property
    def hashed(self) -> HashedPassword:
        """What a Hasher verifies against."""
        return HashedPassword(self.hash, self.profile, self.pepper_key_id, self.normalization)


@record("password_history", key=("user_id", "generation"), index=(("user_id",),))
@dataclass(frozen=True, slots=True)
class FormerPassword:
    """A password that a user had before."""

    user_id: str
    generation: str
    hash: str = field(repr=False)
    profile: str
    pepper_key_id: str
    normalization: str
    ended_at: datetime


# As many as a policy can forbid to use again.
REMEMBERED: Final = 24


def find(reader: Reader, user_id: str) -> PasswordRecord | None:
    """The user's password record, or None if the user has no password."""
    return reader.get(PasswordRecord, (user_id,))


def decoy(reader: Reader, near: str) -> HashedPassword | None:
    """Somebody's hash, the same for the same text: what a name without a password is checked against, so that
    it costs what some password of this deployment costs (THR-P2). The answer is not to be used.
    """
    found = reader.find(PasswordRecord, order="user_id", after=near, limit=1) or reader.find(
        PasswordRecord, order="user_id", limit=1
    )
    return found[0].hashed if found else None


def put(
    unit: Unit,
    *,
    account: str,
    user_id: str,
    hashed: HashedPassword,
    must_change: bool,
    now: datetime,
    expires_at: datetime | None = None,
    expected: PasswordRecord | None = None,
) -> PasswordRecord:
    """Set the user's password and end all the user's sessions.

    With `expected`, only if the record is still the one that was verified; otherwise ConcurrentModification.
    """
    old = find(unit, user_id)
    if expected is not None and (old is None or old.generation != expected.generation):
        raise ConcurrentModification("the password was changed meanwhile; sign in again")
    made = PasswordRecord(
        user_id=user_id,
        account=account,
        hash=hashed.hash,
        profile=hashed.profile,
        pepper_key_id=hashed.pepper_id,
        normalization=hashed.normalization,
        # The hash begins with a fresh salt, so this never repeats.
        generation=hashlib.sha256(hashed.hash.encode()).hexdigest()[:32],
        must_change=must_change,
        created_at=old.created_at if old else now,
        changed_at=now,
        expires_at=expires_at,
        last_used_at=old.last_used_at if old else None,
    )
    if old is not None:
        _remember(unit, old, now)
    unit.remove(PasswordRecord, (user_id,))
    unit.add(made)
    # An invitation was for the first password, and there is one: it does not come back when that goes.
    links.void(unit, user_id, links.Purpose.INVITE)
    sessions.end_all(unit, account=account, user_id=user_id)
    unit.bump(epochs.principal(user_id))
    return made


def previous(reader: Reader, user_id: str, count: int) -> tuple[HashedPassword, ...]:
    """The last `count` passwords of a user, the present one first."""
    kept = find(reader, user_id)
    if count < 1:
        return ()
    former = reader.find(FormerPassword, {"user_id": user_id}, order="ended_at", newest_first=True)
    old = [HashedPassword(one.hash, one.profile, one.pepper_key_id, one.normalization) for one in former]
    return tuple([*([kept.hashed] if kept else []), *old][:count])


def forget(unit: Unit, user_id: str) -> None:
    """Remove the password of a user who goes, and all that were before it."""
    unit.remove(PasswordRecord, (user_id,))
    unit.remove_all(FormerPassword, {"user_id": user_id})


def require_change(unit: Unit, user_id: str) -> None:
    """Ask for a new password at the next sign-in, and end all sessions. NoSuchEntity if there is none."""
    kept = find(unit, user_id)
    if kept is None:
        raise NoSuchEntity("the user has no password")
    unit.change(PasswordRecord, (user_id,), {"must_change": True})
    sessions.end_all(unit, account=kept.account, user_id=user_id)
    unit.bump(epochs.principal(user_id))


def note_use(
    unit: Unit, verified: PasswordRecord, *, now: datetime, rehashed: HashedPassword | None = None
) -> bool:
    """Stamp a successful sign-in, and keep the hash under today's cost. No epoch moves: nothing was changed.

    False if the record is no longer the one that was verified: the sign-in must then fail.
    """
    values: dict[str, object] = {"last_used_at": now}
    if rehashed is not None:
        values |= {
            "hash": rehashed.hash,
            "profile": rehashed.profile,
            "pepper_key_id": rehashed.pepper_id,
            "normalization": rehashed.normalization,
        }
    same = {"generation": verified.generation, "must_change": verified.must_change}
    return unit.change(PasswordRecord, (verified.user_id,), values, where=same)


def remove(unit: Unit, user_id: str, *, now: datetime) -> None:
    """Take the password away and end all sessions; access keys stay. Raises NoSuchEntity if there is none."""
    kept = find(unit, user_id)
    if kept is None:
        raise NoSuchEntity("the user has no password")
    _remember(unit, kept, now)
    unit.remove(PasswordRecord, (user_id,))
    sessions.end_all(unit, account=kept.account, user_id=user_id)
    unit.bump(epochs.principal(user_id))


def redacted(kept: PasswordRecord) -> PasswordRecord:
    """The record without its hash, for anything that shows or hands on records."""
    return replace(kept, hash="")


def _remember(unit: Unit, old: PasswordRecord, now: datetime) -> None:
    unit.add(
        FormerPassword(
            old.user_id,
            old.generation,
            old.hash,
            old.profile,
            old.pepper_key_id,
            old.normalization,
            now,
        )
    )
    former = unit.find(FormerPassword, {"user_id": old.user_id}, order="ended_at", newest_first=True)
    for one in former[REMEMBERED:]:
        unit.remove(FormerPassword, (one.user_id, one.generation))
