"""Stretches of a text, and the lines that they stand on."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the source text: offsets `start` and `end` (exclusive), line and column of `start`.

    Lines and columns count from 1, offsets from 0, in code points.
    """

    start: int
    end: int
    line: int
    column: int


class Lines:
    """Turns offsets of a text into spans."""

    __slots__ = ("_starts",)

    def __init__(self, text: str) -> None:
        self._starts = [0]
        position = text.find("\n")
        while position >= 0:
            self._starts.append(position + 1)
            position = text.find("\n", position + 1)

    def span(self, start: int, end: int) -> Span:
        line = bisect_right(self._starts, start)
        return Span(start, end, line, start - self._starts[line - 1] + 1)
