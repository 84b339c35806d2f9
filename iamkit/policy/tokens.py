"""The tokens that patterns are made of: literal text and the two wildcards (SEM-A3, R-2, C-25)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final, TypeAlias, TypeVar, final

from iamkit.errors import InvalidArn


class Wildcard(Enum):
    """The two wildcards, as tokens."""

    RUN = "*"
    ONE = "?"


@final
class Verbatim(str):
    """Literal text from outside the policy: no wildcard in it, no colon that parts an ARN (SEM-V8)."""

    __slots__ = ()


Token: TypeAlias = str | Wildcard
T = TypeVar("T")

_TOKEN: Final = re.compile(r"[^*?]+|\*+|\?")
# Members of an Enum are looked up slowly, and these stand in loops over every token.
_RUN: Final = Wildcard.RUN
_ONE: Final = Wildcard.ONE


def tokens_of(text: str) -> tuple[Token, ...]:
    """The tokens of a pattern as written, without variables."""
    return tuple([_ONE if part == "?" else _RUN if part[0] == "*" else part for part in _TOKEN.findall(text)])


def joined(tokens: Iterable[Token]) -> tuple[Token, ...]:
    """The same pattern in its one shortest form: literals merged, runs of stars made one."""
    merged: list[Token] = []
    last: Token = ""
    for token in tokens:
        if isinstance(token, str):
            if not token:
                continue
            if merged and isinstance(last, str):
                last = merged[-1] = last + token
                continue
        elif token is _RUN and last is _RUN:
            continue
        merged.append(token)
        last = token
    return tuple(merged)


def arn_parts(tokens: Iterable[str | T]) -> tuple[tuple[str | T, ...], ...]:
    """Tokens cut at their first five literal colons. Raises InvalidArn with fewer than six parts (SEM-R1)."""
    parts: list[list[str | T]] = [[]]
    for token in tokens:
        if not isinstance(token, str) or isinstance(token, Verbatim) or len(parts) == 6:
            parts[-1].append(token)
            continue
        first, *others = token.split(":", 6 - len(parts))
        parts[-1].append(first)
        parts.extend([other] for other in others)
    if len(parts) != 6:
        raise InvalidArn(f"an ARN pattern has six parts, this has {len(parts)}")
    return tuple(tuple(token for token in part if token != "") for part in parts)
