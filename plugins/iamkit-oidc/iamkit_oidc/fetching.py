"""Documents of providers, fetched with distrust: HTTPS, checked addresses, no redirects, little time."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore2
from httpcore2 import NetworkBackend, NetworkStream, SyncBackend

from iamkit.errors import IdpCommunicationError
from iamkit_oidc.addresses import Addresses

# What an answer's head may have beside its body, in bytes.
_HEAD: Final = 65_536


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches. `patience` is in seconds for a whole answer, `room` in bytes."""

    addresses: Addresses
    context: ssl.SSLContext
    patience: float
    room: int

    def get(self, url: str) -> bytes:
        """The body at `url`. Raises IdpCommunicationError for whatever goes wrong."""
        parts = _parts(url)
        host = parts.hostname or ""
        place = self.addresses.places.get(host)
        scheme = "http" if place is not None and place.plain else "https"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        asked = httpcore2.URL(scheme=scheme, host=host, port=parts.port, target=target)
        backend = _Backend(self.addresses, time.monotonic() + self.patience, self.room + _HEAD)
        try:
            with (
                httpcore2.ConnectionPool(ssl_context=self.context, network_backend=backend) as pool,
                pool.stream(
                    "GET",
                    asked,
                    headers={
                        "Accept": "application/json",
                        "Accept-Encoding": "identity",
                        "User-Agent": "iamkit-oidc",
                    },
                    extensions={
                        "timeout": dict.fromkeys(("connect", "read", "write", "pool"), self.patience)
                    },
                ) as answer,
            ):
                if answer.status != 200:
                    # A redirect too: it would lead to where nobody said that the provider is.
                    raise IdpCommunicationError(f"`{url[:200]}` answered with the status {answer.status}")
                return self._body(answer)
        except (
            httpcore2.TimeoutException,
            httpcore2.NetworkError,
            httpcore2.ProtocolError,
            OSError,
        ) as fault:
            raise IdpCommunicationError(f"`{url[:200]}` could not be fetched: {_why(fault)}") from fault

    def _body(self, answer: httpcore2.Response) -> bytes:
        encodings = {value.lower() for name, value in answer.headers if name.lower() == b"content-encoding"}
        if encodings - {b"identity"}:
            raise IdpCommunicationError("the provider compressed what was asked for as it is")
        body = bytearray()
        for chunk in answer.iter_stream():
            body += chunk
            if len(body) > self.room:
                raise IdpCommunicationError(f"the provider answered with more than {self.room} bytes")
        return bytes(body)


def _parts(url: str) -> Any:
    try:
        parts = urlsplit(url)
        fine = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        fine = False
    if (
        not fine
        or parts.scheme != "https"
        or not parts.hostname
        or not url.isascii()
        or not url.isprintable()
    ):
        raise IdpCommunicationError(f"`{url[:200]!a}` is no HTTPS URL")
    if parts.username is not None or parts.password is not None or parts.fragment or " " in url:
        raise IdpCommunicationError(f"`{url[:200]!a}` has parts that a URL of a provider must not have")
    return parts


def _why(fault: Exception) -> str:
    if isinstance(fault, (httpcore2.TimeoutException, TimeoutError)):
        return "it took too long"
    return "its certificate is not trusted" if "CERTIFICATE_VERIFY_FAILED" in str(fault) else "no connection"


class _Backend(NetworkBackend):
    """Connects to checked addresses only, and lends out streams that end at the deadline."""

    def __init__(self, addresses: Addresses, deadline: float, room: int) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._room = room

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  # the deadline counts
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:
        address, at = self._addresses.of(host, port)
        left = _left(self._deadline)
        stream = SyncBackend().connect_tcp(address, at, left, local_address, socket_options)
        return _Stream(stream, self._deadline, self._room)

    # Sockets of this machine are not connected to: the base class refuses.


class _Stream(NetworkStream):
    """A stream that ends when its time or its room is used up, however slowly the other side sends."""

    def __init__(self, stream: NetworkStream, deadline: float, room: int) -> None:
        self._stream = stream
        self._deadline = deadline
        self._room = room

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        found = self._stream.read(max_bytes, _left(self._deadline))
        self._room -= len(found)
        if self._room < 0:
            raise IdpCommunicationError("the provider answered with too much")
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Stream(stream, self._deadline, self._room)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    """The seconds that are left. Raises ReadTimeout when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the time for an answer is over")
    return left
