"""PostgreSQL as the medium: one writer at a time, durable, by code point, and over a lost connection."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from iamkit.errors import EntityAlreadyExists, StoreUnavailable
from iamkit.sql.postgres import LOCK
from iamkit.sql.store import SQLStore
from iamkit.testing.contract_records import CONTRACT_RECORDS, Person, person


@pytest.fixture
def store(postgres_url: str) -> Iterator[SQLStore]:
    """An empty store in a schema of its own."""
    store = SQLStore(postgres_url, kinds=CONTRACT_RECORDS, timeout=0.05)
    store.create_tables()
    yield store
    store.close()


@pytest.fixture
def other(postgres_url: str) -> Iterator[psycopg.Connection]:
    """A connection that is not the store's, in the same schema."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


def _cut_off(other: psycopg.Connection) -> None:
    """End every connection of this test but this one, as a restarted server would."""
    other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND application_name = current_setting('application_name')"
    )


def test_text_columns_compare_by_code_point(store: SQLStore, other: psycopg.Connection) -> None:
    """Every text column that is compared has the collation C, whatever the database's is."""
    store.epochs([])

    found = other.execute(
        "SELECT DISTINCT collation_name FROM information_schema.columns WHERE table_schema = current_schema()"
        " AND data_type = 'text' AND column_name NOT IN ('tags', 'scopes')"
    ).fetchall()

    assert found == [("C",)]


def test_a_commit_is_durable_on_a_server_that_is_set_not_to_be(postgres_url: str) -> None:
    """`synchronous_commit = off` is overruled inside writing units."""
    lax = postgres_url + "%20-csynchronous_commit%3Doff"
    store = SQLStore(lax, kinds=CONTRACT_RECORDS)
    connection = store._medium.begin(writing=True)
    cursor = connection.cursor()

    cursor.execute("SELECT current_setting('synchronous_commit')")
    setting = cursor.fetchall()[0][0]
    store._medium.roll_back(connection)
    store.close()

    assert setting == "on"


def test_a_writer_that_waits_too_long_is_told(store: SQLStore, other: psycopg.Connection) -> None:
    """While another process writes, a unit waits so long and then is StoreUnavailable; readers go on."""
    with other.transaction():
        other.execute(f"SELECT {LOCK}".encode())

        with pytest.raises(StoreUnavailable), store.write() as unit:
            unit.add(person("p1"))
        with store.read() as reader:
            assert reader.count(Person) == 0

    with store.write() as unit:
        unit.add(person("p1"))


def test_a_lost_connection_is_replaced_between_units(store: SQLStore, other: psycopg.Connection) -> None:
    """After the server restarted, the next unit of each kind succeeds on a new connection."""
    for number in range(3):
        with store.read() as one, store.read() as another:
            assert one.count(Person) == another.count(Person) == number
        _cut_off(other)
        assert store.epochs(["s"]) == (number,)
        _cut_off(other)
        with store.write() as unit:
            unit.add(person(f"p{number}"))
            unit.bump("s")
        _cut_off(other)


def test_a_connection_lost_inside_a_unit_undoes_it(store: SQLStore, other: psycopg.Connection) -> None:
    """A unit whose connection breaks is StoreUnavailable and leaves nothing; the next one succeeds."""

    def write() -> None:
        with store.write() as unit:
            unit.add(person("p1"))
            unit.bump("s")
            _cut_off(other)

    def read() -> None:
        with store.read() as reader:
            _cut_off(other)
            reader.count(Person)

    for cut in (write, read):
        with pytest.raises(StoreUnavailable):
            cut()

    with store.read() as reader:
        assert reader.count(Person) == 0
    assert store.epochs(["s"]) == (0,)


def test_a_failed_statement_fails_its_unit(store: SQLStore, other: psycopg.Connection) -> None:
    """PostgreSQL answers COMMIT of a failed transaction with success; the store does not."""
    other.execute("ALTER TABLE iamkit_contract_person ADD CHECK (note <> 'trapped')")

    def swallowing() -> None:
        with store.write() as unit:
            unit.add(person("p1"))
            with contextlib.suppress(StoreUnavailable):
                unit.add(replace(person("p2"), note="trapped"))

    with pytest.raises(StoreUnavailable, match="nothing was changed"):
        swallowing()
    with store.read() as reader:
        assert reader.count(Person) == 0


def test_errors_tell_no_values(store: SQLStore, other: psycopg.Connection) -> None:
    """PostgreSQL quotes the failing row in its messages; ours, their causes and contexts do not."""
    other.execute("ALTER TABLE iamkit_contract_person ADD CHECK (note <> 'trapped')")
    secret = "hunter" + str(2)

    with pytest.raises(StoreUnavailable) as caught, store.write() as unit:
        unit.add(replace(person("p2", name=secret), note="trapped"))
    with store.write() as unit:
        unit.add(person("p1", name="other"))
        unit.add(person("p2", name=secret))
        with pytest.raises(EntityAlreadyExists) as taken:
            unit.change(Person, ("p1",), {"name": secret})

    for error in (caught.value, taken.value):
        assert secret not in "".join(traceback.format_exception(error))
        assert error.__context__ is None


def test_an_unreachable_server_is_unavailable() -> None:
    """No server, and no password in the message."""
    with pytest.raises(StoreUnavailable) as caught:
        SQLStore("postgresql://u:hunter2@/x?host=/nowhere", kinds=CONTRACT_RECORDS)

    assert "hunter2" not in str(caught.value)


def test_two_deployments_in_one_database_do_not_wait(store: SQLStore, postgres: str) -> None:
    """The writers' lock belongs to the schema."""
    with store.write() as unit, psycopg.connect(postgres, autocommit=True) as elsewhere:
        unit.bump("s")
        elsewhere.execute("SET lock_timeout = 1")
        elsewhere.execute(f"SELECT {LOCK}".encode())
