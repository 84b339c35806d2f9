"""Tags: the rules for keys and values, and what setting and removing them makes of a set (CAP-B14).

Keys keep their case but differ by more than case on every kind of entity, because condition keys such as
`aws:ResourceTag/KEY` ignore case (SEM-C4) and could not tell two such tags apart.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from iamkit.errors import InputError, ValidationError
from iamkit.identity.quotas import Quotas

KEY_LENGTH: Final = 128
VALUE_LENGTH: Final = 256
_RESERVED: Final = "aws:"
_PUNCTUATION: Final = frozenset("_.:/=+-@")


def checked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags as given, if legal. Raises ValidationError, InputError for keys that differ only by case."""
    lower: dict[str, str] = {}
    for key, value in tags.items():
        _check_key(key)
        if len(value) > VALUE_LENGTH:
            raise ValidationError(f"the value of tag `{key}` must have at most {VALUE_LENGTH} characters")
        _check_alphabet(f"the value of tag `{key}`", value)
        other = lower.setdefault(key.lower(), key)
        if other != key:
            raise InputError(f"tag keys `{other}` and `{key}` differ only by case; give one of them")
    return dict(tags)


def checked_keys(keys: Iterable[str]) -> tuple[str, ...]:
    """Tag keys to remove. Raises ValidationError for an illegal one."""
    found = tuple(keys)
    for key in found:
        _check_key(key)
    return found


def with_tags(present: Mapping[str, str], tags: Mapping[str, str], quotas: Quotas) -> dict[str, str]:
    """`present` after setting `tags`: `department` replaces `Department`. Raises LimitExceeded."""
    new = checked_tags(tags)
    replaced = {key.lower() for key in new}
    merged = {key: value for key, value in present.items() if key.lower() not in replaced} | new
    quotas.hold("tags", len(merged))
    return merged


def without_tags(present: Mapping[str, str], keys: Iterable[str]) -> dict[str, str]:
    """`present` without `keys`, whatever their case; a key that is not there is no error."""
    gone = {key.lower() for key in checked_keys(keys)}
    return {key: value for key, value in present.items() if key.lower() not in gone}


def _check_key(key: str) -> None:
    if not 1 <= len(key) <= KEY_LENGTH:
        raise ValidationError(f"tag key `{key[:80]}` must have 1 to {KEY_LENGTH} characters")
    if key.lower().startswith(_RESERVED):
        raise ValidationError(f"tag key `{key}` must not begin with `{_RESERVED}`, which is reserved")
    _check_alphabet("a tag key", key)


def _check_alphabet(what: str, text: str) -> None:
    """Letters, digits, separators of any script and `_.:/=+-@`: nothing a pattern could read (SEM-V11)."""
    for character in text:
        if character in _PUNCTUATION:
            continue
        if unicodedata.category(character)[0] not in "LNZ":
            raise ValidationError(
                f"{what} may hold only letters, digits, spaces and `_.:/=+-@`, not {character!a}"
            )
