"""JSON of strangers: an object, read in one way only."""

from __future__ import annotations

import json
from typing import Final, NoReturn

_DEEPEST: Final = 32


class AmbiguousError(ValueError):
    """A text that is no JSON object, or that two readers could read differently."""


def read(text: bytes) -> dict[str, object]:
    """The object. Raises AmbiguousError for a name that is there twice, for NaN, and for deep nesting."""
    try:
        found: object = json.loads(text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise AmbiguousError("no JSON in one meaning") from fault
    if not isinstance(found, dict) or _deeper(found, _DEEPEST):
        raise AmbiguousError("no JSON object, or nested too deeply")
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise AmbiguousError("a name is there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise AmbiguousError(f"{name} is no JSON")


def _deeper(value: object, levels: int) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels == 0 or any(_deeper(item, levels - 1) for item in inside if isinstance(item, (dict, list)))
