"""A loaded row as the gate sees it: its resource and its condition keys, by the same rules as lists.

A row that cannot be named, or a value that no condition can be about, raises EvaluationError: such a row is
denied here and left out of lists. These rules, and `Nameable` and `Sound` in SQL, say the same:

    a part of a name    not absent, without control characters, at most so long
    a text              no NUL character
    tags                an object of texts by keys that are printable ASCII and differ not only by case
    a list              an array of texts
    a number            finite
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Final
from uuid import UUID

from iamkit.errors import EvaluationError
from iamkit.policy.request import ContextValue
from iamkit.rows.likeness import encoded
from iamkit.rows.sources import Declaration, Kind, NamePart, Source

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)
_PRINTABLE: Final = re.compile(r"[ -~]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Facts:
    """`name` is the resource part of the ARN; `account` is None where rows belong to the caller's."""

    name: str
    account: str | None
    keys: Mapping[str, ContextValue]


def facts_of(declaration: Declaration, row: object) -> Facts:
    """What is asked about a row. Raises EvaluationError."""
    name = "".join(part if isinstance(part, str) else _part(part, row) for part in declaration.name)
    account: str | None = None
    if declaration.account is not None:
        found = declaration.account.read(row)
        if not isinstance(found, str) or not _ACCOUNT.fullmatch(found):
            raise EvaluationError(f"a row's `{declaration.account.name}` is no account of 12 digits")
        account = found
    keys: dict[str, ContextValue] = {}
    for key, source in declaration.keys.items():
        value = value_of(source, row)
        if value is not None:
            keys[declaration.written[key]] = value
    if declaration.tags is not None:
        for tag, text in tags_of(declaration.tags, row).items():
            keys[f"aws:ResourceTag/{tag}"] = text
    return Facts(name, account, keys)


def _part(part: NamePart, row: object) -> str:
    value = value_of(part.source, row)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise EvaluationError(f"a row's `{part.source.name}` is empty, so the row has no resource name")
    text = str(value)
    if _CONTROL.search(text) or len(text) > part.longest:
        raise EvaluationError(
            f"a row's `{part.source.name}` holds control characters or more than {part.longest} characters"
        )
    return encoded(text, part.encoded)


def value_of(source: Source, row: object) -> ContextValue | None:
    """The value of a key, None if the row does not have it. Raises EvaluationError."""
    value = source.read(row)
    if isinstance(value, Enum) and source.kind is not Kind.CHOICE:
        value = value.value
    if value is None or value == "":
        return None
    if source.kind is Kind.TEXTS:
        return _texts(source, value)
    if isinstance(value, str):
        if "\0" in value:
            raise _odd(source)
        return str(UUID(value)) if source.kind is Kind.UUID else value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float | Decimal) and math.isfinite(value):
        return value
    raise _odd(source)


def _texts(source: Source, value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple | set | frozenset):
        raise _odd(source)
    texts = tuple(sorted(value)) if isinstance(value, set | frozenset) else tuple(value)
    if any(not isinstance(text, str) or "\0" in text for text in texts):
        raise _odd(source)
    return texts or None


def tags_of(source: Source, row: object) -> Mapping[str, str]:
    """The tags of a row, without those that are empty. Raises EvaluationError."""
    value = source.read(row)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _odd(source)
    for key, text in value.items():
        if not (isinstance(key, str) and isinstance(text, str) and _PRINTABLE.fullmatch(key)):
            raise _odd(source)
        if "\0" in text:
            raise _odd(source)
    if len({key.lower() for key in value}) != len(value):
        raise _odd(source)
    return {key: text for key, text in value.items() if text}


def _odd(source: Source) -> EvaluationError:
    return EvaluationError(f"a row's `{source.name}` holds a value that no condition can be about")
