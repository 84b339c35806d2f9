"""Pace: a failure takes a whole number of beats, so that its time tells nothing of what was done (THR-P2)."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Waits out the beat. `beat` is in seconds; 0 waits for nothing, for tests without real hashing."""

    def __init__(
        self,
        beat: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._beat = beat
        self._monotonic = monotonic
        self._sleep = sleep

    def begin(self) -> float:
        """When something begins that may fail."""
        return self._monotonic()

    def wait(self, began: float) -> None:
        """Wait for the next beat after `began`."""
        if self._beat > 0:
            self._sleep(self._beat - (self._monotonic() - began) % self._beat)
