"""Which requests are plain enough to be routed: one spelling per path, one host, one body length.

What two parsers could read in two ways is refused before either of them does (THR-B1 to B7, B13 to B16).
Servers do none of this for the app. The path is decoded once, here, and never again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from ipaddress import AddressValueError, IPv6Address
from typing import Final, Literal
from urllib.parse import quote_from_bytes, unquote_to_bytes

from iamkit.errors import MalformedRequest
from iamkit.http import Headers, HttpRequest, request_value

_METHOD: Final = re.compile(r"[A-Z][A-Z0-9_-]{0,31}", re.ASCII)
_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?\.?|\[(?P<ipv6>[0-9A-Fa-f:.]{2,45})\])"
    r"(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII,
)
_FIELD_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+", re.ASCII)
_FIELD_VALUE_BAD: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# Raw characters that are no part of a path, or that proxies and frameworks cut paths at.
_PATH_BAD: Final = re.compile(r"[^\x21-\x7e]|[\\;#?\"<>]")
_PERCENT_BAD: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SEPARATOR: Final = re.compile(r"%(?:2f|5c)", re.IGNORECASE)
_ENCODED: Final = re.compile(r"%[0-9A-Fa-f]{2}")

_USUAL: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# What is its own decoded form: no escape, no empty segment, and none that begins with a dot.
_PLAIN_PATH: Final = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?", re.ASCII)
# How many lists of header names, and how many hosts, a reader remembers.
_REMEMBERED: Final = 1_000

# Headers by which a client asks to be served by another method than the one that was judged (THR-B16).
_OVERRIDES: Final = ("x-http-method-override", "x-http-method", "x-method-override")
# Headers that carry identity, origin or framing: a name that folds onto one of them (`X_Forwarded_For`) is an
# attempt to be mistaken for it by whatever turns `-` into `_` (THR-B9).
_SECURITY: Final = frozenset(
    {"authorization", "cookie", "host", "origin", "forwarded", "content-length", "transfer-encoding"}
    | {"proxy-authorization", "remote-user", "x-remote-user", "x-real-ip", "x-csrf-token", *_OVERRIDES}
)
_SECURITY_PREFIXES: Final = ("x-forwarded-", "x-amz-", "x-iamkit-", "sec-")

# What `quoted_path` leaves as it is: everything that may stand in a path unescaped.
_UNQUOTED: Final = "/!$&'()*+,=:@~-._"


def canonical_request(
    *,
    method: str,
    scheme: str,
    raw_path: str,
    query: str,
    headers: Headers,
    peer: str | None,
    kind: Literal["http", "websocket"] = "http",
) -> HttpRequest:
    """The request as a value, if there is one way to read it. Raises MalformedRequest (400) otherwise."""
    check_headers(headers)
    return Reader().request(method, scheme, raw_path, query, headers, peer, kind)


class Reader:
    """Reads requests, remembering what header names and hosts it found right: they come again and again.

    Nothing that a client keeps to itself is remembered: no value of a header but Host.
    """

    def __init__(self) -> None:
        self._names: dict[tuple[Hashable, ...], tuple[str, ...]] = {}
        self._hosts: dict[str, None] = {}

    def headers(
        self, sent: tuple[Hashable, ...], values: Sequence[str], names: Callable[[], tuple[str, ...]]
    ) -> Headers:
        """The header fields `names` with `values`. `sent` is what `names` is made from, and may be kept.

        Raises MalformedRequest for fields that two programs would read in two ways.
        """
        known = self._names.get(sent)
        if known is None or len(known) != len(values) or not "".join(values).isprintable():
            known = names()
            headers = Headers(tuple(zip(known, values, strict=True)))
            check_headers(headers)
            if len(self._names) >= _REMEMBERED:
                self._names.clear()
            self._names[sent] = tuple([name for name, _ in headers.items_received])
            return headers
        headers = Headers.lowered(tuple(zip(known, values, strict=True)))
        if "content-length" in headers:
            _check_length(headers)
        return headers

    def request(
        self,
        method: str,
        scheme: str,
        raw_path: str,
        query: str,
        headers: Headers,
        peer: str | None,
        kind: Literal["http", "websocket"] = "http",
        certificate: str | None = None,
    ) -> HttpRequest:
        """The request as a value; `headers` are checked. Raises MalformedRequest."""
        if method not in _USUAL and not _METHOD.fullmatch(method):
            raise MalformedRequest("the method must be written in upper-case letters")
        if query and _CONTROL.search(query):
            raise MalformedRequest("the query holds a control character")
        path = raw_path if _PLAIN_PATH.fullmatch(raw_path) else canonical_path(raw_path)
        hosts = headers.all("host")
        host = hosts[0] if len(hosts) == 1 else ""
        if host not in self._hosts:
            host = canonical_host(hosts)
            if len(self._hosts) >= _REMEMBERED:
                self._hosts.clear()
            if len(hosts) == 1:
                self._hosts[host] = None
        return request_value(
            method, scheme, host, raw_path, path, query, headers, peer, peer, kind, None, certificate
        )


def canonical_path(raw_path: str) -> str:
    """`raw_path` decoded once. Raises MalformedRequest unless it is the only spelling of that path."""
    if not raw_path.startswith("/"):
        raise MalformedRequest("the path must begin with a slash")
    if _PATH_BAD.search(raw_path):
        raise MalformedRequest("the path holds a character that must be percent-encoded")
    if _PERCENT_BAD.search(raw_path):
        raise MalformedRequest("the path holds a broken percent-encoding")
    if _SEPARATOR.search(raw_path):
        raise MalformedRequest("the path holds an encoded slash or backslash")
    try:
        path = unquote_to_bytes(raw_path).decode("utf-8")
    except UnicodeDecodeError as fault:
        raise MalformedRequest("the path is not valid UTF-8") from fault
    # Looked for in what was decoded, as `%25%32%65` hides it from a look at the raw path.
    if _ENCODED.search(path):
        raise MalformedRequest("the path is percent-encoded twice")
    if _CONTROL.search(path):
        raise MalformedRequest("the path holds a control character")
    segments = path.split("/")[1:]
    if "" in segments[:-1]:
        raise MalformedRequest("the path holds two slashes in a row")
    if "." in segments or ".." in segments:
        raise MalformedRequest("the path holds a dot segment")
    return path


def canonical_host(hosts: tuple[str, ...]) -> str:
    """The one Host, empty if none was sent (HTTP/1.0). Raises MalformedRequest for two or a malformed one."""
    if not hosts:
        return ""
    if len(hosts) > 1:
        raise MalformedRequest("the request names two hosts")
    found = _HOST.fullmatch(hosts[0])
    if found is None or int(found["port"] or 0) > 65535:
        raise MalformedRequest("the Host header is malformed")
    if found["ipv6"]:
        try:
            IPv6Address(found["ipv6"])
        except AddressValueError as fault:
            raise MalformedRequest("the Host header is malformed") from fault
    return hosts[0]


def check_headers(headers: Headers) -> None:
    """Raise MalformedRequest for header fields that two programs would read in two ways.

    Credentials that were sent twice are the authenticators' to refuse; they know which carriers there are.
    """
    for name, value in headers.items_received:
        if not _FIELD_NAME.fullmatch(name):
            raise MalformedRequest("a header name is malformed")
        if _FIELD_VALUE_BAD.search(value):
            raise MalformedRequest("a header value holds a control character")
        if name in _OVERRIDES:
            raise MalformedRequest("the method cannot be overridden by a header")
        if "_" in name or "." in name:
            folded = name.replace("_", "-").replace(".", "-")
            if folded in _SECURITY or folded.startswith(_SECURITY_PREFIXES):
                raise MalformedRequest("a header name with `_` or `.` could be taken for another")
    _check_length(headers)


def _check_length(headers: Headers) -> None:
    lengths = headers.all("content-length")
    if len(lengths) > 1 or not all(length.isascii() and length.isdigit() for length in lengths):
        raise MalformedRequest("the Content-Length header is malformed")
    if lengths and headers.all("transfer-encoding"):
        raise MalformedRequest("the request has both Content-Length and Transfer-Encoding")


def quoted_path(path: bytes) -> str:
    """A raw path for decoded bytes, where the server kept none. Encodes what a client has to encode."""
    return quote_from_bytes(path, safe=_UNQUOTED)
