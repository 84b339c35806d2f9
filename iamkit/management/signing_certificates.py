"""Operations on signing certificates, with AWS's names and rules (CAP-C7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from iamkit.credentials import signing_certificates as store
from iamkit.credentials.signing_certificates import SigningCertificate
from iamkit.identity import users
from iamkit.identity.users import User
from iamkit.management import targets
from iamkit.management.freshness import recent_user
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page


@dataclass(frozen=True, slots=True)
class SigningCertificateFace:
    """A certificate as people see it."""

    certificate_id: str
    user_name: str
    body: str
    status: str
    uploaded_at: datetime
    expires_at: datetime


def _asks(work: Work, *, user_name: str | None = None, **_others: object) -> Asks:
    return targets.user(work, user_name)


@operation("iam:UploadSigningCertificate", access="Write", on=("user",), asks=_asks)
def upload_signing_certificate(
    work: Work, *, certificate_body: str, user_name: str | None = None
) -> SigningCertificateFace:
    """Keep a certificate by which a user's programs prove themselves in TLS.

    Raises MalformedCertificate, InvalidCertificate, DuplicateCertificate, LimitExceeded at two,
    StepUpRequired for one's own without a recent sign-in.
    """
    user = recent_user(work, targets.own_name(work, user_name))
    targets.refuse_ending(work, user)
    from iamkit.credentials import certificates

    house = work.house
    certificate = certificates.read(certificate_body)
    certificates.check_good(certificate, now=house.now())
    house.quotas.hold("signing_certificates_per_user", len(store.held_by(work.unit, user.user_id)) + 1)
    made = store.add(
        work.unit,
        house.ids,
        certificates.uploaded(certificate),
        account=user.account,
        user_id=user.user_id,
        now=house.now(),
    )
    return _face(made, user)


@operation("iam:ListSigningCertificates", access="List", on=("user",), asks=_asks)
def list_signing_certificates(work: Work, *, user_name: str | None = None) -> Page[SigningCertificateFace]:
    """The certificates of a user (default: the caller), oldest first."""
    user = _user(work, user_name)
    return Page(tuple(_face(kept, user) for kept in store.held_by(work.unit, user.user_id)))


@operation("iam:UpdateSigningCertificate", access="Write", on=("user",), asks=_asks)
def update_signing_certificate(
    work: Work, *, certificate_id: str, status: str, user_name: str | None = None
) -> None:
    """Make a certificate `Active` or `Inactive`; an inactive one is refused from the next request on."""
    user = recent_user(work, targets.own_name(work, user_name))
    store.set_status(work.unit, certificate_id, status, user_id=user.user_id)


@operation("iam:DeleteSigningCertificate", access="Write", on=("user",), asks=_asks)
def delete_signing_certificate(work: Work, *, certificate_id: str, user_name: str | None = None) -> None:
    """Remove a certificate for good. Raises NoSuchEntity."""
    store.remove(work.unit, certificate_id, user_id=_user(work, user_name).user_id)


def _user(work: Work, user_name: str | None) -> User:
    return users.get(work.unit, work.account, targets.own_name(work, user_name))


def _face(kept: SigningCertificate, user: User) -> SigningCertificateFace:
    return SigningCertificateFace(
        kept.certificate_id, user.name, kept.body, kept.status, kept.uploaded_at, kept.not_after
    )
