"""The method `recovery`: ten codes on paper, each good once, for whoever lost the other factors.

A code is its number and 75 random bits; only an argon2id hash is kept. The number says which hash to
compare with, so that a guess costs one hash and not ten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from iamkit.credentials.hashing import HashedPassword
from iamkit.credentials.mfa import Answer, Asking, Begun, CodeHasher, Enrolled, Proof
from iamkit.credentials.secret import Secret
from iamkit.ids import Ids
from iamkit.storage import Reader, Unit, record

RECOVERY: Final = "recovery"
CODES: Final = 10
# Crockford's: without the letters that are read for another, which are read as what they look like.
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_READ_AS: Final = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})
_CODE: Final = re.compile(r"([0-9])([0-9a-hjkmnp-tv-z]{15})", re.ASCII)


@record("recovery_code", key=("user_id", "number"))
@dataclass(frozen=True, slots=True)
class RecoveryCode:
    """One code that was not used yet."""

    user_id: str
    number: str
    hash: str = field(repr=False)
    profile: str
    pepper_key_id: str
    normalization: str
    created_at: datetime


def new_codes(ids: Ids) -> tuple[Secret, ...]:
    """Ten codes as they are shown, once."""
    return tuple(Secret(_shown(number, ids)) for number in range(CODES))


def put(unit: Unit, user_id: str, hashed: tuple[HashedPassword, ...], *, now: datetime) -> None:
    """Keep a new set; the old one is void."""
    unit.remove_all(RecoveryCode, {"user_id": user_id})
    for number, one in enumerate(hashed):
        unit.add(
            RecoveryCode(user_id, str(number), one.hash, one.profile, one.pepper_id, one.normalization, now)
        )


def plain(code: str) -> str:
    """A code as it is hashed: whatever case, dashes and blanks people write it with."""
    return code.lower().translate(_READ_AS)


def left(reader: Reader, user_id: str) -> int:
    """How many codes a user has left."""
    return reader.count(RecoveryCode, {"user_id": user_id})


def remove_all(unit: Unit, user_id: str) -> None:
    """Void every code of a user."""
    unit.remove_all(RecoveryCode, {"user_id": user_id})


class RecoveryMethod:
    """Proves by a recovery code, which is gone with it."""

    name = RECOVERY

    def __init__(self, hasher: CodeHasher) -> None:
        self._hasher = hasher

    def begin(self, asking: Asking) -> Begun | None:  # noqa: ARG002  # the protocol's shape
        return None

    def verify(self, asking: Asking, answer: Answer, kept: bytes | None) -> Proof | None:  # noqa: ARG002
        code = plain(answer.get("code", ""))
        spelt = _CODE.fullmatch(code)
        if spelt is None:
            return None
        user_id, number = asking.subject.user_id, spelt[1]
        found = asking.reader.get(RecoveryCode, (user_id, number))
        hashed = (
            None
            if found is None
            else HashedPassword(found.hash, found.profile, found.pepper_key_id, found.normalization)
        )
        if not self._hasher.verify(hashed, code).ok or found is None:
            return None
        wanted = found.hash

        def settle(unit: Unit) -> bool:
            # The same code, and not one of a set that was made meanwhile.
            present = unit.get(RecoveryCode, (user_id, number))
            return (
                present is not None
                and present.hash == wanted
                and unit.remove(RecoveryCode, (user_id, number))
            )

        return Proof(RECOVERY, settle, {"recoveryCodesLeft": left(asking.reader, user_id) - 1})

    def begin_enrolment(self, asking: Asking) -> Begun | None:  # noqa: ARG002
        return None

    def finish_enrolment(self, asking: Asking, answer: Answer, kept: bytes) -> Enrolled | None:  # noqa: ARG002
        return None


def _shown(number: int, ids: Ids) -> str:
    letters = "".join(_ALPHABET[byte & 31] for byte in ids.bytes(15))
    return f"{number}{letters[:3]}-{letters[3:7]}-{letters[7:11]}-{letters[11:]}"
