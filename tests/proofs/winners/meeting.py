"""How clients in several processes come together: at the start, and once more before the write."""

from __future__ import annotations

import threading
from multiprocessing.synchronize import Barrier


class Meeting:
    """Each client comes once to the start and once to the middle; one that failed before, at its end."""

    def __init__(self, start: Barrier, middle: Barrier) -> None:
        self._start = start
        self._middle = middle
        self._mine = threading.local()

    def __getstate__(self) -> tuple[Barrier, Barrier]:
        return self._start, self._middle

    def __setstate__(self, state: tuple[Barrier, Barrier]) -> None:
        self._start, self._middle = state
        self._mine = threading.local()

    def begin(self) -> None:
        """Wait for all."""
        self._mine.came = False
        self._start.wait()

    def meet(self) -> None:
        """Wait for all who are still on their way; only once for each client."""
        if not getattr(self._mine, "came", True):
            self._mine.came = True
            self._middle.wait()

    def end(self) -> None:
        """Say that there is nobody to wait for any more."""
        self.meet()
