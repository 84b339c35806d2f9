"""Pages of an answer: opaque markers, for operations that page by themselves and for all others.

A marker says behind what the next page begins, so that what is written between two pages shifts nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from iamkit.api.constraints import Value
from iamkit.errors import ValidationError

DEFAULT_ITEMS: Final = 100
LARGEST: Final = 1000
# What an item is known by, whatever it is.
_IDENTITIES: Final = (
    "Arn",
    "PolicyArn",
    "AccessKeyId",
    "SerialNumber",
    "VersionId",
    "UserName",
    "GroupName",
    "RoleName",
    "Key",
)


@dataclass(frozen=True, slots=True)
class Cut:
    """What a request asks to be shown of a listing. `marker` is what was opened of the one that came."""

    marker: str | None
    max_items: int

    @classmethod
    def of(cls, given: Mapping[str, Value]) -> Cut:
        """Of a typed input. Raises ValidationError for a marker that was not given out."""
        marker, wanted = given.get("Marker"), given.get("MaxItems")
        opened = _opened(marker) if isinstance(marker, str) else None
        return cls(opened, min(wanted, LARGEST) if isinstance(wanted, int) else DEFAULT_ITEMS)


def sealed(marker: str) -> str:
    """A marker as it is given out."""
    return base64.urlsafe_b64encode(marker.encode()).decode("ascii").rstrip("=")


def paged(output: Mapping[str, Value], lists: tuple[str, ...], cut: Cut) -> dict[str, Value]:
    """A whole answer cut to one page over all its `lists`, one after the other."""
    items = [(name, item) for name in lists for item in _items(output.get(name))]
    start = 0 if cut.marker is None else _behind(items, cut.marker)
    shown = items[start : start + cut.max_items]
    page: dict[str, Value] = {
        **output,
        **{name: tuple(item for each, item in shown if each == name) for name in lists},
        "IsTruncated": start + len(shown) < len(items),
    }
    if page["IsTruncated"]:
        page["Marker"] = sealed(json.dumps([start + len(shown), *_known_by(*shown[-1])]))
    return page


def _behind(items: list[tuple[str, Value]], marker: str) -> int:
    """Where the next page begins: behind the item of the marker, or, if that is gone, at its place."""
    try:
        place, name, identity = json.loads(marker)
        place = int(place)
    except (ValueError, TypeError):
        raise _unknown() from None
    for number, item in enumerate(items, 1):
        if _known_by(*item) == (name, identity):
            return number
    return max(0, min(place, len(items)) - 1) if place > 0 else 0


def _known_by(name: str, item: Value) -> tuple[str, str]:
    if isinstance(item, Mapping):
        for member in _IDENTITIES:
            if isinstance(item.get(member), str):
                return name, str(item[member])
        return name, repr(sorted(item.items()))
    return name, str(item)


def _items(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else ()


def _opened(marker: str) -> str:
    try:
        return base64.urlsafe_b64decode(marker + "=" * (-len(marker) % 4)).decode()
    except (binascii.Error, ValueError):
        raise _unknown() from None


def _unknown() -> ValidationError:
    return ValidationError("the marker is none that was given out; begin without one")
