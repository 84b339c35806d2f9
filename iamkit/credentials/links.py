"""Single-use links: a random token that proves whoever has it reads the mail of one address (THR-P13).

Of a token only the SHA-256 is kept. A link is for one user, one purpose and one address as it was kept when
the link was made, and where it replaces a password, for that very password: whatever was changed meanwhile
makes it worthless. There is one of a purpose; a new one takes the place of the old. Removing it is what uses
it, so of many who come with the same one, one gets True.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from iamkit.credentials.secret import Secret
from iamkit.errors import ExpiredToken
from iamkit.ids import Ids
from iamkit.storage import Less, Reader, Unit, record

TOKEN_PREFIX: Final = "ikl_"  # noqa: S105  # what secret scanners look for, not a secret
LIFETIME: Final = timedelta(minutes=15)
# 43 base64url characters hold 258 bits: the last one may have only those values that leave 2 bits zero.
_TOKEN: Final = re.compile(r"ikl_[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", re.ASCII)


class Purpose(StrEnum):
    """What a link is good for."""

    VERIFY_ADDRESS = "verify-address"
    CHANGE_ADDRESS = "change-address"
    RESET_PASSWORD = "reset-password"  # noqa: S105  # a name
    INVITE = "invite"
    # The root user's: its first password, its second factor that was lost, and the end of that (CAP-A7).
    SETUP = "setup"
    RECOVER_ROOT = "recover-root"
    FINISH_RECOVERY = "finish-recovery"
    # Nobody has its token: as long as it is kept, the root user's recovery codes wait (CAP-A7).
    CODES_WAIT = "codes-wait"


_OF_A_RECOVERY: Final = (Purpose.RECOVER_ROOT, Purpose.FINISH_RECOVERY)


@record("link", key=("link_id",), index=(("user_id", "purpose"), ("expires_at",)))
@dataclass(frozen=True, slots=True)
class Link:
    """One link. `link_id` is the SHA-256 of the token. `generation` is of the password that it replaces.

    `begun_in` is the public id of the session in which it was asked for, if it was in one.
    """

    link_id: str = field(repr=False)
    account: str
    user_id: str
    purpose: str
    address: str
    generation: str
    made_at: datetime
    expires_at: datetime
    begun_in: str = ""


def make(
    unit: Unit,
    ids: Ids,
    *,
    account: str,
    user_id: str,
    purpose: Purpose,
    address: str,
    now: datetime,
    generation: str = "",
    lifetime: timedelta = LIFETIME,
    begun_in: str = "",
) -> Secret:
    """Keep a link in the place of an earlier one. The token is in the answer and nowhere else."""
    unit.remove_all(Link, {"expires_at": Less(now)})
    void(unit, user_id, purpose)
    token = TOKEN_PREFIX + ids.token()
    until = now + lifetime
    unit.add(Link(_id(token), account, user_id, str(purpose), address, generation, now, until, begun_in))
    return Secret(token)


def find(reader: Reader, token: str, purpose: Purpose, *, now: datetime) -> Link:
    """The link of a token. Raises ExpiredToken, the same whatever is wrong with it."""
    kept = reader.get(Link, (_id(token),)) if _TOKEN.fullmatch(token) else None
    if kept is None or kept.purpose != purpose or now >= kept.expires_at:
        raise worthless()
    return kept


def pending(reader: Reader, user_id: str, purpose: Purpose, *, now: datetime) -> bool:
    """Whether a user has a link of that purpose that is still good."""
    found = reader.find(Link, {"user_id": user_id, "purpose": str(purpose)})
    return any(now < kept.expires_at for kept in found)


def use(unit: Unit, kept: Link) -> None:
    """Remove a link, because it is used. Raises ExpiredToken if another was first."""
    if not unit.remove(Link, (kept.link_id,)):
        raise worthless()


def void(unit: Unit, user_id: str, purpose: Purpose | None = None) -> None:
    """Make a user's links worthless: those of a purpose, or all."""
    where = {"user_id": user_id} if purpose is None else {"user_id": user_id, "purpose": str(purpose)}
    unit.remove_all(Link, where)


def void_begun_in(unit: Unit, user_id: str, session: str) -> None:
    """Make worthless what was asked for in a session that somebody ended from outside (THR-P12)."""
    unit.remove_all(Link, {"user_id": user_id, "begun_in": session})


def follow(unit: Unit, user_id: str, old: str, new: str) -> None:
    """Note that a session goes on as another, so that ending that one voids what this one asked for."""
    for kept in unit.find(Link, {"user_id": user_id, "begun_in": old}):
        unit.change(Link, (kept.link_id,), {"begun_in": new})


def stop_recovery(unit: Unit, account: str) -> bool:
    """Void the links of a root user's recovery that is under way; False if there is none."""
    found = [unit.remove_all(Link, {"user_id": account, "purpose": str(one)}) for one in _OF_A_RECOVERY]
    return any(found)


def worthless() -> ExpiredToken:
    """The error for a link that is not good, whatever the cause."""
    return ExpiredToken("the link was used, is too old or is none of ours; ask for another")


def _id(token: str) -> str:
    return hashlib.sha256(token.encode("ascii")).hexdigest()
