"""A software authenticator, for tests of apps that use passkeys: no browser, no device.

    key = SoftAuthenticator("https://app.example.org")
    answer = {"credential": key.create(options)}     # options: what iamkit showed; later key.get(options)

It signs whatever it is told to, so tests can show that lies are refused: see `Lie`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from iamkit_webauthn.base64url import decoded, encoded

UP: Final = 0x01
UV: Final = 0x04
BE: Final = 0x08
BS: Final = 0x10
AT: Final = 0x40

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Lie:
    """How an answer departs from the truth. `client` replaces fields of the client data, None drops one.

    `flags` are those of the authenticator data as a whole; `data` changes it before it is signed; `said`
    changes the answer at the end, when the signature stands.
    """

    client: Mapping[str, object] = field(default_factory=dict)
    raw_client: Callable[[bytes], bytes] | None = None
    rp_id: str | None = None
    flags: int | None = None
    count: int | None = None
    data: Callable[[bytes], bytes] | None = None
    said: Callable[[dict[str, object], dict[str, object]], None] | None = None


TRUTH: Final = Lie()


@dataclass(slots=True)
class Credential:
    """One key pair, as it is kept. `count` is how often it was used, None if it does not count."""

    credential_id: bytes
    rp_id: str
    user_handle: bytes
    key: Key
    algorithm: int
    count: int | None


@dataclass(slots=True)
class SoftAuthenticator:
    """An authenticator in a browser at `origin`. `synced`: its keys are backed up, as those of phones are."""

    origin: str
    verifies: bool = True
    synced: bool = False
    counts: bool = True
    algorithm: int = -7
    id_length: int = 32
    aaguid: bytes = bytes(16)
    # The maker's key and certificate, with which it attests its model.
    attests: tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None = None
    credentials: list[Credential] = field(default_factory=list)

    def create(self, options: Mapping[str, object], lie: Lie = TRUTH) -> str:
        """The answer to creation options, as a browser's `toJSON()` gives it."""
        party, user = _mapping(options["rp"]), _mapping(options["user"])
        made = Credential(
            secrets.token_bytes(self.id_length),
            str(party["id"]),
            decoded(user["id"]),
            _new_key(self.algorithm),
            self.algorithm,
            0 if self.counts else None,
        )
        self.credentials.append(made)
        client = self._client("webauthn.create", options, lie)
        attested = (
            self.aaguid
            + len(made.credential_id).to_bytes(2, "big")
            + made.credential_id
            + cbor2.dumps(_cose(made.key, made.algorithm))
        )
        data = self._data(made, AT, lie, attested)
        statement = self._statement(data + hashlib.sha256(client).digest())
        attestation = cbor2.dumps(
            {"fmt": "packed" if statement else "none", "attStmt": statement, "authData": data}
        )
        response: dict[str, object] = {
            "clientDataJSON": encoded(client),
            "attestationObject": encoded(attestation),
            "transports": ["internal"] if self.synced else ["usb"],
        }
        return _said(made, response, lie)

    def get(self, options: Mapping[str, object], lie: Lie = TRUTH) -> str:
        """The answer to request options. Raises LookupError if none of its credentials is asked for."""
        allow = options.get("allowCredentials") or []
        if not isinstance(allow, list):
            raise LookupError("no list of credentials")
        wanted = {item["id"] for item in allow}
        found = [
            item
            for item in self.credentials
            if item.rp_id == options["rpId"] and (not wanted or encoded(item.credential_id) in wanted)
        ]
        if not found:
            raise LookupError("none of these credentials is here")
        used = found[-1]
        if used.count is not None:
            used.count += 1
        client = self._client("webauthn.get", options, lie)
        data = self._data(used, 0, lie)
        signature = _signed(used.key, data + hashlib.sha256(client).digest())
        response: dict[str, object] = {
            "clientDataJSON": encoded(client),
            "authenticatorData": encoded(data),
            "signature": encoded(signature),
            "userHandle": encoded(used.user_handle),
        }
        return _said(used, response, lie)

    def _client(self, kind: str, options: Mapping[str, object], lie: Lie) -> bytes:
        said: dict[str, object] = {
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": False,
        }
        said.update(lie.client)
        raw = json.dumps({name: part for name, part in said.items() if part is not None}).encode()
        return raw if lie.raw_client is None else lie.raw_client(raw)

    def _data(self, used: Credential, more: int, lie: Lie, attested: bytes = b"") -> bytes:
        flags = UP | more | (UV if self.verifies else 0) | (BE | BS if self.synced else 0)
        count = (used.count or 0) if lie.count is None else lie.count
        raw = (
            hashlib.sha256((lie.rp_id or used.rp_id).encode()).digest()
            + bytes([flags if lie.flags is None else lie.flags])
            + count.to_bytes(4, "big")
            + attested
        )
        return raw if lie.data is None else lie.data(raw)

    def _statement(self, signed: bytes) -> dict[str, object]:
        if self.attests is None:
            return {}
        key, certificate = self.attests
        return {
            "alg": -7,
            "sig": key.sign(signed, ec.ECDSA(SHA256())),
            "x5c": [certificate.public_bytes(Encoding.DER)],
        }


def _said(used: Credential, response: dict[str, object], lie: Lie) -> str:
    said: dict[str, object] = {
        "id": encoded(used.credential_id),
        "rawId": encoded(used.credential_id),
        "type": "public-key",
        "clientExtensionResults": {},
        "response": response,
    }
    if lie.said is not None:
        lie.said(said, response)
    return json.dumps(said)


def _new_key(algorithm: int) -> Key:
    if algorithm == -8:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == -257:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def _cose(key: Key, algorithm: int) -> dict[int, object]:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {1: 1, 3: algorithm, -1: 6, -2: key.public_key().public_bytes_raw()}
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {1: 3, 3: algorithm, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")}
    point = key.public_key().public_numbers()
    return {1: 2, 3: algorithm, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}


def _signed(key: Key, data: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), SHA256())
    return key.sign(data, ec.ECDSA(SHA256()))


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise LookupError("the options have no such part")
    return value
