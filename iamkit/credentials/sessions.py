"""Sessions: what a sign-in gives, kept here by the hash of its token, with idle and absolute limits.

Rules: a token is 256 random bits, only its SHA-256 is stored, and it has one spelling (THR-S6). A session is
never saved as a whole after it began: every later write is conditional on it still being there and active,
so nothing revives one that was ended (THR-S2). Ending all sessions of a subject is one write: each session
carries the subject's session epoch of its start, and is dead once that moved on.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from iamkit import epochs
from iamkit.credentials import links
from iamkit.credentials.secret import Secret
from iamkit.ids import Ids
from iamkit.storage import Less, Plus, Reader, Unit, record

TOKEN_PREFIX: Final = "iks_"  # noqa: S105  # what secret scanners look for, not a secret
# 43 base64url characters hold 258 bits: the last one may have only those values that leave 2 bits zero.
_TOKEN: Final = re.compile(r"iks_[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", re.ASCII)
_LONGEST_DEVICE: Final = 256


class SessionKind(StrEnum):
    """How the token travels. A cookie's token is not accepted as a bearer token, nor the other way round."""

    COOKIE = "cookie"
    BEARER = "bearer"


class SessionState(StrEnum):
    """`pending` sessions lack a step (a new password, a second factor) and pass no guard (THR-M5)."""

    ACTIVE = "active"
    PENDING = "pending"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """A named set of limits. `idle` None means no idle limit; `touch` is how often use is written down."""

    name: str
    idle: timedelta | None
    absolute: timedelta
    touch: timedelta = timedelta(minutes=1)


# Decision 19. `modern`: NIST SP 800-63B-4 AAL2; `pci`: PCI DSS 8.2.8; `aws`: the AWS console.
MODERN: Final = SessionLimits("modern", timedelta(hours=1), timedelta(hours=24))
PCI: Final = SessionLimits("pci", timedelta(minutes=15), timedelta(hours=12))
AWS: Final = SessionLimits("aws", None, timedelta(hours=12))
# How long a sign-in may take from the first step to the last.
PENDING_FOR: Final = timedelta(minutes=10)

# What a pending session awaits, in this order.
FACTOR: Final = "factor"
NEW_PASSWORD: Final = "password"  # noqa: S105  # a step, not a secret


@record("session", key=("session_id",), unique=(("public_id",),), index=(("user_id",),))
@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One session. `session_id` is the SHA-256 of the token; `public_id` is what may be shown and logged.

    `user_id` is the account id for root. `mfa_at` is when a second factor was last shown. `awaits` are the
    steps that a pending session lacks. `device` is what the client called itself, `name` what its user does.
    """

    session_id: str = field(repr=False)
    public_id: str
    account: str
    user_id: str
    kind: str
    state: str
    factors: tuple[str, ...]
    auth_time: datetime
    mfa_at: datetime | None
    created_at: datetime
    last_seen_at: datetime
    idle_expires_at: datetime | None
    absolute_expires_at: datetime
    device: str
    source: str | None
    session_epoch: int
    ended_at: datetime | None = None
    awaits: tuple[str, ...] = ()
    name: str = ""


@record("session_epoch", key=("user_id",))
@dataclass(frozen=True, slots=True)
class SessionEpoch:
    """How often all sessions of a subject were ended."""

    user_id: str
    account: str
    epoch: int


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that just began. The token is here and nowhere else."""

    token: Secret
    public_id: str
    expires_at: datetime
    state: SessionState
    awaits: tuple[str, ...] = ()
    # What a browser keeps beside the session, if it was not known before; see `known_devices`.
    device: Secret | None = None


def session_id_of(token: str) -> str | None:
    """The stored id of a token, or None if it is not spelt the one way that a token is."""
    if not _TOKEN.fullmatch(token):
        return None
    return hashlib.sha256(token.encode("ascii")).hexdigest()


def start(
    unit: Unit,
    ids: Ids,
    *,
    account: str,
    user_id: str,
    kind: SessionKind,
    factors: tuple[str, ...],
    limits: SessionLimits,
    now: datetime,
    awaits: tuple[str, ...] = (),
    mfa_at: datetime | None = None,
    device: str = "",
    source: str | None = None,
    instead_of: SessionRecord | None = None,
) -> NewSession:
    """Begin a session under a new token, pending if it `awaits` a step.

    `instead_of` is the live session that it takes the place of: it began when that began, and lives no
    longer (THR-S7). The subject's sessions that are past their time are cleared away.
    """
    unit.remove_all(SessionRecord, {"user_id": user_id, "absolute_expires_at": _until(now)})
    token = TOKEN_PREFIX + ids.token()
    state = SessionState.PENDING if awaits else SessionState.ACTIVE
    began = now if instead_of is None else instead_of.created_at
    until = now + (PENDING_FOR if awaits else limits.absolute)
    if instead_of is not None:
        until = min(until, instead_of.absolute_expires_at)
    made = SessionRecord(
        session_id=hashlib.sha256(token.encode("ascii")).hexdigest(),
        public_id=ids.handle("s"),
        account=account,
        user_id=user_id,
        kind=str(kind),
        state=str(state),
        factors=factors,
        auth_time=began,
        mfa_at=mfa_at,
        created_at=began,
        last_seen_at=now,
        idle_expires_at=None if limits.idle is None else min(now + limits.idle, until),
        absolute_expires_at=until,
        device=_printable(device),
        source=source,
        session_epoch=current_epoch(unit, user_id),
        awaits=awaits,
        name="" if instead_of is None else instead_of.name,
    )
    unit.add(made)
    if instead_of is not None:
        links.follow(unit, user_id, instead_of.public_id, made.public_id)
    return NewSession(Secret(token), made.public_id, made.absolute_expires_at, state, awaits)


def end(unit: Unit, session_id: str, *, now: datetime) -> bool:
    """End one session, whatever its state. False if it had ended, or never was."""
    for state in (SessionState.ACTIVE, SessionState.PENDING):
        values = {"state": str(SessionState.ENDED), "ended_at": now}
        if unit.change(SessionRecord, (session_id,), values, where={"state": str(state)}):
            unit.bump(epochs.session(session_id))
            return True
    return False


def rename(unit: Unit, session_id: str, name: str) -> bool:
    """Give a session that lives a name. Moves no epoch: nothing is decided by it. False if it has ended."""
    return any(
        unit.change(SessionRecord, (session_id,), {"name": name}, where={"state": str(state)})
        for state in (SessionState.ACTIVE, SessionState.PENDING)
    )


def end_all(unit: Unit, *, account: str, user_id: str) -> None:
    """End every session that the subject has: after a new password, when disabled, or on request.

    A change of address that was asked for in one of them goes with it: whoever had the session reads the mail
    of the new address, and could have the password replaced by it (THR-P12).
    """
    links.void(unit, user_id, links.Purpose.CHANGE_ADDRESS)
    if not unit.change(SessionEpoch, (user_id,), {"epoch": Plus()}):
        unit.add(SessionEpoch(user_id, account, 1))
    unit.bump(epochs.principal(user_id))


def touch(unit: Unit, kept: SessionRecord, *, limits: SessionLimits, now: datetime) -> bool:
    """Note that the session is in use. Moves no epoch. False if it ended, or was touched lately.

    The idle limit never passes the absolute one.
    """
    idle = None if limits.idle is None else min(now + limits.idle, kept.absolute_expires_at)
    return unit.change(
        SessionRecord,
        (kept.session_id,),
        {"last_seen_at": now, "idle_expires_at": idle},
        where={"state": str(SessionState.ACTIVE), "last_seen_at": _until(now - limits.touch)},
    )


def live_sessions(reader: Reader, user_id: str, *, now: datetime) -> list[SessionRecord]:
    """The subject's sessions that still hold, oldest first."""
    epoch = current_epoch(reader, user_id)
    found = reader.find(SessionRecord, {"user_id": user_id}, order="created_at")
    return [kept for kept in found if holds(kept, epoch=epoch, now=now)]


def subjects_in(reader: Reader, account: str) -> list[str]:
    """Whose sessions there are in an account: the unique ids of users, the account id for root."""
    return sorted({kept.user_id for kept in reader.find(SessionRecord, {"account": account})})


def of_token(reader: Reader, token: str, *, now: datetime) -> SessionRecord | None:
    """The session behind a token, pending ones included, if it still holds."""
    session_id = session_id_of(token)
    kept = None if session_id is None else reader.get(SessionRecord, (session_id,))
    if kept is None or not holds(kept, epoch=current_epoch(reader, kept.user_id), now=now):
        return None
    return kept


def holds(kept: SessionRecord, *, epoch: int, now: datetime) -> bool:
    """Whether a session, pending ones included, is neither ended nor past a limit."""
    return (
        kept.state != SessionState.ENDED
        and kept.session_epoch == epoch
        and now < kept.absolute_expires_at
        and (kept.idle_expires_at is None or now < kept.idle_expires_at)
    )


def current_epoch(reader: Reader, user_id: str) -> int:
    """How often the subject's sessions were all ended."""
    kept = reader.get(SessionEpoch, (user_id,))
    return 0 if kept is None else kept.epoch


def _until(instant: datetime) -> Less:
    # At that instant or before: instants have microseconds.
    return Less(instant + timedelta(microseconds=1))


def _printable(text: str) -> str:
    """A user agent as it may be listed: bounded, without control characters (THR-X1)."""
    return "".join(char if char.isprintable() else "?" for char in text[:_LONGEST_DEVICE])
