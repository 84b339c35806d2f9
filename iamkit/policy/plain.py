"""A document's values without their places, read by the standard library: the quick way to a good document.

It accepts less than `source` or the same, never more that could pass for a policy: what it does not like is
left to `source`, which says what is wrong and where. A number stays the text it was (SEM-G10).
"""

from __future__ import annotations

import json
import re
from typing import Final, TypeAlias, final

from iamkit.policy.source import MAX_TEXT, SURROGATE, Node


@final
class Number(str):
    """A JSON number as written."""

    __slots__ = ()


Plain: TypeAlias = "str | Number | bool | list[Plain] | dict[str, Plain] | None"

# Half of a pair may come out of an escape; `source` tells halves from pairs.
_ESCAPED_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


class UnusualError(ValueError):
    """The document is not one, or one that has to be read with care."""


def plain(text: str) -> Plain:
    """The document's value. Raises UnusualError."""
    if len(text) > MAX_TEXT or (not text.isascii() and SURROGATE.search(text)):
        raise UnusualError("a text to be read with care")
    if "\\u" in text and _ESCAPED_SURROGATE.search(text):
        raise UnusualError("an escape to be read with care")
    try:
        value: Plain = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise UnusualError(str(error)) from None
    return value


def _object(members: list[tuple[str, Plain]]) -> dict[str, Plain]:
    found = dict(members)
    if len(found) != len(members):
        raise UnusualError("a name is given twice")
    return found


def _constant(text: str) -> Plain:
    raise UnusualError(f"{text} is no value of JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=Number, parse_float=Number, parse_constant=_constant
)


def plain_of(node: Node) -> Plain:
    """The value of a node of `source`. Of a name given twice the last counts."""
    if node.kind == "object":
        return {member.name: plain_of(member.value) for member in node.members}
    if node.kind == "array":
        return [plain_of(item) for item in node.items]
    if node.kind == "number":
        return Number(node.text)
    return node.text if node.kind == "string" else _WORDS[node.kind]


_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}


def is_string(value: Plain) -> bool:
    """Whether it is a JSON string, which a number as written is not."""
    return value.__class__ is str


def text_of(value: Plain) -> str:
    """A string's value, any other scalar as written; empty for objects, lists and null."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return ""
