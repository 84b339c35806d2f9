"""An HTTP request and response as values: what the gate and the plugins see, whatever the server.

Nothing here does I/O. The raw path and query are kept as they came over the wire, because a signature
and the canonical-path rule are about those bytes and not about what a server made of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar, overload

from iamkit.values import quickly

T = TypeVar("T")


class Headers(Mapping[str, str]):
    """Header fields in the order received; lookups ignore case. A repeated field is never joined silently."""

    __slots__ = ("_first", "_items")

    def __init__(self, items: tuple[tuple[str, str], ...] = ()) -> None:
        self._items = tuple([(name.lower(), value) for name, value in items])
        # The first value of each name: the last one that is put into a dictionary stays.
        self._first = dict(self._items[::-1])

    @classmethod
    def lowered(cls, items: tuple[tuple[str, str], ...]) -> Headers:
        """Header fields whose names are in lower case already."""
        made = cls.__new__(cls)
        made._items = items
        made._first = dict(items[::-1])
        return made

    def __getitem__(self, name: str) -> str:
        try:
            return self._first[name]
        except KeyError:
            return self._first[name.lower()]

    @overload
    def get(self, name: str, /) -> str | None: ...

    @overload
    def get(self, name: str, /, default: str | T) -> str | T: ...

    def get(self, name: str, /, default: object = None) -> object:
        """The first value of `name`, in any case."""
        found = self._first.get(name)
        return self._first.get(name.lower(), default) if found is None else found

    def __contains__(self, name: object) -> bool:
        return name in self._first or (isinstance(name, str) and name.lower() in self._first)

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._items))

    def __len__(self) -> int:
        return len(self._first)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value that was sent for `name`, in order."""
        wanted = name.lower()
        if len(self._first) == len(self._items):
            return (self._first[wanted],) if wanted in self._first else ()
        return tuple([value for key, value in self._items if key == wanted])

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
    # The client's certificate, in PEM, where the server ended TLS itself and proved who holds its key.
    certificate: str | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        # The query may carry a presigned signature or token.
        return f"HttpRequest({self.method} {self.raw_path})"

    def with_body(self, body: bytes) -> HttpRequest:
        """The same request with its body."""
        return request_value(
            self.method,
            self.scheme,
            self.host,
            self.raw_path,
            self.path,
            self.query,
            self.headers,
            self.peer,
            self.client_ip,
            self.kind,
            body,
            self.certificate,
        )

    def cookies(self, name: str) -> tuple[str, ...]:
        """Every value of the cookie `name`, over all Cookie headers, in order. Two values mean trouble."""
        found = []
        for header in self.headers.all("cookie"):
            if name not in header:
                continue
            for pair in header.split(";"):
                key, separator, value = pair.strip().partition("=")
                if separator and key == name:
                    found.append(value)
        return tuple(found)


request_value: Final = quickly(HttpRequest)
"""`HttpRequest(...)`, for each request."""


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
