"""SQLite as the medium: durable, private, seen by other processes at once, closed when something is wrong."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from iamkit.errors import ConfigurationError, StoreUnavailable
from iamkit.sql import sqlite
from iamkit.sql.store import SQLStore
from iamkit.testing.contract_records import CONTRACT_RECORDS, Person, person


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database lies."""
    return tmp_path / "iamkit.db"


@pytest.fixture
def store(path: Path) -> Iterator[SQLStore]:
    """An empty store."""
    store = SQLStore(path, kinds=CONTRACT_RECORDS, timeout=0.05)
    store.create_tables()
    yield store
    store.close()


def run(script: str, path: Path) -> str:
    """What a Python script that is given the path of the database prints."""
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_files_are_readable_by_their_owner_only(path: Path, umask: int) -> None:
    """Database, log and index have mode 0600, whatever the umask."""
    before = os.umask(umask)
    try:
        store = SQLStore(path, kinds=CONTRACT_RECORDS)
        store.create_tables()
        with store.write() as unit:
            unit.add(person("p1"))
        modes = {name: stat.S_IMODE((path.parent / name).stat().st_mode) for name in os.listdir(path.parent)}
    finally:
        os.umask(before)
    store.close()

    assert modes == dict.fromkeys(["iamkit.db", "iamkit.db-wal", "iamkit.db-shm"], 0o600)


def test_every_connection_syncs_every_commit(store: SQLStore) -> None:
    """Write-ahead log and `synchronous = FULL`, on the connections that units use."""
    connection = store._medium.begin(writing=False)
    cursor = connection.cursor()

    settings = {}
    for name in ("journal_mode", "synchronous", "foreign_keys"):
        cursor.execute(f"PRAGMA {name}")
        settings[name] = cursor.fetchall()[0][0]
    store._medium.roll_back(connection)

    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_connection_that_would_not_sync_is_refused(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """A SQLite that stays below `synchronous = FULL` is a configuration error, not a risk."""
    monkeypatch.setattr(sqlite, "_FULL", 4)

    with pytest.raises(ConfigurationError, match="durable"):
        SQLStore(path, kinds=CONTRACT_RECORDS)


def test_a_database_made_by_another_tool_gets_a_log(path: Path) -> None:
    """A file with a rollback journal is switched to the write-ahead log."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (note TEXT)")
    connection.close()

    store = SQLStore(path, kinds=CONTRACT_RECORDS)
    store.create_tables()
    store.close()

    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_something_that_is_no_database_is_unavailable(path: Path) -> None:
    """A file of other bytes, and one cut short, are refused in words of the tree."""
    path.write_bytes(b"not a database, but long enough to look at" * 100)

    with pytest.raises(StoreUnavailable):
        SQLStore(path, kinds=CONTRACT_RECORDS)


@pytest.mark.parametrize(
    "target", ["", ":memory:", "sqlite://", "sqlite:///", "mysql://x/y", "sqlite:///:memory:"]
)
def test_targets_that_name_no_database_are_refused(target: str) -> None:
    """Nothing is guessed from an address that is not one."""
    with pytest.raises(ConfigurationError):
        SQLStore(target, kinds=CONTRACT_RECORDS)


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    """A directory, or a file in a missing one, is named in the error."""
    for target in (tmp_path, tmp_path / "missing" / "x.db"):
        with pytest.raises(ConfigurationError, match=str(tmp_path)):
            SQLStore(target, kinds=CONTRACT_RECORDS)


def test_a_locked_database_is_unavailable(store: SQLStore, path: Path) -> None:
    """A writer that waits too long for another process is told, and changes nothing; readers go on."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable, match="locked"), store.write() as unit:
        unit.add(person("p1"))
    with store.read() as reader:
        assert reader.count(Person) == 0

    other.execute("ROLLBACK")
    other.close()
    with store.write() as unit:
        unit.add(person("p1"))


def test_a_waiting_thread_is_told(store: SQLStore) -> None:
    """A thread waits for another's unit only so long."""
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


def test_a_replaced_file_answers_nothing(store: SQLStore, path: Path) -> None:
    """After the file at the path was swapped, every use is refused: the open one is the database no more."""
    store.epochs(["s"])
    path.rename(path.with_suffix(".old"))
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="replaced"), store.read():
            pass
        with pytest.raises(StoreUnavailable, match="replaced"), store.write():
            pass
        with pytest.raises(StoreUnavailable, match="replaced"):
            store.epochs(["s"])
        path.touch()


def test_a_failed_statement_fails_its_unit(store: SQLStore, path: Path) -> None:
    """A unit whose statement failed cannot be committed, even if the error was swallowed."""
    _trap(path, "ABORT")

    def swallowing() -> None:
        with store.write() as unit:
            unit.add(person("p1"))
            with contextlib.suppress(StoreUnavailable):
                unit.add(replace(person("p2"), note="trapped"))

    with pytest.raises(StoreUnavailable, match="nothing was changed"):
        swallowing()

    with store.read() as reader:
        assert reader.count(Person) == 0


def test_errors_tell_no_values(store: SQLStore, path: Path) -> None:
    """Neither message, cause, context nor traceback of a driver's error holds what was being stored."""
    _trap(path, "FAIL")

    secret = "hunter" + str(2)

    with pytest.raises(StoreUnavailable) as caught, store.write() as unit:
        unit.add(replace(person("p2", name=secret), note="trapped"))

    assert secret not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def _trap(path: Path, action: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE TRIGGER trap BEFORE INSERT ON iamkit_contract_person WHEN NEW.note = 'trapped'"
        f" BEGIN SELECT RAISE({action}, 'trapped'); END"
    )
    connection.commit()
    connection.close()


ANSWERER = """
import sys
from iamkit.sql.store import SQLStore
from iamkit.testing.contract_records import CONTRACT_RECORDS, Person
store = SQLStore(sys.argv[1], kinds=CONTRACT_RECORDS)
for line in sys.stdin:
    if line.startswith("bump"):
        with store.write() as unit:
            unit.bump("theirs")
    with store.read() as reader:
        print(*store.epochs(["ours", "theirs"]), reader.count(Person, {"active": True}), flush=True)
"""


def test_two_processes_see_each_other_at_once(store: SQLStore, path: Path) -> None:
    """What one process has committed, the very next call of the other sees: a revocation has no delay."""
    rounds = 25
    with store.write() as unit:
        for number in range(rounds):
            unit.add(person(f"p{number}"))
    command = [sys.executable, "-c", ANSWERER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        for number in range(rounds):
            with store.write() as unit:
                unit.change(Person, (f"p{number}",), {"active": False})
                unit.bump("ours")

            other.stdin.write("bump\n")
            other.stdin.flush()
            answer = other.stdout.readline().split()

            assert answer == [str(number + 1), str(number + 1), str(rounds - number - 1)]
            assert store.epochs(["ours", "theirs"]) == (number + 1, number + 1)
        other.stdin.close()


FORKER = """
import os, sys, threading
from iamkit.sql.store import SQLStore
from iamkit.testing.contract_records import CONTRACT_RECORDS, Person, person
store = SQLStore(sys.argv[1], kinds=CONTRACT_RECORDS)
with store.write() as unit:
    unit.add(person("before"))
    unit.bump("s")
looked, go = threading.Event(), threading.Event()
def look():
    store.epochs(["s"])
    looked.set()
    go.wait()
    print("thread", *store.epochs(["s"]), flush=True)
thread = threading.Thread(target=look)
thread.start()
looked.wait()
store.epochs(["s"])
asked, told = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    os.read(asked[0], 1)
    with store.read() as reader:
        count = reader.count(Person)
    with store.write() as unit:
        unit.add(person("child"))
        unit.bump("s")
    print("child", count, *store.epochs(["s"]), flush=True)
    os.write(told[1], b"x")
    os.read(asked[0], 1)
    # The parent has closed the store: what it removed must not be what the child works on.
    with store.write() as unit:
        unit.add(person("orphan"))
        unit.bump("s")
    print("orphan", *store.epochs(["s"]), flush=True)
    os._exit(0)
with store.write() as unit:
    unit.bump("s")
os.write(asked[1], b"x")
os.read(told[0], 1)
print("parent", *store.epochs(["s"]), flush=True)
go.set()
thread.join()
store.close()
os.write(asked[1], b"x")
print(os.waitpid(child, 0)[1])
again = SQLStore(sys.argv[1], kinds=CONTRACT_RECORDS)
with again.read() as reader:
    print(*(item.person_id for item in reader.find(Person)), *again.epochs(["s"]))
again.close()
"""


def test_a_store_survives_a_fork(store: SQLStore, path: Path) -> None:
    """Parent, its threads and the child go on after a fork, each on connections of its own."""
    store.close()

    said = run(FORKER, path).splitlines()

    assert said == ["child 1 3", "parent 3", "thread 3", "orphan 4", "0", "before child orphan 4"]
