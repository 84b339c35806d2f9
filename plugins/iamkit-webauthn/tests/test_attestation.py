"""Only models that are listed, where a policy says so."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from iamkit import ConfigurationError
from iamkit.errors import InvalidAuthenticationCode
from iamkit_webauthn import AttestationPolicy, RelyingParty
from iamkit_webauthn.attestation import policy_of_files
from iamkit_webauthn.testing import SoftAuthenticator

if TYPE_CHECKING:
    from tests.conftest import PlaceOf

ORIGIN: Final = "https://app.example.org"
MODEL: Final = uuid.UUID("0bb43545-fd2c-4185-87dd-feb0b2916ace")
OTHER: Final = uuid.UUID("2fc0579f-8113-47ea-b116-bb5a8db9202a")
Signer = tuple[ec.EllipticCurvePrivateKey, x509.Certificate]


def _certificate(
    name: str, *, issuer: Signer | None = None, ca: bool = False, model: uuid.UUID | None = None
) -> Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer[1].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if model is not None:
        oid = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
        builder = builder.add_extension(
            x509.UnrecognizedExtension(oid, b"\x04\x10" + model.bytes), critical=False
        )
    return key, builder.sign(key if issuer is None else issuer[0], SHA256())


@pytest.fixture(scope="module")
def root() -> Signer:
    """The maker's root."""
    return _certificate("Maker Root", ca=True)


def _pem(signer: Signer) -> bytes:
    return signer[1].public_bytes(Encoding.PEM)


def _key(attests: Signer | None, model: uuid.UUID = MODEL) -> SoftAuthenticator:
    return SoftAuthenticator(ORIGIN, aaguid=model.bytes, attests=attests)


def _party(root: Signer) -> RelyingParty:
    policy = AttestationPolicy(frozenset({str(MODEL)}), (_pem(root),))
    return RelyingParty(rp_id="app.example.org", attestation=policy)


def test_a_listed_model_is_enrolled(place_of: PlaceOf, root: Signer) -> None:
    """With a certificate of its maker that names the model; browsers are asked for it."""
    place = place_of(_party(root))
    key = _key(_certificate("Key", issuer=root, model=MODEL))

    assert place.begin_enrolment()["attestation"] == "direct"
    place.enrol(key)

    assert place.admitted(place.second(key)) is not None


def test_everything_else_is_not(place_of: PlaceOf, root: Signer) -> None:
    """Nothing attested, another model, another root, a certificate of another model, an authority's."""
    place = place_of(_party(root))
    stranger = _certificate("Other Root", ca=True)
    wrong = {
        "nothing attested": _key(None),
        "another model": _key(_certificate("Key", issuer=root, model=OTHER), OTHER),
        "no model": _key(_certificate("Key", issuer=root), uuid.UUID(int=0)),
        "another root": _key(_certificate("Key", issuer=stranger, model=MODEL)),
        "signed by itself": _key(_certificate("Key", model=MODEL)),
        "a certificate of another model": _key(_certificate("Key", issuer=root, model=OTHER)),
        "a certificate of no model": _key(_certificate("Key", issuer=root)),
        "an authority": _key(_certificate("Key", issuer=root, ca=True, model=MODEL)),
    }
    let_in = []
    for what, key in wrong.items():
        try:
            place.enrol(key)
        except InvalidAuthenticationCode:
            place.clock.advance(timedelta(minutes=31))
        else:
            let_in.append(what)

    assert let_in == []


def test_without_a_policy_a_statement_is_checked_but_trusted_for_nothing(
    place_of: PlaceOf, root: Signer
) -> None:
    """Any maker's is taken; a false signature is not."""
    place = place_of()
    honest = _certificate("Key", model=MODEL)

    place.enrol(_key(honest), name="one")
    with pytest.raises(InvalidAuthenticationCode):
        place.enrol(_key((root[0], honest[1])), name="two")


def test_a_policy_from_files(tmp_path: Path, root: Signer) -> None:
    """A file of certificates, and models with commas between."""
    path = tmp_path / "roots.pem"
    path.write_bytes(_pem(root) + _pem(_certificate("Second Root", ca=True)))

    policy = policy_of_files(f"{MODEL}, {str(OTHER).upper()}", str(path))

    assert policy.aaguids == {str(MODEL), str(OTHER)}
    assert len(policy.roots) == 2


@pytest.mark.parametrize(
    ("aaguids", "roots"),
    [
        (set(), (b"x",)),
        ({"x"}, (b"x",)),
        ({str(uuid.UUID(int=0))}, (b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----",)),
        ({str(MODEL)}, ()),
        ({str(MODEL)}, (b"not a certificate",)),
        ({str(MODEL)}, (b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----",)),
    ],
)
def test_a_policy_that_cannot_hold_is_refused(aaguids: set[str], roots: tuple[bytes, ...]) -> None:
    """No models, the model that stands for none, no roots, or roots that are no certificates."""
    with pytest.raises(ConfigurationError):
        AttestationPolicy(frozenset(aaguids), roots)
