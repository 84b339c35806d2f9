"""The decision log: every refusal and a sample of what was allowed, written in groups by a thread of its own.

A decision is kept with the digests of the policies it was taken from and the condition keys it saw, so
that it can be explained later from the policies as they were then.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from iamkit.errors import ServiceUnavailable
from iamkit.storage import Store, Unit, record

_log = logging.getLogger("iamkit.decision")

CAPACITY: Final = 10_000
_GROUP: Final = 500
_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 5.0
# After this long without a decision, what was counted of accesses is kept.
_ACCESSES_SECONDS: Final = 60.0


@record("decision", key=("decision_id",), index=(("account", "decided_at"),))
@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision as kept. `layers`, `caller`, `context` and `determining` are JSON made by the gate."""

    decision_id: str
    account: str
    decided_at: datetime
    outcome: str
    action: str
    resource: str
    resource_account: str
    explicit_trust: bool
    principal: str
    caller: str
    layers: str
    context: str
    determining: str
    error: str | None
    request: str
    # False: a denial that was let through, as report-only mode does (decision 23).
    enforced: bool = True
    # Names the policies it was taken from; empty where it was taken from none.
    revision: str = ""


# A decision with the texts it refers to, by digest.
Entry = tuple[DecisionRecord, Mapping[str, str]]
# One that is put into words when it is written, by the thread that writes.
LateEntry = Callable[[], Entry]
KeepTexts = Callable[[Unit, Mapping[str, str]], None]


class Accesses(Protocol):
    """What counts the decisions that were written; `iamkit.audit.last_access.Uses` does."""

    @property
    def waiting(self) -> bool: ...

    @property
    def due(self) -> bool: ...

    def begin(self) -> None: ...

    def count(self, records: Sequence[DecisionRecord]) -> None: ...

    def note(self, principal_id: str, account: str, action: str, at: datetime, *, allowed: bool) -> None: ...

    def keep(self, store: Store) -> None: ...


class DecisionLog:
    """A bounded queue and the thread that commits it in groups.

    `dropped` counts allows that found the queue full. A denial is never dropped: when the queue is full,
    whoever brings one writes a group first, and is refused with StoreUnavailable if that fails. Within
    `beside_a_unit`, where no second unit can be opened, that write waits until the block ends. While the
    store is away the thread tries again, ever more slowly, and the queue waits.

    `accesses` counts what was written, and is kept about once a minute and with every `flush`.

    Entries belong to the process that queued them: a forked child starts with none. What waits when the
    interpreter exits is written then; only a killed process loses the last moments.
    """

    def __init__(
        self,
        store: Store,
        keep_texts: KeepTexts,
        *,
        capacity: int = CAPACITY,
        accesses: Accesses | None = None,
    ) -> None:
        self._store = store
        self._accesses = accesses
        self._keep_texts = keep_texts
        self._capacity = max(1, capacity)
        self._crowd = max(1, self._capacity * 9 // 10)
        self.dropped = 0
        self._begin()
        _when_forked_or_done(self)

    def _begin(self) -> None:
        """Start with nothing queued and no lock held: when made, and in a forked child."""
        self._queue: deque[Entry | LateEntry] = deque()
        # INVARIANT: only the holder of `_writing` takes from the queue; `_guard` is held for moments only.
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._own = threading.local()
        if self._accesses is not None:
            self._accesses.begin()

    @property
    def waiting(self) -> int:
        """How many decisions are queued and not yet written."""
        return len(self._queue)

    @property
    def crowded(self) -> bool:
        """Whether the queue is so full that `submit` may soon have to write."""
        return len(self._queue) >= self._crowd

    def submit(self, entry: Entry | LateEntry, *, denial: bool) -> None:
        """Queue a decision. Returns at once, unless a denial finds the queue full or the log is closed."""
        waits = getattr(self._own, "beside_a_unit", False)
        while denial and not waits and len(self._queue) >= self._capacity:
            self._write_group()
        with self._guard:
            if len(self._queue) >= self._capacity and not denial:
                self.dropped += 1
                return
            self._queue.append(entry)
            self._start()
        if not self._wake.is_set():
            self._wake.set()
        if self._closed.is_set() and not waits:
            self.flush()

    def pass_by(self, principal_id: str, account: str, action: str, at: datetime) -> None:
        """Count an allow that is not kept. Writes nothing itself."""
        accesses = self._accesses
        if accesses is None:
            return
        accesses.note(principal_id, account, action, at, allowed=True)
        if accesses.due and not self._wake.is_set():
            with self._guard:
                self._start()
            self._wake.set()

    def _start(self) -> None:
        if self._thread is None and not self._closed.is_set():
            self._thread = threading.Thread(target=self._run, name="iamkit-decision-log", daemon=True)
            self._thread.start()

    @contextmanager
    def beside_a_unit(self) -> Iterator[None]:
        """For a thread that opens a writing unit within the block: nothing is written until it ends.

        So a denial that finds the queue full stays a denial, and is kept. One unit brings few decisions, and
        whoever leaves the block makes room again, so the queue outgrows its capacity by no more than that.
        """
        self._own.beside_a_unit = True
        try:
            yield
        finally:
            self._own.beside_a_unit = False
            if len(self._queue) > self._capacity or (self._closed.is_set() and self._queue):
                self._tried(self._flush)

    def flush(self) -> None:
        """Commit what is queued now. Raises StoreUnavailable; what was not written stays queued."""
        self._flush()
        if self._accesses is not None and self._accesses.waiting:
            self._accesses.keep(self._store)

    def _flush(self) -> None:
        # Counted once: what others queue meanwhile must not keep this caller here for ever.
        waiting = len(self._queue)
        while waiting > 0:
            written = self._write_group()
            waiting = waiting - written if written else 0
        if self._accesses is not None and self._accesses.due:
            self._accesses.keep(self._store)

    def reach(self) -> None:
        """Read something of the store. Raises StoreUnavailable."""
        with self._store.read() as reader:
            reader.get(DecisionRecord, ("",))

    def close(self) -> None:
        """Write what is left and end the thread. Idempotent; what is submitted later is written at once."""
        self._closed.set()
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)
        self._tried(self.flush)

    def _run(self) -> None:
        pause = _PAUSE_SECONDS
        reported = self.dropped
        while True:
            if not self._wake.wait(_ACCESSES_SECONDS if self._counting() else None):
                # Nothing new for a while: what was counted last is kept now.
                self._tried(self.flush)
                continue
            self._wake.clear()
            # Company for the first one; `close` writes what is left itself.
            if self._closed.wait(pause):
                return
            if self._tried(self._flush):
                pause = _PAUSE_SECONDS
            else:
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                self._wake.set()
            if self.dropped != reported:
                reported = self.dropped
                _log.warning("the decision log was full; %d allowed decisions were not kept so far", reported)

    def _counting(self) -> bool:
        return self._accesses is not None and self._accesses.waiting

    def _tried(self, flush: Callable[[], None]) -> bool:
        try:
            flush()
        except Exception as fault:  # noqa: BLE001  # the thread must outlive whatever a store may raise
            _log.error(
                "the decision log cannot be written, %d decisions wait: %s",
                len(self._queue),
                fault if isinstance(fault, ServiceUnavailable) else type(fault).__name__,
            )
            return False
        return True

    def _write_group(self) -> int:
        """Commit the oldest entries; how many left the queue."""
        with self._writing:
            waiting = [self._queue[index] for index in range(min(_GROUP, len(self._queue)))]
            if not waiting:
                return 0
            group = [entry for entry in map(_worded, waiting) if entry is not None]
            records = [item for item, _ in group]
            try:
                self._commit(group)
            except ServiceUnavailable:
                raise
            except Exception:  # noqa: BLE001  # one entry that the store refuses must not hold up the others
                for entry in waiting:
                    worded = _worded(entry)
                    if worded is not None:
                        self._commit_alone(worded)
                    self._queue.popleft()
            else:
                for _ in waiting:
                    self._queue.popleft()
            if self._accesses is not None:
                self._accesses.count(records)
            return len(waiting)

    def _commit(self, group: Sequence[Entry]) -> None:
        with self._store.write() as unit:
            texts: dict[str, str] = {}
            for item, needed in group:
                texts.update(needed)
                unit.add(item)
            self._keep_texts(unit, texts)

    def _commit_alone(self, entry: Entry) -> None:
        item, needed = entry
        try:
            with self._store.write() as unit:
                # Already there: the group was committed and only the answer to the commit was lost.
                if unit.get(DecisionRecord, (item.decision_id,)) is None:
                    unit.add(item)
                    self._keep_texts(unit, needed)
        except ServiceUnavailable:
            raise
        except Exception as fault:  # noqa: BLE001  # said aloud; it cannot be written today or tomorrow
            _log.error(
                "decision %s (%s) cannot be kept: %s", item.decision_id, item.outcome, type(fault).__name__
            )


def _worded(entry: Entry | LateEntry) -> Entry | None:
    if isinstance(entry, tuple):
        return entry
    try:
        return entry()
    except Exception as fault:  # noqa: BLE001  # said aloud; it cannot be put into words another day
        _log.error("a decision cannot be put into words and is not kept: %s", type(fault).__name__)
        return None


def _when_forked_or_done(log: DecisionLog) -> None:
    """Empty `log` in a forked child, whose parent writes what was queued; close it when the process ends."""
    kept = weakref.WeakMethod(log._begin), weakref.WeakMethod(log.close)

    def begin() -> None:
        if (again := kept[0]()) is not None:
            again()

    def close() -> None:
        if (end := kept[1]()) is not None:
            end()

    os.register_at_fork(after_in_child=begin)
    atexit.register(close)
