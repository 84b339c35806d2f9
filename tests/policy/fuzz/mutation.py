"""Seeded mutation of good examples: what a fuzzer does, the same on every machine."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Final

from tests.policy.reference import vocabulary as words
from tests.policy.reference.generator import Generator

FRAGMENTS: Final = (
    b"*",
    b"?",
    b"${",
    b"}",
    b"${aws:username}",
    b"${app:v, 'x'}",
    b"arn:aws:s3:::",
    b":",
    b'"',
    b"\\",
    b"\\ud800",
    b"\\u0000",
    b"\x00",
    b"\xff",
    b"\xf0\x9f\x98\x80",
    b"{",
    b"[",
    b"[[[[[[[[[[[[[[[[",
    b",",
    b"null",
    b"true",
    b"-0",
    b"1e999",
    b"99999999999999999999999999",
    b"NaN",
    b"\xef\xbb\xbf",
    b" ",
    b"\n",
    b"'",
    b"$",
    b"::ffff:1.2.3.4",
    b"/33",
    b"0001-01-01",
    b"9999-12-31T23:59:59-23:59",
    b"=",
    b"\xc4\xb0",
    b"ForAllValues:",
    b"IfExists",
    b"Statement",
    b"Condition",
)


def examples() -> Mapping[str, Sequence[bytes]]:
    """Good examples, by target."""
    sets = [Generator(f"fuzz:{number}").policy_set() for number in range(12)]
    values = [str(value) for family in words.FAMILIES for value in (*family.policy, *family.request)]
    return {
        "policy": [
            json.dumps(placed.document).encode() for one in sets for *_, placed in one.layers.placed()
        ],
        "arn": [text.encode() for text in (*words.RESOURCES, *words.RESOURCE_PATTERNS)],
        "condition": [text.encode() for text in values],
        "variables": [text.encode() for text in (*values, *words.RESOURCE_PATTERNS)],
    }


def mutated(rng: random.Random, pool: Sequence[bytes]) -> bytes:
    """An example with a few changes."""
    data = rng.choice(pool)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        at = rng.randint(0, len(data))
        to = min(len(data), at + rng.choice((0, 0, 1, 1, 4, 40)))
        change = rng.randrange(5)
        if change == 0:
            data = data[:at] + rng.choice(FRAGMENTS) + data[to:]
        elif change == 1:
            data = data[:at] + data[to:]
        elif change == 2:
            data = data[:at] + bytes([rng.randrange(256)]) + data[to:]
        elif change == 3:
            other = rng.choice(pool)
            data = data[:at] + other[rng.randint(0, len(other)) :]
        else:
            data = data[:at] + data[at:to] * rng.choice((2, 3, 30)) + data[to:]
    return data[:4096]
