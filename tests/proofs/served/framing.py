"""Mutations of where a request begins and ends: two lengths, two requests in one, versions, line ends."""

from __future__ import annotations

import random
from typing import Final

from tests.proofs.served.drafts import Draft, Mutation, drawn, sent_as

_BAD_CHUNKS: Final = (
    b"4 \r\ntext\r\n0\r\n\r\n",
    b"+4\r\ntext\r\n0\r\n\r\n",
    b"zz\r\ntext\r\n0\r\n\r\n",
    b"4\ntext\n0\n\n\r\n\r\n",
    b"-1\r\n\r\n0\r\n\r\n",
    b"4\r\ntextX\r\n0\r\n\r\n",
    b"FFFFFFFFFFFFFFFFF\r\n\r\n0\r\n\r\n",
)
LENGTHS: Final = (
    b"+4",
    b"-1",
    b"4, 4",
    b"4,5",
    b"0x4",
    b"4.0",
    b"4 ",
    b"\t4",
    b"00000004",
    b"4_0",
    b"\xd9\xa4",
    b"",
    b"four",
    b"99999999999999999999",
    b"4;x",
)
CODINGS: Final = (
    b"chunked",
    b"Chunked",
    b"xchunked",
    b"chunked, identity",
    b"identity, chunked",
    b"chunked, chunked",
    b"gzip, chunked",
    b"\tchunked",
    b"chunked\x0b",
    b'"chunked"',
    b"identity",
    b"",
    b"chunked;x=y",
    b"trailers",
)
VERSIONS: Final = (
    b"HTTP/1.0",
    b"HTTP/1.0",
    b"HTTP/1.2",
    b"HTTP/1.10",
    b"HTTP/0.9",
    b"HTTP/2.0",
    b"HTTP/2",
    b"HTTP/3",
    b"http/1.1",
    b"HTTP/11",
    b"HTTP/1.1 x",
    b"HTTP /1.1",
    b"ICY/1.1",
    b"",
    b"HTTP/1.1\t",
    b"HTTP/01.1",
    b"HTTP/1.\xd9\xa1",
)


def _length(rng: random.Random, draft: Draft) -> None:
    draft.body, draft.framed, draft.ambiguous = b"text", True, True
    values = rng.choice(
        ([rng.choice(LENGTHS)], [b"4", b"4"], [b"4", b"5"], [b"0", b"4"], [b"4", rng.choice(LENGTHS)])
    )
    for value in values:
        draft.add(b"Content-Length", value)
        draft.waits = draft.waits or value.startswith(b"99")
    draft.after = b"\r\n\r\n"


def _chunks(rng: random.Random, draft: Draft) -> None:
    """A body in chunks, in order or not; a trailer says who one is and where to go."""
    draft.framed = True
    trailer = rng.choice(
        (
            b"",
            b"Authorization: Bearer " + draft.tokens.bearer["bob"] + b"\r\n",
            b"X-Original-URL: /admin\r\n",
            b"Host: evil\r\n",
        )
    )
    draft.callers.add("bob")
    draft.add(b"Transfer-Encoding", b"chunked")
    body = rng.choice(
        (b"4\r\ntext\r\n0\r\n", b"4;a=b\r\ntext\r\n0;x\r\n", b"00004\r\ntext\r\n0\r\n", b"0\r\n")
    )
    draft.body = body + trailer + b"\r\n"
    if rng.random() < 0.3:
        draft.body = rng.choice(_BAD_CHUNKS)
        draft.ambiguous = True
        draft.waits = draft.body.startswith(b"F")


def _smuggled(rng: random.Random, draft: Draft) -> None:
    """Both Content-Length and Transfer-Encoding, and a request where one of them ends (RFC 9112 §6.3)."""
    inner = drawn(rng, draft.probe + ".1", draft.tokens, sockets=False)
    draft.callers |= inner.callers
    draft.keep, draft.framed, draft.ambiguous, draft.replies = True, True, True, 2
    hidden = inner.render()
    coding = rng.choice(CODINGS)
    if rng.random() < 0.5:
        # The length covers everything, the chunks end before the second request.
        draft.body = b"0\r\n\r\n" + hidden
        draft.add(b"Content-Length", b"%d" % len(draft.body))
    else:
        # The length ends after the chunk's size line, the chunk covers the second request.
        size = b"%x\r\n" % len(hidden)
        draft.body = size + hidden + b"\r\n0\r\n\r\n"
        draft.add(b"Content-Length", b"%d" % len(size))
    name = rng.choice(
        (
            b"Transfer-Encoding",
            b"Transfer-Encoding",
            b"transfer_encoding",
            b"Transfer-Encoding ",
            b"X-A: b\r\nTransfer-Encoding",
            b"Transfer-Encoding:\r\n ",
        )
    )
    draft.lines.append(name + b": " + coding)
    if rng.random() < 0.3:
        draft.lines.append(b"Transfer-Encoding: " + rng.choice(CODINGS))
    draft.after = b"\r\n\r\n"


def _pipelined(rng: random.Random, draft: Draft) -> None:
    """Another caller's request right behind this one, on the same connection, without waiting."""
    second = drawn(rng, draft.probe + ".1", draft.tokens, sockets=False)
    draft.callers |= second.callers
    draft.after += second.render()
    draft.keep, draft.replies, draft.ambiguous = True, 2, True


def _version(rng: random.Random, draft: Draft) -> None:
    draft.version = rng.choice(VERSIONS)
    draft.ambiguous = draft.version != b"HTTP/1.0"
    if rng.random() < 0.3:
        draft.host = []


def _line_ends(rng: random.Random, draft: Draft) -> None:
    draft.eol = rng.choice((b"\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n "))
    draft.ambiguous = True
    draft.after += b"\r\n\r\n"


def _before(rng: random.Random, draft: Draft) -> None:
    draft.before = rng.choice(
        (
            b"\r\n",
            b"\r\n\r\n",
            b"\n",
            b" ",
            b"\t",
            b"\x00",
            b"\xef\xbb\xbf",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\x16\x03\x01\x00\x05",
        )
    )
    draft.ambiguous = True
    # A server that speaks HTTP/2 goes on in that.
    draft.waits = draft.before.startswith(b"PRI")
    draft.after += b"\r\n\r\n"


def _again(rng: random.Random, draft: Draft) -> None:
    """The same request by another caller first, kept alive: nothing of it may be left for the second."""
    first = drawn(rng, draft.probe + ".1", draft.tokens, sockets=False)
    first.method, first.target, first.body, first.fields, first.keep = b"GET", draft.target, b"", [], True
    first.callers = set()
    sent_as(first, rng.choice(("alice", "bob", "none")), rng)
    draft.callers |= first.callers
    draft.before, draft.replies, draft.ambiguous = first.render() + draft.before, 2, True


FRAMING: Final[tuple[tuple[str, Mutation], ...]] = (
    ("length", _length),
    ("chunks", _chunks),
    ("smuggled", _smuggled),
    ("pipelined", _pipelined),
    ("version", _version),
    ("line ends", _line_ends),
    ("before", _before),
    ("again", _again),
)
