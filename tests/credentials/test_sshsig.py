"""SSH keys and signatures: what OpenSSH makes is read, and every bent byte is refused."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa

from iamkit.credentials import ssh_key_forms, ssh_keys, sshsig
from iamkit.errors import IamkitError, InputError, InvalidPublicKey, UnrecognizedPublicKeyEncoding

NAMESPACE: Final = "sign-in@iamkit"
MESSAGE: Final = b"iamkit sign-in\nchallenge x\n"
PRIVATE: Final = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
RSA: Final = rsa.generate_private_key(65537, 2048)
SHORT_RSA: Final = rsa.generate_private_key(65537, 1024)


def string(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def blob_of(key: object) -> bytes:
    return base64.b64decode(ssh_key_forms.body_of(key).split(" ")[1])  # type: ignore[arg-type]  # any kind


def armored(raw: bytes) -> str:
    text = base64.b64encode(raw).decode()
    return f"-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n"


def signed(
    blob: bytes,
    sign: Callable[[bytes], bytes],
    algorithm: bytes,
    *,
    namespace: bytes = NAMESPACE.encode(),
    digest: bytes = b"sha512",
    version: int = 1,
    message: bytes = MESSAGE,
) -> bytes:
    """A signature in OpenSSH's form."""
    kind = hashes.SHA512() if digest == b"sha512" else hashes.SHA256()
    hashed = hashes.Hash(kind)
    hashed.update(message)
    parts = [namespace, b"", digest, hashed.finalize()]
    covered = b"SSHSIG" + b"".join(map(string, parts))
    signature = string(algorithm) + string(sign(covered))
    head = b"SSHSIG" + version.to_bytes(4, "big")
    return head + b"".join(map(string, [blob, namespace, b"", digest, signature]))


GOOD: Final = signed(blob_of(PRIVATE.public_key()), PRIVATE.sign, b"ssh-ed25519")


def check(raw: bytes | str, message: bytes = MESSAGE) -> object:
    text = raw if isinstance(raw, str) else armored(raw)
    return sshsig.signer_of(text, message, namespace=NAMESPACE)


def _rsa(digest: hashes.HashAlgorithm) -> Callable[[bytes], bytes]:
    return lambda covered: RSA.sign(covered, padding.PKCS1v15(), digest)


def test_a_signature_names_its_key() -> None:
    """And holds for its message alone."""
    found = check(GOOD)
    assert found is not None
    assert blob_of(found) == blob_of(PRIVATE.public_key())
    assert check(GOOD, MESSAGE + b"x") is None
    assert check(signed(blob_of(RSA.public_key()), _rsa(hashes.SHA512()), b"rsa-sha2-512")) is not None


@pytest.mark.parametrize(
    "raw",
    [
        signed(blob_of(PRIVATE.public_key()), PRIVATE.sign, b"ssh-ed25519", namespace=b"git"),
        signed(blob_of(PRIVATE.public_key()), PRIVATE.sign, b"ssh-ed25519", digest=b"md5"),
        signed(blob_of(PRIVATE.public_key()), PRIVATE.sign, b"ssh-rsa"),
        signed(blob_of(RSA.public_key()), PRIVATE.sign, b"rsa-sha2-512"),
        signed(blob_of(RSA.public_key()), _rsa(hashes.SHA1()), b"ssh-rsa"),
        signed(blob_of(RSA.public_key()), _rsa(hashes.SHA256()), b"rsa-sha2-512"),
    ],
)
def test_a_signature_of_another_kind_is_wrong(raw: bytes) -> None:
    """Another purpose, a hash that is broken, another key's: nobody signed."""
    assert check(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "hello",
        armored(b""),
        armored(GOOD[:-1]),
        armored(GOOD + b"\x00"),
        armored(b"SSHSIG" + b"\x00" * 40),
        armored(GOOD).replace("SIGNATURE", "SIGNITURE"),
        armored(GOOD) + "x",
        armored(GOOD) * 300,
        signed(blob_of(PRIVATE.public_key()), PRIVATE.sign, b"ssh-ed25519", version=2),
        signed(b"", PRIVATE.sign, b"ssh-ed25519"),
        signed(blob_of(PRIVATE.public_key()) + b"x", PRIVATE.sign, b"ssh-ed25519"),
        signed(string(b"ssh-dss") + b"\x00" * 30, PRIVATE.sign, b"ssh-ed25519"),
    ],
)
def test_what_is_no_signature_is_bad_input(raw: bytes | str) -> None:
    """In whatever way it is damaged."""
    with pytest.raises(InputError):
        check(raw)


def test_no_bent_byte_passes() -> None:
    """Each byte of a good signature, changed, is wrong or bad input."""
    for place in range(len(GOOD)):
        bent = bytearray(GOOD)
        bent[place] ^= 0x41
        try:
            found = check(bytes(bent))
        except InputError:
            continue
        # Only another key could have signed, and none did.
        assert found is None, place


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="install openssh-client")
@pytest.mark.parametrize("kind", [("ed25519", "0"), ("ecdsa", "256"), ("ecdsa", "521"), ("rsa", "2048")])
def test_what_openssh_signs_is_right(tmp_path: Path, kind: tuple[str, str]) -> None:
    """A key and a signature of the real program."""
    key = tmp_path / "key"
    bits = [] if kind[1] == "0" else ["-b", kind[1]]
    subprocess.run(["ssh-keygen", "-q", "-t", kind[0], *bits, "-N", "", "-f", str(key)], check=True)
    body = ssh_key_forms.body_of(ssh_key_forms.read(key.with_suffix(".pub").read_text()))
    command: list[str | Path] = ["ssh-keygen", "-Y", "sign", "-q", "-n", NAMESPACE, "-f", key]
    made = subprocess.run(command, input=MESSAGE, stdout=subprocess.PIPE, check=True).stdout.decode()
    told = subprocess.run(
        ["ssh-keygen", "-l", "-E", "md5", "-f", key], stdout=subprocess.PIPE, check=True, text=True
    ).stdout

    found = check(made)

    assert found is not None
    assert blob_of(found) == base64.b64decode(body.split(" ")[1])
    assert ssh_keys.fingerprint_of(body) in told


def _pem(key: object) -> str:
    raw = key.public_bytes(  # type: ignore[attr-defined]  # any public key
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return str(raw.decode())


def test_a_key_is_the_same_key_in_every_spelling() -> None:
    """With a comment, as PEM, and back."""
    body = ssh_key_forms.body_of(PRIVATE.public_key())
    assert ssh_key_forms.body_of(ssh_key_forms.read(f"{body} ana@laptop\n")) == body
    assert ssh_key_forms.body_of(ssh_key_forms.read(ssh_key_forms.pem_of(body))) == body


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", UnrecognizedPublicKeyEncoding),
        ("hello", UnrecognizedPublicKeyEncoding),
        ("ssh-ed25519", UnrecognizedPublicKeyEncoding),
        ('command="x" ssh-ed25519 AAAA', UnrecognizedPublicKeyEncoding),
        ("ssh-ed25519 AAAA\nssh-ed25519 AAAA", UnrecognizedPublicKeyEncoding),
        ("x" * 20_000, UnrecognizedPublicKeyEncoding),
        ("ssh-ed25519 é", UnrecognizedPublicKeyEncoding),
        ("ssh-ed25519 AAAA", InvalidPublicKey),
        ("ssh-dss AAAA", InvalidPublicKey),
        ("ssh-ed25519-cert-v01 AAAA", InvalidPublicKey),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", InvalidPublicKey),
        (ssh_key_forms.body_of(SHORT_RSA.public_key()), InvalidPublicKey),
        (_pem(dsa.generate_private_key(2048).public_key()), InvalidPublicKey),
        (_pem(ec.generate_private_key(ec.SECP256K1()).public_key()), InvalidPublicKey),
    ],
)
def test_what_is_no_key_is_refused(text: str, fault: type[IamkitError]) -> None:
    """Too weak, of another kind, or none at all: by AWS's two names."""
    with pytest.raises(fault):
        ssh_key_forms.read(text)


def test_a_private_key_is_sent_back() -> None:
    """With words that say what it is, and none of it."""
    text = PRIVATE.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    with pytest.raises(InvalidPublicKey, match="private key") as caught:
        ssh_key_forms.read(text)
    assert text.splitlines()[1] not in caught.value.message
