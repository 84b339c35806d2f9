"""Text from outside as one line: fit for a log or a looked-up field, forging no other entry (THR-X1)."""

from __future__ import annotations

from typing import Final

FIELD_LIMIT: Final = 1024


def one_line(text: str, limit: int = FIELD_LIMIT) -> str:
    """`text` without control, separator and unpaired characters (escaped as `\\x0a`), at most `limit` long.

    The result is printable, can be encoded, and never ends in half an escape.
    """
    if len(text) <= limit and text.isprintable():
        return text
    parts = []
    room = limit
    for character in text:
        part = character if character.isprintable() else _escaped(character)
        room -= len(part)
        if room < 0:
            break
        parts.append(part)
    return "".join(parts)


def _escaped(character: str) -> str:
    point = ord(character)
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
