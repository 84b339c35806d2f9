"""Operations on SSH public keys, with AWS's names and rules (CAP-C8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from iamkit.credentials import ssh_keys
from iamkit.credentials.ssh_keys import SshPublicKey
from iamkit.errors import UnrecognizedPublicKeyEncoding
from iamkit.identity import users
from iamkit.identity.users import User
from iamkit.management import targets
from iamkit.management.freshness import recent_user
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page

_ENCODINGS: Final = ("SSH", "PEM")


@dataclass(frozen=True, slots=True)
class SshPublicKeyFace:
    """A key as people see it. `body` is empty in listings."""

    ssh_public_key_id: str
    user_name: str
    fingerprint: str
    body: str
    status: str
    uploaded_at: datetime


def _user_asks(work: Work, *, user_name: str | None = None, **_others: object) -> Asks:
    return targets.user(work, user_name)


@operation("iam:UploadSSHPublicKey", access="Write", on=("user",), asks=_user_asks)
def upload_ssh_public_key(
    work: Work, *, ssh_public_key_body: str, user_name: str | None = None
) -> SshPublicKeyFace:
    """Keep a key that signs its user in. Raises InvalidPublicKey, UnrecognizedPublicKeyEncoding,
    DuplicateSSHPublicKey, LimitExceeded at five, StepUpRequired for one's own without a recent sign-in.
    """
    user = recent_user(work, targets.own_name(work, user_name))
    from iamkit.credentials import ssh_key_forms

    body = ssh_key_forms.body_of(ssh_key_forms.read(ssh_public_key_body))
    house = work.house
    held = len(ssh_keys.held_by(work.unit, user.user_id))
    made = ssh_keys.add(
        work.unit, house.ids, body, account=user.account, user_id=user.user_id, now=house.now()
    )
    house.quotas.hold("ssh_keys_per_user", held + 1)
    return _face(made, user, made.body)


@operation("iam:GetSSHPublicKey", access="Read", on=("user",), asks=_user_asks)
def get_ssh_public_key(
    work: Work, *, user_name: str, ssh_public_key_id: str, encoding: str = "SSH"
) -> SshPublicKeyFace:
    """A key, spelt as `SSH` or `PEM`. Raises NoSuchEntity, UnrecognizedPublicKeyEncoding."""
    if encoding not in _ENCODINGS:
        raise UnrecognizedPublicKeyEncoding(f"encoding `{encoding[:40]}` must be `SSH` or `PEM`")
    user = users.get(work.unit, work.account, user_name)
    kept = ssh_keys.get(work.unit, ssh_public_key_id, user_id=user.user_id)
    if encoding == "SSH":
        return _face(kept, user, kept.body)
    from iamkit.credentials import ssh_key_forms

    return _face(kept, user, ssh_key_forms.pem_of(kept.body))


@operation("iam:ListSSHPublicKeys", access="List", on=("user",), asks=_user_asks)
def list_ssh_public_keys(work: Work, *, user_name: str | None = None) -> Page[SshPublicKeyFace]:
    """The keys of a user (default: the caller), oldest first, without their bodies."""
    user = users.get(work.unit, work.account, targets.own_name(work, user_name))
    return Page(tuple(_face(kept, user, "") for kept in ssh_keys.held_by(work.unit, user.user_id)))


@operation("iam:UpdateSSHPublicKey", access="Write", on=("user",), asks=_user_asks)
def update_ssh_public_key(work: Work, *, user_name: str, ssh_public_key_id: str, status: str) -> None:
    """Make a key `Active` or `Inactive`; an inactive one signs nobody in."""
    user = recent_user(work, user_name)
    ssh_keys.set_status(work.unit, ssh_public_key_id, status, user_id=user.user_id)


@operation("iam:DeleteSSHPublicKey", access="Write", on=("user",), asks=_user_asks)
def delete_ssh_public_key(work: Work, *, user_name: str, ssh_public_key_id: str) -> None:
    """Remove a key for good. Raises NoSuchEntity."""
    user = users.get(work.unit, work.account, user_name)
    ssh_keys.remove(work.unit, ssh_public_key_id, user_id=user.user_id)


def _face(kept: SshPublicKey, user: User, body: str) -> SshPublicKeyFace:
    return SshPublicKeyFace(kept.key_id, user.name, kept.fingerprint, body, kept.status, kept.uploaded_at)
