"""An HTTP request and response as values: what the gate and the plugins see, whatever the server.

Nothing here does I/O. The raw path and query are kept as they came over the wire, because a signature
and the canonical-path rule are about those bytes and not about what a server made of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal


class Headers(Mapping[str, str]):
    """Header fields in the order received; lookups ignore case. A repeated field is never joined silently."""

    __slots__ = ("_items",)

    def __init__(self, items: tuple[tuple[str, str], ...] = ()) -> None:
        self._items = tuple((name.lower(), value) for name, value in items)

    def __getitem__(self, name: str) -> str:
        wanted = name.lower()
        for key, value in self._items:
            if key == wanted:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._items))

    def __len__(self) -> int:
        return len(dict(self._items))

    def all(self, name: str) -> tuple[str, ...]:
        """Every value that was sent for `name`, in order."""
        wanted = name.lower()
        return tuple(value for key, value in self._items if key == wanted)

    @property
    def items_received(self) -> tuple[tuple[str, str], ...]:
        """All fields as received, names in lower case."""
        return self._items

    def __repr__(self) -> str:
        # Values may be credentials, so only the names are shown.
        return f"Headers({', '.join(name for name, _ in self._items)})"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as it came in.

    `raw_path` is percent-encoded as sent; `path` is decoded once. `peer` is the socket's address;
    `client_ip` is the address policies see (the peer, unless trusted proxies are configured).
    `body` is present only if somebody had to read it, see `Authentication`.
    """

    method: str
    scheme: str
    host: str
    raw_path: str
    path: str
    query: str
    headers: Headers
    peer: str | None = None
    client_ip: str | None = None
    kind: Literal["http", "websocket"] = "http"
    body: bytes | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        # The query may carry a presigned signature or token.
        return f"HttpRequest({self.method} {self.raw_path})"

    def cookies(self, name: str) -> tuple[str, ...]:
        """Every value of the cookie `name`, over all Cookie headers, in order. Two values mean trouble."""
        found = []
        for header in self.headers.all("cookie"):
            for pair in header.split(";"):
                key, separator, value = pair.strip().partition("=")
                if separator and key == name:
                    found.append(value)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer given by iamkit itself rather than by the app."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def __repr__(self) -> str:
        # Set-Cookie and the body may carry credentials.
        return f"HttpResponse({self.status})"


@dataclass(frozen=True, slots=True)
class NeedsBody:
    """An authenticator's answer when the signature covers a body that it has not seen.

    The web adapter reads the body, at most `limit` bytes (more is 413), and asks again with it.
    """

    limit: int
