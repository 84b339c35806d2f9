"""Small writes that no request waits for, made by a thread of their own: last-used stamps, touches."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import Final

_log = logging.getLogger("iamkit.background")

CAPACITY: Final = 10_000

Job = Callable[[], None]


class Background:
    """A bounded queue of jobs and the thread that does them in order, so that an event loop never writes.

    A job is something that may be lost with the process, or when the queue is full: `dropped` counts those.
    Jobs belong to the process that queued them; a forked child starts with none.
    """

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self.dropped = 0
        self._begin()
        kept = weakref.WeakMethod(self._begin), weakref.WeakMethod(self.close)

        def begin() -> None:
            if (again := kept[0]()) is not None:
                again()

        def close() -> None:
            if (end := kept[1]()) is not None:
                end()

        os.register_at_fork(after_in_child=begin)
        atexit.register(close)

    def _begin(self) -> None:
        self._queue: deque[Job] = deque()
        self._guard = threading.Lock()
        self._working = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def later(self, job: Job) -> None:
        """Have `job` done soon; at once, by the caller, after `close`."""
        with self._guard:
            closed = self._closed
            if not closed:
                if len(self._queue) >= self._capacity:
                    self.dropped += 1
                    return
                self._queue.append(job)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="iamkit-background", daemon=True)
                    self._thread.start()
        if closed:
            _do(job)
        else:
            self._wake.set()

    def flush(self) -> None:
        """Do what is queued now."""
        with self._working:
            while self._queue:
                _do(self._queue.popleft())

    def close(self) -> None:
        """Do what is left and end the thread. Idempotent."""
        with self._guard:
            self._closed = True
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)
        self.flush()

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait()
            self._wake.clear()
            self.flush()


def _do(job: Job) -> None:
    try:
        job()
    except Exception as fault:  # noqa: BLE001  # the thread must outlive whatever a store may raise
        _log.error("a background write failed with %s", type(fault).__name__)
