"""Events that tell of no change, durable before anybody goes on: those that come at once share a commit."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from iamkit.audit.event import Event
from iamkit.errors import StoreUnavailable
from iamkit.storage import Store


@dataclass(slots=True, eq=False)
class _Waiting:
    """Some events and the thread that waits for them. `called`: they are kept, failed, or it is to lead."""

    events: Sequence[Event]
    called: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    fault: Exception | None = None


class Together:
    """Keeps events, in one unit for all that wait while another is being committed.

    No thread of its own: of those who wait one leads, keeps what has gathered, and calls the next. Alone, an
    event costs what it always did; with many at once the disk is waited for once for all of them.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._forget(os.getpid())

    def _forget(self, process: int) -> None:
        # What waited in the process that this one was forked from is told there.
        self._process = process
        self._guard = threading.Lock()
        self._gathered: list[_Waiting] = []
        self._led = False

    def keep(self, events: Sequence[Event]) -> None:
        """Return when the events are durable. Raises what the store raises; then none of them is kept."""
        process = os.getpid()
        if process != self._process:
            self._forget(process)
        own = _Waiting(events)
        with self._guard:
            self._gathered.append(own)
            own.leads = not self._led
            self._led = True
        if not own.leads:
            own.called.wait()
        if own.leads:
            self._lead()
        if own.fault is not None:
            raise own.fault

    def _lead(self) -> None:
        with self._guard:
            gathered, self._gathered = self._gathered, []
        fault: Exception | None = None
        try:
            with self._store.write() as unit:
                for waiting in gathered:
                    for event in waiting.events:
                        unit.add(event)
        except Exception as failure:  # noqa: BLE001  # told to each who waits
            fault = failure
        except BaseException:
            # A thread that is told to end ends; who waits for it must neither wait for ever nor go on.
            fault = StoreUnavailable("the writing was broken off; try again")
            raise
        finally:
            self._tell(gathered, fault)

    def _tell(self, gathered: Sequence[_Waiting], fault: Exception | None) -> None:
        """Let those go whose events were written, or were not, and call the next to lead."""
        for waiting in gathered:
            waiting.fault = fault
            waiting.called.set()
        with self._guard:
            # Whoever came meanwhile waits for a leader: the first of them.
            self._led = bool(self._gathered)
            if self._gathered:
                self._gathered[0].leads = True
                self._gathered[0].called.set()
