"""What guessers learn and reach: nothing of who is there, and the owner is never kept out (THR-P7, P16)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from iamkit.clock import FrozenClock
from iamkit.credentials.hashing import CHEAPEST, Hasher
from iamkit.credentials.passwords import PasswordRecord
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionState
from iamkit.errors import InvalidCredentials, Throttling
from iamkit.gate.pace import Pace
from iamkit.kit import IAM
from iamkit.management import login_profiles, users

PASSWORD = "three quiet otters"


@dataclass
class Place:
    iam: IAM
    clock: FrozenClock
    names: list[str] = field(default_factory=lambda: ["ana", "ben"])

    def guess(self, name: str = "ana", password: str = "not this one", source: str = "198.51.100.7") -> None:
        with pytest.raises(InvalidCredentials):
            self.iam.sign_in(name, password, source=source)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock = FrozenClock()
    with IAM(tmp_path / "iam", clock=clock, password_cost=CHEAPEST, entry_points=False) as iam:
        iam.initialize()
        made = Place(iam, clock)
        desk = iam.desk(iam.operator())
        for name in made.names:
            desk.do(users.create_user, user_name=name)
            desk.do(login_profiles.create_login_profile, user_name=name, password=Secret(PASSWORD))
        desk.do(users.create_user, user_name="nopassword")
        yield made


def test_the_owner_gets_in_while_a_stranger_guesses(place: Place) -> None:
    """By the browser that is known; the stranger waits, and the owner's other browsers with him."""
    first = place.iam.sign_in("ana", PASSWORD, source="203.0.113.1")
    assert first.device is not None
    for _ in range(5):
        place.guess()
    with pytest.raises(Throttling):
        place.iam.sign_in("ana", PASSWORD, source="198.51.100.7")
    again = place.iam.sign_in("ana", PASSWORD, source="203.0.113.1", device=first.device.reveal())
    assert again.state is SessionState.ACTIVE
    assert again.device is None
    # The success at home gives the stranger no new attempts.
    with pytest.raises(Throttling):
        place.iam.sign_in("ana", "not this one", source="198.51.100.7")


def test_a_known_browser_is_known_for_its_owner_only(place: Place) -> None:
    """And has ten attempts, not as many as one likes."""
    ana = place.iam.sign_in("ana", PASSWORD)
    assert ana.device is not None
    token = ana.device.reveal()
    for _ in range(5):
        place.guess("ben")
    with pytest.raises(Throttling):
        place.iam.sign_in("ben", PASSWORD, device=token)
    for _ in range(10):
        with pytest.raises(InvalidCredentials):
            place.iam.sign_in("ana", "not this one", device=token)
    with pytest.raises(Throttling):
        place.iam.sign_in("ana", PASSWORD, device=token)


@pytest.mark.parametrize("token", ["", "ikd_", "x" * 5000, "ikd_" + "A" * 43, "é", "\x00"])
def test_a_made_up_browser_is_none(place: Place, token: str) -> None:
    """It changes nothing."""
    assert place.iam.sign_in("ana", PASSWORD, device=token).device is not None


def test_a_network_that_fails_too_often_waits(place: Place) -> None:
    """Whatever names it tries, those that nobody has included."""
    for number in range(30):
        place.guess(f"stranger{number}", f"guess number {number}")
    with pytest.raises(Throttling):
        place.iam.sign_in("ana", PASSWORD, source="198.51.100.7")
    assert place.iam.sign_in("ana", PASSWORD, source="203.0.113.1").state is SessionState.ACTIVE


def test_one_password_for_everybody_is_stopped(place: Place) -> None:
    """From as many addresses as there are attempts."""
    for number in range(30):
        place.guess(f"stranger{number}", "Winter2026! again", f"198.51.100.{number}")
    with pytest.raises(Throttling):
        place.iam.sign_in("ben", "Winter2026! again", source="198.51.100.99")


@pytest.mark.parametrize("name", ["nobody", "nopassword", "ana"])
def test_every_kind_of_name_costs_a_hash_of_this_deployment(
    place: Place, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cost is that of some password that is there, whatever it was hashed with (THR-P2)."""
    checked: list[str] = []
    matches = Hasher._matches

    def seen(self: Hasher, text: str, mixed: bytes) -> bool:
        checked.append(text)
        return matches(self, text, mixed)

    monkeypatch.setattr(Hasher, "_matches", seen)
    place.guess(name)
    with place.iam.store.read() as reader:
        kept = {item.hash for item in reader.find(PasswordRecord)}
    assert len(checked) == 1
    assert set(checked) <= kept


def test_somebody_elses_password_opens_nothing_by_chance(place: Place) -> None:
    """Where the hash that stood in for a missing one happens to match."""
    for number in range(4):
        place.guess(f"nobody{number}", PASSWORD)
    place.guess("nopassword", PASSWORD)


def test_a_failure_takes_whole_beats() -> None:
    """However long the work took."""
    slept: list[float] = []
    now = [100.0]
    pace = Pace(0.25, monotonic=lambda: now[0], sleep=slept.append)
    for took in (0.01, 0.2, 0.26, 0.6):
        began = pace.begin()
        now[0] += took
        pace.wait(began)
        assert (took + slept[-1]) / 0.25 == pytest.approx(-(-took // 0.25))
    Pace(0, sleep=slept.append).wait(0.0)
    assert len(slept) == 4
