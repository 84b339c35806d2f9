"""Browsers from which somebody signed in before: they have attempts of their own (THR-P7).

So an attacker who uses up a user's attempts does not keep the user out. A known browser proves nothing, and
no step of a sign-in is left out for it (THR-M12).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from iamkit.credentials.secret import Secret
from iamkit.ids import Ids
from iamkit.storage import Reader, Unit, record

TOKEN_PREFIX: Final = "ikd_"  # noqa: S105  # what secret scanners look for, not a secret
_TOKEN: Final = re.compile(r"ikd_[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", re.ASCII)
_PER_USER: Final = 20


@record("known_device", key=("device_id",), index=(("user_id",),))
@dataclass(frozen=True, slots=True)
class KnownDevice:
    """One browser of one user. `device_id` is the SHA-256 of its token."""

    device_id: str = field(repr=False)
    user_id: str
    created_at: datetime
    last_used_at: datetime


def find(reader: Reader, token: str | None, user_id: str) -> KnownDevice | None:
    """The user's browser that has this token."""
    if token is None or not _TOKEN.fullmatch(token):
        return None
    kept = reader.get(KnownDevice, (_id(token),))
    return kept if kept is not None and kept.user_id == user_id else None


def greet(unit: Unit, ids: Ids, token: str | None, user_id: str, *, now: datetime) -> Secret | None:
    """Remember the browser after a sign-in. A token to keep if it was not known, else None."""
    kept = find(unit, token, user_id)
    if kept is not None:
        unit.change(KnownDevice, (kept.device_id,), {"last_used_at": now})
        return None
    made = TOKEN_PREFIX + ids.token()
    unit.add(KnownDevice(_id(made), user_id, now, now))
    known = unit.find(KnownDevice, {"user_id": user_id}, order="last_used_at", newest_first=True)
    for old in known[_PER_USER:]:
        unit.remove(KnownDevice, (old.device_id,))
    return Secret(made)


def forget_all(unit: Unit, user_id: str) -> None:
    """Forget every browser of a user."""
    unit.remove_all(KnownDevice, {"user_id": user_id})


def _id(token: str) -> str:
    return hashlib.sha256(token.encode("ascii")).hexdigest()
