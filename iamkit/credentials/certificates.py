"""X.509 certificates as people upload them: read strictly, one block or a chain of them (CAP-C7)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from iamkit.credentials.signing_certificates import Uploaded
from iamkit.errors import InvalidCertificate, KeyPairMismatch, MalformedCertificate

LONGEST_BODY: Final = 16_384
LONGEST_CHAIN: Final = 2_097_152
_MOST_IN_CHAIN: Final = 100
_LEAST_RSA: Final = 2048
_BLOCK: Final = re.compile(
    r"-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+?-----END CERTIFICATE-----", re.ASCII
)


def read(text: str) -> x509.Certificate:
    """The one certificate of a PEM text. Raises MalformedCertificate."""
    found = blocks(text, longest=LONGEST_BODY)
    if len(found) != 1:
        raise MalformedCertificate("the text has to be one certificate in PEM, and nothing beside it")
    return found[0]


def blocks(text: str, *, longest: int = LONGEST_CHAIN) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM text. Raises MalformedCertificate if there is anything else in it."""
    if len(text) > longest or not text.isascii():
        raise MalformedCertificate(f"a certificate is PEM, in at most {longest} ASCII characters")
    pieces = _BLOCK.findall(text)
    if not pieces or len(pieces) > _MOST_IN_CHAIN or _BLOCK.sub("", text).strip():
        raise MalformedCertificate("the text is no certificate in PEM, or holds more than certificates")
    try:
        return tuple(x509.load_pem_x509_certificate(piece.encode("ascii")) for piece in pieces)
    except (ValueError, UnsupportedAlgorithm):
        raise MalformedCertificate("the certificate is damaged; export it again") from None


def check_good(certificate: x509.Certificate, *, now: datetime) -> None:
    """Raise InvalidCertificate for one that has ended, or whose key is weak or of another kind."""
    if now >= certificate.not_valid_after_utc:
        raise InvalidCertificate("the certificate has expired; make another")
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidCertificate("the certificate's key is of a kind that is not accepted") from None
    if isinstance(key, RSAPublicKey):
        if key.key_size < _LEAST_RSA:
            raise InvalidCertificate(f"an RSA key has at least {_LEAST_RSA} bits, this has {key.key_size}")
    elif not isinstance(key, EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey):
        raise InvalidCertificate("the certificate's key is of a kind that is not accepted; use RSA or ECDSA")


def check_pair(certificate: x509.Certificate, private_key: str) -> None:
    """Raise KeyPairMismatch, or MalformedCertificate for what is no private key in the clear."""
    if len(private_key) > LONGEST_BODY or not private_key.isascii():
        raise MalformedCertificate(f"a private key is PEM, in at most {LONGEST_BODY} ASCII characters")
    try:
        key = load_pem_private_key(private_key.encode("ascii"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise MalformedCertificate(
            "the private key is damaged, or needs a passphrase; send it without"
        ) from None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        raise KeyPairMismatch("the private key is of another certificate")


def pem_of(certificate: x509.Certificate) -> str:
    """A certificate in PEM."""
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def uploaded(certificate: x509.Certificate) -> Uploaded:
    """A certificate as it is kept for a user."""
    return Uploaded(
        certificate.public_bytes(Encoding.DER),
        pem_of(certificate),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )
