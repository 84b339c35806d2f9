"""Brings a database to the shape this iamkit works on, however many processes start at once.

The whole upgrade is one transaction under the lock that writing units take, so a second process waits, then
finds nothing left to do.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from iamkit.errors import ConfigurationError
from iamkit.sql.faults import faults_of, translated
from iamkit.sql.medium import Medium
from iamkit.sql.migrations import REVISIONS
from iamkit.sql.postgres import LOCK
from iamkit.sql.records import declared
from iamkit.sql.schema import Standing, revision_of, standing_of
from iamkit.sql.tables import tables_of
from iamkit.sql.target import medium_of

# Seconds to wait for another process that migrates.
_PATIENCE: Final = 60.0
# Alembic keeps the running environment in module globals, so one thread at a time.
_ALEMBIC: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Status:
    """A database's revision (None: no tables yet), the newest known, and how the one stands to the other."""

    revision: str | None
    newest: str
    standing: Standing


def upgrade(target: str | Path) -> Status:
    """Create or migrate the tables of iamkit in that database; a SQLite file that is missing is made.

    Returns what was there before. Raises ConfigurationError if a newer iamkit made the database.
    """
    with _locked(target) as connection:
        before = _status(connection)
        if before.standing is Standing.NEWER:
            raise ConfigurationError(
                f"the database is at revision `{before.revision}`, which this iamkit does not know:"
                " install the newer iamkit that made it"
            )
        if before.standing is not Standing.CURRENT:
            _run(connection)
        return before


def status(target: str | Path) -> Status:
    """How that database stands. Raises NotInitialized for a SQLite file that is missing."""
    with _connected(target) as connection:
        return _status(connection)


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for iamkit's own migrations over that connection."""
    config = Config()
    config.set_main_option("script_location", "iamkit.sql:migrations")
    config.attributes["connection"] = connection
    return config


def differences(target: str | Path) -> list[object]:
    """How the tables of a database differ from the declared records: empty, unless a migration is missing."""
    with _connected(target) as connection, _ALEMBIC:
        config = configuration(connection)
        script = ScriptDirectory.from_config(config)
        found: list[object] = []

        def compare(_revision: object, context: MigrationContext) -> list[object]:
            found.extend(compare_metadata(context, tables_of(frozenset(declared())).metadata))
            return []

        with EnvironmentContext(config, script, fn=compare):
            script.run_env()
    return found


def _status(connection: Connection) -> Status:
    revision = revision_of(connection)
    return Status(revision, REVISIONS[-1], standing_of(revision))


@contextmanager
def _connected(target: str | Path) -> Iterator[Connection]:
    medium = medium_of(target, create=False, timeout=_PATIENCE)
    try:
        with medium.engine.connect() as connection:
            yield connection
    except faults_of(medium.engine) as fault:
        error = translated(fault, "be opened")
    else:
        return
    finally:
        medium.close()
    raise error


@contextmanager
def _locked(target: str | Path) -> Iterator[Connection]:
    medium = medium_of(target, create=True, timeout=_PATIENCE)
    try:
        yield from _transaction(medium)
    except faults_of(medium.engine) as fault:
        error = translated(fault, "be migrated")
    else:
        return
    finally:
        medium.close()
    raise error


def _transaction(medium: Medium) -> Iterator[Connection]:
    with medium.engine.connect() as connection:
        if medium.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection = connection.execution_options(isolation_level="READ COMMITTED")
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(_PATIENCE * 1000)}")
            connection.exec_driver_sql(f"SELECT {LOCK}")
        yield connection
        connection.commit()


def _run(connection: Connection) -> None:
    with _ALEMBIC:
        command.upgrade(configuration(connection), "head")
