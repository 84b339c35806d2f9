"""SQLStore: the Store protocol on SQLite or PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import PoolProxiedConnection

from iamkit.errors import StoreUnavailable
from iamkit.sql.faults import faults_of, translated
from iamkit.sql.forks import guarded_against_forks
from iamkit.sql.medium import Medium
from iamkit.sql.records import declared
from iamkit.sql.schema import require_current
from iamkit.sql.statements import Statements
from iamkit.sql.tables import Tables, tables_of
from iamkit.sql.target import medium_of
from iamkit.sql.unit import SQLReader, SQLUnit
from iamkit.storage import Epochs, Reader, Record, Unit

LOCK_TIMEOUT: Final = 5.0


class SQLStore:
    """Records in a SQLite file or a PostgreSQL database. Safe to share between threads.

    `target` is a path, `sqlite:///PATH`, or `postgresql://...`. Without `kinds` it keeps iamkit's own
    records, and the database must have been brought up to date by `iamkit.sql.migrate.upgrade`. With
    `kinds` it keeps those, and `create_tables` makes their tables. `timeout` is how many seconds a unit
    waits for a lock.

    Raises NotInitialized for a database without tables, ConfigurationError for one of another version or one
    that cannot be durable, StoreUnavailable if it cannot be reached.
    """

    def __init__(
        self,
        target: str | Path,
        *,
        kinds: Iterable[type[Record]] | None = None,
        timeout: float = LOCK_TIMEOUT,
    ) -> None:
        self._tables: Tables = tables_of(frozenset(declared() if kinds is None else kinds))
        self._medium: Medium = medium_of(target, create=kinds is not None, timeout=timeout)
        self._faults = faults_of(self._medium.engine)
        self._turn = threading.Lock()
        self._writer: int | None = None
        self._timeout = timeout
        self._closed = False
        guarded_against_forks(self)
        try:
            self._require(current=kinds is None)
        except BaseException:
            self.close()
            raise
        self._statements = Statements(self._tables, self._medium.engine.dialect)

    @contextmanager
    def read(self) -> Iterator[Reader]:
        connection = self._begin(writing=False)
        reader = SQLReader(connection.cursor(), self._statements, self._faults)
        try:
            yield reader
        finally:
            reader.end()
            self._medium.roll_back(connection)

    @contextmanager
    def write(self) -> Iterator[Unit]:
        if self._writer == threading.get_ident():
            raise StoreUnavailable("a writing unit is open in this thread already; end it first")
        # Threads of one process queue here, in order, rather than contend for the database's lock.
        if not self._turn.acquire(timeout=self._timeout):
            raise StoreUnavailable("the store is busy: another writing unit did not end in time")
        try:
            self._writer = threading.get_ident()
            yield from self._written()
        finally:
            self._writer = None
            self._turn.release()

    def epochs(self, scopes: Sequence[str]) -> Epochs:
        self._require_open()
        try:
            return self._medium.epochs(scopes)
        except self._faults as fault:
            error = translated(fault, "be read")
        raise error

    def close(self) -> None:
        self._closed = True
        self._medium.close()

    def create_tables(self) -> None:
        """Make the tables of record types that no migration makes: those of tests and of plugins."""
        try:
            self._tables.metadata.create_all(self._medium.engine)
        except self._faults as fault:
            error = translated(fault, "make its tables")
        else:
            return
        raise error

    def before_fork(self) -> None:
        """Nothing of the store's own is open between units."""

    def after_fork(self, *, child: bool) -> None:
        """In the child nobody writes, whatever another thread of the parent was doing."""
        if child:
            self._turn = threading.Lock()
            self._writer = None

    def _written(self) -> Iterator[Unit]:
        connection = self._begin(writing=True)
        unit = SQLUnit(connection.cursor(), self._statements, self._faults)
        try:
            yield unit
            if unit.failed:
                raise StoreUnavailable("a statement of this unit failed, so nothing was changed")
            self._commit(connection)
        except BaseException:
            self._medium.roll_back(connection)
            raise
        finally:
            unit.end()

    def _begin(self, *, writing: bool) -> PoolProxiedConnection:
        self._require_open()
        try:
            return self._medium.begin(writing=writing)
        except self._faults as fault:
            error = translated(fault, "be written" if writing else "be read")
        raise error

    def _commit(self, connection: PoolProxiedConnection) -> None:
        try:
            self._medium.commit(connection)
        except self._faults as fault:
            error = translated(fault, "commit")
        else:
            return
        raise error

    def _require(self, *, current: bool) -> None:
        try:
            with self._medium.engine.connect() as connection:
                if current:
                    require_current(connection)
        except self._faults as fault:
            error = translated(fault, "be opened")
        else:
            return
        raise error

    def _require_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed")
