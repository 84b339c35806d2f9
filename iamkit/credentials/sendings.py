"""How often something is sent for whom and to which address: sending costs, and a flood of mail is an attack.

Five in an hour for each user, address or typed name. Names are kept as one of a bounded number of places, as
attempts are; addresses by their SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from iamkit.errors import Throttling
from iamkit.storage import Less, Plus, Unit, record

WINDOW: Final = timedelta(hours=1)
MOST: Final = 5


@record("sending", key=("subject",), index=(("began_at",),))
@dataclass(frozen=True, slots=True)
class Sendings:
    """What was sent for one subject since the window began."""

    subject: str
    began_at: datetime
    count: int


def to(address: str) -> str:
    """The subject for what goes to an address or telephone number."""
    return f"to/{hashlib.sha256(address.encode()).hexdigest()[:32]}"


def forget(unit: Unit, subject: str) -> None:
    """Count anew, because what was sent was of use."""
    unit.remove(Sendings, (subject,))


def reserve(unit: Unit, subjects: Iterable[str], *, now: datetime) -> None:
    """Count a sending for each subject. Raises Throttling, before it counts any, if one had enough."""
    unit.remove_all(Sendings, {"began_at": Less(now - WINDOW)})
    wanted = tuple(dict.fromkeys(subjects))
    kept = {subject: unit.get(Sendings, (subject,)) for subject in wanted}
    for found in kept.values():
        if found is not None and found.count >= MOST:
            left = found.began_at + WINDOW - now
            raise Throttling(
                "too many messages were sent; wait before asking for another",
                retry_after=max(1, min(int(WINDOW.total_seconds()), -(-left // timedelta(seconds=1)))),
            )
    for subject, found in kept.items():
        if found is None:
            unit.add(Sendings(subject, now, 1))
        else:
            unit.change(Sendings, (subject,), {"count": Plus()})
