"""SSH public keys: at most five for a user, active or inactive; the private halves never come here (CAP-C8).

A key is kept in the one spelling that OpenSSH writes, without its comment. Fingerprints are MD5, as AWS tells
them: a name for people, which proves nothing.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
    load_ssh_public_key,
)

from iamkit.credentials.access_keys import KeyStatus
from iamkit.errors import (
    DuplicateSSHPublicKey,
    InvalidPublicKey,
    NoSuchEntity,
    UnrecognizedPublicKeyEncoding,
    ValidationError,
)
from iamkit.ids import Ids
from iamkit.storage import Reader, Unit, record

LONGEST_BODY: Final = 16_384
_LEAST_RSA: Final = 2048
_MOST_RSA: Final = 16_384
_KINDS: Final = (
    "ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"
)  # fmt: skip
_LINE: Final = re.compile(r"([a-z0-9-]+) +([A-Za-z0-9+/]+=*)(?: [^\r\n]*)?", re.ASCII)
_PEM: Final = "-----BEGIN "

SshKey: TypeAlias = RSAPublicKey | Ed25519PublicKey | EllipticCurvePublicKey


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


def read(text: str) -> SshKey:
    """The key of an OpenSSH line or a PEM block.

    RSA of 2048 to 16384 bits, Ed25519, and ECDSA on the NIST curves. Raises UnrecognizedPublicKeyEncoding for
    another spelling, InvalidPublicKey for another or a damaged key.
    """
    plain = text.strip()
    if not plain.isascii() or len(plain) > LONGEST_BODY:
        raise UnrecognizedPublicKeyEncoding("the key is neither an OpenSSH line nor PEM; send one of those")
    if plain.startswith(_PEM):
        if "PRIVATE" in plain:
            raise InvalidPublicKey("this is a private key; keep it, and send the public one")
        return _checked(_loaded(plain, pem=True))
    line = _LINE.fullmatch(plain)
    if line is None:
        raise UnrecognizedPublicKeyEncoding("the key is neither an OpenSSH line nor PEM; send one of those")
    if line[1] not in _KINDS:
        raise InvalidPublicKey(f"a key of the kind `{line[1][:40]}` is not accepted; use ssh-ed25519")
    return _checked(_loaded(f"{line[1]} {line[2]}", pem=False))


def of_blob(blob: bytes) -> SshKey:
    """The key of the bytes that an OpenSSH line spells. Raises InvalidPublicKey."""
    length = int.from_bytes(blob[:4], "big")
    kind = blob[4 : 4 + length] if length < 64 else b""
    if kind not in tuple(name.encode() for name in _KINDS) or len(blob) > LONGEST_BODY:
        raise InvalidPublicKey("the key is of a kind that is not accepted; use ssh-ed25519")
    return _checked(_loaded(f"{kind.decode()} {base64.b64encode(blob).decode()}", pem=False))


def body_of(key: SshKey) -> str:
    """A key as OpenSSH writes it, without comment."""
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")


def pem_of(body: str) -> str:
    """A kept key as PEM."""
    key = load_ssh_public_key(body.encode("ascii"))
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def fingerprint_of(body: str) -> str:
    """The MD5 of the key, in pairs of digits."""
    raw = base64.b64decode(body.split(" ", 1)[1])
    digest = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def add(unit: Unit, ids: Ids, key: SshKey, *, account: str, user_id: str, now: datetime) -> SshPublicKey:
    """Keep a key, active. Raises DuplicateSSHPublicKey. How many there may be is the caller's question."""
    body = body_of(key)
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


def active_key(reader: Reader, user_id: str, key: SshKey) -> SshPublicKey | None:
    """The user's active key that is `key`."""
    found = reader.find(SshPublicKey, {"user_id": user_id, "digest": _digest(body_of(key))}, limit=1)
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


def _loaded(text: str, *, pem: bool) -> object:
    try:
        raw = text.encode("ascii")
        return load_pem_public_key(raw) if pem else load_ssh_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidPublicKey("the key is damaged, or of a kind that is not accepted") from None


def _checked(key: object) -> SshKey:
    if isinstance(key, RSAPublicKey):
        if not _LEAST_RSA <= key.key_size <= _MOST_RSA:
            raise InvalidPublicKey(
                f"an RSA key has {_LEAST_RSA} to {_MOST_RSA} bits, this has {key.key_size}; use ssh-ed25519"
            )
        return key
    if isinstance(key, Ed25519PublicKey):
        return key
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in ("secp256r1", "secp384r1", "secp521r1"):
        return key
    raise InvalidPublicKey("the key is of a kind that is not accepted; use ssh-ed25519")
