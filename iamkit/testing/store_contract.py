"""The contract of a store, as test classes: derive from one, give a `store` fixture, run pytest.

    class TestMyStore(StoreContract):
        @pytest.fixture
        def store(self) -> Iterator[Store]:
            store = MyStore(...)
            yield store
            store.close()

The store must be able to keep `CONTRACT_RECORDS`, and be empty for every test. A store that survives its
process derives from DurableStoreContract and also gives `reopen`: a function that opens one more store
on the same medium, as another process would, and leaves closing it to the test.
"""
# ruff: noqa: S101  (a suite of tests)

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from iamkit.errors import StoreUnavailable
from iamkit.storage import ANY, Store
from iamkit.testing.contract_reading import ReadingContract, ids, keep
from iamkit.testing.contract_records import CONTRACT_RECORDS, Link, Person, person
from iamkit.testing.contract_writing import WritingContract, at_once

__all__ = ["CONTRACT_RECORDS", "DurableStoreContract", "StoreContract"]


class Interrupted(BaseException):
    """Raised by tests in the middle of a unit."""


def elsewhere(work: Callable[[], object]) -> None:
    """Run `work` to its end in another thread; what it raised is raised here."""
    fault = at_once(1, lambda _number: work())[0]
    if isinstance(fault, Exception):
        raise fault


class StoreContract(ReadingContract, WritingContract):
    """Everything that iamkit asks of a store in one process."""

    def test_a_unit_that_raises_changes_nothing(self, store: Store) -> None:
        """Additions, changes, removals and bumps of a failed unit are all gone."""
        keep(store, person("p1"), Link("a", "b"))

        def interrupted() -> None:
            with store.write() as unit:
                unit.add(person("p2"))
                unit.change(Person, ("p1",), {"note": "x"})
                unit.remove(Link, ("a", "b"))
                unit.bump("s")
                raise Interrupted

        with pytest.raises(Interrupted):
            interrupted()

        with store.read() as reader:
            assert reader.find(Person) == [person("p1")]
            assert reader.count(Link) == 1
        assert store.epochs(["s"]) == (0,)
        keep(store, person("p2"))

    def test_a_unit_reads_its_own_writes(self, store: Store) -> None:
        """Within a unit every read, count and condition sees what the unit wrote before."""
        keep(store, person("p1"))

        with store.write() as unit:
            unit.add(person("p2"))
            unit.change(Person, ("p1",), {"note": "new"})
            assert unit.get(Person, ("p1",)) == replace(person("p1"), note="new")
            assert ids(unit.find(Person)) == ["p1", "p2"]
            assert unit.change(Person, ("p1",), {"uses": 1}, where={"note": "new"}) is True
            unit.remove(Person, ("p2",))
            assert unit.count(Person) == 1
            assert unit.get(Person, ("p2",)) is None

    def test_an_unfinished_unit_is_seen_by_nobody(self, store: Store) -> None:
        """Readers and epochs show the committed state until the unit has ended."""
        with store.write() as unit:
            unit.add(person("p1"))
            unit.bump("s")

            def look() -> None:
                with store.read() as reader:
                    assert reader.count(Person) == 0
                assert store.epochs(["s"]) == (0,)

            elsewhere(look)

        with store.read() as reader:
            assert reader.count(Person) == 1

    def test_a_reading_unit_sees_one_state(self, store: Store) -> None:
        """What is committed during a reading unit does not show in it, on records it had not read either."""
        keep(store, person("p1"), Link("a", "b"))

        def write() -> None:
            with store.write() as unit:
                unit.change(Person, ("p1",), {"note": "x"})
                unit.remove(Link, ("a", "b"))
                unit.add(person("p2"))

        with store.read() as reader:
            assert reader.get(Person, ("p1",)) == person("p1")
            elsewhere(write)
            assert reader.get(Person, ("p1",)) == person("p1")
            assert reader.find(Link) == [Link("a", "b")]
            assert reader.count(Person) == 1
        with store.read() as reader:
            assert reader.count(Person) == 2

    def test_an_epoch_moves_with_the_data(self, store: Store) -> None:
        """Epochs begin at zero, move only for the scopes named, and by commits only."""
        assert store.epochs(["a", "b"]) == (0, 0)

        with store.write() as unit:
            unit.add(person("p1"))
            unit.bump("a", "c")

        assert store.epochs(["a", "b", "c", "a"]) == (1, 0, 1, 1)
        keep(store, person("p2"))
        assert store.epochs(["a", "b", "c"]) == (1, 0, 1)
        with store.write() as unit:
            unit.bump("a")
            unit.bump()
        assert store.epochs(["b", "a"]) == (0, 2)
        assert store.epochs([]) == ()

    def test_scopes_are_texts_of_their_own(self, store: Store) -> None:
        """Scopes that differ by case, an accent or a wildcard do not touch each other."""
        scopes = ["s", "S", "s%", "s_", "s ", "ś", "principal/AIDA'x"]

        with store.write() as unit:
            unit.bump(*scopes[:-1])

        assert store.epochs(scopes) == (1, 1, 1, 1, 1, 1, 0)

    def test_the_epoch_of_any_moves_with_every_other(self, store: Store) -> None:
        """Whoever looks at that one alone misses no bump; what bumps nothing leaves it still."""
        seen = store.epochs([ANY])
        for scopes in (("a",), ("a", "b"), ("c",)):
            with store.write() as unit:
                unit.bump(*scopes)
            assert store.epochs([ANY]) != seen
            seen = store.epochs([ANY, "b"])[:1]
        with store.write() as unit:
            unit.bump()
        assert store.epochs([ANY]) == seen

    def test_an_epoch_is_seen_by_other_threads_at_once(self, store: Store) -> None:
        """A thread that had looked before sees the commit of another in its very next look."""
        steps = 20
        turns = [threading.Semaphore(0), threading.Semaphore(0)]
        seen: list[tuple[int, ...]] = []

        def watch() -> None:
            for _ in range(steps):
                turns[0].acquire()
                seen.append(store.epochs(["s", "t"]))
                turns[1].release()

        watcher = threading.Thread(target=watch)
        watcher.start()
        for number in range(steps):
            with store.write() as unit:
                unit.bump("s" if number % 2 else "t")
            turns[0].release()
            turns[1].acquire()
        watcher.join()

        assert seen == [(number // 2, (number + 1) // 2) for number in range(1, steps + 1)]

    def test_a_unit_ends_with_its_block(self, store: Store) -> None:
        """A unit that is kept and used later answers nothing."""
        with store.read() as reader:
            pass
        with store.write() as unit:
            pass

        for use in (
            lambda: reader.get(Person, ("p1",)),
            lambda: reader.find(Person),
            lambda: unit.add(person("p1")),
            lambda: unit.bump("s"),
        ):
            with pytest.raises(StoreUnavailable):
                use()

    def test_a_writing_unit_inside_another_is_refused(self, store: Store) -> None:
        """A thread that would wait for itself is told so, and the outer unit goes on."""
        with store.write() as unit:
            with pytest.raises(StoreUnavailable), store.write():
                pass
            unit.add(person("p1"))

        with store.read() as reader:
            assert reader.count(Person) == 1

    def test_a_closed_store_answers_nothing(self, store: Store) -> None:
        """Closing twice is closing; afterwards every use is StoreUnavailable, never an empty answer."""
        keep(store, person("p1"))

        store.close()
        store.close()

        with pytest.raises(StoreUnavailable), store.read() as reader:
            reader.find(Person)
        with pytest.raises(StoreUnavailable), store.write() as unit:
            unit.add(person("p2"))
        with pytest.raises(StoreUnavailable):
            store.epochs(["s"])


class DurableStoreContract(StoreContract):
    """For stores on a medium that outlives the store object."""

    def test_records_outlive_the_store(self, store: Store, reopen: Callable[[], Store]) -> None:
        """What was committed is there when the medium is opened again, epochs included."""
        item = replace(person("p1"), tags={"k": "é"}, scopes=("a",), seal=b"\x00\xff", step=3)
        with store.write() as unit:
            unit.add(item)
            unit.bump("s")
        store.close()

        again = reopen()

        with again.read() as reader:
            assert reader.get(Person, ("p1",)) == item
        assert again.epochs(["s"]) == (1,)
        again.close()

    def test_another_store_sees_a_commit_at_once(self, store: Store, reopen: Callable[[], Store]) -> None:
        """Two stores on one medium see each other's commits in their very next calls."""
        other = reopen()
        for number in range(1, 6):
            with store.write() as unit:
                unit.add(person(f"p{number}"))
                unit.bump("s")
            assert other.epochs(["s"]) == (number,)
            with other.read() as reader:
                assert reader.count(Person) == number
            with other.write() as unit:
                unit.bump("t")
            assert store.epochs(["s", "t"]) == (number, number)
        other.close()

    def test_writers_of_two_stores_take_turns(self, store: Store, reopen: Callable[[], Store]) -> None:
        """No increment is lost between two stores on one medium."""
        keep(store, person("p1"))
        stores = [store, reopen()]

        def count_up(number: int) -> None:
            for _ in range(3):
                with stores[number % 2].write() as unit:
                    found = unit.get(Person, ("p1",))
                    unit.change(Person, ("p1",), {"uses": (found.uses if found else 0) + 1})

        assert at_once(4, count_up) == [None] * 4

        with stores[1].read() as reader:
            assert reader.get(Person, ("p1",)) == replace(person("p1"), uses=12)
        stores[1].close()
