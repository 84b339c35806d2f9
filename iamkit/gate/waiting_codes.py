"""Codes that wait after mail replaced a root user's password: they may prove no more than the mail does."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from iamkit.credentials import links
from iamkit.credentials.message import Channel
from iamkit.credentials.recovery_codes import RECOVERY
from iamkit.errors import InvalidAuthenticationCode
from iamkit.storage import Reader

_METHODS: Final[tuple[str, ...]] = (Channel.EMAIL, RECOVERY)


def methods(reader: Reader, user_id: str, *, now: datetime) -> tuple[str, ...]:
    """The methods that are not taken from a user now."""
    return _METHODS if links.pending(reader, user_id, links.Purpose.CODES_WAIT, now=now) else ()


def refuse(reader: Reader, user_id: str, method: str, *, now: datetime) -> None:
    """Raise InvalidAuthenticationCode for a method that is not taken now."""
    if method in methods(reader, user_id, now=now):
        raise InvalidAuthenticationCode(
            "the password was replaced by mail, so these codes wait; use a device, or come back"
        )
