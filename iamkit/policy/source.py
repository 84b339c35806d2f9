"""A strict JSON reader that keeps where everything stands.

It refuses what Python's own accepts: members given twice (SEM-G3), NaN and Infinity, lone surrogates,
nesting without end. Numbers stay the text they were, so none is too large and none changes (SEM-G10).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, TypeAlias

MAX_TEXT: Final = 131_072
MAX_DEPTH: Final = 32

Kind: TypeAlias = Literal["object", "array", "string", "number", "true", "false", "null"]

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD: Final = re.compile(r'[^\s,:\[\]{}"]+')
_WORDS: Final[dict[str, Kind]] = {"true": "true", "false": "false", "null": "null"}
_PLAIN: Final = re.compile(r'"([^"\\\x00-\x1f]*)"')
_PART: Final = re.compile(r'[^"\\\x00-\x1f]+')
_HEX: Final = re.compile(r"[0-9a-fA-F]{4}")
SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ESCAPES: Final = {
    '"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
}  # fmt: skip
_SMART_QUOTES: Final = "“”„‟″"


class Faults(Protocol):
    """Where the reader notes what is wrong: path, offsets, a message, a code and a correction."""

    def add(
        self,
        path: tuple[str | int, ...],
        place: tuple[int, int],
        message: str,
        code: str,
        suggestion: str | None = None,
    ) -> None: ...


@dataclass(slots=True)
class Node:
    """One JSON value. `text` is a string's value or a number's text."""

    kind: Kind
    start: int
    end: int
    text: str = ""
    items: list[Node] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)

    @property
    def place(self) -> tuple[int, int]:
        return (self.start, self.end)


@dataclass(slots=True)
class Member:
    """One member of an object: its name, where the name stands, and its value."""

    name: str
    start: int
    end: int
    value: Node

    @property
    def place(self) -> tuple[int, int]:
        return (self.start, self.end)


class _StopReadingError(Exception):
    """The text is not JSON from here on."""

    def __init__(
        self, start: int, message: str, code: str = "JSON_SYNTAX_ERROR", hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.start, self.message, self.code, self.hint = start, message, code, hint


def read(text: str, problems: Faults) -> Node | None:
    """The document's value, or None where it is not JSON at all. Faults go to `problems`."""
    if len(text) > MAX_TEXT:
        message = f"the text has {len(text)} characters, the limit is {MAX_TEXT}"
        problems.add((), (0, 0), message, "POLICY_SIZE_EXCEEDED")
        return None
    surrogate = SURROGATE.search(text)
    if surrogate:
        problems.add((), surrogate.span(), "half of a surrogate pair is not a character", "JSON_SYNTAX_ERROR")
        return None
    reader = _Reader(text, problems)
    try:
        node = reader.value(reader.skip(0), 1)
        rest = reader.skip(node.end)
        if rest != len(text):
            raise _StopReadingError(rest, "there is text after the end of the document")
    except _StopReadingError as stop:
        end = min(stop.start + 1, len(text))
        problems.add(tuple(reader.path), (stop.start, end), stop.message, stop.code, stop.hint)
        return None
    return node


class _Reader:
    __slots__ = ("path", "problems", "text")

    def __init__(self, text: str, problems: Faults) -> None:
        self.text = text
        self.problems = problems
        self.path: list[str | int] = []

    def skip(self, position: int) -> int:
        found = _SPACE.match(self.text, position)
        return found.end() if found else position

    def value(self, start: int, depth: int) -> Node:
        text = self.text
        first = text[start : start + 1]
        if first == '"':
            value, end = self.string(start)
            return Node("string", start, end, value)
        if first in ("{", "["):
            if depth > MAX_DEPTH:
                raise _StopReadingError(start, f"the document is nested deeper than {MAX_DEPTH} levels")
            return self.object(start, depth) if first == "{" else self.array(start, depth)
        word = _WORD.match(text, start)
        if word is None:
            raise self.unexpected(start, "a value")
        kind = _WORDS.get(word.group())
        if kind is not None:
            return Node(kind, start, word.end(), word.group())
        if _NUMBER.fullmatch(word.group()):
            return Node("number", start, word.end(), word.group())
        raise self.unexpected(start, "a value")

    def object(self, start: int, depth: int) -> Node:
        node = Node("object", start, start)
        seen: set[str] = set()
        position = self.skip(start + 1)
        if self.text[position : position + 1] == "}":
            node.end = position + 1
            return node
        while True:
            if self.text[position : position + 1] != '"':
                raise self.unexpected(position, "a member name in double quotes")
            name, end = self.string(position)
            self.path.append(name)
            if name in seen:
                place = (position, end)
                self.problems.add(tuple(self.path), place, f"`{name[:80]}` is given twice", "DUPLICATE_KEY")
            seen.add(name)
            colon = self.skip(end)
            if self.text[colon : colon + 1] != ":":
                raise self.unexpected(colon, "`:`")
            value = self.value(self.skip(colon + 1), depth + 1)
            node.members.append(Member(name, position, end, value))
            self.path.pop()
            position = self.skip(value.end)
            mark = self.text[position : position + 1]
            if mark == "}":
                node.end = position + 1
                return node
            if mark != ",":
                raise self.unexpected(position, "`,` or `}`")
            position = self.skip(position + 1)

    def array(self, start: int, depth: int) -> Node:
        node = Node("array", start, start)
        position = self.skip(start + 1)
        if self.text[position : position + 1] == "]":
            node.end = position + 1
            return node
        while True:
            self.path.append(len(node.items))
            item = self.value(position, depth + 1)
            node.items.append(item)
            self.path.pop()
            position = self.skip(item.end)
            mark = self.text[position : position + 1]
            if mark == "]":
                node.end = position + 1
                return node
            if mark != ",":
                raise self.unexpected(position, "`,` or `]`")
            position = self.skip(position + 1)

    def string(self, start: int) -> tuple[str, int]:
        plain = _PLAIN.match(self.text, start)
        if plain:
            return plain.group(1), plain.end()
        text, position, parts = self.text, start + 1, []
        while True:
            part = _PART.match(text, position)
            if part:
                parts.append(part.group())
                position = part.end()
            mark = text[position : position + 1]
            if mark == '"':
                value = "".join(parts)
                # A pair written as two escapes is one character; a half of one is none.
                if SURROGATE.search(value):
                    raise _StopReadingError(start, "half of a surrogate pair is not a character")
                return value, position + 1
            if mark != "\\":
                what = "a control character has to be escaped" if mark else "the string has no closing quote"
                raise _StopReadingError(position if mark else start, what)
            character, position = self.escape(position)
            parts.append(character)

    def escape(self, position: int) -> tuple[str, int]:
        text = self.text
        letter = text[position + 1 : position + 2]
        if letter in _ESCAPES:
            return _ESCAPES[letter], position + 2
        digits = _HEX.match(text, position + 2)
        if letter != "u" or digits is None:
            raise _StopReadingError(position, f"`{text[position : position + 2]}` is not an escape of JSON")
        code, position = int(digits.group(), 16), position + 6
        if 0xD800 <= code < 0xDC00 and text[position : position + 2] == "\\u":
            low = _HEX.match(text, position + 2)
            half = int(low.group(), 16) if low else 0
            if 0xDC00 <= half < 0xE000:
                return chr(0x10000 + ((code - 0xD800) << 10) + half - 0xDC00), position + 6
        return chr(code), position

    def unexpected(self, position: int, wanted: str) -> _StopReadingError:
        mark = self.text[position : position + 1]
        if not mark:
            return _StopReadingError(position, f"the document ends where {wanted} should stand")
        if mark in _SMART_QUOTES:
            return _StopReadingError(position, "quotes have to be straight", "SMART_QUOTES", '"')
        word = _WORD.match(self.text, position)
        shown = word.group()[:40] if word else mark
        return _StopReadingError(position, f"`{shown}` stands where {wanted} should")
