"""Portable Symmetric Key Containers (RFC 6030): the seeds of tokens, plain or encrypted.

Encrypted with a key that was agreed on (§6.1) or one derived from a passphrase (§6.2, PBKDF2): AES-CBC with
a MAC that is checked before anything is decrypted, or AES key wrap. Certificates (§6.3) are not read.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from iamkit.credentials import plain_xml
from iamkit.credentials.plain_xml import Element
from iamkit.credentials.secret import Secret
from iamkit.errors import InputError, ValidationError

_PSKC: Final = "urn:ietf:params:xml:ns:keyprov:pskc}"
_DS: Final = "http://www.w3.org/2000/09/xmldsig#}"
_XENC: Final = "http://www.w3.org/2001/04/xmlenc#}"
_XENC11: Final = "http://www.w3.org/2009/xmlenc11#}"
_PKCS5: Final = "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#}"
_MACS: Final = {
    "http://www.w3.org/2000/09/xmldsig#hmac-sha1": "sha1",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha384": "sha384",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512": "sha512",
}
_CBC: Final = {f"http://www.w3.org/2001/04/xmlenc#aes{bits}-cbc": bits // 8 for bits in (128, 192, 256)}
_WRAP: Final = {f"http://www.w3.org/2001/04/xmlenc#kw-aes{bits}": bits // 8 for bits in (128, 192, 256)}
# §6.2 needs no more, and each costs time.
_MOST_ITERATIONS: Final = 1_000_000
_BLOCK: Final = 16
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SharedKey:
    """What opens a container: the key that was agreed on, in hexadecimal, or a passphrase."""

    key: Secret | None = None
    passphrase: Secret | None = None


@dataclass(frozen=True, slots=True)
class TokenSeed:
    """A key of a container. `counts` is whether its token counts (HOTP) or tells the time (TOTP)."""

    serial: str
    counts: bool
    seed: bytes = field(repr=False)
    algorithm: str
    digits: int
    period: int
    counter: int
    maker: str
    model: str


def seeds_in(text: bytes, shared: SharedKey | None = None, *, most: int) -> tuple[TokenSeed, ...]:
    """The seeds of the HOTP and TOTP keys. Raises InputError; a key of another kind is one."""
    root = plain_xml.parsed(text)
    if root.name != f"{_PSKC}KeyContainer":
        raise InputError("the XML file is no PSKC container (RFC 6030)")
    packages = root.all(f"{_PSKC}KeyPackage")
    if len(packages) > most:
        raise InputError(f"the file has more than {most} tokens; split it")
    opener = _opener(root, shared)
    found = []
    for number, package in enumerate(packages, 1):
        try:
            found.append(_seed(package, opener))
        except ValidationError as fault:
            raise InputError(f"key package {number}: {fault.message}") from None
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Opener:
    """Checks and decrypts values. Without a MAC method, only what carries its own check is accepted."""

    key: bytes = field(repr=False)
    mac: str | None = None
    mac_key: bytes = field(default=b"", repr=False)

    def secret(self, secret: Element) -> bytes:
        """The bytes of a `Secret` whose value is encrypted."""
        value = secret.one(f"{_PSKC}EncryptedValue")
        if value is None:
            raise ValidationError("the key has no value; ask for a file that holds the seeds")
        method, blob = _encrypted(value)
        if method in _WRAP:
            return self.unwrapped(method, blob)
        told = secret.word(f"{_PSKC}ValueMAC")
        if self.mac is None or told is None:
            raise ValidationError("an encrypted seed without a MAC cannot be trusted (RFC 6030 §6.1.1)")
        expected = hmac.digest(self.mac_key, blob, self.mac)
        if not hmac.compare_digest(expected, _bytes(told)):
            raise ValidationError("a MAC is not right: the key or passphrase is another, or the file changed")
        return self.decrypted(method, blob)

    def decrypted(self, method: str, blob: bytes) -> bytes:
        """CBC with XML Encryption's padding. Only for what a MAC has passed, or a MAC key itself."""
        if method not in _CBC:
            raise ValidationError("the seeds are encrypted in a way that is not read; use AES-CBC or AES-KW")
        if len(self.key) != _CBC[method] or len(blob) < 2 * _BLOCK or len(blob) % _BLOCK:
            raise ValidationError("the key has not the length that the file was encrypted with")
        cipher = Cipher(algorithms.AES(self.key), modes.CBC(blob[:_BLOCK])).decryptor()
        plain = cipher.update(blob[_BLOCK:]) + cipher.finalize()
        if not 1 <= plain[-1] <= _BLOCK:
            raise ValidationError("a value cannot be decrypted; the key or passphrase is another")
        return plain[: -plain[-1]]

    def unwrapped(self, method: str, blob: bytes) -> bytes:
        """AES key wrap (RFC 3394), which checks itself."""
        if len(self.key) != _WRAP[method]:
            raise ValidationError("the key has not the length that the file was encrypted with")
        try:
            return aes_key_unwrap(self.key, blob)
        except (InvalidUnwrap, ValueError):
            raise ValidationError("a value cannot be unwrapped; the key or passphrase is another") from None


def _opener(root: Element, shared: SharedKey | None) -> _Opener | None:
    told = root.one(f"{_PSKC}EncryptionKey")
    if told is None:
        return None
    key = _encryption_key(told, shared)
    plain = _Opener(key)
    method = root.one(f"{_PSKC}MACMethod")
    if method is None:
        return plain
    mac = _MACS.get(method.attributes.get("Algorithm", ""))
    if mac is None:
        raise InputError("the MAC of the file is of a kind that is not read; use HMAC-SHA1 or HMAC-SHA256")
    wrapped = method.one(f"{_PSKC}MACKey")
    if wrapped is None:
        return _Opener(key, mac, key)
    try:
        algorithm, blob = _encrypted(wrapped)
        opened = plain.unwrapped(algorithm, blob) if algorithm in _WRAP else plain.decrypted(algorithm, blob)
    except ValidationError as fault:
        raise InputError(fault.message) from None
    return _Opener(key, mac, opened)


def _encryption_key(told: Element, shared: SharedKey | None) -> bytes:
    derived = told.one(f"{_XENC11}DerivedKey") or told.one(f"{_PSKC}DerivedKey")
    if derived is not None:
        if shared is None or shared.passphrase is None:
            raise InputError("the seeds are encrypted with a passphrase; give it")
        return _derived(derived, shared.passphrase)
    if told.one(f"{_DS}X509Data") is not None:
        raise InputError("the seeds are encrypted for a certificate, which is not read; ask for another file")
    if shared is None or shared.key is None:
        raise InputError("the seeds are encrypted with a key that was agreed on; give it, in hexadecimal")
    try:
        key = bytes.fromhex(shared.key.reveal().strip())
    except ValueError:
        raise InputError("the key is not spelt in hexadecimal") from None
    if len(key) not in (16, 24, 32):
        raise InputError("the key has to have 16, 24 or 32 bytes, in hexadecimal")
    return key


def _derived(told: Element, passphrase: Secret) -> bytes:
    """PBKDF2 (RFC 8018 §5.2), with the parameters of the file within bounds."""
    method = told.one(f"{_XENC11}KeyDerivationMethod") or told.one(f"{_PSKC}KeyDerivationMethod")
    if method is None or not method.attributes.get("Algorithm", "").endswith("#pbkdf2"):
        raise InputError("the key of the file is derived in a way that is not read; use PBKDF2")
    parameters = [child for child in method.children if child.name.endswith("}PBKDF2-params")]
    if len(parameters) != 1:
        raise InputError("the file does not tell how its key is derived")
    parts = {child.name.rpartition("}")[2]: child for child in parameters[0].children}
    salt = next((child.text for child in parts["Salt"].children), "") if "Salt" in parts else ""
    rounds, length = _told(parts, "IterationCount", 0), _told(parts, "KeyLength", _BLOCK)
    if not 1 <= rounds <= _MOST_ITERATIONS or length not in (16, 24, 32):
        raise InputError("the file derives its key with parameters that are out of bounds")
    prf = parts["PRF"].attributes.get("Algorithm", "") if "PRF" in parts else ""
    chosen: hashes.HashAlgorithm = hashes.SHA1()  # noqa: S303  # RFC 8018's default
    if "sha256" in prf.lower():
        chosen = hashes.SHA256()
    elif prf and "sha1" not in prf.lower():
        raise InputError("the file derives its key with a function that is not read; use HMAC-SHA256")
    try:
        secret = passphrase.reveal().encode("utf-8")
        return PBKDF2HMAC(chosen, length, _bytes(salt), rounds).derive(secret)
    except (UnicodeEncodeError, ValidationError):
        raise InputError("the passphrase or the salt of the file is not spelt right") from None


def _told(parts: dict[str, Element], name: str, default: int) -> int:
    text = parts[name].text.strip() if name in parts else str(default)
    return int(text) if _NUMBER.fullmatch(text) else -1


def _encrypted(value: Element) -> tuple[str, bytes]:
    """How a value is encrypted, and the bytes of it."""
    method = value.one(f"{_XENC}EncryptionMethod")
    blob = value.word(f"{_XENC}CipherData", f"{_XENC}CipherValue")
    if method is None or blob is None:
        raise ValidationError("an encrypted value lacks its method or its data")
    return method.attributes.get("Algorithm", ""), _bytes(blob)


def _seed(package: Element, opener: _Opener | None) -> TokenSeed:
    key = package.one(f"{_PSKC}Key")
    if key is None:
        raise ValidationError("there is no single key in it")
    kind = key.attributes.get("Algorithm", "").rpartition(":")[2].lower()
    if kind not in ("hotp", "totp"):
        raise ValidationError("the key is of a kind that is not read; use HOTP or TOTP")
    secret = key.one(f"{_PSKC}Data", f"{_PSKC}Secret")
    if secret is None:
        raise ValidationError("the key has no value; ask for a file that holds the seeds")
    plain = secret.word(f"{_PSKC}PlainValue")
    if plain is not None:
        seed = _bytes(plain)
    elif opener is None:
        raise ValidationError("the seed is encrypted, and the file does not tell by which key")
    else:
        seed = opener.secret(secret)
    device = f"{_PSKC}DeviceInfo"
    form = key.one(f"{_PSKC}AlgorithmParameters", f"{_PSKC}ResponseFormat")
    attributes = {} if form is None else form.attributes
    if attributes.get("Encoding", "DECIMAL").upper() != "DECIMAL":
        raise ValidationError("the token shows codes that are not decimal")
    suite = key.word(f"{_PSKC}AlgorithmParameters", f"{_PSKC}Suite") or "HMAC-SHA1"
    return TokenSeed(
        serial=package.word(device, f"{_PSKC}SerialNo") or key.attributes.get("Id", ""),
        counts=kind == "hotp",
        seed=seed,
        algorithm=suite.upper().replace("HMAC", "").replace("-", ""),
        digits=_number(attributes.get("Length", "6")),
        period=_number(key.word(f"{_PSKC}Data", f"{_PSKC}TimeInterval", f"{_PSKC}PlainValue") or "30"),
        counter=_number(key.word(f"{_PSKC}Data", f"{_PSKC}Counter", f"{_PSKC}PlainValue") or "0"),
        maker=package.word(device, f"{_PSKC}Manufacturer") or "",
        model=package.word(device, f"{_PSKC}Model") or "",
    )


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValidationError(f"`{text[:20]}` must be a number")
    return int(text)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (ValueError, binascii.Error):
        raise ValidationError("a value is not spelt in base 64") from None
