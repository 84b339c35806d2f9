"""How long the passwords of a deployment take to verify here: the floor under the time of a failure (THR-P2).

Hashes that other software made, or that were made at another cost, take another time than today's. A failure
that takes as long as the slowest of them would says nothing of which one was looked at, if any was. What they
cost is learnt from those that were verified: the middle of the last few, which knows how busy the machine is.
"""

from __future__ import annotations

from typing import Final

# Costs are named by parameters of stored hashes, which are few; attackers do not choose them.
_MOST: Final = 256
_LAST: Final = 9


class HashCosts:
    """What each cost took, in seconds. Safe between threads: a race loses one measurement."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, ...]] = {}

    def note(self, cost: str, seconds: float) -> None:
        """A password of that cost took so long to verify."""
        known = self._last.get(cost)
        if known is None and len(self._last) >= _MOST:
            return
        self._last[cost] = (*(known or ()), seconds)[-_LAST:]

    @property
    def slowest(self) -> float:
        """What the dearest of them costs; 0 before any was verified."""
        return max((_middle(times) for times in tuple(self._last.values())), default=0.0)


def _middle(times: tuple[float, ...]) -> float:
    return sorted(times)[len(times) // 2]
