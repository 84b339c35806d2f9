"""How long a failure takes: the same, whatever was looked at and whatever that cost (THR-P1, P2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.credentials.hash_costs import HashCosts
from iamkit.gate.pace import Pace


class Timer:
    """A clock that moves when somebody works or sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds

    def pace(self, beat: float = 0.25) -> Pace:
        return Pace(beat, monotonic=lambda: self.now, sleep=self.sleep)

    def took(self, work: float, slowest: float) -> float:
        """How long a failure takes after so much work, in a deployment with a hash as slow as that."""
        pace, start = self.pace(), self.now
        began = pace.begin()
        self.now += work
        pace.wait(began, slowest)
        return self.now - start


@given(st.floats(0.02, 1.0), st.floats(0.0, 1.0))
def test_a_failure_takes_as_long_as_the_slowest_hash_would(slowest: float, share: float) -> None:
    """Nobody's, a quick one's and the slowest one's are over at the same beat, also under some load."""
    timer = Timer()
    floor = timer.took(0.0, slowest)

    assert floor >= slowest * 2
    assert timer.took(slowest * share, slowest) == pytest.approx(floor)
    assert timer.took(slowest * 1.9, slowest) == pytest.approx(floor)


def test_where_nothing_is_hashed_the_beat_is_short() -> None:
    """An attempt that is refused at once holds no thread for long."""
    timer = Timer()
    pace = timer.pace()
    for work, whole in ((0.001, 0.02), (0.019, 0.02), (0.021, 0.04)):
        began = pace.begin()
        timer.now += work
        pace.wait_briefly(began)
        assert timer.now - began == pytest.approx(whole)


def test_without_a_beat_nobody_waits() -> None:
    """In tests whose hashes hide nothing."""
    timer = Timer()
    pace = timer.pace(0)
    pace.wait(pace.begin(), 1.0)
    pace.wait_briefly(pace.begin())

    assert timer.now == 100.0


def test_the_cost_of_a_hash_is_the_middle_of_its_last_times() -> None:
    """One that waited for something else does not count; a machine that became busy does."""
    costs = HashCosts()
    assert costs.slowest == 0
    for cost, seconds in (("today", 0.03), ("bcrypt 12", 0.25), ("bcrypt 12", 0.25), ("bcrypt 12", 9.0)):
        costs.note(cost, seconds)
    assert costs.slowest == 0.25
    for _ in range(9):
        costs.note("bcrypt 12", 0.5)
    assert costs.slowest == 0.5
    for _ in range(9):
        costs.note("bcrypt 12", 0.2)
    assert costs.slowest == 0.2


def test_costs_are_remembered_in_bounds() -> None:
    """However many there are."""
    costs = HashCosts()
    for number in range(1000):
        costs.note(str(number), number)

    assert costs.slowest == 255
