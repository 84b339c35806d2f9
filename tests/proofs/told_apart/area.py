"""The area under the ROC curve: how often a number of one sort is greater than one of another."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

_DRAWS: Final = 200
# Of the bootstrap's areas, half of one percent is left out at each end.
_TAIL: Final = 0.005


@dataclass(frozen=True, slots=True)
class Area:
    """0.5 is a coin. `low` and `high` are a 99 % interval by bootstrap; `apart` is in seconds, of medians."""

    value: float
    low: float
    high: float
    apart: float
    count: int

    def __str__(self) -> str:
        return (
            f"AUC {self.value:.3f} [{self.low:.3f}, {self.high:.3f}],"
            f" medians {self.apart * 1000:+.3f} ms apart, n = {self.count}"
        )


def area(more: Sequence[float], less: Sequence[float], luck: random.Random) -> Area:
    """How often one of `more` is greater than one of `less`; ties count half."""
    drawn = sorted(
        _area(luck.choices(more, k=len(more)), luck.choices(less, k=len(less))) for _ in range(_DRAWS)
    )
    edge = max(1, int(_DRAWS * _TAIL))
    return Area(_area(more, less), drawn[edge - 1], drawn[-edge], median(more) - median(less), len(more))


def _area(more: Sequence[float], less: Sequence[float]) -> float:
    """By ranks (Mann and Whitney)."""
    both = sorted([(value, 1) for value in more] + [(value, 0) for value in less])
    ranks, place = 0.0, 0
    while place < len(both):
        end = place
        while end < len(both) and both[end][0] == both[place][0]:
            end += 1
        # Ranks count from one; those who are equal share them.
        ranks += (place + 1 + end) / 2 * sum(mine for _, mine in both[place:end])
        place = end
    count = len(more)
    return (ranks - count * (count + 1) / 2) / (count * len(less))
