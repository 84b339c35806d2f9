"""Which models of authenticators may be enrolled, where that matters: by AAGUID, under pinned roots."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iamkit import ConfigurationError

_AAGUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_NONE: Final = "00000000-0000-0000-0000-000000000000"
_PEM: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----", re.ASCII
)


@dataclass(frozen=True, slots=True)
class AttestationPolicy:
    """Only models in `aaguids`, proved by a certificate under one of `roots` (PEM, one certificate each).

    Asks the browser for attestation, of which people are warned, and accepts the format `packed` only.
    Passkeys that are synchronised have none. Raises ConfigurationError.
    """

    aaguids: frozenset[str]
    roots: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not self.aaguids or not all(_AAGUID.fullmatch(item) and item != _NONE for item in self.aaguids):
            raise ConfigurationError(
                "an attestation policy needs the AAGUIDs that it allows, in lower case, with hyphens"
            )
        from cryptography import x509

        try:
            read = [x509.load_pem_x509_certificate(root) for root in self.roots]
        except ValueError:
            read = []
        if not read:
            raise ConfigurationError("an attestation policy needs its roots, as one PEM certificate each")


def policy_of_files(aaguids: str, roots: str) -> AttestationPolicy:
    """A policy from settings: AAGUIDs with commas between, and the path of a file of PEM certificates."""
    try:
        held = Path(roots).read_bytes()
    except OSError as fault:
        raise ConfigurationError(
            f"the attestation roots `{roots}` cannot be read: {fault.strerror}"
        ) from fault
    names = frozenset(part.strip().lower() for part in aaguids.split(",") if part.strip())
    return AttestationPolicy(names, tuple(_PEM.findall(held)))
