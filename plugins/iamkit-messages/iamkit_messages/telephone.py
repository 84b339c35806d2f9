"""Telephone numbers in the one form that is kept: E.164, `+` and 8 to 15 digits."""

from __future__ import annotations

import re
from typing import Final

from iamkit.errors import ValidationError

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)
# What people put between digits.
_BETWEEN: Final = str.maketrans("", "", " -./()")


def checked(text: str) -> str:
    """The number as it is kept. Raises ValidationError."""
    number = text[:40].translate(_BETWEEN)
    if not _NUMBER.fullmatch(number):
        raise ValidationError("write the telephone number with its country, such as `+49 170 1234567`")
    return number
