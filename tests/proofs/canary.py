"""Looks for secrets where none may be: in bytes of any kind, in every spelling that programs give them.

    search = Search()
    search.secret("ana's password", "three quiet otters")
    search.look("the log", log_bytes)
    for find in search.finds: ...

A spelling is the secret itself, hex, base64 and base64url (wherever in a longer text it was encoded),
percent-encoded, JSON-escaped, as Python shows text and bytes, as UTF-16; and each half of a long secret.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote_from_bytes, quote_plus

# Shorter spellings would be found by chance.
SHORTEST: Final = 12
# Halves of secrets of so many bytes are looked for too.
HALVED: Final = 32


@dataclass(frozen=True, slots=True)
class Find:
    """A secret that was found. Neither it nor what stands around it is told."""

    secret: str
    spelling: str
    place: str
    at: int


@dataclass
class Search:
    """Secrets that are looked for, and what was found and looked through so far."""

    finds: list[Find] = field(default_factory=list)
    looked_through: int = 0
    places: int = 0
    _needles: dict[bytes, tuple[str, str]] = field(default_factory=dict, repr=False)
    _secrets: set[bytes] = field(default_factory=set, repr=False)

    def secret(self, name: str, value: str | bytes) -> None:
        """Look for `value` from now on."""
        raw = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        if len(raw) < SHORTEST:
            raise ValueError(f"`{name}` is too short to be looked for")
        self._secrets.add(raw)
        for spelling, needle in spellings(raw):
            self._needles.setdefault(needle, (name, spelling))

    @property
    def secrets(self) -> int:
        """How many different secrets are looked for."""
        return len(self._secrets)

    @property
    def needles(self) -> int:
        """How many different spellings are looked for."""
        return len(self._needles)

    def look(self, place: str, content: str | bytes) -> None:
        """Look through `content`."""
        raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        self.looked_through += len(raw)
        self.places += 1
        for needle, (name, spelling) in self._needles.items():
            at = raw.find(needle)
            if at >= 0:
                self.finds.append(Find(name, spelling, place, at))

    def look_into(self, folder: Path, *, but: tuple[str, ...] = ()) -> None:
        """Look through every file below `folder`, names included, leaving out files of the names `but`."""
        for path in sorted(folder.rglob("*")):
            self.look(f"a name below {folder.name}", str(path.relative_to(folder)))
            if path.is_file() and path.name not in but:
                self.look(path.name, path.read_bytes())

    def __str__(self) -> str:
        return (
            f"{self.secrets} secrets in {self.needles} spellings, looked for in {self.places} places"
            f" ({self.looked_through / 1e6:.1f} MB): {len(self.finds)} finds"
        )


def spellings(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Every spelling of a secret that is long enough, with its name."""
    for name, needle in _spellings(raw):
        if len(needle) >= SHORTEST:
            yield name, needle


def _spellings(raw: bytes) -> Iterator[tuple[str, bytes]]:
    yield "raw", raw
    if len(raw) >= HALVED:
        yield "first half", raw[: len(raw) // 2]
        yield "second half", raw[len(raw) // 2 :]
    yield "hex", raw.hex().encode()
    yield "upper-case hex", raw.hex().upper().encode()
    for offset in range(3):
        within = base64_within(raw, offset)
        yield f"base64 at {offset}", within
        yield f"base64url at {offset}", within.translate(bytes.maketrans(b"+/", b"-_"))
    quoted = quote_from_bytes(raw, safe="").encode()
    yield "percent-encoded", quoted
    yield "percent-encoded, lower case", _lower_escapes(quoted)
    yield "percent-encoded whole", "".join(f"%{byte:02X}" for byte in raw).encode()
    yield "as Python shows bytes", repr(raw)[2:-1].encode()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
        yield "latin-1 read as text", text.encode()
    yield "form-encoded", quote_plus(text, errors="replace").encode()
    escaped = json.dumps(text)[1:-1]
    yield "JSON", escaped.encode()
    yield "JSON, slashes escaped", escaped.replace("/", "\\/").encode()
    yield "JSON in JSON", json.dumps(escaped)[1:-1].encode()
    yield "JSON beyond ASCII", json.dumps(text, ensure_ascii=False)[1:-1].encode()
    yield "JSON, all escaped", "".join(f"\\u{unit:04x}" for unit in _units(text)).encode()
    yield "as Python shows text", repr(text)[1:-1].encode()
    yield "UTF-16", text.encode("utf-16-le")


def base64_within(raw: bytes, offset: int) -> bytes:
    """What is always in the base64 of a text that holds `raw` at a place that is `offset` modulo 3."""
    encoded = base64.b64encode(bytes(offset) + raw)
    first = -(-offset * 8 // 6)
    last = (offset + len(raw)) * 8 // 6
    return encoded[first:last]


def _lower_escapes(quoted: bytes) -> bytes:
    pieces = quoted.split(b"%")
    return b"%".join([pieces[0], *(piece[:2].lower() + piece[2:] for piece in pieces[1:])])


def _units(text: str) -> Iterator[int]:
    raw = text.encode("utf-16-be", "surrogatepass")
    for place in range(0, len(raw), 2):
        yield int.from_bytes(raw[place : place + 2], "big")
