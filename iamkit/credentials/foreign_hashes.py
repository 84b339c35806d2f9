"""Password hashes that other software made: what is read, up to which cost, and how each is verified.

They come in by an import and are verified as they are until the user signs in; then the password is hashed
as all others are. Every form is matched whole and its numbers are bounded before any work is done for it, so
a hash that somebody made up costs no more than a wrong password (THR-P11). What cannot be verified, or is
worth nothing, is refused by a sentence that says so. This is the one place that knows such forms.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import argon2
from argon2.exceptions import Argon2Error, InvalidHashError

from iamkit.errors import ConfigurationError, ValidationError

LONGEST: Final = 512
# Ceilings: about one second each on one core of today's machines.
MOST_ROUNDS: Final = 3_000_000
LEAST_ROUNDS: Final = 1_000
MOST_BCRYPT: Final = 15
MOST_MEMORY: Final = 256 * 1024 * 1024
MOST_SCRYPT_WORK: Final = 2**21
MOST_ARGON_PASSES: Final = 16
MOST_LANES: Final = 16
_BCRYPT_READS: Final = 72
# What bcrypt writes: cost, 22 characters of salt, 31 of digest.
_CRYPT: Final = r"\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}"
_B64: Final = r"[A-Za-z0-9+/]+={0,2}"

# The groups of the patterns below that say how much work a hash is.
_NUMBERS: Final = ("m", "t", "p", "rounds", "n", "r", "ln")

Check = Callable[[bytes], bool]
Read = Callable[[re.Match[str]], Check]


@dataclass(frozen=True, slots=True)
class Form:
    """One form of hash: a name for reports, the pattern that it has to match whole, and how it is checked."""

    name: str
    pattern: re.Pattern[str]
    read: Read = field(repr=False)


def form_of(text: str) -> Form:
    """The form of a hash, its cost within bounds. Raises ValidationError saying why it is not taken."""
    form, _ = _read(text)
    return form


def verify(text: str, password: bytes) -> bool:
    """Whether `password` is the one that was hashed. False, without any work, for what is not taken."""
    try:
        _, check = _read(text)
    except ValidationError:
        return False
    # C libraries stopped at a NUL, and HMAC does not tell one at the end from none.
    return b"\0" not in password and check(password)


def cost_of(text: str) -> str:
    """The same text for all hashes that take as long as this one: its form, and the numbers in it."""
    for form in FORMS:
        found = form.pattern.fullmatch(text)
        if found is not None:
            parts = found.groupdict()
            numbers = [parts[name] for name in _NUMBERS if parts.get(name)]
            return " ".join((form.name, *numbers, (parts.get("crypt") or "")[:7]))
    return "none"


def _read(text: str) -> tuple[Form, Check]:
    if len(text) > LONGEST or not text.isascii() or not text.isprintable():
        raise ValidationError("the hash is no hash that is known: it is too long or no plain text")
    for form in FORMS:
        found = form.pattern.fullmatch(text)
        if found is not None:
            return form, form.read(found)
    for pattern, reason in _REFUSED:
        if pattern.match(text):
            raise ValidationError(reason)
    raise ValidationError("the hash has no form that is known; the user needs a new password")


# --- argon2 --------------------------------------------------------------------------------------


def _argon2(found: re.Match[str]) -> Check:
    memory, passes, lanes = (int(found[name]) for name in ("m", "t", "p"))
    _hold("argon2's memory", memory * 1024, 8 * 1024, MOST_MEMORY)
    _hold("argon2's passes", passes, 1, MOST_ARGON_PASSES)
    _hold("argon2's lanes", lanes, 1, MOST_LANES)
    _hold("argon2's work", memory * passes, 8, MOST_MEMORY // 1024 * 4)
    whole = found["phc"]

    def check(password: bytes) -> bool:
        try:
            return argon2.PasswordHasher().verify(whole, password)
        except (Argon2Error, InvalidHashError):
            return False

    return check


# --- bcrypt --------------------------------------------------------------------------------------


def _plain(password: bytes) -> bytes:
    # What bcrypt itself read of a long password, and what it stopped at.
    return password[:_BCRYPT_READS]


def _bcrypt(found: re.Match[str], prepare: Callable[[bytes], bytes] = _plain) -> Check:
    whole = found["crypt"]
    _hold("bcrypt's cost", int(whole[4:6]), 4, MOST_BCRYPT)
    # 2y is what PHP calls 2b.
    text = ("$2b" + whole[3:]).encode() if whole.startswith("$2y") else whole.encode()
    library = _bcrypt_library()

    def check(password: bytes) -> bool:
        return bool(library(prepare(password), text))

    return check


def _django_bcrypt_sha256(found: re.Match[str]) -> Check:
    return _bcrypt(found, lambda password: hashlib.sha256(password).hexdigest().encode())


def _passlib_bcrypt_sha256(found: re.Match[str]) -> Check:
    """Passlib's version 2: HMAC-SHA-256 under the salt, in base64, before bcrypt."""
    salt, rounds = found["salt"], int(found["r"])
    _hold("bcrypt's cost", rounds, 4, MOST_BCRYPT)
    text = f"$2b${rounds:02}${salt}{found['digest']}".encode()
    library = _bcrypt_library()

    def check(password: bytes) -> bool:
        mixed = hmac.new(salt.encode(), password, "sha256").digest()
        return bool(library(base64.b64encode(mixed), text))

    return check


def _bcrypt_library() -> Callable[[bytes, bytes], bool]:
    try:
        found: Callable[[bytes, bytes], bool] = importlib.import_module("bcrypt").checkpw
    except ImportError:
        raise ConfigurationError(
            "bcrypt hashes need the package `bcrypt`; install `iamkit[bcrypt]`"
        ) from None
    return found


# --- PBKDF2 --------------------------------------------------------------------------------------


def _pbkdf2(digest: str, rounds: int, salt: bytes, expected: bytes) -> Check:
    _hold("PBKDF2's rounds", rounds, LEAST_ROUNDS, MOST_ROUNDS)
    size = hashlib.new(digest, usedforsecurity=False).digest_size
    if len(expected) != size or not salt:
        raise ValidationError(f"the hash is damaged: pbkdf2 with {digest} has {size} bytes and a salt")

    def check(password: bytes) -> bool:
        return hmac.compare_digest(hashlib.pbkdf2_hmac(digest, password, salt, rounds), expected)

    return check


def _django_pbkdf2(found: re.Match[str]) -> Check:
    return _pbkdf2(found["digest"], int(found["rounds"]), found["salt"].encode(), _decoded(found["hash"]))


def _werkzeug_pbkdf2(found: re.Match[str]) -> Check:
    return _pbkdf2(found["digest"], int(found["rounds"]), found["salt"].encode(), _hex(found["hash"]))


def _passlib_pbkdf2(found: re.Match[str]) -> Check:
    digest = found["digest"] or "sha1"
    return _pbkdf2(digest, int(found["rounds"]), _adapted(found["salt"]), _adapted(found["hash"]))


# --- scrypt --------------------------------------------------------------------------------------


def _scrypt(n: int, r: int, p: int, salt: bytes, expected: bytes) -> Check:
    if n < 2 or n & (n - 1):
        raise ValidationError("the hash is damaged: scrypt's N is a power of two")
    _hold("scrypt's N", n, 1024, 2**20)
    _hold("scrypt's r", r, 1, 64)
    _hold("scrypt's p", p, 1, MOST_LANES)
    memory = 128 * r * (n + p + 2)
    _hold("scrypt's memory", memory, 1, MOST_MEMORY)
    _hold("scrypt's work", n * r * p, 1, MOST_SCRYPT_WORK)
    if not 16 <= len(expected) <= 64 or not salt:
        raise ValidationError("the hash is damaged: scrypt's digest has 16 to 64 bytes, and a salt")

    def check(password: bytes) -> bool:
        made = hashlib.scrypt(
            password, salt=salt, n=n, r=r, p=p, maxmem=memory + 1024 * 1024, dklen=len(expected)
        )
        return hmac.compare_digest(made, expected)

    return check


def _django_scrypt(found: re.Match[str]) -> Check:
    n, r, p = (int(found[name]) for name in "nrp")
    return _scrypt(n, r, p, found["salt"].encode(), _decoded(found["hash"]))


def _werkzeug_scrypt(found: re.Match[str]) -> Check:
    n, r, p = (int(found[name]) for name in "nrp")
    return _scrypt(n, r, p, found["salt"].encode(), _hex(found["hash"]))


def _passlib_scrypt(found: re.Match[str]) -> Check:
    logarithm = int(found["ln"])
    _hold("scrypt's N, as a power of two,", logarithm, 10, 20)
    return _scrypt(
        2**logarithm, int(found["r"]), int(found["p"]), _unpadded(found["salt"]), _unpadded(found["hash"])
    )


# --- the pieces ----------------------------------------------------------------------------------


def _hold(what: str, value: int, least: int, most: int) -> None:
    if value < least:
        raise ValidationError(f"{what}: {value} is too little to be worth keeping; at least {least:,}")
    if value > most:
        raise ValidationError(f"{what}: {value} is more than is run; at most {most:,}")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValidationError("the hash is damaged: its digest is no base64") from None


def _unpadded(text: str) -> bytes:
    return _decoded(text + "=" * (-len(text) % 4))


def _adapted(text: str) -> bytes:
    # Passlib's alphabet has `.` where base64 has `+`, and no padding.
    return _unpadded(text.replace(".", "+"))


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValidationError("the hash is damaged: its digest is not hexadecimal") from None


def _form(name: str, pattern: str, read: Read) -> Form:
    return Form(name, re.compile(pattern, re.ASCII), read)


_SALT: Final = r"(?P<salt>[A-Za-z0-9+/=._@%!#^&*()-]{1,128})"

FORMS: Final[tuple[Form, ...]] = (
    _form(
        "argon2",
        r"(?:argon2)?(?P<phc>\$argon2(?:id|i)\$v=19\$m=(?P<m>[0-9]{1,8}),t=(?P<t>[0-9]{1,3}),p=(?P<p>[0-9]{1,3})"
        r"\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86})",
        _argon2,
    ),
    _form("bcrypt", rf"(?:bcrypt\$)?(?P<crypt>{_CRYPT})", _bcrypt),
    _form("Django's bcrypt_sha256", rf"bcrypt_sha256\$(?P<crypt>{_CRYPT})", _django_bcrypt_sha256),
    _form(
        "passlib's bcrypt-sha256",
        r"\$bcrypt-sha256\$v=2,t=2b,r=(?P<r>[0-9]{1,2})\$(?P<salt>[./A-Za-z0-9]{22})\$(?P<digest>[./A-Za-z0-9]{31})",
        _passlib_bcrypt_sha256,
    ),
    _form(
        "Django's PBKDF2",
        rf"pbkdf2_(?P<digest>sha256|sha1)\$(?P<rounds>[0-9]{{1,8}})\${_SALT}\$(?P<hash>{_B64})",
        _django_pbkdf2,
    ),
    _form(
        "Werkzeug's PBKDF2",
        rf"pbkdf2:(?P<digest>sha1|sha256|sha512):(?P<rounds>[0-9]{{1,8}})\${_SALT}\$(?P<hash>[0-9a-f]{{40,128}})",
        _werkzeug_pbkdf2,
    ),
    _form(
        "passlib's PBKDF2",
        r"\$pbkdf2(?:-(?P<digest>sha256|sha512))?\$(?P<rounds>[0-9]{1,8})"
        r"\$(?P<salt>[./A-Za-z0-9]{1,128})\$(?P<hash>[./A-Za-z0-9]{27,86})",
        _passlib_pbkdf2,
    ),
    _form(
        "Django's scrypt",
        rf"scrypt\$(?P<n>[0-9]{{1,8}})\${_SALT}\$(?P<r>[0-9]{{1,3}})\$(?P<p>[0-9]{{1,3}})\$(?P<hash>{_B64})",
        _django_scrypt,
    ),
    _form(
        "Werkzeug's scrypt",
        rf"scrypt:(?P<n>[0-9]{{1,8}}):(?P<r>[0-9]{{1,3}}):(?P<p>[0-9]{{1,3}})\${_SALT}\$(?P<hash>[0-9a-f]{{32,128}})",
        _werkzeug_scrypt,
    ),
    _form(
        "passlib's scrypt",
        r"\$scrypt\$ln=(?P<ln>[0-9]{1,2}),r=(?P<r>[0-9]{1,3}),p=(?P<p>[0-9]{1,3})"
        r"\$(?P<salt>[A-Za-z0-9+/]{1,128})\$(?P<hash>[A-Za-z0-9+/]{22,86})",
        _passlib_scrypt,
    ),
)

_WEAK: Final = "is broken within minutes by whoever gets the file; the user needs a new password"
_REASONS: Final[Mapping[str, str]] = {
    r"\$apr1\$": f"apr1 (MD5 of Apache's htpasswd) {_WEAK}",
    r"\$1\$": f"MD5 crypt {_WEAK}",
    r"\{SHA\}": f"unsalted SHA-1 (htpasswd -s) {_WEAK}",
    r"\{SSHA\}": f"one round of SHA-1 {_WEAK}",
    r"(?:unsalted_)?(?:md5|sha1)\$|(?:plain)?md5": f"one round of a plain digest {_WEAK}",
    r"pbkdf2|\$pbkdf2": "the PBKDF2 hash is damaged or of a digest that is not taken (sha1, sha256, sha512)",
    r"\$argon2d|argon2\$argon2d": "argon2d is not for passwords; argon2id and argon2i are taken",
    r"\$argon2|argon2": "the argon2 hash is damaged or not of version 19",
    r"\$2x?\$|\$2[abxy]|bcrypt": "the bcrypt hash is damaged, or of the faulty variants 2 and 2x",
    r"\$bcrypt-sha256\$": "passlib's bcrypt-sha256 is taken in its version 2 only",
    r"\$[56]\$": "sha256-crypt and sha512-crypt are not read; the user needs a new password",
    r"\$scrypt|scrypt": "the scrypt hash is damaged",
    r"[./A-Za-z0-9]{13}$": f"DES crypt, or a password in plain text, {_WEAK}",
}
_REFUSED: Final = tuple((re.compile(pattern, re.ASCII), reason) for pattern, reason in _REASONS.items())
