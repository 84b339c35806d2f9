"""What a method tells the person who proves a factor, as lines of a page; carried along when a try fails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

# What has words of its own on the page.
_APART: Final = frozenset({"sent_to"})
_LONGEST: Final = 2_000
Told = tuple[tuple[str, str], ...]


def lines_of(shown: Mapping[str, object]) -> Told:
    """What a method's `begin` gave that can be read: texts, numbers, lists and tables, each with its name."""
    found = []
    for name, value in shown.items():
        if isinstance(value, Mapping):
            value = [f"{key} {part}" for key, part in value.items()]
        parts = value if isinstance(value, list | tuple) else (value,)
        if name not in _APART and all(isinstance(part, str | int) for part in parts):
            found.append((name.replace("_", " "), ", ".join(map(str, parts))))
    return tuple(found)


def packed(told: Told) -> str:
    """The lines as a hidden field; nothing, if they are too long to be carried."""
    text = json.dumps(told) if told else ""
    return text if len(text) <= _LONGEST else ""


def unpacked(text: str) -> Told:
    """The lines of a hidden field. It came from a browser: what is none is left out."""
    try:
        found = json.loads(text) if 0 < len(text) <= _LONGEST else []
    except (ValueError, RecursionError):
        return ()
    if not isinstance(found, list):
        return ()
    pairs = [pair for pair in found if isinstance(pair, list) and len(pair) == 2]
    return tuple((name, value) for name, value in pairs if isinstance(name, str) and isinstance(value, str))
