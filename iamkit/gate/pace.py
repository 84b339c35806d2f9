"""Pace: a failure takes a whole number of beats, so that its time tells nothing of what was done (THR-P2)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

# What no password is checked for: longer than a few reads and a write take.
_BRIEF: Final = 0.02
# How much longer than on its own a hash may take before it shows, as a factor and in seconds.
_LOADED: Final = 2
_MORE: Final = 0.05


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

    def wait(self, began: float, slowest: float = 0.0) -> None:
        """Wait for the next beat after `began`, and for that by which work of `slowest` seconds is done."""
        if self._beat > 0:
            floor = math.ceil((slowest * _LOADED + _MORE) / self._beat)
            self._rest(began, self._beat, floor)

    def wait_briefly(self, began: float) -> None:
        """The same where nothing was hashed, by a shorter beat."""
        if self._beat > 0:
            self._rest(began, _BRIEF, 1)

    def _rest(self, began: float, beat: float, floor: int) -> None:
        elapsed = self._monotonic() - began
        self._sleep(max(floor, math.floor(elapsed / beat) + 1) * beat - elapsed)
