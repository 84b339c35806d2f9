"""The spellings of SSH public keys: OpenSSH's line, its bytes, and PEM; and which keys are strong enough."""

from __future__ import annotations

import base64
import re
from typing import Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
    load_ssh_public_key,
)

from iamkit.errors import InvalidPublicKey, UnrecognizedPublicKeyEncoding

LONGEST_BODY: Final = 16_384
_LEAST_RSA: Final = 2048
_MOST_RSA: Final = 16_384
_KINDS: Final = (
    "ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"
)  # fmt: skip
_LINE: Final = re.compile(r"([a-z0-9-]+) +([A-Za-z0-9+/]+=*)(?: [^\r\n]*)?", re.ASCII)
_PEM: Final = "-----BEGIN "

SshKey: TypeAlias = RSAPublicKey | Ed25519PublicKey | EllipticCurvePublicKey


def read(text: str) -> SshKey:
    """The key of an OpenSSH line or a PEM block.

    RSA of 2048 to 16384 bits, Ed25519, and ECDSA on the NIST curves. Raises UnrecognizedPublicKeyEncoding for
    another spelling, InvalidPublicKey for another or a damaged key.
    """
    plain = text.strip()
    if not plain.isascii() or len(plain) > LONGEST_BODY:
        raise UnrecognizedPublicKeyEncoding("the key is neither an OpenSSH line nor PEM; send one of those")
    if plain.startswith(_PEM):
        if "PRIVATE" in plain:
            raise InvalidPublicKey("this is a private key; keep it, and send the public one")
        return _checked(_loaded(plain, pem=True))
    line = _LINE.fullmatch(plain)
    if line is None:
        raise UnrecognizedPublicKeyEncoding("the key is neither an OpenSSH line nor PEM; send one of those")
    if line[1] not in _KINDS:
        raise InvalidPublicKey(f"a key of the kind `{line[1][:40]}` is not accepted; use ssh-ed25519")
    return _checked(_loaded(f"{line[1]} {line[2]}", pem=False))


def of_blob(blob: bytes) -> SshKey:
    """The key of the bytes that an OpenSSH line spells. Raises InvalidPublicKey."""
    length = int.from_bytes(blob[:4], "big")
    kind = blob[4 : 4 + length] if length < 64 else b""
    if kind not in tuple(name.encode() for name in _KINDS) or len(blob) > LONGEST_BODY:
        raise InvalidPublicKey("the key is of a kind that is not accepted; use ssh-ed25519")
    return _checked(_loaded(f"{kind.decode()} {base64.b64encode(blob).decode()}", pem=False))


def body_of(key: SshKey) -> str:
    """A key as OpenSSH writes it, without comment."""
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")


def pem_of(body: str) -> str:
    """A kept key as PEM."""
    key = load_ssh_public_key(body.encode("ascii"))
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def _loaded(text: str, *, pem: bool) -> object:
    try:
        raw = text.encode("ascii")
        return load_pem_public_key(raw) if pem else load_ssh_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidPublicKey("the key is damaged, or of a kind that is not accepted") from None


def _checked(key: object) -> SshKey:
    if isinstance(key, RSAPublicKey):
        if not _LEAST_RSA <= key.key_size <= _MOST_RSA:
            raise InvalidPublicKey(
                f"an RSA key has {_LEAST_RSA} to {_MOST_RSA} bits, this has {key.key_size}; use ssh-ed25519"
            )
        return key
    if isinstance(key, Ed25519PublicKey):
        return key
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in ("secp256r1", "secp384r1", "secp521r1"):
        return key
    raise InvalidPublicKey("the key is of a kind that is not accepted; use ssh-ed25519")
