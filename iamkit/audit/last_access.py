"""Last access: when each principal asked for each action last, and how often (CAP-J7).

Counted in memory from the decisions that the decision log has written, and kept about once a minute, so that
a busy principal costs one write a minute and a request nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from iamkit.audit.decision_log import DecisionRecord
from iamkit.storage import Plus, Reader, Store, Unit, record

# How far back AWS looks.
TRACKED: Final = timedelta(days=400)
_PAUSE: Final = timedelta(minutes=1)
_ALLOWED: Final = "allowed"

Pair = tuple[str, str]


@record("last_access", key=("principal_id", "action"), index=(("principal_id",), ("account",)))
@dataclass(frozen=True, slots=True)
class LastAccess:
    """What one user, role or root asked of one action. `principal_id` is its unique id, a role's for its
    sessions. Attempts count, also those that were denied; they are counted apart.
    """

    principal_id: str
    action: str
    account: str
    allowed: int = 0
    denied: int = 0
    allowed_at: datetime | None = None
    denied_at: datetime | None = None

    @property
    def last_at(self) -> datetime | None:
        """The last attempt."""
        return _later(self.allowed_at, self.denied_at)


def of_principal(reader: Reader, principal_id: str) -> list[LastAccess]:
    """What a principal asked for, by action."""
    return reader.find(LastAccess, {"principal_id": principal_id}, order="action")


def forget(unit: Unit, principal_id: str) -> None:
    """Forget what a principal asked for, because it is gone."""
    unit.remove_all(LastAccess, {"principal_id": principal_id})


class _Tally:
    """What was counted of one pair since it was last kept."""

    __slots__ = ("account", "allowed", "allowed_at", "denied", "denied_at")

    def __init__(self, account: str) -> None:
        self.account = account
        self.allowed = self.denied = 0
        self.allowed_at: datetime | None = None
        self.denied_at: datetime | None = None

    def add(self, at: datetime, *, allowed: bool) -> None:
        if allowed:
            self.allowed += 1
            self.allowed_at = _later(self.allowed_at, at)
        else:
            self.denied += 1
            self.denied_at = _later(self.denied_at, at)

    def join(self, other: _Tally) -> None:
        self.allowed += other.allowed
        self.denied += other.denied
        self.allowed_at = _later(self.allowed_at, other.allowed_at)
        self.denied_at = _later(self.denied_at, other.denied_at)


class Uses:
    """Counts accesses until they are kept. Safe to use from many threads."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start with nothing counted: when made, and in a forked child, whose parent keeps its own."""
        self._lock = threading.Lock()
        self._waiting: dict[Pair, _Tally] = {}
        self._kept_at: datetime | None = None
        self._newest: datetime | None = None

    @property
    def waiting(self) -> bool:
        """Whether there is something to keep."""
        return bool(self._waiting)

    @property
    def due(self) -> bool:
        """Whether it is time to keep what waits."""
        newest, kept = self._newest, self._kept_at
        return bool(self._waiting) and newest is not None and (kept is None or newest - kept >= _PAUSE)

    def count(self, records: Sequence[DecisionRecord]) -> None:
        """Count decisions that were written. What could not be decided names nothing that can be counted."""
        callers: dict[str, tuple[str, str]] = {}
        with self._lock:
            for item in records:
                if item.error is not None:
                    continue
                found = callers.get(item.caller)
                if found is None:
                    data = json.loads(item.caller)
                    found = callers[item.caller] = (data["unique_id"], data["account"])
                self._note(*found, item.action, item.decided_at, allowed=item.outcome == _ALLOWED)

    def note(self, principal_id: str, account: str, action: str, at: datetime, *, allowed: bool) -> None:
        """Count one access. Whoever did not sign in is nobody's access."""
        with self._lock:
            self._note(principal_id, account, action, at, allowed=allowed)

    def _note(self, principal_id: str, account: str, action: str, at: datetime, *, allowed: bool) -> None:
        if not principal_id:
            return
        pair = (principal_id, action)
        tally = self._waiting.get(pair)
        if tally is None:
            tally = self._waiting[pair] = _Tally(account)
        tally.add(at, allowed=allowed)
        self._newest = _later(self._newest, at)

    def keep(self, store: Store) -> None:
        """Write what waits. Raises StoreUnavailable; what was not written waits again."""
        with self._lock:
            taken, self._waiting = self._waiting, {}
            self._kept_at = self._newest
        try:
            with store.write() as unit:
                for pair, tally in taken.items():
                    _add(unit, pair, tally)
        except BaseException:
            with self._lock:
                for pair, tally in taken.items():
                    newer = self._waiting.get(pair)
                    if newer is not None:
                        tally.join(newer)
                    self._waiting[pair] = tally
            raise


def _add(unit: Unit, pair: Pair, tally: _Tally) -> None:
    values: dict[str, object] = {"allowed": Plus(tally.allowed), "denied": Plus(tally.denied)}
    values |= {} if tally.allowed_at is None else {"allowed_at": tally.allowed_at}
    values |= {} if tally.denied_at is None else {"denied_at": tally.denied_at}
    if not unit.change(LastAccess, pair, values):
        unit.add(
            LastAccess(*pair, tally.account, tally.allowed, tally.denied, tally.allowed_at, tally.denied_at)
        )


def _later(one: datetime | None, two: datetime | None) -> datetime | None:
    if one is None or two is None:
        return one or two
    return one if one > two else two
