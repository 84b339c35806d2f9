"""Wildcard patterns: `*` is any run of characters, `?` exactly one, everything else is itself.

A pattern is a tuple of tokens, never a text that is read twice, so that a substituted value stays literal
(SEM-V8). Theory of operation: the pattern is cut at its stars into pieces; the first is anchored at the
start, the last at the end, and each piece between is taken at its leftmost occurrence after the one
before, which is enough because a star takes any gap. A short piece without `?` is found by `str.find`, any
other by a bit-parallel scan that reads each character of the text once. Nothing goes back past a piece that
was found, so the work grows with pattern and text, never with their product or a power (decision 8,
SEM-C26).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import methodcaller
from typing import Final, final

from iamkit.policy.tokens import Token, Verbatim, Wildcard, arn_parts, joined, tokens_of

_NOT_IN_ACTION: Final = re.compile(r"[\s,]")
_RUN: Final = Wildcard.RUN
# Pieces up to this length are left to `str.find`, whose worst case is this many comparisons a character.
_SHORT: Final = 128
# Longer texts are compiled each time: what is remembered has to stay small.
_REMEMBERED: Final = 256


@final
class Pattern:
    """A compiled pattern. `matches(text)` says whether the whole text has this shape."""

    __slots__ = ("matches", "tokens")

    tokens: tuple[Token, ...]
    matches: Callable[[str], bool]

    def __init__(self, tokens: Iterable[Token]) -> None:
        self.tokens = joined(tokens)
        self.matches = _matcher(self.tokens)

    @property
    def literal(self) -> str | None:
        """The one text that it matches, or None if it has wildcards."""
        if not self.tokens:
            return ""
        first = self.tokens[0]
        return first if len(self.tokens) == 1 and isinstance(first, str) else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and self.tokens == other.tokens

    def __hash__(self) -> int:
        return hash(self.tokens)

    def __repr__(self) -> str:
        return f"Pattern({self.tokens!r})"


def _matcher(tokens: tuple[Token, ...]) -> Callable[[str], bool]:
    if not tokens:
        return "".__eq__
    first = tokens[0]
    if len(tokens) == 1:
        if isinstance(first, str):
            return first.__eq__
        return _anything if first is _RUN else _one_character
    if len(tokens) == 2:
        if tokens[1] is _RUN and isinstance(first, str):
            return methodcaller("startswith", first)
        if first is _RUN and isinstance(tokens[1], str):
            return methodcaller("endswith", tokens[1])
    return _Pieces(tokens).match


def _anything(text: str) -> bool:  # noqa: ARG001  # one of a family
    return True


def _one_character(text: str) -> bool:
    return len(text) == 1


@final
class _Piece:
    """What stands between two stars and holds `?`, or is long: literal runs at fixed offsets."""

    __slots__ = ("length", "masks", "runs")

    def __init__(self, tokens: list[Token]) -> None:
        self.runs: list[tuple[int, str]] = []
        length = 0
        for token in tokens:
            if isinstance(token, str):
                self.runs.append((length, token))
                length += len(token)
            else:
                length += 1
        self.length = length
        self.masks: tuple[int, dict[str, int]] | None = None

    def stands_at(self, text: str, position: int) -> bool:
        return all(text.startswith(run, position + offset) for offset, run in self.runs)

    def find(self, text: str, start: int, end: int) -> int:
        """Where the piece first stands within text[start:end], or -1."""
        if end - start < self.length:
            return -1
        if not self.runs:
            return start
        wild, by_character = self.masks or self._prepare()
        mask_of = by_character.get
        done = 1 << (self.length - 1)
        state = 0
        for index in range(start, end):
            # Bit i of the state: the piece's first i+1 characters end here.
            state = (state << 1 | 1) & mask_of(text[index], wild)
            if state >= done:
                return index - self.length + 1
        return -1

    def _prepare(self) -> tuple[int, dict[str, int]]:
        wild = (1 << self.length) - 1
        places: dict[str, int] = {}
        for offset, run in self.runs:
            wild ^= ((1 << len(run)) - 1) << offset
            for index, character in enumerate(run, offset):
                places[character] = places.get(character, 0) | 1 << index
        self.masks = (wild, {character: wild | place for character, place in places.items()})
        return self.masks


def _piece(tokens: list[Token]) -> str | _Piece:
    if not tokens:
        return ""
    first = tokens[0]
    return first if len(tokens) == 1 and isinstance(first, str) and len(first) <= _SHORT else _Piece(tokens)


@final
class _Pieces:
    """A pattern with wildcards in the general form; cut into pieces when a text first is long enough."""

    __slots__ = ("least", "pieces", "tokens")

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self.tokens = tokens
        self.least = sum([len(token) if isinstance(token, str) else 1 for token in tokens])
        self.least -= tokens.count(_RUN)
        self.pieces: list[str | _Piece] = []

    def match(self, text: str) -> bool:
        length = len(text)
        # INVARIANT: below, a piece is never longer than the text, so preparing it is bounded by the text too.
        if length < self.least:
            return False
        pieces = self.pieces or self._cut()
        head, tail = pieces[0], pieces[-1]
        if not _stands_at(head, text, 0):
            return False
        if len(pieces) == 1:
            return length == self.least
        end = length - _length(tail)
        if not _stands_at(tail, text, end):
            return False
        position = _length(head)
        for piece in pieces[1:-1]:
            if isinstance(piece, _Piece):
                position = piece.find(text, position, end)
            else:
                position = text.find(piece, position, end)
            if position < 0:
                return False
            position += _length(piece)
        return True

    def _cut(self) -> list[str | _Piece]:
        pieces: list[str | _Piece] = []
        group: list[Token] = []
        for token in self.tokens:
            if token is _RUN:
                pieces.append(_piece(group))
                group = []
            else:
                group.append(token)
        pieces.append(_piece(group))
        self.pieces = pieces
        return pieces


def _length(piece: str | _Piece) -> int:
    return piece.length if isinstance(piece, _Piece) else len(piece)


def _stands_at(piece: str | _Piece, text: str, position: int) -> bool:
    return piece.stands_at(text, position) if isinstance(piece, _Piece) else text.startswith(piece, position)


def arn_matcher(tokens: tuple[Token, ...]) -> Callable[[str], bool]:
    """Whether a text matches an ARN pattern: six parts, one by one; only the sixth holds colons.

    SEM-R2, R-3, C-34. Raises InvalidArn with fewer than six parts.
    """
    first = tokens[0] if tokens else ""
    if isinstance(first, str) and not isinstance(first, Verbatim) and first.count(":") >= 5:
        # Five literal parts fix the first five colons, so one comparison of the whole text is the same.
        return Pattern(tokens).matches
    return _Parts(tuple([Pattern(part).matches for part in arn_parts(tokens)])).match


def resource_matcher(text: str) -> Callable[[str], bool]:
    """The same for an entry of Resource as written, without variables; `*` alone is everything (SEM-R1)."""
    return _resource_matcher(text) if len(text) <= _REMEMBERED else arn_matcher(tokens_of(text))


@lru_cache(maxsize=8192)
def _resource_matcher(text: str) -> Callable[[str], bool]:
    return _anything if text == "*" else arn_matcher(tokens_of(text))


@final
class _Parts:
    __slots__ = ("matchers",)

    def __init__(self, matchers: tuple[Callable[[str], bool], ...]) -> None:
        self.matchers = matchers

    def match(self, text: str) -> bool:
        parts = text.split(":", 5)
        if len(parts) != 6:
            return False
        return all(matcher(part) for matcher, part in zip(self.matchers, parts, strict=True))


# No action is the empty text.
_NOTHING: Final = Pattern(())


def action_pattern(text: str) -> Pattern:
    """The pattern of an Action entry, for actions in lower case: they ignore case in both parts (SEM-A2).

    An entry that is no action (white space, a comma, no name, not one colon) matches nothing (SEM-A6).
    """
    return _remembered_action(text) if len(text) <= _REMEMBERED else _action_pattern(text)


def _action_pattern(text: str) -> Pattern:
    service, _, name = text.partition(":")
    if text != "*" and (not service or not name or ":" in name or _NOT_IN_ACTION.search(text)):
        return _NOTHING
    return Pattern(tokens_of(text.lower()))


_remembered_action: Final = lru_cache(maxsize=8192)(_action_pattern)
