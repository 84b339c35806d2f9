"""MemoryStore keeps the contract."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.errors import StoreUnavailable
from iamkit.identity.groups import Membership
from iamkit.memory import MemoryStore
from iamkit.storage import Reader, Store
from iamkit.testing.store_contract import StoreContract

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class TestMemoryStore(StoreContract):
    """The whole contract, in memory."""

    @pytest.fixture
    def store(self) -> Iterator[Store]:
        """An empty store."""
        store = MemoryStore()
        yield store
        store.close()


def test_a_writer_that_waits_too_long_is_told() -> None:
    """Waiting for another thread's unit ends in StoreUnavailable, not in a hang."""
    store = MemoryStore(timeout=0)
    refused: list[str] = []

    def write() -> None:
        try:
            with store.write():
                pass
        except StoreUnavailable as fault:
            refused.append(str(fault))

    with store.write():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()

    assert refused == ["the store is busy: another writing unit did not end in time"]


def test_two_stores_share_nothing() -> None:
    """Each store is its own."""
    one, other = MemoryStore(), MemoryStore()

    with one.write() as unit:
        unit.bump("s")

    assert (one.epochs(["s"]), other.epochs(["s"])) == ((1,), (0,))


def test_a_copy_begins_with_the_same_and_goes_its_own_way() -> None:
    """Neither sees what is written to the other afterwards."""
    one = MemoryStore()
    with one.write() as unit:
        unit.add(Membership("g", "u", NOW))
    other = one.copy()
    with other.write() as unit:
        unit.remove(Membership, ("g", "u"))
    with one.write() as unit:
        unit.add(Membership("g", "v", NOW))
    with one.read() as reader, other.read() as copied:
        assert [item.user_id for item in reader.find(Membership)] == ["u", "v"]
        assert copied.find(Membership) == []


_names = st.sampled_from("abc")
_steps = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "remove all", "drop the unit", "end"]), _names, _names),
    max_size=30,
)


@given(_steps)
def test_what_is_looked_up_is_what_looking_through_finds(steps: list[tuple[str, str, str]]) -> None:
    """Indexes are made when first asked for, and follow every change of a unit, kept or dropped."""
    store, held = MemoryStore(), set[tuple[str, str]]()
    units: list[list[tuple[str, str, str]]] = [[]]
    for step in steps:
        units[-1].append(step)
        if step[0] in ("end", "drop the unit"):
            units.append([])
    for unit_steps in units:
        draft = set(held)
        with contextlib.suppress(KeyboardInterrupt), store.write() as unit:
            for what, group, user in unit_steps:
                if what == "add" and (group, user) not in draft:
                    unit.add(Membership(group, user, NOW))
                    draft.add((group, user))
                elif what == "remove":
                    unit.remove(Membership, (group, user))
                    draft.discard((group, user))
                elif what == "remove all":
                    unit.remove_all(Membership, {"group_id": group})
                    draft = {pair for pair in draft if pair[0] != group}
                _check(unit, draft)
            if unit_steps and unit_steps[-1][0] == "drop the unit":
                raise KeyboardInterrupt
            held = draft
        with store.read() as reader:
            _check(reader, held)


def _check(reader: Reader, held: set[tuple[str, str]]) -> None:
    for name in "abc":
        for field, place in (("group_id", 0), ("user_id", 1)):
            wanted = sorted(pair for pair in held if pair[place] == name)
            found = reader.find(Membership, {field: name})
            assert [(item.group_id, item.user_id) for item in found] == wanted
            assert reader.count(Membership, {field: name}) == len(wanted)
