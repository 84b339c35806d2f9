"""SSH public keys: at most five for a user, active or inactive; the private halves never come here (CAP-C8).

A key is kept in the one spelling that OpenSSH writes, without its comment. Fingerprints are MD5, as AWS tells
them: a name for people, which proves nothing.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime

from iamkit.credentials.access_keys import KeyStatus
from iamkit.errors import DuplicateSSHPublicKey, NoSuchEntity, ValidationError
from iamkit.ids import Ids
from iamkit.storage import Reader, Unit, record


@record("ssh_public_key", key=("key_id",), unique=(("user_id", "digest"),), index=(("user_id",),))
@dataclass(frozen=True, slots=True)
class SshPublicKey:
    """One key. `body` is `KIND BASE64`, as OpenSSH writes it; `digest` its SHA-256, to find it by."""

    key_id: str
    account: str
    user_id: str
    body: str
    digest: str
    fingerprint: str
    status: str
    uploaded_at: datetime

    @property
    def active(self) -> bool:
        """Whether it opens anything."""
        return self.status == KeyStatus.ACTIVE


def fingerprint_of(body: str) -> str:
    """The MD5 of the key, in pairs of digits."""
    raw = base64.b64decode(body.split(" ", 1)[1])
    digest = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def add(unit: Unit, ids: Ids, body: str, *, account: str, user_id: str, now: datetime) -> SshPublicKey:
    """Keep a key, active, as `ssh_key_forms.body_of` spells it. Raises DuplicateSSHPublicKey.

    How many there may be is the caller's question.
    """
    digest = _digest(body)
    if unit.find(SshPublicKey, {"user_id": user_id, "digest": digest}, limit=1):
        raise DuplicateSSHPublicKey("the user has this key already")
    key_id, active = ids.unique("APKA"), str(KeyStatus.ACTIVE)
    made = SshPublicKey(key_id, account, user_id, body, digest, fingerprint_of(body), active, now)
    unit.add(made)
    return made


def held_by(reader: Reader, user_id: str) -> list[SshPublicKey]:
    """The user's keys, oldest first."""
    return reader.find(SshPublicKey, {"user_id": user_id}, order="uploaded_at")


def active_key(reader: Reader, user_id: str, body: str) -> SshPublicKey | None:
    """The user's active key that is spelt so."""
    found = reader.find(SshPublicKey, {"user_id": user_id, "digest": _digest(body)}, limit=1)
    return found[0] if found and found[0].active else None


def get(reader: Reader, key_id: str, *, user_id: str) -> SshPublicKey:
    """One key of that user. Raises NoSuchEntity."""
    kept = reader.get(SshPublicKey, (key_id,))
    if kept is None or kept.user_id != user_id:
        raise NoSuchEntity(f"the user has no SSH public key `{key_id[:128]}`")
    return kept


def set_status(unit: Unit, key_id: str, status: str, *, user_id: str) -> None:
    """Make a key `Active` or `Inactive`. Raises NoSuchEntity, ValidationError."""
    if status not in tuple(KeyStatus):
        raise ValidationError(f"status `{status[:40]}` must be `Active` or `Inactive`")
    get(unit, key_id, user_id=user_id)
    unit.change(SshPublicKey, (key_id,), {"status": str(status)})


def remove(unit: Unit, key_id: str, *, user_id: str) -> None:
    """Delete a key for good. Raises NoSuchEntity."""
    get(unit, key_id, user_id=user_id)
    unit.remove(SshPublicKey, (key_id,))


def remove_all(unit: Unit, user_id: str) -> None:
    """Delete every key of a user who goes."""
    unit.remove_all(SshPublicKey, {"user_id": user_id})


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode("ascii")).hexdigest()
