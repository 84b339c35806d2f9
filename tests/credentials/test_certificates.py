"""Certificates as people upload them: one block, nothing beside it, and good for something."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import NameOID

from iamkit.credentials import certificates
from iamkit.errors import InvalidCertificate, KeyPairMismatch, MalformedCertificate

FILES: Final = Path(__file__).parent / "certificates"
FIRST: Final = (FILES / "first.pem").read_text()
SECOND: Final = (FILES / "second.pem").read_text()
KEY: Final = (FILES / "first.key").read_text()
NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)


def made(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey, days: int = 10) -> str:
    """A certificate of that key, which ends some days from now."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=20))
        .not_valid_after(NOW + timedelta(days=days))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_one_certificate_is_read_and_a_chain_of_them() -> None:
    """Whatever the ends of lines."""
    found = certificates.read(FIRST)
    assert certificates.read(FIRST.replace("\n", "\r\n")) == found
    assert certificates.read(certificates.pem_of(found)) == found
    assert len(certificates.blocks(FIRST + "\n" + SECOND)) == 2
    certificates.check_good(found, now=found.not_valid_before_utc)
    certificates.check_pair(found, KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        FIRST + SECOND,
        FIRST + "x",
        KEY,
        FIRST + KEY,
        FIRST.replace("M", "é", 1),
        FIRST[:200] + FIRST[260:],
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        FIRST + " " * 20_000,
    ],
)
def test_what_is_no_single_certificate_is_malformed(text: str) -> None:
    """Also a private key, which is not quoted."""
    with pytest.raises(MalformedCertificate) as caught:
        certificates.read(text)
    assert KEY.splitlines()[1] not in caught.value.message


def test_what_has_ended_or_is_weak_is_not_good() -> None:
    """By its dates, and by its key."""
    for text in (
        made(ec.generate_private_key(ec.SECP256R1()), days=-1),
        made(rsa.generate_private_key(65537, 1024)),
        made(dsa.generate_private_key(2048)),
    ):
        with pytest.raises(InvalidCertificate):
            certificates.check_good(certificates.read(text), now=NOW)


@pytest.mark.parametrize("text", ["", "hello", "é", FIRST, KEY[:80] + KEY[120:], "x" * 20_000])
def test_what_is_no_private_key_is_malformed(text: str) -> None:
    """And none of it is quoted."""
    with pytest.raises(MalformedCertificate):
        certificates.check_pair(certificates.read(FIRST), text)


def test_a_key_of_another_certificate_or_with_a_passphrase_is_refused() -> None:
    """Each by its own name."""
    with pytest.raises(KeyPairMismatch):
        certificates.check_pair(certificates.read(SECOND), KEY)
    locked = (
        serialization.load_pem_private_key(KEY.encode(), None)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"word"),
        )
        .decode()
    )
    with pytest.raises(MalformedCertificate):
        certificates.check_pair(certificates.read(FIRST), locked)
