"""Service-specific credentials: a name and a random password for one service of an app, and nothing else.

For tools that know no signatures: `Authorization: Basic`. The password is 256 random bits, of which only the
SHA-256 is kept, and is shown once. At most two for a user and service, so that one can be replaced by the
other (CAP-C10).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from iamkit import epochs
from iamkit.credentials.access_keys import KeyStatus
from iamkit.credentials.secret import Secret
from iamkit.errors import EntityAlreadyExists, NoSuchEntity, NotSupportedService, ValidationError
from iamkit.ids import BASE32, Ids
from iamkit.storage import Reader, Unit, record

PASSWORD_PREFIX: Final = "iksp_"  # noqa: S105  # what secret scanners look for, not a secret
MOST_DAYS: Final = 36_600
_SERVICE: Final = re.compile(r"([a-z0-9-]{1,64})(?:\.amazonaws\.com)?", re.ASCII)
# What manages identities is not left to a password in a tool's configuration.
_NEVER: Final = ("iam", "iamkit", "sts")


@record(
    "service_credential",
    key=("credential_id",),
    unique=(("service_user_name",), ("digest",)),
    index=(("user_id",), ("account",)),
)
@dataclass(frozen=True, slots=True)
class ServiceCredential:
    """One credential. `digest` is the SHA-256 of its password, `service` a prefix of actions.

    `policy` is the digest of the session policy that narrows it to that service.
    """

    credential_id: str
    account: str
    user_id: str
    service: str
    service_user_name: str
    digest: str
    policy: str
    status: str
    created_at: datetime
    expires_at: datetime | None

    def state(self, now: datetime) -> str:
        """`Active`, `Inactive` or `Expired`."""
        return "Expired" if self.expires_at is not None and now >= self.expires_at else self.status


@dataclass(frozen=True, slots=True)
class NewServiceCredential:
    """A credential with its password, the only time that it is at hand."""

    kept: ServiceCredential
    password: Secret


def service_of(name: str) -> str:
    """The prefix of actions that a service name stands for. Raises NotSupportedService."""
    found = _SERVICE.fullmatch(name)
    if found is None or found[1] in _NEVER:
        raise NotSupportedService(
            f"there are no credentials for the service `{name[:80]}`; name the prefix of an app's actions"
        )
    return found[1]


def create(
    unit: Unit,
    ids: Ids,
    *,
    account: str,
    user_id: str,
    user_name: str,
    service: str,
    policy: str,
    now: datetime,
    days: int | None = None,
    until: datetime | None = None,
) -> NewServiceCredential:
    """Make a credential, good for `days` (None: without end), not after `until`. Raises ValidationError."""
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise ValidationError(f"a credential is good for 1 to {MOST_DAYS} days")
    ends = [end for end in (None if days is None else now + timedelta(days=days), until) if end is not None]
    password = PASSWORD_PREFIX + ids.token()
    made = ServiceCredential(
        credential_id="ACCA" + "".join(BASE32[byte & 31] for byte in ids.bytes(17)),
        account=account,
        user_id=user_id,
        service=service,
        service_user_name=_free_name(unit, user_name, account),
        digest=_digest(password),
        policy=policy,
        status=str(KeyStatus.ACTIVE),
        created_at=now,
        expires_at=min(ends, default=None),
    )
    unit.add(made)
    unit.bump(epochs.principal(user_id))
    return NewServiceCredential(made, Secret(password))


def reset(unit: Unit, ids: Ids, kept: ServiceCredential) -> NewServiceCredential:
    """A new password in the place of the old, which is refused from the next request on."""
    password = PASSWORD_PREFIX + ids.token()
    unit.change(ServiceCredential, (kept.credential_id,), {"digest": _digest(password)})
    unit.bump(epochs.principal(kept.user_id))
    return NewServiceCredential(kept, Secret(password))


def by_password(reader: Reader, password: str) -> ServiceCredential | None:
    """The credential of a password. Finding it by its digest takes no time that depends on it."""
    found = reader.find(ServiceCredential, {"digest": _digest(password)}, limit=1)
    return found[0] if found else None


def held_by(reader: Reader, user_id: str, service: str | None = None) -> list[ServiceCredential]:
    """The user's credentials, oldest first; only those of one service."""
    where = {"user_id": user_id, **({} if service is None else {"service": service})}
    return reader.find(ServiceCredential, where, order="created_at")


def of_account(reader: Reader, account: str, service: str | None = None) -> list[ServiceCredential]:
    """Everybody's credentials, oldest first; only those of one service."""
    where = {"account": account, **({} if service is None else {"service": service})}
    return reader.find(ServiceCredential, where, order="created_at")


def get(reader: Reader, credential_id: str, *, user_id: str) -> ServiceCredential:
    """One credential of that user. Raises NoSuchEntity."""
    kept = reader.get(ServiceCredential, (credential_id,))
    if kept is None or kept.user_id != user_id:
        raise NoSuchEntity(f"the user has no service-specific credential `{credential_id[:128]}`")
    return kept


def set_status(unit: Unit, kept: ServiceCredential, status: str) -> None:
    """Make a credential `Active` or `Inactive`. Raises ValidationError."""
    if status not in tuple(KeyStatus):
        raise ValidationError(f"status `{status[:40]}` must be `Active` or `Inactive`")
    unit.change(ServiceCredential, (kept.credential_id,), {"status": str(status)})
    unit.bump(epochs.principal(kept.user_id))


def remove(unit: Unit, kept: ServiceCredential) -> None:
    """Delete a credential for good."""
    unit.remove(ServiceCredential, (kept.credential_id,))
    unit.bump(epochs.principal(kept.user_id))


def remove_all(unit: Unit, user_id: str) -> None:
    """Delete every credential of a user who goes."""
    unit.remove_all(ServiceCredential, {"user_id": user_id})


def _free_name(reader: Reader, user_name: str, account: str) -> str:
    """`ana-at-123456789012`, or with a number behind the name if that is taken, as AWS counts them."""
    number = 0
    while True:
        name = f"{user_name}{f'+{number}' if number else ''}-at-{account}"
        if not reader.find(ServiceCredential, {"service_user_name": name}, limit=1):
            return name
        number += 1
        if number > 1000:
            raise EntityAlreadyExists(f"user `{user_name}` has too many service-specific credentials")


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).hexdigest()
