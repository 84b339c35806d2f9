"""The scopes that epochs are kept for."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit import epochs
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
