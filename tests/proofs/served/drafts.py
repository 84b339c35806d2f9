"""One request as bytes to come, and whom it may act for; every mutation works on a draft."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

PROBE: Final = b"X-Probe"
"""The header by which a handler's mark and a decision are known to belong to one request; never mutated."""

# Method, target, and how often it is drawn. Parameters are added where `{}` stands.
BASES: Final = (
    (b"GET", b"/docs/{}", 6),
    (b"PUT", b"/docs/{}", 3),
    (b"GET", b"/admin", 5),
    (b"GET", b"/api/v1/items/{}", 4),
    (b"POST", b"/form", 2),
    (b"GET", b"/open", 2),
    (b"GET", b"/bare", 2),
    (b"GET", b"/missing", 1),
)
SOCKET: Final = (b"GET", b"/live/{}", 3)
NUMBERS: Final = (b"1", b"2", b"9", b"a", b"Z-1")

# How each request proves who it is, and how often.
CREDENTIALS: Final = (
    ("none", 5),
    ("alice", 6),
    ("alice cookie", 3),
    ("bob", 4),
    ("bob cookie", 1),
    ("bad", 2),
)
BAD: Final = (
    b"Bearer", b"Bearer ", b"Bearer x", b"Bearer iks_" + b"A" * 60, b"Basic YWxpY2U6YWxpY2U=", b"Negotiate",
    b"Bearer null",
    b"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/iamkit/aws4_request,"
    b" SignedHeaders=host;x-amz-date, Signature=" + b"0" * 64, b"AWS4-HMAC-SHA256", b", ", b"\xff\xfe",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tokens:
    """The session tokens of the two users, as header and as cookie, and the cookie's name."""

    bearer: Mapping[str, bytes]
    cookie: Mapping[str, bytes]
    cookie_name: bytes


@dataclass(slots=True)
class Draft:
    """What will be sent.

    `lines` are header lines that are no `name: value` any more; `callers` whose valid token is in it;
    `ambiguous` that servers may count its requests differently; `waits` that one may rightly wait for more.
    """

    probe: str
    method: bytes
    target: bytes
    tokens: Tokens
    version: bytes = b"HTTP/1.1"
    host: list[bytes] = field(default_factory=lambda: [b"127.0.0.1"])
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    body: bytes = b""
    framed: bool = False
    socket: bool = False
    keep: bool = False
    eol: bytes = b"\r\n"
    before: bytes = b""
    after: bytes = b""
    replies: int = 1
    ambiguous: bool = False
    waits: bool = False
    callers: set[str] = field(default_factory=set)
    done: list[str] = field(default_factory=list)

    def add(self, name: bytes, value: bytes) -> None:
        """One more header field."""
        self.fields.append((name, value))

    def render(self) -> bytes:
        """The bytes. A body gets its length unless a mutation framed it itself."""
        parts = [b" ".join(part for part in (self.method, self.target, self.version) if part)]
        parts += [b"Host: " + host for host in self.host]
        parts += [PROBE + b": " + self.probe.encode()]
        parts += [name + b": " + value for name, value in self.fields]
        parts += self.lines
        if not self.framed and (self.body or self.method in (b"PUT", b"POST", b"PATCH")):
            parts.append(b"Content-Length: %d" % len(self.body))
        if not self.keep and not self.socket:
            parts.append(b"Connection: close")
        return self.before + self.eol.join(parts) + self.eol * 2 + self.body + self.after


def sent_as(draft: Draft, who: str, rng: random.Random) -> None:
    """Give `draft` the credential named `who`, one of CREDENTIALS."""
    name, _, way = who.partition(" ")
    if name == "none":
        return
    if name == "bad":
        draft.add(b"Authorization", rng.choice(BAD))
        return
    draft.callers.add(name)
    if way == "cookie":
        draft.add(b"Cookie", draft.tokens.cookie_name + b"=" + draft.tokens.cookie[name])
    else:
        draft.add(b"Authorization", b"Bearer " + draft.tokens.bearer[name])


def drawn(rng: random.Random, probe: str, tokens: Tokens, *, sockets: bool) -> Draft:
    """A request that is in order: an endpoint, a caller, and nothing else."""
    bases = (*BASES, SOCKET) if sockets else BASES
    method, target, _ = rng.choices(bases, [base[2] for base in bases])[0]
    draft = Draft(probe, method, target.replace(b"{}", rng.choice(NUMBERS)), tokens)
    if target == SOCKET[1]:
        upgraded(draft)
    if method == b"PUT":
        draft.body = b"text"
    elif method == b"POST":
        draft.add(b"Content-Type", b"application/x-www-form-urlencoded")
        draft.body = b"a=1"
    sent_as(
        draft, rng.choices([name for name, _ in CREDENTIALS], [often for _, often in CREDENTIALS])[0], rng
    )
    return draft


def upgraded(draft: Draft) -> None:
    """Ask for a WebSocket (RFC 6455 §4.1)."""
    draft.socket = True
    draft.keep = False
    for name, value in (
        (b"Upgrade", b"websocket"),
        (b"Connection", b"Upgrade"),
        (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        (b"Sec-WebSocket-Version", b"13"),
    ):
        draft.add(name, value)


Mutation = Callable[[random.Random, Draft], None]
