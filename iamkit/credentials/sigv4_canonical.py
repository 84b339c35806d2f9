"""AWS Signature Version 4, the pure parts that the verifier and the signer share. Standard library only.

    canonical request → string to sign → signature under a key derived from secret, date, region and service

Source: AWS's description of the signing process; the differential tests against botocore hold it to that.
Texts stand for the bytes on the wire: header values and paths are latin-1, as servers hand them over.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

ALGORITHM: Final = "AWS4-HMAC-SHA256"
TERMINATOR: Final = "aws4_request"
EMPTY_HASH: Final = hashlib.sha256(b"").hexdigest()

# Nothing in such a path or query needs encoding, which is nearly every one of them: the fast lane.
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9\-._~/]*", re.ASCII)
_PLAIN_QUERY: Final = re.compile(r"[A-Za-z0-9\-._~]+=[A-Za-z0-9\-._~]*", re.ASCII)
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})", re.ASCII)
_SPACES: Final = re.compile(r"[ \t\r\n\f\v]+", re.ASCII)
_STAMP: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a derived key is good for: one day, region and service."""

    date: str
    region: str
    service: str

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{TERMINATOR}"


def wire_bytes(text: str) -> bytes:
    """The bytes that a header value or path had on the wire."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")


def canonical_path(raw_path: str, *, normalize: bool = False) -> str:
    """The path as sent, encoded once more, as every service but S3 does.

    `normalize` first removes dot segments and empty segments, as AWS's own services do. It is off unless
    asked for: two paths that an app may tell apart must not share a signature.
    """
    path = _normalized(raw_path) if normalize else raw_path or "/"
    if _PLAIN_PATH.fullmatch(path):
        return path
    return quote_from_bytes(wire_bytes(path), safe="/~")


def canonical_query(raw_query: str) -> str:
    """The query, decoded and encoded again pair by pair, and sorted. A `+` is a plus and not a space.

    Raises ValueError for an escape that is none.
    """
    if not raw_query:
        return ""
    if "&" not in raw_query and _PLAIN_QUERY.fullmatch(raw_query):
        return raw_query
    if _BAD_ESCAPE.search(raw_query):
        raise ValueError("the query holds a `%` that begins no escape")
    pairs = []
    for pair in raw_query.split("&"):
        name, _, value = pair.partition("=")
        pairs.append((_encoded(name), _encoded(value)))
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def canonical_value(value: str) -> str:
    """A header value without space around it and with runs of space made one."""
    if "  " not in value and value.isprintable() and value[:1] != " " and value[-1:] != " ":
        return value
    return _SPACES.sub(" ", value).strip(" ")


def canonical_request(
    method: str, path: str, query: str, headers: Mapping[str, str], signed: Iterable[str], payload_hash: str
) -> bytes:
    """`path` and `query` in canonical form, `headers` by lower-case name, `signed` their sorted names.

    Raises KeyError if a signed header is not there.
    """
    names = list(signed)
    lines = [f"{name}:{canonical_value(headers[name])}\n" for name in names]
    return wire_bytes(f"{method}\n{path}\n{query}\n{''.join(lines)}\n{';'.join(names)}\n{payload_hash}")


def string_to_sign(stamp: str, scope: str, canonical: bytes) -> bytes:
    """What the signature is over. `stamp` is the request's time as `20260101T120000Z`."""
    return f"{ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}".encode("ascii")


def derive_signing_key(secret: str, scope: Scope) -> bytes:
    """The key for one scope. Whoever holds it can sign for that scope, but not find the secret."""
    key = hmac.digest(b"AWS4" + secret.encode("utf-8"), scope.date.encode(), "sha256")
    key = hmac.digest(key, scope.region.encode(), "sha256")
    key = hmac.digest(key, scope.service.encode(), "sha256")
    return hmac.digest(key, TERMINATOR.encode(), "sha256")


def signature(key: bytes, text: bytes) -> bytes:
    """The 32 bytes of a signature."""
    return hmac.digest(key, text, "sha256")


def stamp_of(instant: datetime) -> str:
    """An instant as `X-Amz-Date` writes it."""
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def instant_of(stamp: str) -> datetime | None:
    """The instant that `X-Amz-Date` names; None unless it is written exactly so, in ASCII digits (THR-K8)."""
    match = _STAMP.fullmatch(stamp)
    if match is None:
        return None
    try:
        year, month, day, hour, minute, second = map(int, match.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _encoded(part: str) -> str:
    return quote_from_bytes(unquote_to_bytes(wire_bytes(part)), safe="~")


def _normalized(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment and segment != ".":
            kept.append(segment)
    tail = "/" if kept and path.endswith(("/", "/.", "/..")) else ""
    return "/" + "/".join(kept) + tail
