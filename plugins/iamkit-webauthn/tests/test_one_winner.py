"""Of many who answer at once, one is let in (THR-M3)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from iamkit.errors import IamkitError
from iamkit_webauthn.testing import SoftAuthenticator

if TYPE_CHECKING:
    from tests.conftest import Place, PlaceOf

CLIENTS = 16
ROUNDS = 3


@pytest.fixture
def place(place_of: PlaceOf) -> Place:
    """On a disk, where threads do race."""
    return place_of(on_disk=True)


def _winners(act: Callable[[], object]) -> int:
    def try_it(_: int) -> bool:
        try:
            act()
        except IamkitError as fault:
            if fault.status >= 500:
                raise
            return False
        return True

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sum(pool.map(try_it, range(CLIENTS)))


@pytest.mark.parametrize("counts", [True, False])
def test_a_second_factor_has_one_winner(place: Place, counts: bool) -> None:
    """Also where no counter helps."""
    key = SoftAuthenticator("https://app.example.org", counts=counts)
    place.enrol(key)

    for _ in range(ROUNDS):
        # Those who come too late are counted, too.
        place.clock.advance(timedelta(minutes=31))
        session = place.enter()
        credential = key.get(place.ask(session))
        assert _winners(lambda: place.show(session, credential)) == 1  # noqa: B023  # done before the next


@pytest.mark.parametrize("counts", [True, False])
def test_a_passkey_has_one_winner(place: Place, counts: bool) -> None:
    """The challenge is spent before the answer is looked at."""
    key = SoftAuthenticator("https://app.example.org", counts=counts, synced=not counts)
    place.enrol(key)

    for _ in range(ROUNDS):
        begun = place.iam.factors.begin_passkey()
        answer = {"credential": key.get(begun.shown)}
        assert _winners(lambda: place.iam.factors.finish_passkey(begun.token, answer)) == 1  # noqa: B023


def test_an_enrolment_has_one_winner(place: Place, key: SoftAuthenticator) -> None:
    """One answer makes one device."""
    credential = key.create(place.begin_enrolment())

    assert _winners(lambda: place.finish_enrolment(credential)) == 1
