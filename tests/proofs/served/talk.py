"""Raw bytes to a server and what it answers, read as a client must (RFC 9112), with a time limit."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from dataclasses import dataclass, field
from typing import Final

from tests.proofs.served.mutations import Stream

FROM_APP: Final = b"x-matrix-app:"
"""What every answer of the app carries, so that a server's own refusals are told apart."""
_STATUS: Final = re.compile(rb"HTTP/[0-9.]+ ([0-9]{3})")
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
_CLOSING: Final = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)
_QUIET: Final = 0.4
# A masked close frame with code 1000 (RFC 6455 §5.5.1).
_BYE: Final = b"\x88\x82\x00\x00\x00\x00\x03\xe8"


@dataclass(slots=True)
class Answer:
    """The statuses that came back, which of them are the app's own, and whether nothing ended in time."""

    statuses: list[tuple[int, bool]] = field(default_factory=list)
    hung: bool = False
    closing: bool = False
    raw: bytes = b""


class Line:
    """One client. Requests that may be kept alive share a connection, the others have one each."""

    def __init__(self, port: int, timeout: float) -> None:
        self._port = port
        self._timeout = self._patience = timeout
        self._kept: socket.socket | None = None

    def close(self) -> None:
        """Drop the connection that was kept."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def ask(self, stream: Stream, *, silent: bool = False) -> Answer:
        """Send it all, then read until the answers are complete or the server closes.

        `silent`: the server may never answer this one, so it is not waited for long.
        """
        self._patience = min(3.0, self._timeout) if silent else self._timeout
        kept, self._kept = self._kept, None
        if not stream.keep and kept is not None:
            # It stays for the next one that may use it.
            self._kept, kept = kept, None
        if kept is not None:
            answer = self._exchange(kept, stream)
            if answer.raw:
                return answer
            # The server had closed it meanwhile.
        return self._exchange(socket.create_connection(("127.0.0.1", self._port), self._timeout), stream)

    def _exchange(self, connection: socket.socket, stream: Stream) -> Answer:
        # Refused before it was all sent; what was answered can still be read.
        with contextlib.suppress(OSError):
            connection.sendall(stream.data)
        answer, ended = self._read(connection, stream)
        if stream.keep and not ended and not answer.hung and not answer.closing:
            self._kept = connection
        else:
            connection.close()
        return answer

    def _read(self, connection: socket.socket, stream: Stream) -> tuple[Answer, bool]:
        deadline = time.monotonic() + self._patience
        data = bytearray()
        answer = Answer()
        said_bye = False
        while True:
            enough = bool(answer.statuses) and stream.ambiguous
            connection.settimeout(_QUIET if enough else max(0.01, deadline - time.monotonic()))
            try:
                piece = connection.recv(65536)
            except TimeoutError:
                answer.hung = not enough
                return answer, False
            except OSError:
                piece = b""
            if not piece:
                return _parsed(bytes(data), stream, ended=True)[0], True
            data += piece
            answer, complete = _parsed(bytes(data), stream, ended=False)
            if answer.statuses and answer.statuses[-1][0] == 101 and not said_bye:
                said_bye = True
                try:
                    connection.sendall(_BYE)
                except OSError:
                    return answer, True
            if complete and not said_bye:
                return answer, False
            if time.monotonic() > deadline:
                answer.hung = not answer.statuses
                return answer, False


def _parsed(data: bytes, stream: Stream, *, ended: bool) -> tuple[Answer, bool]:
    """What `data` holds so far, and whether that is all that was asked for."""
    answer = Answer(raw=data)
    complete = 0
    rest = data
    while rest:
        head, found, body = rest.partition(b"\r\n\r\n")
        status = _STATUS.match(head)
        if not found or status is None:
            break
        code = int(status[1])
        if 100 <= code < 200 and code != 101:
            rest = body
            continue
        answer.statuses.append((code, FROM_APP in head.lower()))
        answer.closing = _CLOSING.search(head) is not None
        if code == 101:
            break
        end = _end_of(head, body, bodiless=(stream.head and stream.replies == 1) or code in (204, 304))
        if end is None:
            break
        complete += 1
        rest = body[end:]
    return answer, complete >= stream.replies and not ended


def _end_of(head: bytes, body: bytes, *, bodiless: bool) -> int | None:
    """Where the body ends, or None if that has not come yet or is where the connection ends."""
    if bodiless:
        return 0
    if _CHUNKED.search(head):
        end = 0 if body.startswith(b"0\r\n\r\n") else body.find(b"\r\n0\r\n\r\n")
        if end < 0:
            return None
        return end + (5 if end == 0 else 7)
    length = _LENGTH.search(head)
    if length is None or len(body) < int(length[1]):
        return None
    return int(length[1])
