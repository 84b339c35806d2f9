"""The options that a browser is given, as JSON for `parseCreationOptionsFromJSON` and its sister."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from iamkit.credentials.mfa import DEVICES_PER_USER, MfaDevice
from iamkit_webauthn.base64url import encoded
from iamkit_webauthn.relying_party import RelyingParty

# COSE: EdDSA with Ed25519, ES256 with P-256, RS256.
ALGORITHMS: Final = (-8, -7, -257)
TIMEOUT_SECONDS: Final = 300
# How long the ids of well-known authenticators are, in bytes.
_LENGTHS: Final = (16, 20, 32, 32, 48, 64, 64, 64)


def creation(
    party: RelyingParty, *, challenge: str, user_id: str, user_name: str, held: Iterable[MfaDevice]
) -> dict[str, object]:
    """What `navigator.credentials.create` takes. `held` are the devices that need not enrol again."""
    return {
        "rp": {"id": party.rp_id, "name": party.rp_name},
        "user": {"id": user_id, "name": user_name, "displayName": user_name},
        "challenge": challenge,
        "pubKeyCredParams": [{"type": "public-key", "alg": number} for number in ALGORITHMS],
        "timeout": TIMEOUT_SECONDS * 1000,
        "excludeCredentials": [_descriptor(device) for device in held],
        "authenticatorSelection": {
            "residentKey": "preferred",
            "requireResidentKey": False,
            "userVerification": party.user_verification,
        },
        "attestation": "none" if party.attestation is None else "direct",
    }


def request(
    party: RelyingParty, *, challenge: str, verification: str, allow: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    """What `navigator.credentials.get` takes. Nobody in `allow` means: whoever has a passkey here."""
    return {
        "rpId": party.rp_id,
        "challenge": challenge,
        "timeout": TIMEOUT_SECONDS * 1000,
        "userVerification": verification,
        "allowCredentials": list(allow),
    }


def allowed(devices: Iterable[MfaDevice]) -> list[dict[str, object]]:
    """A user's devices, with how they are reached."""
    return [_descriptor(device) for device in devices]


def disguised(devices: Sequence[MfaDevice], seed: bytes) -> list[dict[str, object]]:
    """As many ids as anybody can have, the rest made of `seed`: nobody's list looks like somebody's.

    How devices are reached stays out, and the order says nothing.
    """
    ids = [device.handle or "" for device in devices]
    ids += [_decoy(seed, place) for place in range(len(ids), DEVICES_PER_USER)]
    ids.sort(key=lambda text: hmac.digest(seed, b"order" + text.encode(), hashlib.sha256))
    return [{"type": "public-key", "id": text} for text in ids]


def _decoy(seed: bytes, place: int) -> str:
    block = hmac.digest(seed, b"decoy" + bytes([place]), hashlib.sha512)
    length = _LENGTHS[hmac.digest(seed, b"length" + bytes([place]), hashlib.sha256)[0] % len(_LENGTHS)]
    return encoded(block[:length])


def _descriptor(device: MfaDevice) -> dict[str, object]:
    found: dict[str, object] = {"type": "public-key", "id": device.handle or ""}
    transports = device.facts.get("transports")
    return {**found, "transports": transports} if transports else found
