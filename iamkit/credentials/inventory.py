"""What credentials a user holds, and taking all of them away."""

from __future__ import annotations

from dataclasses import dataclass

from iamkit import epochs
from iamkit.credentials import (
    known_devices,
    links,
    mfa,
    passwords,
    recovery_codes,
    service_credentials,
    sessions,
    signing_certificates,
    ssh_keys,
    temporary,
    tokens,
)
from iamkit.credentials.access_keys import AccessKey, held_by
from iamkit.credentials.passwords import PasswordRecord
from iamkit.credentials.sessions import SessionRecord
from iamkit.storage import Reader, Unit


@dataclass(frozen=True, slots=True)
class Inventory:
    """The credentials of one user; truthy if there are any that have to be removed before the user can be."""

    password: bool
    access_keys: tuple[str, ...]
    mfa_devices: tuple[str, ...] = ()
    # Keys and certificates of other kinds, in words.
    others: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.password or any((self.access_keys, self.mfa_devices, self.others))


def inventory(reader: Reader, user_id: str) -> Inventory:
    """What the user holds. Sessions are not counted: they end with the user."""
    password = reader.get(PasswordRecord, (user_id,)) is not None
    return Inventory(
        password,
        tuple(key.key_id for key in held_by(reader, user_id)),
        tuple(device.serial for device in mfa.of_subject(reader, user_id)),
        (
            *(f"SSH public key `{key.key_id}`" for key in ssh_keys.held_by(reader, user_id)),
            *(
                f"signing certificate `{kept.certificate_id}`"
                for kept in signing_certificates.held_by(reader, user_id)
            ),
            *(
                f"service-specific credential `{kept.credential_id}`"
                for kept in service_credentials.held_by(reader, user_id)
            ),
        ),
    )


def remove_all(unit: Unit, *, account: str, user_id: str) -> None:
    """Remove the user's password, keys and factors and end its sessions, because the user goes.

    The session epoch stays: unique ids never come back, and a token of a removed user must not either.
    """
    passwords.forget(unit, user_id)
    unit.remove_all(AccessKey, {"user_id": user_id})
    mfa.release_all(unit, user_id)
    recovery_codes.remove_all(unit, user_id)
    ssh_keys.remove_all(unit, user_id)
    signing_certificates.remove_all(unit, user_id)
    service_credentials.remove_all(unit, user_id)
    known_devices.forget_all(unit, user_id)
    tokens.remove_all(unit, user_id)
    links.void(unit, user_id)
    unit.remove_all(SessionRecord, {"user_id": user_id})
    sessions.end_all(unit, account=account, user_id=user_id)
    temporary.end_all_from(unit, user_id)
    unit.bump(epochs.principal(user_id))
