"""Whatever is done, MemoryStore and SQLStore answer alike: a test in memory means something on a database."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.errors import EntityAlreadyExists
from iamkit.memory import MemoryStore
from iamkit.sql.store import SQLStore
from iamkit.storage import Less, Plus, Store
from iamkit.testing.contract_records import CONTRACT_RECORDS, Person, person

IDS = st.sampled_from(["a", "A", "b", "é"])
TEXTS = st.sampled_from([None, "", "a", "a%", "A", "é", "\U0001f600"])
NUMBERS = st.sampled_from([None, -1, 0, 1, 2])
ORDERS = st.sampled_from([None, "name", "note", "step", "joined_at"])
WHERE = st.fixed_dictionaries(
    {},
    optional={
        "note": TEXTS | st.builds(Less, st.sampled_from(["", "a", "é"]), st.booleans()),
        "step": NUMBERS | st.builds(Less, st.sampled_from([0, 1, 2]), st.booleans()),
        "active": st.booleans(),
    },
)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "note": TEXTS,
        "badge": TEXTS,
        "name": IDS,
        "step": NUMBERS | st.builds(Plus, st.sampled_from([-1, 1, 2])),
        "active": st.booleans(),
    },
)
ADD = st.tuples(st.just("add"), IDS, IDS, TEXTS, NUMBERS)
CHANGE = st.tuples(st.just("change"), IDS, VALUES, WHERE)
REMOVE = st.tuples(st.just("remove"), IDS)
REMOVE_ALL = st.tuples(st.just("remove_all"), WHERE)
BUMP = st.tuples(st.just("bump"), IDS)
FIND = st.tuples(
    st.just("find"), WHERE, st.sampled_from([None, "", "a", "é"]), ORDERS, st.none() | IDS, st.booleans()
)
STEPS = st.lists(st.one_of(ADD, ADD, CHANGE, CHANGE, REMOVE, REMOVE_ALL, BUMP, FIND), max_size=12)


def played(store: Store, units: list[tuple[list[tuple[object, ...]], bool]]) -> list[object]:
    """Everything that the store answers to some units, each committed or broken off, and what is left."""
    answers: list[object] = []
    for steps, broken in units:
        try:
            with store.write() as unit:
                for step in steps:
                    try:
                        answers.append(_step(unit, step))
                    except (EntityAlreadyExists, TypeError) as fault:
                        answers.append(type(fault))
                if broken:
                    raise InterruptedError
        except InterruptedError:
            answers.append("broken off")
        answers.append(store.epochs(["a", "A", "b", "é"]))
        with store.read() as reader:
            answers.append(reader.find(Person))
    return answers


def _step(unit: object, step: tuple[object, ...]) -> object:
    match step:
        case ("add", key, name, note, number):
            item = replace(person(str(key), name=str(name)), note=note, step=number, badge=note)  # type: ignore[arg-type]
            return unit.add(item)  # type: ignore[attr-defined]
        case ("change", key, values, where):
            return unit.change(Person, (key,), values, where=where)  # type: ignore[attr-defined]
        case ("remove", key):
            return unit.remove(Person, (key,))  # type: ignore[attr-defined]
        case ("remove_all", where):
            return unit.remove_all(Person, where)  # type: ignore[attr-defined]
        case ("bump", scope):
            return unit.bump(scope)  # type: ignore[attr-defined]
        case ("find", where, prefix, order, after, backwards):
            return unit.find(  # type: ignore[attr-defined]
                Person,
                where,
                prefix=None if prefix is None else ("note", prefix),
                order=order,
                after=after,
                limit=3,
                newest_first=backwards,
            )
    raise ValueError(step)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(STEPS, st.booleans()), max_size=4))
def test_both_stores_give_the_same_answers(units: list[tuple[list[tuple[object, ...]], bool]]) -> None:
    """Any sequence of units, committed or broken off, is answered alike, and leaves the same records."""
    with tempfile.TemporaryDirectory() as folder:
        database = SQLStore(Path(folder) / "x.db", kinds=CONTRACT_RECORDS)
        database.create_tables()
        try:
            assert played(database, units) == played(MemoryStore(), units)
        finally:
            database.close()
