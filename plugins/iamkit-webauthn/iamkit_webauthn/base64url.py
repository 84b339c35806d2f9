"""Base64url without padding, in the one spelling that each text of bytes has."""

from __future__ import annotations

import base64
import re
from typing import Final

_ALPHABET: Final = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


def encoded(raw: bytes) -> str:
    """`raw` as text."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decoded(text: object) -> bytes:
    """What was encoded. Raises ValueError for any other spelling, and for what is no text."""
    if not isinstance(text, str) or not _ALPHABET.fullmatch(text):
        raise ValueError("not base64url without padding")
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encoded(raw) != text:
        raise ValueError("not the one spelling of these bytes")
    return raw
