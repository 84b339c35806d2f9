"""One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238) as functions of seed and counter.

Which counter a code was accepted for is what callers need to accept it once only, so nothing here answers
with a mere yes. Seeds of 80 bits are accepted, for other apps give them out; ours have 160. A code is ASCII
digits and nothing else: the digits of other alphabets would be a second spelling of it (THR-M2).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pyotp.utils import build_uri

from iamkit.credentials.secret import Secret
from iamkit.errors import ValidationError

SEED_BYTES: Final = 20
_LEAST_SEED: Final = 10
_LONGEST_SEED: Final = 128
_DIGITS: Final = re.compile(r"[0-9]{6,10}", re.ASCII)
_BASE32: Final = re.compile(r"[A-Z2-7]+=*", re.ASCII)

# Any: hashlib's own type for its constructors is private.
_DIGESTS: Final[dict[str, Callable[..., Any]]] = {
    "SHA1": hashlib.sha1,
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
}


@dataclass(frozen=True, slots=True)
class OtpParameters:
    """How a device makes codes. The defaults are what every authenticator app can do."""

    algorithm: str = "SHA1"
    digits: int = 6
    period: int = 30

    def __post_init__(self) -> None:
        if self.algorithm not in _DIGESTS:
            raise ValidationError(f"algorithm `{self.algorithm[:20]}` must be SHA1, SHA256 or SHA512")
        if not 6 <= self.digits <= 8:
            raise ValidationError(f"a code has 6 to 8 digits, not {self.digits}")
        if not 15 <= self.period <= 300:
            raise ValidationError(f"a period is 15 to 300 seconds, not {self.period}")


STANDARD: Final = OtpParameters()


def code_at(seed: bytes, counter: int, parameters: OtpParameters = STANDARD) -> str:
    """The code for a counter (RFC 4226 §5.3)."""
    digest = hmac.new(seed, counter.to_bytes(8, "big"), _DIGESTS[parameters.algorithm]).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**parameters.digits).zfill(parameters.digits)


def step_at(now: datetime, parameters: OtpParameters = STANDARD) -> int:
    """The TOTP counter at an instant (RFC 6238 §4.2)."""
    return int(now.timestamp()) // parameters.period


def is_code(text: str) -> bool:
    """Whether `text` is spelt the one way that a code is."""
    return _DIGITS.fullmatch(text) is not None


def matching(
    seed: bytes, code: str, counters: Iterable[int], parameters: OtpParameters = STANDARD
) -> int | None:
    """The first of `counters` that has this code. All are computed, so time tells nothing."""
    if not is_code(code):
        return None
    found = None
    for counter in counters:
        same = hmac.compare_digest(code_at(seed, counter, parameters), code)
        if same and found is None:
            found = counter
    return found


def matching_pair(
    seed: bytes, first: str, second: str, counters: Iterable[int], parameters: OtpParameters = STANDARD
) -> int | None:
    """The counter of `second`, where the two are consecutive and `first` is among `counters`."""
    if not (is_code(first) and is_code(second)):
        return None
    found = None
    for counter in counters:
        one = hmac.compare_digest(code_at(seed, counter, parameters), first)
        two = hmac.compare_digest(code_at(seed, counter + 1, parameters), second)
        if one and two and found is None:
            found = counter + 1
    return found


def base32(seed: bytes) -> str:
    """A seed as authenticator apps take it."""
    return base64.b32encode(seed).decode("ascii").rstrip("=")


def seed_of(text: str) -> bytes:
    """The seed of a base-32 text, however it is grouped. Raises ValidationError, never showing the text."""
    plain = text.replace(" ", "").replace("-", "").upper().rstrip("=")
    if not _BASE32.fullmatch(plain):
        raise ValidationError("the seed is not base 32: it has the letters A to Z and the digits 2 to 7")
    try:
        seed = base64.b32decode(plain + "=" * (-len(plain) % 8))
    except binascii.Error:
        raise ValidationError("the seed is not base 32: a letter is missing or too many") from None
    return checked_seed(seed)


def checked_seed(seed: bytes) -> bytes:
    """`seed`, if it has 80 to 1024 bits. Raises ValidationError."""
    if not _LEAST_SEED <= len(seed) <= _LONGEST_SEED:
        raise ValidationError(f"a seed has 80 to 1024 bits, this has {8 * len(seed)}")
    return seed


def provisioning_uri(
    seed: bytes,
    *,
    device: str,
    issuer: str,
    parameters: OtpParameters = STANDARD,
    counter: int | None = None,
) -> Secret:
    """The `otpauth://` URI that a QR code shows; with `counter`, of an HOTP device."""
    return Secret(
        build_uri(
            base32(seed),
            device,
            initial_count=counter,
            issuer=issuer,
            algorithm=parameters.algorithm.lower(),
            digits=parameters.digits,
            period=None if counter is not None else parameters.period,
        )
    )
