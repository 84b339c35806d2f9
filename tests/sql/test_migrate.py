"""Migrations reach the declared tables, once, however many start at once; other databases are refused."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from iamkit.errors import ConfigurationError, NotInitialized
from iamkit.identity.deployment import Deployment
from iamkit.sql import migrate
from iamkit.sql.migrations import REVISIONS, VERSION_TABLE
from iamkit.sql.schema import Standing
from iamkit.sql.store import SQLStore

FIXED = Deployment("deployment", "d_1", "aws", "123456789012", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for a database, one of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "iamkit.db")
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def query(target: str) -> Callable[[str], list[tuple[object, ...]]]:
    """Asks behind the store's back."""

    def run(statement: str) -> list[tuple[object, ...]]:
        if "://" in target:
            with psycopg.connect(target, autocommit=True) as server:
                cursor = server.execute(statement.encode())
                return cursor.fetchall() if cursor.description else []
        file = sqlite3.connect(target, isolation_level=None)
        found = file.execute(statement).fetchall()
        file.close()
        return found

    return run


@pytest.fixture
def execute(query: Callable[[str], object]) -> Callable[[str], None]:
    """Changes something behind the store's back."""

    def run(statement: str) -> None:
        query(statement)

    return run


def test_an_upgrade_makes_a_database_that_a_store_works_on(target: str) -> None:
    """Before: refused. After: records can be kept. A second upgrade finds nothing to do."""
    with pytest.raises(NotInitialized, match="iamkit init"):
        SQLStore(target)

    assert migrate.upgrade(target).standing is Standing.EMPTY
    store = SQLStore(target)
    with store.write() as unit:
        unit.add(FIXED)
        unit.bump("s")

    assert migrate.upgrade(target) == migrate.Status(REVISIONS[-1], REVISIONS[-1], Standing.CURRENT)
    with store.read() as reader:
        assert reader.find(Deployment) == [FIXED]
    assert store.epochs(["s"]) == (1,)
    store.close()


def test_a_refused_file_is_not_made(tmp_path: Path) -> None:
    """Asking for a database that is not there leaves nothing behind."""
    for ask in (SQLStore, migrate.status):
        with pytest.raises(NotInitialized):
            ask(tmp_path / "iamkit.db")

    assert os.listdir(tmp_path) == []


def test_a_migrated_file_is_private(tmp_path: Path) -> None:
    """The file that an upgrade makes is its owner's only."""
    migrate.upgrade(tmp_path / "iamkit.db")

    assert stat.S_IMODE((tmp_path / "iamkit.db").stat().st_mode) == 0o600
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_migrations_and_declarations_agree(target: str) -> None:
    """After the last migration nothing is missing, left over, or of another type."""
    migrate.upgrade(target)

    assert migrate.differences(target) == []


def test_a_missing_migration_is_noticed(target: str, execute: Callable[[str], None]) -> None:
    """A column that no migration made, or none removed, is a difference."""
    migrate.upgrade(target)
    execute("ALTER TABLE iamkit_deployment DROP COLUMN partition")
    execute("ALTER TABLE iamkit_deployment ADD COLUMN colour TEXT")

    differences = str(migrate.differences(target))

    assert "colour" in differences
    assert "partition" in differences


def test_the_host_apps_tables_are_left_alone(
    target: str, execute: Callable[[str], None], query: Callable[[str], list[tuple[object, ...]]]
) -> None:
    """Other tables in the same database are neither compared nor touched."""
    execute("CREATE TABLE notes (note TEXT)")
    execute("CREATE TABLE alembic_version (version_num TEXT)")
    execute("INSERT INTO alembic_version VALUES ('theirs')")

    migrate.upgrade(target)

    assert migrate.differences(target) == []
    assert query("SELECT version_num FROM alembic_version") == [("theirs",)]
    assert query("SELECT note FROM notes") == []


def test_a_newer_database_is_refused(target: str, execute: Callable[[str], None]) -> None:
    """What a newer iamkit made is neither used nor migrated, and the message says what to do."""
    migrate.upgrade(target)
    execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")

    for use in (SQLStore, migrate.upgrade):
        with pytest.raises(ConfigurationError, match="`9999`, which this iamkit does not know"):
            use(target)
    assert migrate.status(target).standing is Standing.NEWER


def test_an_older_database_is_refused(
    target: str, execute: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store on an older database names the command that brings it up to date."""
    migrate.upgrade(target)
    monkeypatch.setattr("iamkit.sql.schema.REVISIONS", (*REVISIONS, "9000"))

    with pytest.raises(ConfigurationError, match="iamkit db upgrade"):
        SQLStore(target)
    assert migrate.status(target).standing is Standing.OLDER


def test_the_list_of_revisions_is_that_of_the_scripts() -> None:
    """The revisions that a store knows are those that are shipped, in their order."""
    with create_engine("sqlite://").connect() as connection:
        scripts = ScriptDirectory.from_config(migrate.configuration(connection))

    assert [script.revision for script in scripts.walk_revisions()][::-1] == list(REVISIONS)
    assert scripts.get_current_head() == REVISIONS[-1]


def test_threads_that_upgrade_at_once_succeed(target: str) -> None:
    """Alembic is entered by one thread at a time."""
    found: list[object] = []

    def upgrade() -> None:
        try:
            found.append(migrate.upgrade(target).newest)
        except Exception as fault:  # noqa: BLE001  (compared below)
            found.append(fault)

    threads = [threading.Thread(target=upgrade) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [REVISIONS[-1]] * 3


SIX = """
import os, sys, traceback
from iamkit.sql.migrate import upgrade
reading, writing = os.pipe()
children = []
for number in range(6):
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        try:
            found = upgrade(sys.argv[1]).standing.value
            os.write(1, found.encode() + b"\\n")
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    children.append(child)
os.close(writing)
sys.exit(sum(os.waitpid(child, 0)[1] != 0 for child in children))
"""


def test_six_processes_that_upgrade_at_once_succeed(target: str) -> None:
    """One of six migrates, five find it done, none fails."""
    done = subprocess.run(
        [sys.executable, "-c", SIX, target], capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == ["current"] * 5 + ["empty"]
    SQLStore(target).close()
