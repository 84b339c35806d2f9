"""Tables follow from the declarations, and stay among themselves."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import UniqueConstraint
from sqlmodel import SQLModel

from iamkit.fields import Shape, fields_of
from iamkit.sql.records import ROOMS, declared
from iamkit.sql.statements import _behind
from iamkit.sql.tables import PREFIX, Tables, tables_of
from iamkit.storage import Record, record, record_type
from iamkit.testing.contract_records import CONTRACT_RECORDS, Link, Person, Undeclared

TABLES = tables_of(frozenset(CONTRACT_RECORDS))


def test_a_table_has_the_fields_of_its_record() -> None:
    """Names, order, keys, optional fields, unique groups and indexes are those declared."""
    table = TABLES.of(Person)

    assert table.name == "iamkit_contract_person"
    assert list(table.columns.keys()) == list(fields_of(Person))
    assert [column.name for column in TABLES.of(Link).primary_key] == ["left", "right"]
    optional = {column.name for column in table.c if column.nullable}
    assert optional == {"badge", "note", "step", "seal", "seen_at"}
    unique = [tuple(part.columns.keys()) for part in table.constraints if isinstance(part, UniqueConstraint)]
    assert sorted(unique) == [("badge",), ("realm", "name")]
    assert [tuple(index.columns.keys()) for index in table.indexes] == [("realm", "joined_at")]


def test_the_host_apps_models_never_meet_ours() -> None:
    """`SQLModel.metadata` holds nothing of ours, and a second set of tables nothing of the first."""
    one = Tables(CONTRACT_RECORDS)

    assert not [name for name in SQLModel.metadata.tables if name.startswith(PREFIX)]
    assert one.metadata is not TABLES.metadata
    assert one.of(Person) is not TABLES.of(Person)


def test_models_are_of_sqlmodel() -> None:
    """Each table is a SQLModel class, for whoever wants to query it as one."""
    assert issubclass(TABLES.models[Person], SQLModel)


def test_a_type_that_is_not_kept_is_refused() -> None:
    """A store of other records says so, rather than answer that there are none."""
    with pytest.raises(TypeError, match="Link"):
        tables_of(frozenset([Person])).of(Link)


def test_a_field_that_no_store_keeps_is_refused() -> None:
    """A float, a set, a union of two: an error at the declaration's first use."""

    @dataclass(frozen=True, slots=True)
    class Bad:
        name: str
        value: float

    bad: type[Record] = record("contract_bad", key=("name",))(Bad)

    with pytest.raises(TypeError, match="value"):
        fields_of(bad)
    with pytest.raises(TypeError, match="not declared"):
        record_type(Undeclared)


def test_a_key_is_text() -> None:
    """A key field that is optional or a number is refused."""

    @dataclass(frozen=True, slots=True)
    class Numbered:
        number: int

    numbered: type[Record] = record("contract_numbered", key=("number",))(Numbered)

    with pytest.raises(TypeError, match="key"):
        fields_of(numbered)


def test_every_record_of_the_rooms_is_found() -> None:
    """The declared records are those of iamkit's rooms, all of which a store can keep; none of a test's."""
    kinds = declared()

    assert all(kind.__module__.startswith(ROOMS) for kind in kinds)
    assert not set(CONTRACT_RECORDS) & set(kinds)
    assert all(isinstance(field.shape, Shape) for kind in kinds for field in fields_of(kind).values())
    assert {record_type(kind).name for kind in kinds} >= {"deployment", "audit_event"}


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)


@settings(max_examples=300)
@given(TEXT, st.one_of(TEXT, st.sampled_from(["\U0010ffff", "\ud7ff", "\ue000", "a"])), TEXT)
def test_the_range_of_a_prefix_is_exact(prefix: str, end: str, text: str) -> None:
    """A text lies in the range of a prefix exactly if it begins with it."""
    prefix += end
    below = _behind(prefix)

    for candidate in (text, prefix + text, prefix[:-1] + text):
        assert (prefix <= candidate and (below is None or candidate < below)) == candidate.startswith(prefix)
