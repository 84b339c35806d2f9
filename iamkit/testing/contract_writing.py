"""What every store must do when it is written to."""
# ruff: noqa: S101  (a suite of tests)

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from iamkit.errors import EntityAlreadyExists, ValidationError
from iamkit.storage import Less, Plus, Store
from iamkit.testing.contract_reading import ids, keep
from iamkit.testing.contract_records import START, Link, Person, person


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """Run `work(number)` in that many threads that start together; what each returned or raised."""
    results: list[object] = [None] * count
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        try:
            results[number] = work(number)
        except Exception as fault:  # noqa: BLE001  (handed to the test)
            results[number] = fault

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class WritingContract:
    """Writes: unique is unique, a condition holds or nothing happens, and one of many callers wins."""

    def test_a_key_is_taken_once(self, store: Store) -> None:
        """A second record under a key is refused and changes nothing, and the unit can go on."""
        keep(store, person("p1"))

        with store.write() as unit:
            with pytest.raises(EntityAlreadyExists):
                unit.add(person("p1", name="other"))
            unit.add(person("p2"))

        with store.read() as reader:
            assert reader.find(Person) == [person("p1"), person("p2")]

    def test_a_unique_group_is_taken_once(self, store: Store) -> None:
        """Values of a unique group are refused the second time, in the same unit and later."""
        with store.write() as unit:
            unit.add(person("p1", name="n"))
            with pytest.raises(EntityAlreadyExists):
                unit.add(person("p2", name="n"))
            unit.add(person("p3", realm="elsewhere", name="n"))
        with store.write() as unit, pytest.raises(EntityAlreadyExists):
            unit.add(person("p2", name="n"))

        with store.read() as reader:
            assert ids(reader.find(Person)) == ["p1", "p3"]

    def test_uniqueness_is_by_code_point(self, store: Store) -> None:
        """Case, width and composition make different texts."""
        names = ["name", "Name", "name ", "ｎame", "é", "e\u0301"]
        keep(store, *(person(f"p{place}", name=name) for place, name in enumerate(names)))

        with store.read() as reader:
            assert reader.count(Person) == len(names)

    def test_none_in_a_unique_group_is_free(self, store: Store) -> None:
        """Any number of records may leave an optional unique field empty; a value is taken once."""
        keep(store, person("p1"), person("p2"), replace(person("p3"), badge=""))

        with store.write() as unit, pytest.raises(EntityAlreadyExists):
            unit.add(replace(person("p4"), badge=""))

    def test_a_freed_name_can_be_taken_again(self, store: Store) -> None:
        """Removing or renaming a record frees its unique values, within the unit as well."""
        keep(store, person("p1", name="a"), person("p2", name="b"))

        with store.write() as unit:
            unit.remove(Person, ("p1",))
            unit.change(Person, ("p2",), {"name": "a"})
            unit.add(person("p3", name="b"))

        with store.read() as reader:
            assert [item.name for item in reader.find(Person)] == ["a", "b"]

    def test_change_sets_only_what_it_names(self, store: Store) -> None:
        """The named fields of the one record change, to None as well; the rest stays."""
        before = replace(person("p1"), note="x", seen_at=START, tags={"k": "v"})
        keep(store, before, person("p2"))

        with store.write() as unit:
            assert unit.change(Person, ("p1",), {"note": None, "scopes": ("s",), "tags": {}}) is True

        with store.read() as reader:
            assert reader.get(Person, ("p1",)) == replace(before, note=None, scopes=("s",), tags={})
            assert reader.get(Person, ("p2",)) == person("p2")

    def test_change_of_a_missing_record_is_false(self, store: Store) -> None:
        """Nothing is made by changing it."""
        with store.write() as unit:
            assert unit.change(Person, ("p1",), {"note": "x"}) is False
            assert unit.change(Person, ("p1",), {}) is False

        with store.read() as reader:
            assert reader.count(Person) == 0

    def test_change_happens_only_where_the_condition_holds(self, store: Store) -> None:
        """A condition that fails leaves the record as it was and answers False."""
        keep(store, replace(person("p1"), step=5))

        with store.write() as unit:
            assert unit.change(Person, ("p1",), {"step": 5}, where={"step": Less(5)}) is False
            assert unit.change(Person, ("p1",), {"note": "no"}, where={"active": False}) is False
            assert unit.change(Person, ("p1",), {}, where={"active": False}) is False
            assert unit.change(Person, ("p1",), {"step": 6}, where={"step": Less(6), "note": None}) is True
            assert unit.change(Person, ("p1",), {}, where={"step": 6}) is True

        with store.read() as reader:
            assert reader.get(Person, ("p1",)) == replace(person("p1"), step=6)

    def test_less_counts_none_only_if_told(self, store: Store) -> None:
        """A field that was never set is below no bound, unless the condition says so."""
        keep(store, person("p1"))

        with store.write() as unit:
            assert unit.change(Person, ("p1",), {"step": 1}, where={"step": Less(9)}) is False
            assert unit.change(Person, ("p1",), {"step": 1}, where={"step": Less(9, or_none=True)}) is True
            due = START - timedelta(minutes=15)
            seen = {"seen_at": Less(due, or_none=True)}
            assert unit.change(Person, ("p1",), {"seen_at": START}, where=seen) is True
            assert unit.change(Person, ("p1",), {"seen_at": START}, where=seen) is False

    def test_plus_grows_the_stored_number(self, store: Store) -> None:
        """Plus adds to what is stored, below zero too; a number that is None counts as zero."""
        keep(store, replace(person("p1"), uses=5))

        with store.write() as unit:
            unit.change(Person, ("p1",), {"uses": Plus(), "step": Plus(3)})
            unit.change(Person, ("p1",), {"uses": Plus(-10)}, where={"uses": 6})

        with store.read() as reader:
            assert reader.get(Person, ("p1",)) == replace(person("p1"), uses=-4, step=3)

    def test_change_cannot_take_what_is_unique(self, store: Store) -> None:
        """A rename onto another's name is refused, changes nothing, and the unit can go on."""
        keep(store, person("p1", name="a"), person("p2", name="b"))

        with store.write() as unit:
            unit.change(Person, ("p1",), {"note": "before"})
            with pytest.raises(EntityAlreadyExists):
                unit.change(Person, ("p1",), {"name": "b", "note": "lost"})
            unit.change(Person, ("p2",), {"name": "b", "note": "after"})

        with store.read() as reader:
            found = [(item.name, item.note) for item in reader.find(Person)]
        assert found == [("a", "before"), ("b", "after")]

    def test_remove_says_whether_it_was_there(self, store: Store) -> None:
        """One record goes, once."""
        keep(store, person("p1"), person("p2"), Link("a", "b"), Link("a", "c"))

        with store.write() as unit:
            assert unit.remove(Person, ("p1",)) is True
            assert unit.remove(Person, ("p1",)) is False
            assert unit.remove(Link, ("a", "b")) is True

        with store.read() as reader:
            assert ids(reader.find(Person)) == ["p2"]
            assert reader.find(Link) == [Link("a", "c")]

    def test_remove_all_takes_what_where_names(self, store: Store) -> None:
        """Exactly the matching records go, by values and by Less, and are counted."""
        keep(store, *(replace(person(f"p{number}"), uses=number) for number in range(5)), Link("a", "b"))

        with store.write() as unit:
            assert unit.remove_all(Person, {"uses": Less(2), "realm": "r"}) == 2
            assert unit.remove_all(Person, {"uses": 3}) == 1
            assert unit.remove_all(Person, {"uses": 3}) == 0

        with store.read() as reader:
            assert ids(reader.find(Person)) == ["p2", "p4"]
            assert reader.count(Link) == 1

    def test_remove_all_of_everything_is_refused(self, store: Store) -> None:
        """An empty `where` is a mistake, not an order."""
        keep(store, person("p1"))

        with store.write() as unit, pytest.raises(TypeError, match="where"):
            unit.remove_all(Person, {})

        with store.read() as reader:
            assert reader.count(Person) == 1

    def test_misshapen_writes_are_refused(self, store: Store) -> None:
        """Unknown fields, wrong types and changed keys are errors that change nothing."""
        keep(store, person("p1"))

        with store.write() as unit:
            for write in (
                lambda: unit.change(Person, ("p1",), {"colour": "red"}),
                lambda: unit.change(Person, ("p1",), {"note": "x"}, where={"colour": "red"}),
                lambda: unit.change(Person, ("p1",), {"person_id": "p9"}),
                lambda: unit.change(Person, ("p1",), {"active": 1}),
                lambda: unit.change(Person, ("p1",), {"name": None}),
                lambda: unit.change(Person, ("p1",), {"name": Plus()}),
                lambda: unit.change(Person, ("p1",), {"scopes": ["a"]}),
                lambda: unit.change(Person, ("p1",), {"seen_at": START.replace(tzinfo=None)}),
                lambda: unit.remove_all(Person, {"colour": "red"}),
                lambda: unit.add(replace(person("p2"), uses=True)),
                lambda: unit.add(replace(person("p2"), digest="x")),  # type: ignore[arg-type]  # the point
            ):
                with pytest.raises(TypeError):
                    write()

        with store.read() as reader:
            assert reader.find(Person) == [person("p1")]

    def test_values_that_no_store_could_keep_are_bad_input(self, store: Store) -> None:
        """NUL, lone surrogates and numbers beyond 64 bits are refused as input, and nothing is changed."""
        with store.write() as unit:
            for item in (
                person("a\x00"),
                person("\udfff"),
                replace(person("p"), scopes=("a\x00",)),
                replace(person("p"), tags={"\ud800": ""}),
                replace(person("p"), uses=2**63),
                replace(person("p"), step=-(2**63) - 1),
            ):
                with pytest.raises(ValidationError):
                    unit.add(item)

        with store.read() as reader:
            assert reader.count(Person) == 0

    def test_one_of_many_callers_wins_a_conditional_change(self, store: Store) -> None:
        """Of 16 threads that advance one step under `Less`, exactly one is told True."""
        keep(store, person("p1"))

        def spend(_number: int) -> bool:
            with store.write() as unit:
                return unit.change(
                    Person, ("p1",), {"step": 7, "uses": Plus()}, where={"step": Less(7, or_none=True)}
                )

        results = at_once(16, spend)

        assert sorted(results, key=repr) == [False] * 15 + [True]
        with store.read() as reader:
            assert reader.get(Person, ("p1",)) == replace(person("p1"), step=7, uses=1)

    def test_one_of_many_callers_takes_a_name(self, store: Store) -> None:
        """Of 16 threads that add the same unique name, exactly one succeeds."""

        def claim(number: int) -> None:
            keep(store, person(f"p{number}", name="same"))

        results = at_once(16, claim)

        assert results.count(None) == 1
        assert sum(isinstance(result, EntityAlreadyExists) for result in results) == 15
        with store.read() as reader:
            assert reader.count(Person) == 1

    def test_no_increment_is_lost(self, store: Store) -> None:
        """Read, compute and write in one unit is safe: what was read is still true at commit."""
        keep(store, person("p1"))

        def count_up(_number: int) -> None:
            with store.write() as unit:
                found = unit.get(Person, ("p1",))
                unit.change(Person, ("p1",), {"uses": (found.uses if found else 0) + 1})
                unit.bump("counted")

        assert at_once(8, count_up) == [None] * 8

        with store.read() as reader:
            assert reader.get(Person, ("p1",)) == replace(person("p1"), uses=8)
        assert store.epochs(["counted"]) == (8,)
