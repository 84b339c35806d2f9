"""The outbox: what has to be told to people, kept with the change that it tells of and sent by a thread.

What is put in is a row in the caller's unit of work: sent if that commits, whatever happens to the process
then. After the commit the caller says `kick`. Of many processes one tries a row, and a row is tried until a
plugin has taken it, it is too old, or it was tried often enough; dropping one is an event.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from iamkit.audit.event import Actor, Event, Origin, new_event
from iamkit.clock import Clock
from iamkit.credentials import message_queue
from iamkit.credentials.message import Message
from iamkit.credentials.message_queue import QueuedMessage
from iamkit.credentials.secret import Sealer
from iamkit.errors import ServiceUnavailable
from iamkit.gate.sign_in_events import Recorder
from iamkit.ids import Ids
from iamkit.storage import Store, Unit

_log = logging.getLogger("iamkit.messages")

_LONGEST_WAIT: Final = 60.0
_SHORTEST_WAIT: Final = 0.05

Deliver = Callable[[Message], bool | None]
# What a request comes to, in the unit that takes it out of the queue.
Task = Callable[[Unit, Mapping[str, object]], Sequence[Event]]


class Outbox:
    """See the module. Safe between threads; a forked child has a thread of its own."""

    def __init__(
        self,
        *,
        store: Store,
        sealer: Sealer,
        trail: Recorder,
        clock: Clock,
        ids: Ids,
        deliver: Deliver,
        tasks: Mapping[str, Task],
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._deliver = deliver
        self._tasks = tasks
        self._begin()
        _when_forked_or_done(self)

    def _begin(self) -> None:
        """Start with no lock held and no thread: when made, and in a forked child."""
        # Which threads have put something in and not said yet that it is committed.
        self._put = threading.local()
        self._guard = threading.Lock()
        # INVARIANT: held during a try, so `flush` does not return while a try is under way here.
        self._trying = threading.Lock()
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, unit: Unit, message: Message) -> None:
        """Queue a message; it is sent if the unit commits. Raises Throttling while the queue is full."""
        message_queue.add_message(unit, self._sealer, self._ids, message, now=self._clock.now())
        self._put.waits = True

    def ask(self, unit: Unit, task: str, body: Mapping[str, object], *, lifetime: timedelta) -> None:
        """Queue a request that is looked into later. Raises Throttling while the queue is full."""
        now = self._clock.now()
        message_queue.add(unit, self._sealer, self._ids, task, "", body, good_until=now + lifetime, now=now)
        self._put.waits = True

    def kick(self) -> None:
        """Send what this thread has put in, if anything: its unit has committed. Returns at once."""
        if getattr(self._put, "waits", False):
            self._put.waits = False
            self._start()

    def resume(self) -> None:
        """Go on with what an earlier process has left."""
        self._start()

    def flush(self) -> int:
        """Try everything whose turn it is, in this thread; how much was done."""
        done = 0
        while True:
            with self._trying:
                row = self._due()
                if row is None:
                    return done
                done += self._try(row)

    def close(self) -> None:
        """End the thread, after a last try of what is due. Idempotent."""
        self._closed.set()
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=15)
            self._thread = None

    def _start(self) -> None:
        with self._guard:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="iamkit-outbox", daemon=True)
                self._thread.start()
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.clear()
            wait = _LONGEST_WAIT
            try:
                self.flush()
                wait = self._until_next()
            except Exception as fault:  # noqa: BLE001  # the thread must outlive whatever a store may raise
                _log.error("the outbox cannot be read: %s", _told(fault))
                wait = _LONGEST_WAIT / 10
            if self._closed.is_set():
                return
            self._wake.wait(wait)

    def _until_next(self) -> float:
        with self._store.read() as reader:
            row = message_queue.next_due(reader)
        if row is None:
            return _LONGEST_WAIT
        left = (row.next_at - self._clock.now()).total_seconds()
        return max(_SHORTEST_WAIT, min(left, _LONGEST_WAIT))

    def _due(self) -> QueuedMessage | None:
        with self._store.read() as reader:
            row = message_queue.next_due(reader)
        return None if row is None or row.next_at > self._clock.now() else row

    def _try(self, row: QueuedMessage) -> int:
        """Do one row, or put it off. Raises StoreUnavailable."""
        now = self._clock.now()
        if message_queue.spent(row, now=now):
            self._drop(row, now)
            return 0
        with self._store.write() as unit:
            leased = message_queue.lease(unit, row, now=now)
        if leased is None:
            return 0
        try:
            done = self._send(leased) if leased.task == message_queue.MESSAGE else self._settle(leased)
        except ServiceUnavailable:
            raise
        except Exception as fault:  # noqa: BLE001  # a plugin's fault; its text may hold the message
            _log.warning("try %d of message %s failed: %s", leased.tries, leased.message_id, _told(fault))
            return 0
        if not done:
            _log.warning("try %d of message %s: no plugin delivered it", leased.tries, leased.message_id)
        return int(done)

    def _send(self, row: QueuedMessage) -> bool:
        if self._deliver(message_queue.message_of(row, self._sealer)) is not True:
            return False
        with self._store.write() as unit:
            message_queue.remove(unit, row)
        return True

    def _settle(self, row: QueuedMessage) -> bool:
        body = message_queue.opened(row, self._sealer)
        with self._store.write() as unit:
            # Another process may have had it, if this one was long about it.
            if not message_queue.remove(unit, row):
                return False
            events = self._tasks[row.task](unit, body)
            for event in events:
                self._trail.record(unit, event)
        for event in events:
            self._trail.announce(event)
        return True

    def _drop(self, row: QueuedMessage, now: datetime) -> None:
        event = new_event(
            self._ids,
            at=now,
            account=row.account,
            actor=Actor("AWSService", account=row.account),
            source="iamkit.amazonaws.com",
            name="MessageDropped",
            read_only=False,
            origin=Origin(),
            event_type="AwsServiceEvent",
            error_code="MessageDropped",
            error_message="a message could not be delivered in time",
            iamkit={"messageId": row.message_id, "task": row.task, "tries": row.tries},
        )
        with self._store.write() as unit:
            if not message_queue.remove(unit, row):
                return
            self._trail.record(unit, event)
        self._trail.announce(event)
        _log.error("message %s was dropped after %d tries", row.message_id, row.tries)


def resume_what_is_left(store: Store, outbox: Callable[[], Outbox]) -> None:
    """If an earlier process has left anything, have `outbox` go on with it; it is made in another thread."""
    with store.read() as reader:
        left = message_queue.next_due(reader) is not None
    if left:
        threading.Thread(target=_resume, args=(outbox,), name="iamkit-outbox-start", daemon=True).start()


def _resume(outbox: Callable[[], Outbox]) -> None:
    try:
        outbox().resume()
    except Exception as fault:  # noqa: BLE001  # nobody waits for this thread; the next process tries again
        _log.error("the outbox cannot be opened: %s", _told(fault))


def _told(fault: Exception) -> str:
    return str(fault) if isinstance(fault, ServiceUnavailable) else type(fault).__name__


def _when_forked_or_done(outbox: Outbox) -> None:
    """Begin anew in a forked child, whose parent sends on; close when the process ends."""
    kept = weakref.WeakMethod(outbox._begin), weakref.WeakMethod(outbox.close)

    def begin() -> None:
        if (again := kept[0]()) is not None:
            again()

    def close() -> None:
        if (end := kept[1]()) is not None:
            end()

    os.register_at_fork(after_in_child=begin)
    atexit.register(close)
