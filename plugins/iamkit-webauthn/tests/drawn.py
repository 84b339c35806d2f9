"""The test vectors of WebAuthn Level 3, section 16, made as that section says that they were made.

Every random value there is drawn from the text `WebAuthn test vectors` by HKDF-SHA-256 (RFC 5869), its turn
being the salt and the vector's name the info; ECDSA signatures are deterministic (RFC 6979). So each byte can
be made again; `test_vectors.py` compares with bytes that the section prints.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

RP_ID: Final = "example.org"
ORIGIN: Final = "https://example.org"
TOP: Final = "https://example.com"
_SECRET: Final = b"WebAuthn test vectors"
_RP: Final = hashlib.sha256(RP_ID.encode()).digest()

Sign = Callable[[bytes], bytes]


class Draw:
    """The random values of one vector, in their order."""

    def __init__(self, info: str) -> None:
        self._info = info
        self._turn = 0

    def __call__(self, length: int) -> bytes:
        drawn = HKDF(SHA256(), length, bytes([self._turn]), self._info.encode()).derive(_SECRET)
        self._turn += 1
        return drawn


@dataclass(frozen=True, slots=True)
class Vector:
    """One credential, registered and used. `statement_signature` is that of the attestation, if any."""

    credential_id: bytes
    aaguid: bytes
    created: bytes
    attestation: bytes
    create_challenge: bytes
    got: bytes
    data: bytes
    signature: bytes
    get_challenge: bytes
    statement_signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a vector is made. `algorithm` is COSE's number, `statement` none, self or packed."""

    name: str
    algorithm: int = -7
    statement: str = "none"
    id_length: int = 32
    challenge_length: int = 32
    crossed: bool = False
    top: bool = False


RECIPES: Final = {
    recipe.name: recipe
    for recipe in (
        Recipe("none.ES256"),
        Recipe("packed-self.ES256", statement="self"),
        Recipe("none.ES256.crossOrigin", crossed=True),
        Recipe("none.ES256.topOrigin", crossed=True, top=True),
        Recipe("none.ES256.long-credential-id", id_length=1023),
        Recipe("packed.ES256", statement="packed"),
        Recipe("packed.ES384", -35, "packed"),
        Recipe("packed.ES512", -36, "packed", challenge_length=128),
        Recipe("packed.RS256", -257, "packed"),
        Recipe("packed.EdDSA", -8, "packed"),
        Recipe("packed.Ed448", -53, "packed"),
    )
}


@cache
def vector(name: str) -> Vector:
    """The vector of that name."""
    recipe = RECIPES[name]
    draw = Draw(name)
    asked = draw(recipe.challenge_length)
    sign, key = _key(draw, recipe.algorithm)
    created = _client(draw, "webauthn.create", asked, recipe)
    aaguid, credential_id = draw(16), draw(recipe.id_length)
    flags = draw(1)[0] & 0x1C
    if not flags & 0x08:
        flags &= ~0x18
    attested = aaguid + len(credential_id).to_bytes(2, "big") + credential_id + cbor2.dumps(key)
    data = _RP + bytes([flags | 0x41]) + bytes(4) + attested
    statement = _statement(draw, recipe, data + hashlib.sha256(created).digest(), sign)
    attestation = cbor2.dumps(
        {"fmt": "none" if recipe.statement == "none" else "packed", "attStmt": statement, "authData": data}
    )
    again = draw(recipe.challenge_length)
    got = _client(draw, "webauthn.get", again, recipe)
    more = draw(1)[0] & 0x14
    if not flags & 0x08:
        more &= ~0x18
    answer = _RP + bytes([more | flags & 0x08 | 0x01]) + bytes(4)
    return Vector(
        credential_id=credential_id,
        aaguid=aaguid,
        created=created,
        attestation=attestation,
        create_challenge=asked,
        got=got,
        data=answer,
        signature=sign(answer + hashlib.sha256(got).digest()),
        get_challenge=again,
        statement_signature=bytes(statement.get("sig", b"")),  # type: ignore[call-overload]  # bytes, if it is there
    )


def _client(draw: Draw, kind: str, challenge: bytes, recipe: Recipe) -> bytes:
    said: dict[str, object] = {
        "type": kind,
        "challenge": text(challenge),
        "origin": ORIGIN,
        "crossOrigin": recipe.crossed,
    }
    # Drawn before the field that it decides on; the field itself comes last.
    extra = draw(1)[0] & 0x01
    if recipe.top:
        said["topOrigin"] = TOP
    if extra:
        future = "clientDataJSON may be extended with additional fields in the future, such as this: "
        said["extraData"] = future + text(draw(16))
    return json.dumps(said, separators=(",", ":")).encode()


def _key(draw: Draw, algorithm: int) -> tuple[Sign, dict[int, object]]:
    """How the credential signs, and its key as COSE has it."""
    if algorithm == -257:
        rsa_key = _mersenne()
        numbers = rsa_key.public_key().public_numbers()
        modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
        key: dict[int, object] = {1: 3, 3: algorithm, -1: modulus, -2: b"\x01\x00\x01"}
        return lambda signed: rsa_key.sign(signed, padding.PKCS1v15(), SHA256()), key
    if algorithm == -8:
        ed_key = ed25519.Ed25519PrivateKey.from_private_bytes(draw(32))
        return ed_key.sign, {1: 1, 3: algorithm, -1: 6, -2: ed_key.public_key().public_bytes_raw()}
    if algorithm == -53:
        long_key = ed448.Ed448PrivateKey.from_private_bytes(draw(57))
        return long_key.sign, {1: 1, 3: algorithm, -1: 7, -2: long_key.public_key().public_bytes_raw()}
    curves: dict[int, tuple[ec.EllipticCurve, int, int, HashAlgorithm]] = {
        -7: (ec.SECP256R1(), 1, 32, SHA256()),
        -35: (ec.SECP384R1(), 2, 48, SHA384()),
        -36: (ec.SECP521R1(), 3, 66, SHA512()),
    }
    curve, number, size, digest = curves[algorithm]
    drawn = draw(65 if algorithm == -36 else size)
    ec_key = ec.derive_private_key(int.from_bytes(drawn, "big"), curve)
    point = ec_key.public_key().public_numbers()
    key = {
        1: 2,
        3: algorithm,
        -1: number,
        -2: point.x.to_bytes(size, "big"),
        -3: point.y.to_bytes(size, "big"),
    }
    return lambda signed: ec_key.sign(signed, ec.ECDSA(digest, deterministic_signing=True)), key


@cache
def _mersenne() -> rsa.RSAPrivateKey:
    """The key of the two smallest Mersenne primes that have 1024 bits and more."""
    p, q = 2**1279 - 1, 2**2203 - 1
    d = rsa.rsa_recover_private_exponent(65537, p, q)
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(65537, p * q),
    ).private_key()


def _statement(draw: Draw, recipe: Recipe, signed: bytes, sign: Sign) -> dict[str, object]:
    if recipe.statement == "none":
        return {}
    if recipe.statement == "self":
        return {"alg": recipe.algorithm, "sig": sign(signed)}
    key = ec.derive_private_key(int.from_bytes(draw(32), "big"), ec.SECP256R1())
    certificate = _certified(key, int.from_bytes(draw(16), "big"))
    signature = key.sign(signed, ec.ECDSA(SHA256(), deterministic_signing=True))
    return {"alg": -7, "sig": signature, "x5c": [certificate.public_bytes(Encoding.DER)]}


@cache
def authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Who attests all of them."""
    draw = Draw("Attestation CA")
    key = ec.derive_private_key(int.from_bytes(draw(32), "big"), ec.SECP256R1())
    return key, _certificate(key, int.from_bytes(draw(16), "big"), "Authenticator Attestation CA", key, None)


def _certified(key: ec.EllipticCurvePrivateKey, serial: int) -> x509.Certificate:
    issuer, root = authority()
    return _certificate(key, serial, "Authenticator Attestation", issuer, root)


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    serial: int,
    unit: str,
    issuer: ec.EllipticCurvePrivateKey,
    root: x509.Certificate | None,
) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "WebAuthn test vectors"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "W3C"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COUNTRY_NAME, "AA"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=root is not None,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=root is None,
        crl_sign=root is None,
        encipher_only=False,
        decipher_only=False,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if root is None else root.subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(datetime(2024, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(3024, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=root is None, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if root is not None:
        above = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        named = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above)
        made = made.add_extension(named, critical=False)
    return made.sign(issuer, SHA256(), ecdsa_deterministic=True)


def text(raw: bytes) -> str:
    """As JSON has bytes."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
