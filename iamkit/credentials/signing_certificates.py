"""Signing certificates: at most two for a user, by which its programs prove themselves in TLS (CAP-C7).

No authority vouches for them: a certificate is the user's because it was uploaded for the user, all of it and
no other. One certificate is one user's, in all accounts, or it would name nobody.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from iamkit import epochs
from iamkit.credentials.access_keys import KeyStatus
from iamkit.errors import DuplicateCertificate, NoSuchEntity, ValidationError
from iamkit.ids import BASE32, Ids
from iamkit.storage import Reader, Unit, record


@record(
    "signing_certificate", key=("certificate_id",), unique=(("digest",),), index=(("user_id",), ("account",))
)
@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """One certificate. `digest` is the SHA-256 of its DER, `body` its PEM."""

    certificate_id: str
    account: str
    user_id: str
    digest: str
    body: str
    status: str
    uploaded_at: datetime
    not_before: datetime
    not_after: datetime

    @property
    def active(self) -> bool:
        """Whether it opens anything, its dates aside."""
        return self.status == KeyStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A certificate as it was read: its DER, its PEM and its dates."""

    der: bytes
    body: str
    not_before: datetime
    not_after: datetime


def digest_of(der: bytes) -> str:
    """What a certificate is found by: the SHA-256 of all of it."""
    return hashlib.sha256(der).hexdigest()


def add(
    unit: Unit, ids: Ids, certificate: Uploaded, *, account: str, user_id: str, now: datetime
) -> SigningCertificate:
    """Keep a certificate, active. Raises DuplicateCertificate if anybody has it."""
    digest = digest_of(certificate.der)
    if unit.find(SigningCertificate, {"digest": digest}, limit=1):
        raise DuplicateCertificate("this certificate is somebody's already; make another")
    made = SigningCertificate(
        certificate_id="".join(BASE32[byte & 31] for byte in ids.bytes(32)),
        account=account,
        user_id=user_id,
        digest=digest,
        body=certificate.body,
        status=str(KeyStatus.ACTIVE),
        uploaded_at=now,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
    )
    unit.add(made)
    unit.bump(epochs.principal(user_id))
    return made


def by_der(reader: Reader, der: bytes) -> SigningCertificate | None:
    """The certificate that is exactly this one."""
    found = reader.find(SigningCertificate, {"digest": digest_of(der)}, limit=1)
    return found[0] if found else None


def held_by(reader: Reader, user_id: str) -> list[SigningCertificate]:
    """The user's certificates, oldest first."""
    return reader.find(SigningCertificate, {"user_id": user_id}, order="uploaded_at")


def get(reader: Reader, certificate_id: str, *, user_id: str) -> SigningCertificate:
    """One certificate of that user. Raises NoSuchEntity."""
    kept = reader.get(SigningCertificate, (certificate_id,))
    if kept is None or kept.user_id != user_id:
        raise NoSuchEntity(f"the user has no signing certificate `{certificate_id[:128]}`")
    return kept


def set_status(unit: Unit, certificate_id: str, status: str, *, user_id: str) -> None:
    """Make a certificate `Active` or `Inactive`. Raises NoSuchEntity, ValidationError."""
    if status not in tuple(KeyStatus):
        raise ValidationError(f"status `{status[:40]}` must be `Active` or `Inactive`")
    get(unit, certificate_id, user_id=user_id)
    unit.change(SigningCertificate, (certificate_id,), {"status": str(status)})
    unit.bump(epochs.principal(user_id))


def remove(unit: Unit, certificate_id: str, *, user_id: str) -> None:
    """Delete a certificate for good. Raises NoSuchEntity."""
    get(unit, certificate_id, user_id=user_id)
    unit.remove(SigningCertificate, (certificate_id,))
    unit.bump(epochs.principal(user_id))


def remove_all(unit: Unit, user_id: str) -> None:
    """Delete every certificate of a user who goes."""
    unit.remove_all(SigningCertificate, {"user_id": user_id})
