"""Guesses by the hundred are refused from memory, for a second, and the log is told how many they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from iamkit.audit.event import Event
from iamkit.clock import FrozenClock
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.errors import InvalidCredentials, Throttling
from iamkit.gate.refusals import Refusals
from iamkit.hookspecs import hookimpl
from iamkit.kit import IAM
from iamkit.management import login_profiles, users

PASSWORD = "three quiet otters"


@dataclass
class Place:
    iam: IAM
    clock: FrozenClock
    events: list[Event] = field(default_factory=list)

    @hookimpl
    def iamkit_audit(self, event: Event) -> None:
        self.events.append(event)

    def guess(self, name: str = "ana", source: str = "198.51.100.7", password: str = "not this one") -> None:
        with pytest.raises((InvalidCredentials, Throttling)):
            self.iam.sign_in(name, password, source=source)

    def refused(self) -> list[int]:
        """How many were refused before each refusal that was recorded."""
        told = [event.as_data() for event in self.events]
        return [
            (event.get("iamkit") or {}).get("refusedBefore", 0)  # type: ignore[attr-defined]  # JSON of ours
            for event in told
            if event.get("errorCode") == "Throttling"
        ]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock = FrozenClock()
    with IAM(tmp_path / "iam", clock=clock, password_cost=CHEAPEST, entry_points=False) as iam:
        iam.initialize()
        made = Place(iam, clock)
        iam._hooks.register(made)
        desk = iam.desk(iam.operator())
        for name in ("ana", "ben"):
            desk.do(users.create_user, user_name=name)
            desk.do(login_profiles.create_login_profile, user_name=name, password=Secret(PASSWORD))
        yield made


def test_a_hundred_guesses_are_two_events(place: Place) -> None:
    """The first that has to wait, and the first of the next second, which tells of those between."""
    for _ in range(5):
        place.guess()
    place.events.clear()
    for _ in range(100):
        place.guess()
    assert place.refused() == [0]
    place.clock.advance(timedelta(seconds=2))
    for _ in range(2):
        place.guess()
    assert place.refused()[-1] == 99


@pytest.mark.parametrize("name", ["ana", "nobody"])
def test_known_and_unknown_are_refused_alike(place: Place, name: str) -> None:
    """With the same words and the same time to come back."""
    for _ in range(5):
        place.guess(name)
    told = []
    for _ in range(3):
        with pytest.raises(Throttling) as caught:
            place.iam.sign_in(name, "not this one", source="198.51.100.7")
        told.append((str(caught.value), caught.value.retry_after))
    assert set(told) == {("too many attempts; wait before the next one", 1)}


def test_a_name_in_another_spelling_waits_too(place: Place) -> None:
    """And another name does not; nor does a known browser, from wherever."""
    session = place.iam.sign_in("ana", PASSWORD, source="203.0.113.1")
    assert session.device is not None
    for _ in range(6):
        place.guess()
    for name in ("ana", "ANA"):
        with pytest.raises(Throttling):
            place.iam.sign_in(name, PASSWORD, source="198.51.100.8")
    place.iam.sign_in("ben", PASSWORD, source="198.51.100.7")
    place.iam.sign_in("ana", PASSWORD, source="198.51.100.7", device=session.device.reveal())


def test_a_network_that_is_used_up_waits_whatever_the_name(place: Place) -> None:
    """Its known browsers do not, and other networks do not."""
    session = place.iam.sign_in("ana", PASSWORD, source="203.0.113.1")
    assert session.device is not None
    for number in range(32):
        place.guess(f"stranger{number}", password=f"guess number {number}")
    place.events.clear()
    for number in range(50):
        place.guess(f"another{number}", password=f"other guess {number}")
    assert place.refused() == []
    with pytest.raises(Throttling):
        place.iam.sign_in("ben", PASSWORD, source="198.51.100.7")
    place.iam.sign_in("ana", PASSWORD, source="198.51.100.7", device=session.device.reveal())
    place.iam.sign_in("ben", PASSWORD, source="203.0.113.1")


def test_what_is_remembered_ends() -> None:
    """After a second, by a clock that goes back as well, and when there is too much of it."""
    clock = FrozenClock()
    refusals = Refusals(clock)
    refusals.note(b"here", Throttling("wait", retry_after=9))
    with pytest.raises(Throttling) as caught:
        refusals.check([b"there", b"here"])
    assert caught.value.retry_after == 9
    for step in (1, -2):
        clock.advance(timedelta(seconds=step))
        refusals.check([b"here"])
    for number in range(10_001):
        refusals.note(number.to_bytes(4, "big"), Throttling("wait", retry_after=9))
    refusals.check([(0).to_bytes(4, "big")])


def test_a_made_up_browser_is_refused_from_memory_too(place: Place) -> None:
    """Whoever sends one with each guess writes no more events, and gets no more attempts."""
    for _ in range(6):
        place.guess()
    place.events.clear()
    for number in range(50):
        with pytest.raises(Throttling):
            place.iam.sign_in("ana", "not this one", source="198.51.100.7", device=f"ikd_{number:043}")
    assert place.refused() == []


def test_a_password_that_is_sprayed_keeps_nobody_waiting(place: Place) -> None:
    """Whoever tried it by chance goes on with another."""
    for number in range(30):
        place.guess(f"stranger{number}", f"203.0.113.{number}", "Winter2026! again")
    with pytest.raises(Throttling):
        place.iam.sign_in("ana", "Winter2026! again", source="198.51.100.7")
    place.iam.sign_in("ana", PASSWORD, source="198.51.100.7")
