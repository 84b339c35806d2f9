"""Signatures that `ssh-keygen -Y sign` makes (OpenSSH, PROTOCOL.sshsig): read and checked.

A signature carries its public key; whether that is anybody's is the caller's question. RSA signs with SHA-2
only. What is signed names the namespace, so that a signature made for mail or commits opens nothing here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from iamkit.credentials import ssh_key_forms
from iamkit.credentials.ssh_key_forms import SshKey
from iamkit.errors import InputError, InvalidPublicKey

LONGEST: Final = 32_768
_MAGIC: Final = b"SSHSIG"
_VERSION: Final = 1
_ARMOR: Final = re.compile(
    r"-----BEGIN SSH SIGNATURE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END SSH SIGNATURE-----", re.ASCII
)
_DIGESTS: Final = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_RSA: Final[dict[bytes, hashes.HashAlgorithm]] = {
    b"rsa-sha2-256": hashes.SHA256(),
    b"rsa-sha2-512": hashes.SHA512(),
}
_CURVES: Final[dict[str, tuple[bytes, hashes.HashAlgorithm]]] = {
    "secp256r1": (b"ecdsa-sha2-nistp256", hashes.SHA256()),
    "secp384r1": (b"ecdsa-sha2-nistp384", hashes.SHA384()),
    "secp521r1": (b"ecdsa-sha2-nistp521", hashes.SHA512()),
}


class _Malformed(Exception):  # noqa: N818  # never leaves this module
    """The bytes are no signature."""


def signer_of(armored: str, message: bytes, *, namespace: str) -> SshKey | None:
    """The public key that made this signature over `message`; None if it is wrong.

    Raises InputError for a text that is no SSH signature at all.
    """
    found = _ARMOR.fullmatch(armored.strip()) if len(armored) <= LONGEST else None
    if found is None:
        raise InputError("this is no SSH signature; make one with `ssh-keygen -Y sign`")
    try:
        signed = _read(base64.b64decode("".join(found[1].split()), validate=True))
        key = ssh_key_forms.of_blob(signed.key)
    except (_Malformed, binascii.Error, ValueError, InvalidPublicKey):
        raise InputError("this SSH signature is damaged, or of a kind that is not accepted") from None
    if signed.namespace != namespace.encode() or signed.digest not in _DIGESTS:
        return None
    digest = _DIGESTS[signed.digest](message).digest()
    covered = _MAGIC + b"".join(
        _string(part) for part in (signed.namespace, signed.reserved, signed.digest, digest)
    )
    return key if _good(key, signed, covered) else None


@dataclass(frozen=True, slots=True)
class _Signed:
    """The parts of a signature."""

    key: bytes
    namespace: bytes
    reserved: bytes
    digest: bytes
    algorithm: bytes
    signature: bytes


def _read(raw: bytes) -> _Signed:
    if raw[:6] != _MAGIC or int.from_bytes(raw[6:10], "big") != _VERSION:
        raise _Malformed
    key, namespace, reserved, digest, blob = _strings(raw[10:], 5)
    algorithm, signature = _strings(blob, 2)
    return _Signed(key, namespace, reserved, digest, algorithm, signature)


def _strings(raw: bytes, count: int) -> list[bytes]:
    """`count` strings, each after its length, and nothing behind them."""
    found = []
    for _ in range(count):
        length = int.from_bytes(raw[:4], "big")
        if len(raw) < 4 + length:
            raise _Malformed
        found.append(raw[4 : 4 + length])
        raw = raw[4 + length :]
    if raw:
        raise _Malformed
    return found


def _string(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def _good(key: SshKey, signed: _Signed, covered: bytes) -> bool:
    try:
        if isinstance(key, RSAPublicKey):
            if signed.algorithm not in _RSA:
                return False
            key.verify(signed.signature, covered, padding.PKCS1v15(), _RSA[signed.algorithm])
        elif isinstance(key, Ed25519PublicKey):
            if signed.algorithm != b"ssh-ed25519":
                return False
            key.verify(signed.signature, covered)
        else:
            _verify_ecdsa(key, signed, covered)
    except (InvalidSignature, ValueError, _Malformed):
        return False
    return True


def _verify_ecdsa(key: EllipticCurvePublicKey, signed: _Signed, covered: bytes) -> None:
    algorithm, digest = _CURVES[key.curve.name]
    if signed.algorithm != algorithm:
        raise InvalidSignature
    r, s = (int.from_bytes(part, "big", signed=True) for part in _strings(signed.signature, 2))
    if r <= 0 or s <= 0:
        raise InvalidSignature
    key.verify(encode_dss_signature(r, s), covered, ECDSA(digest))
