"""Condition values as typed values: text to number, instant, truth, bytes, address (SEM §6.4-6.6).

Each `…_of` takes a context value and raises EvaluationError where the value has the wrong type (SEM-C38);
each `parse_…` takes text and raises ValueError. Parsing is done by hand where Python's own is laxer than
the rule: only ASCII digits, no surrounding white space, no underscores.
"""

from __future__ import annotations

import ipaddress
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final, final

from iamkit.errors import EvaluationError
from iamkit.policy.request import ContextValue

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_EPOCH: Final = re.compile(r"-?[0-9]{1,15}")
_YEAR: Final = re.compile(r"[0-9]{4}")
_DATE: Final = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,12}))?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?)?"
)
_LONGEST_RANGE: Final = len("0000:0000:0000:0000:0000:ffff:255.255.255.255/128")
_PREFIX: Final = re.compile(r"[0-9]{1,3}")

# Instants are whole picoseconds since 1970, so that every fraction a date may carry compares exactly.
_PER_SECOND: Final = 10**12
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_EPOCH_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


# IPv6 stands above all of IPv4, so that an address is one number, which says of which family it is.
_V6: Final = 1 << 128


@final
@dataclass(frozen=True, slots=True)
class Network:
    """An address range: its first address, numbered as by `parse_address`, and the mask of what counts."""

    first: int
    mask: int

    @property
    def example(self) -> str:
        """An address in the range."""
        first = self.first
        return str(ipaddress.IPv4Address(first) if first < _V6 else ipaddress.IPv6Address(first - _V6))


def _wrong(value: object, wanted: str) -> EvaluationError:
    kind = type(value).__name__
    return EvaluationError(f"a condition key has a value ({kind}) that cannot be read as {wanted}")


def text_of(value: ContextValue) -> str:
    """A single value as text; booleans and numbers as JSON writes them (SEM-G10)."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        try:
            return str(value)
        except ValueError:  # more digits than Python converts
            raise _wrong(value, "text") from None
    if isinstance(value, float | Decimal):
        number_of(value)
        return str(value)
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return moment.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    raise _wrong(value, "text")


def parse_number(text: str) -> Decimal:
    """A decimal number, finite (SEM-C27). Raises ValueError."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"`{text[:80]}` is not a number")
    return Decimal(text)


def number_of(value: ContextValue) -> Decimal:
    """A value as a number; a datetime is its seconds since 1970 (SEM-K2). Raises EvaluationError."""
    if isinstance(value, bool):
        raise _wrong(value, "a number")
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, Decimal | float):
        number = value if isinstance(value, Decimal) else Decimal(repr(value))
        if not number.is_finite():
            raise _wrong(value, "a finite number")
        return number
    if isinstance(value, str):
        try:
            return parse_number(value)
        except ValueError:
            raise _wrong(value, "a number") from None
    if isinstance(value, datetime):
        return Decimal(instant_of(value)) / _PER_SECOND
    raise _wrong(value, "a number")


def parse_instant(text: str) -> int:
    """A W3C date or whole seconds since 1970, as picoseconds since 1970 (SEM-C28). Raises ValueError."""
    if _YEAR.fullmatch(text):
        raise ValueError(f"`{text}` may be a year or seconds since 1970: write the date in full")
    if _EPOCH.fullmatch(text):
        return int(text) * _PER_SECOND
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(f"`{text[:80]}` is not a date such as 2024-01-31T12:00:00Z")
    hour, minute, second = (int(part or 0) for part in found.group("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"`{text[:80]}` holds a time that does not exist")
    try:
        day = date(int(found["year"]), int(found["month"]), int(found["day"] or 1)).toordinal()
    except ValueError:
        raise ValueError(f"`{text[:80]}` holds a day that does not exist") from None
    seconds = (day - _EPOCH_DAY) * 86_400 + hour * 3_600 + minute * 60 + second
    return (seconds - _offset(found["zone"])) * _PER_SECOND + int((found["fraction"] or "").ljust(12, "0"))


def _offset(zone: str | None) -> int:
    if zone is None or zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError(f"`{zone}` is not a zone")
    return (hours * 3_600 + minutes * 60) * (-1 if zone[0] == "-" else 1)


def instant_of(value: ContextValue) -> int:
    """A value as picoseconds since 1970. A number counts seconds, no zone is UTC. Raises EvaluationError."""
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value
        return (moment - _EPOCH_START) // _MICROSECOND * (_PER_SECOND // 1_000_000)
    if isinstance(value, str):
        try:
            return parse_instant(value)
        except ValueError:
            raise _wrong(value, "a date") from None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _wrong(value, "a date")
    if isinstance(value, int):
        return value * _PER_SECOND
    seconds = number_of(value)
    if abs(seconds) >= 10**15:
        raise _wrong(value, "a date")
    return int(seconds * _PER_SECOND)


def parse_truth(text: str) -> bool:
    """`true` or `false` in any case (SEM-C29). Raises ValueError."""
    lowered = text.lower()
    if lowered not in ("true", "false"):
        raise ValueError(f"`{text[:80]}` is neither true nor false")
    return lowered == "true"


def truth_of(value: ContextValue) -> bool:
    """A value as true or false. Raises EvaluationError."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return parse_truth(value)
        except ValueError:
            pass
    raise _wrong(value, "true or false")


def parse_bytes(text: str) -> bytes:
    """Strict base64 (SEM-C30). Raises ValueError."""
    try:
        decoded = b64decode(text, validate=True)
    except ValueError:
        decoded = None
    if decoded is None or b64encode(decoded).decode("ascii") != text:
        raise ValueError(f"`{text[:80]}` is not base64")
    return decoded


def bytes_of(value: ContextValue) -> bytes:
    """A value as bytes; text is base64. Raises EvaluationError."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        try:
            return parse_bytes(value)
        except ValueError:
            pass
    raise _wrong(value, "base64")


def parse_network(text: str) -> Network:
    """An address or CIDR range; bits below the mask do not count (SEM-C31). Raises ValueError."""
    if len(text) > _LONGEST_RANGE:
        raise ValueError(f"`{text[:80]}` is too long for an address")
    return _parse_network(text)


@lru_cache(maxsize=4096)
def _parse_network(text: str) -> Network:
    _, slash, prefix = text.partition("/")
    if slash and not _PREFIX.fullmatch(prefix):
        raise ValueError(f"`{text[:80]}` has a mask that is not a number of bits")
    if "%" in text:
        raise ValueError(f"`{text[:80]}` has a zone, which no address of a request has")
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"`{text[:80]}` is not an address or a range such as 203.0.113.0/24") from None
    first, mask = int(network.network_address), -1 << (network.max_prefixlen - network.prefixlen)
    if network.version == 4:
        return Network(first, mask)
    if network.prefixlen >= 96 and first >> 32 == 0xFFFF:
        return Network(first & 0xFFFFFFFF, mask)
    return Network(first + _V6, mask)


def parse_address(text: str) -> int:
    """One address without a mask, as a number; v4 inside v6 is v4 (SEM-C33). Raises ValueError."""
    if len(text) > _LONGEST_RANGE:
        raise ValueError(f"`{text[:80]}` is too long for an address")
    return _parse_address(text)


@lru_cache(maxsize=4096)
def _parse_address(text: str) -> int:
    if "/" in text:
        raise ValueError(f"`{text[:80]}` is a range, not an address")
    return _parse_network(text).first


def address_of(value: ContextValue) -> int:
    """A value as an address, a number as `parse_address` makes it. Raises EvaluationError."""
    if isinstance(value, str):
        try:
            # Longer texts are refused before anything remembers them.
            return _parse_address(value) if len(value) <= _LONGEST_RANGE else parse_address(value)
        except ValueError:
            pass
    raise _wrong(value, "an address")
