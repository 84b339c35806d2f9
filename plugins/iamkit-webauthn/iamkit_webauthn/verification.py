"""The ceremonies' answers, verified with py_webauthn and beyond it. Loaded when the first answer comes.

py_webauthn checks signatures, flags, the hash of the relying party's id and attestation statements. What it
leaves to its caller, or takes loosely, is checked here: one spelling of each text, frames, that the id is
the attested one, that a key is of the kind that its algorithm says, and the counter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_attestation_object,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    AuthenticatorTransport,
    CredentialDeviceType,
    RegistrationCredential,
)

from iamkit_webauthn import client_data
from iamkit_webauthn.attestation import AttestationPolicy
from iamkit_webauthn.base64url import decoded, encoded
from iamkit_webauthn.client_data import Refused
from iamkit_webauthn.options import ALGORITHMS
from iamkit_webauthn.relying_party import RelyingParty

# In bytes (WebAuthn 3, 7.1) and in bits.
_LONGEST_ID: Final = 1023
_SHORTEST_RSA: Final = 2048
# id-fido-gen-ce-aaguid: the model that a certificate was made for (WebAuthn 3, 8.2.1).
_MODEL: Final = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
_TRANSPORTS: Final = frozenset(item.value for item in AuthenticatorTransport)


@dataclass(frozen=True, slots=True)
class Registered:
    """What a new credential is. `credential_id` and `public_key` (COSE) are base64url."""

    credential_id: str
    public_key: str
    sign_count: int
    aaguid: str
    backup_eligible: bool
    backed_up: bool
    user_verified: bool
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asserted:
    """What an assertion says."""

    sign_count: int
    backup_eligible: bool
    backed_up: bool
    user_verified: bool
    user_handle: str | None


def registered(
    party: RelyingParty, said: Mapping[str, object], *, challenge: str, verified: bool
) -> Registered:
    """The credential that `said`, the browser's answer, proves.

    `verified` is whether the authenticator has to have verified its user. Raises Refused, and whatever else
    malformed bytes make parsers raise.
    """
    response = _response(said)
    raw_client = decoded(response.get("clientDataJSON"))
    client_data.check(raw_client, client_data.CREATE, challenge, party)
    attestation = decoded(response.get("attestationObject"))
    policy = party.attestation
    found = verify_registration_response(
        credential=RegistrationCredential(
            id=_id(said),
            raw_id=decoded(_id(said)),
            response=AuthenticatorAttestationResponse(
                client_data_json=raw_client, attestation_object=attestation
            ),
        ),
        expected_challenge=decoded(challenge),
        expected_rp_id=party.rp_id,
        expected_origin=list(party.origins),
        require_user_verification=verified,
        supported_pub_key_algs=[COSEAlgorithmIdentifier(number) for number in ALGORITHMS],
        pem_root_certs_bytes_by_fmt=(
            None if policy is None else {AttestationFormat.PACKED: list(policy.roots)}
        ),
    )
    if not 1 <= len(found.credential_id) <= _LONGEST_ID or encoded(found.credential_id) != _id(said):
        raise Refused("the id is too long, or not the one that was attested")
    _check_key(found.credential_public_key)
    if policy is not None:
        _check_model(policy, found.fmt, found.aaguid, attestation)
    return Registered(
        credential_id=_id(said),
        public_key=encoded(found.credential_public_key),
        sign_count=found.sign_count,
        aaguid=found.aaguid,
        backup_eligible=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        backed_up=found.credential_backed_up,
        user_verified=found.user_verified,
        transports=_transports(response.get("transports")),
    )


def asserted(
    party: RelyingParty, said: Mapping[str, object], *, challenge: str, public_key: str, verified: bool
) -> Asserted:
    """What `said` proves for the key. Raises as `registered` does. The counter is left to the caller."""
    response = _response(said)
    raw_client = decoded(response.get("clientDataJSON"))
    client_data.check(raw_client, client_data.GET, challenge, party)
    handle = response.get("userHandle")
    found = verify_authentication_response(
        credential=AuthenticationCredential(
            id=_id(said),
            raw_id=decoded(_id(said)),
            response=AuthenticatorAssertionResponse(
                client_data_json=raw_client,
                authenticator_data=decoded(response.get("authenticatorData")),
                signature=decoded(response.get("signature")),
            ),
        ),
        expected_challenge=decoded(challenge),
        expected_rp_id=party.rp_id,
        expected_origin=list(party.origins),
        credential_public_key=decoded(public_key),
        # Below any count: what a count that does not grow means is a setting.
        credential_current_sign_count=-1,
        require_user_verification=verified,
    )
    return Asserted(
        sign_count=found.new_sign_count,
        backup_eligible=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        backed_up=found.credential_backed_up,
        user_verified=found.user_verified,
        user_handle=None if handle is None else encoded(decoded(handle)),
    )


def _response(said: Mapping[str, object]) -> dict[str, object]:
    response = said.get("response")
    if said.get("type") != "public-key" or not isinstance(response, dict):
        raise Refused("this is not a credential of type public-key with a response")
    if said.get("rawId", _id(said)) != _id(said):
        raise Refused("the two ids differ")
    return response


def _id(said: Mapping[str, object]) -> str:
    found = said.get("id")
    if not isinstance(found, str):
        raise Refused("there is no id")
    return found


def _check_key(raw: bytes) -> None:
    """Whether the key is of the kind that its algorithm says, and usable."""
    described = decode_credential_public_key(raw)
    key = decoded_public_key_to_cryptography(described)
    fits = {
        COSEAlgorithmIdentifier.EDDSA: isinstance(key, Ed25519PublicKey),
        COSEAlgorithmIdentifier.ECDSA_SHA_256: isinstance(key, EllipticCurvePublicKey)
        and isinstance(key.curve, SECP256R1),
        COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256: isinstance(key, RSAPublicKey)
        and key.key_size >= _SHORTEST_RSA,
    }
    if not fits.get(described.alg, False):
        raise Refused("the key is not of the kind that its algorithm says, or too short")


def _check_model(policy: AttestationPolicy, form: object, aaguid: str, attestation: bytes) -> None:
    """Whether the authenticator proved to be of a model that the policy lists (WebAuthn 3, 8.2.1)."""
    statement = parse_attestation_object(attestation).att_stmt
    if form != AttestationFormat.PACKED or not statement.x5c:
        raise Refused("the authenticator did not attest its model with a certificate")
    if aaguid not in policy.aaguids:
        raise Refused(f"the model {aaguid} is not one of those that are allowed")
    extensions = x509.load_der_x509_certificate(statement.x5c[0]).extensions
    if extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        raise Refused("the model was attested by a certificate that is an authority's")
    named = [item.value for item in extensions if item.oid == _MODEL]
    wanted = b"\x04\x10" + bytes.fromhex(aaguid.replace("-", ""))
    # The chain proves who made the key; that it is of this model, its certificate has to say itself.
    if len(named) != 1 or not isinstance(named[0], x509.UnrecognizedExtension) or named[0].value != wanted:
        raise Refused("the certificate is not of the model that the authenticator says to be")


def _transports(said: object) -> tuple[str, ...]:
    """How the authenticator is reached, as far as it is known; a hint that proves nothing."""
    if not isinstance(said, list):
        return ()
    return tuple(sorted({item for item in said if isinstance(item, str) and item in _TRANSPORTS}))
