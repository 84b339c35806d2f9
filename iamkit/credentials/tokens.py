"""Personal tokens: bearer secrets of a user's own, for scripts and tools, that expire and may be narrowed.

A token is 256 random bits with a prefix that secret scanners look for and a checksum by which a mistyped one
is told without a look into the store. Only its SHA-256 is kept. Every change bumps the owner's epoch, so a
token that was taken away is refused from the next request on.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from iamkit import epochs
from iamkit.credentials.secret import Secret
from iamkit.errors import EntityAlreadyExists, LimitExceeded, NoSuchEntity, ValidationError
from iamkit.ids import Ids
from iamkit.storage import Less, Reader, Unit, record

TOKEN_PREFIX: Final = "ikt_"  # noqa: S105  # what secret scanners look for, not a secret
TOKENS_PER_USER: Final = 20
SHORTEST_LIFE: Final = timedelta(days=1)
DEFAULT_LIFE: Final = timedelta(days=90)
LONGEST_LIFE: Final = timedelta(days=36600)
LAST_USED_STEP: Final = timedelta(minutes=15)

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TOKEN: Final = re.compile(r"ikt_([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])([0-9A-Za-z]{6})", re.ASCII)
_NAME: Final = re.compile(r"[\x20-\x7e]{1,64}", re.ASCII)


@record(
    "personal_token", key=("token_id",), unique=(("public_id",), ("user_id", "name")), index=(("user_id",),)
)
@dataclass(frozen=True, slots=True)
class PersonalToken:
    """One token. `token_id` is the SHA-256 of it; `public_id` is what may be shown and logged.

    `policy` is the digest of the session policy that narrows it, None where it may do what its owner may.
    """

    token_id: str = field(repr=False)
    public_id: str
    account: str
    user_id: str
    name: str
    policy: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made: the only time that it is at hand."""

    kept: PersonalToken
    token: Secret


def create(
    unit: Unit,
    ids: Ids,
    *,
    account: str,
    user_id: str,
    name: str,
    now: datetime,
    policy: str | None = None,
    life: timedelta | None = DEFAULT_LIFE,
    until: datetime | None = None,
) -> NewToken:
    """Make a token that expires after `life` (None: never), and not after `until`, its maker's own end.

    Raises ValidationError, EntityAlreadyExists for a name that the user's other token has, LimitExceeded.
    """
    if not _NAME.fullmatch(name):
        raise ValidationError("the name of a token has 1 to 64 visible ASCII characters")
    if life is not None and not SHORTEST_LIFE <= life <= LONGEST_LIFE:
        raise ValidationError(f"a token lives 1 to {LONGEST_LIFE.days} days")
    held = held_by(unit, user_id)
    if any(one.name == name for one in held):
        raise EntityAlreadyExists(f"there is a token named `{name}` already; delete or reset it")
    if len(held) >= TOKENS_PER_USER:
        raise LimitExceeded(f"a user has at most {TOKENS_PER_USER} tokens; delete one first")
    token = _spelt(ids.token())
    ends = [end for end in (None if life is None else now + life, until) if end is not None]
    made = PersonalToken(
        token_id=_id(token),
        public_id=ids.handle("t"),
        account=account,
        user_id=user_id,
        name=name,
        policy=policy,
        created_at=now,
        expires_at=min(ends, default=None),
    )
    unit.add(made)
    unit.bump(epochs.principal(user_id))
    return NewToken(made, Secret(token))


def reset(
    unit: Unit, ids: Ids, kept: PersonalToken, *, now: datetime, until: datetime | None = None
) -> NewToken:
    """Put a new secret in the place of the old, which is void at once.

    It lives as long as that did, and not after `until`, the end of whoever resets it.
    """
    # One that its maker's end had cut short may have lived less than a day.
    life = None if kept.expires_at is None else max(kept.expires_at - kept.created_at, SHORTEST_LIFE)
    remove(unit, kept)
    return create(
        unit,
        ids,
        account=kept.account,
        user_id=kept.user_id,
        name=kept.name,
        now=now,
        policy=kept.policy,
        life=life,
        until=until,
    )


def held_by(reader: Reader, user_id: str) -> list[PersonalToken]:
    """The user's tokens, oldest first, expired ones included."""
    return reader.find(PersonalToken, {"user_id": user_id}, order="created_at")


def get(reader: Reader, public_id: str, *, user_id: str) -> PersonalToken:
    """One token of that user. Raises NoSuchEntity."""
    found = reader.find(PersonalToken, {"public_id": public_id, "user_id": user_id}, limit=1)
    if not found:
        raise NoSuchEntity(f"the user has no token `{public_id[:80]}`")
    return found[0]


def remove(unit: Unit, kept: PersonalToken) -> None:
    """Delete a token for good."""
    unit.remove(PersonalToken, (kept.token_id,))
    unit.bump(epochs.principal(kept.user_id))


def remove_all(unit: Unit, user_id: str) -> None:
    """Delete every token of a user who goes."""
    unit.remove_all(PersonalToken, {"user_id": user_id})


def token_id_of(token: str) -> str | None:
    """The stored id of a token, or None if it is mistyped or no token."""
    spelt = _TOKEN.fullmatch(token)
    return _id(token) if spelt is not None and spelt[2] == _checksum(spelt[1]) else None


def note_use(unit: Unit, token_id: str, *, now: datetime) -> bool:
    """Write down that the token was used, at most once in 15 minutes. Moves no epoch."""
    stale = Less(now - LAST_USED_STEP + timedelta(microseconds=1), or_none=True)
    return unit.change(PersonalToken, (token_id,), {"last_used_at": now}, where={"last_used_at": stale})


def _spelt(body: str) -> str:
    return TOKEN_PREFIX + body + _checksum(body)


def _checksum(body: str) -> str:
    number, letters = zlib.crc32(body.encode("ascii")), []
    for _ in range(6):
        number, digit = divmod(number, 62)
        letters.append(_BASE62[digit])
    return "".join(reversed(letters))


def _id(token: str) -> str:
    return hashlib.sha256(token.encode("ascii")).hexdigest()
