"""The scopes that epochs are kept for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit import epochs
from iamkit.epochs import Look
from iamkit.memory import MemoryStore

names = st.text(alphabet="abAI/12", max_size=6)


@given(names, names)
@settings(max_examples=50)
def test_scopes_of_different_things_differ(first: str, second: str) -> None:
    """No id can be chosen so that bumping one thing's scope is bumping another's."""
    kinds = (epochs.policies_of, epochs.resources_of, epochs.principal, epochs.session)

    scopes = [(index, name, kind(name)) for index, kind in enumerate(kinds) for name in {first, second}]

    assert len({scope for _, _, scope in scopes} | {epochs.DEPLOYMENT}) == len(scopes) + 1


def test_a_change_moves_only_its_own_scope() -> None:
    """Bumping one principal's scope leaves every other epoch as it was."""
    store = MemoryStore()
    scopes = (epochs.principal("AIDA1"), epochs.principal("AIDA2"), epochs.DEPLOYMENT)
    before = store.epochs(scopes)

    with store.write() as unit:
        unit.bump(scopes[0])

    after = store.epochs(scopes)
    assert after[0] > before[0]
    assert after[1:] == before[1:]


def test_a_look_sees_every_bump_and_while_it_is_held_none() -> None:
    """Between `begin` and `end` it looks once, for its own thread; outside, each time."""
    store = MemoryStore()
    look = Look(store)

    def bump() -> None:
        with store.write() as unit:
            unit.bump("s")

    first = look.now()
    bump()
    assert look.now() != first

    before = look.begin()
    seen = look.now()
    bump()
    assert look.now() == seen
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(look.now).result() != seen
    assert look.end(before) == seen
    assert look.now() != seen


def test_a_look_that_nobody_took_saw_nothing() -> None:
    """A request without a credential asks the store for nothing."""
    look = Look(MemoryStore())

    assert look.end(look.begin()) is None


def test_a_look_can_be_taken_up_again_within_another() -> None:
    """What was held before is held again."""
    look = Look(MemoryStore())
    outer = look.begin(5)
    inner = look.begin(7)

    assert look.now() == 7
    assert look.end(inner) == 7
    assert look.now() == 5
    look.end(outer)
    assert look.now() == 0
