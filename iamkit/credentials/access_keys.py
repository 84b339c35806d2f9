"""Access keys: at most two for a user, the secret sealed and shown once, active or inactive, last use noted.

Every change bumps the owner's epoch, so a key that was deactivated is refused from the next request on.
Noting the last use bumps nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from iamkit import epochs
from iamkit.credentials.secret import Sealer, Secret
from iamkit.errors import LimitExceeded, NoSuchEntity, ValidationError
from iamkit.ids import Ids
from iamkit.storage import Less, Reader, Unit, record

KEYS_PER_USER: Final = 2
LAST_USED_STEP: Final = timedelta(minutes=15)
PURPOSE: Final = "access-key"


class KeyStatus(StrEnum):
    """AWS's words. An inactive key still counts towards the limit."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"


@record("access_key", key=("key_id",), index=(("user_id",), ("account",)))
@dataclass(frozen=True, slots=True)
class AccessKey:
    """One access key. `sealed` is the secret, readable only with the keyring."""

    key_id: str
    account: str
    user_id: str
    sealed: bytes = field(repr=False)
    status: str
    created_at: datetime
    last_used_at: datetime | None = None
    last_used_service: str | None = None
    last_used_region: str | None = None

    @property
    def active(self) -> bool:
        """Whether requests signed with it are accepted."""
        return self.status == KeyStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class NewAccessKey:
    """A key that was just made: the only time that its secret is at hand."""

    key: AccessKey
    secret: Secret


def create(
    unit: Unit, sealer: Sealer, ids: Ids, *, account: str, user_id: str, now: datetime
) -> NewAccessKey:
    """Make a key. Raises LimitExceeded if the user has two; writing units are serialised, so two it stays."""
    if unit.count(AccessKey, {"user_id": user_id}) >= KEYS_PER_USER:
        raise LimitExceeded(
            f"a user has at most {KEYS_PER_USER} access keys, inactive ones included; delete one first"
        )
    key_id, secret = ids.unique("AKIA"), ids.secret()
    sealed = sealer.seal(secret.encode("ascii"), purpose=PURPOSE, account=account, record_id=key_id)
    made = AccessKey(key_id, account, user_id, sealed, str(KeyStatus.ACTIVE), now)
    unit.add(made)
    unit.bump(epochs.principal(user_id))
    return NewAccessKey(made, Secret(secret))


def held_by(reader: Reader, user_id: str) -> list[AccessKey]:
    """The user's keys, oldest first."""
    return reader.find(AccessKey, {"user_id": user_id}, order="created_at")


def get(reader: Reader, key_id: str, *, user_id: str) -> AccessKey:
    """One key of that user. Raises NoSuchEntity if the user has none of that id."""
    key = reader.get(AccessKey, (key_id,))
    if key is None or key.user_id != user_id:
        raise NoSuchEntity(f"the user has no access key `{key_id[:128]}`")
    return key


def set_status(unit: Unit, key_id: str, status: str, *, user_id: str) -> None:
    """Make a key `Active` or `Inactive`. Raises NoSuchEntity, or ValidationError for another word."""
    if status not in tuple(KeyStatus):
        raise ValidationError(f"status `{status[:40]}` must be `Active` or `Inactive`")
    get(unit, key_id, user_id=user_id)
    unit.change(AccessKey, (key_id,), {"status": str(status)})
    unit.bump(epochs.principal(user_id))


def remove(unit: Unit, key_id: str, *, user_id: str) -> None:
    """Delete a key for good. Raises NoSuchEntity if the user has none of that id."""
    get(unit, key_id, user_id=user_id)
    unit.remove(AccessKey, (key_id,))
    unit.bump(epochs.principal(user_id))


def opened(sealer: Sealer, key: AccessKey) -> Secret:
    """The plain secret, for checking a signature. Raises SealBroken if the record was tampered with."""
    raw = sealer.unseal(key.sealed, purpose=PURPOSE, account=key.account, record_id=key.key_id)
    return Secret(raw.decode("ascii"))


def note_use(unit: Unit, key_id: str, *, service: str, region: str, now: datetime) -> bool:
    """Write down that the key was used, at most once in 15 minutes (CAP-C6). False if it was lately."""
    return unit.change(
        AccessKey,
        (key_id,),
        {"last_used_at": now, "last_used_service": service, "last_used_region": region},
        where={"last_used_at": Less(now - LAST_USED_STEP + timedelta(microseconds=1), or_none=True)},
    )
