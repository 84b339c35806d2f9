"""Identity tokens: JSON web tokens that say who somebody is, signed by RS256 or ES384 (RFC 7515, 7518)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from iamkit.errors import InputError, JWTPayloadSizeExceeded

ALGORITHMS: Final = ("RS256", "ES384")
# Bytes of claims: what others read in a header has to fit there.
LARGEST_PAYLOAD: Final = 4096
_BITS: Final = 2048
# The length of each half of an ES384 signature.
_HALF: Final = 48


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made: `private` as DER, `public` the members of its JWK."""

    algorithm: str
    private: bytes = field(repr=False)
    public: Mapping[str, str]


def new_keys() -> tuple[NewKey, ...]:
    """A key for each algorithm. Takes some hundred milliseconds: not while a writing unit is open."""
    # Heavy, and needed by few: not where a command starts.
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    return tuple(
        NewKey(algorithm, _der(key), _jwk(key))
        for algorithm, key in (
            ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=_BITS)),
            ("ES384", ec.generate_private_key(ec.SECP384R1())),
        )
    )


def signed(claims: Mapping[str, object], *, algorithm: str, key_id: str, private: bytes) -> str:
    """A token in the compact form. Raises JWTPayloadSizeExceeded."""
    payload = json.dumps(claims, separators=(",", ":")).encode()
    if len(payload) > LARGEST_PAYLOAD:
        raise JWTPayloadSizeExceeded(
            f"the claims have {len(payload)} bytes, and at most {LARGEST_PAYLOAD} are signed; give fewer tags"
        )
    head = json.dumps({"alg": algorithm, "kid": key_id, "typ": "JWT"}, separators=(",", ":")).encode()
    body = f"{_base64(head)}.{_base64(payload)}"
    return f"{body}.{_base64(_signature(body.encode(), algorithm, private))}"


def checked_algorithm(algorithm: str) -> str:
    """`algorithm`, if tokens are signed by it. Raises InputError."""
    if algorithm not in ALGORITHMS:
        raise InputError(f"signing algorithm must be `RS256` or `ES384`, not `{algorithm[:40]}`")
    return algorithm


def _signature(body: bytes, algorithm: str, private: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    key = load_der_private_key(private, password=None)
    if algorithm == "RS256" and isinstance(key, rsa.RSAPrivateKey):
        return key.sign(body, padding.PKCS1v15(), SHA256())
    if algorithm == "ES384" and isinstance(key, ec.EllipticCurvePrivateKey):
        one, two = decode_dss_signature(key.sign(body, ec.ECDSA(SHA384())))
        return one.to_bytes(_HALF, "big") + two.to_bytes(_HALF, "big")
    raise InputError(f"the key is of another algorithm than `{algorithm}`")


def _der(key: object) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    known: PrivateKeyTypes = key  # type: ignore[assignment]  # one of the two that are made here
    return known.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _jwk(key: object) -> dict[str, str]:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        x, y = (_base64(part.to_bytes(_HALF, "big")) for part in (point.x, point.y))
        return {"kty": "EC", "crv": "P-384", "x": x, "y": y}
    raise TypeError("no key of this kind is made here")


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
