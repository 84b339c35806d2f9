"""SQLite as the medium: one file, an fsync for every commit, any number of processes of one host.

- `BEGIN IMMEDIATE` for writing units: a read snapshot cannot be upgraded while others write.
- The epochs are read on a connection per thread that never writes: `PRAGMA data_version` there changes
  with every commit of any other connection, whether of this process or of another.
- SQLite forbids carrying connections across a fork, so they are closed before it and opened again after.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import PoolProxiedConnection, QueuePool, create_engine
from sqlalchemy.engine import Engine

from iamkit.errors import ConfigurationError, StoreUnavailable
from iamkit.sql.forks import guarded_against_forks
from iamkit.sql.watch import Watch
from iamkit.storage import Epochs

_FULL: Final = 2
_POOL_SIZE: Final = 16


class SQLiteMedium:
    """An existing SQLite file. `timeout` is how many seconds a unit waits for a lock."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        self._path = path
        self._text = os.fspath(path)
        self._timeout = timeout
        self._identity = _identity(self._text)
        self._local = threading.local()
        self._watches: weakref.WeakSet[Watch] = weakref.WeakSet()
        self._adding = threading.Lock()
        self._stopped: list[Watch] = []
        self._engine = create_engine(
            "sqlite://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=_POOL_SIZE,
            max_overflow=-1,
            pool_use_lifo=True,
            hide_parameters=True,
        )
        guarded_against_forks(self)

    @property
    def engine(self) -> Engine:
        return self._engine

    def begin(self, *, writing: bool) -> PoolProxiedConnection:
        self._require_same_file()
        connection = self._engine.raw_connection()
        try:
            connection.cursor().execute("BEGIN IMMEDIATE" if writing else "BEGIN")
        except BaseException:
            connection.close()
            raise
        return connection

    def commit(self, connection: PoolProxiedConnection) -> None:
        self._require_same_file()
        connection.cursor().execute("COMMIT")
        connection.close()

    def roll_back(self, connection: PoolProxiedConnection) -> None:
        try:
            connection.rollback()
        except sqlite3.Error:
            connection.invalidate()
        finally:
            connection.close()

    def epochs(self, scopes: Sequence[str]) -> Epochs:
        try:
            watch: Watch = self._local.watch
        except AttributeError:
            watch = Watch(self._connect, self._require_same_file)
            with self._adding:
                self._watches.add(watch)
            self._local.watch = watch
        return watch.epochs(scopes)

    def close(self) -> None:
        self._engine.dispose()
        with self._adding:
            for watch in list(self._watches):
                with watch.lock:
                    watch.close()

    def before_fork(self) -> None:
        self._engine.dispose()
        self._adding.acquire()
        self._stopped = list(self._watches)
        for watch in self._stopped:
            watch.lock.acquire()
            watch.close()

    def after_fork(self, *, child: bool) -> None:
        if child:
            # What another thread opened while the fork was on its way is the parent's.
            self._engine.dispose(close=False)
        for watch in self._stopped:
            watch.lock.release()
        self._stopped = []
        self._adding.release()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self._path))}?mode=rw",
            uri=True,
            timeout=self._timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _require_same_file(self) -> None:
        if _identity(self._text) != self._identity:
            raise StoreUnavailable(
                f"the database `{self._path}` was replaced or removed while it was open: restart this process"
            )


def create_file(path: Path) -> None:
    """Make an empty database, readable by its owner only whatever the umask, unless there is one.

    It appears under its name at once, already with a write-ahead log, so processes that start together
    find either nothing or all of it.
    """
    if path.exists():
        return
    handle, draft = tempfile.mkstemp(prefix=".iamkit-", dir=path.parent)
    try:
        os.fchmod(handle, 0o600)
        os.close(handle)
        connection = sqlite3.connect(draft, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        _sync_folder(path.parent)
    finally:
        os.unlink(draft)


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _prepare(connection: sqlite3.Connection) -> None:
    """Set what SQLite sets per connection. Raises ConfigurationError if commits would not be durable."""
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise ConfigurationError(
                f"the database has a `{mode}` journal and takes no write-ahead log: put it on a local disk"
            )
    connection.execute("PRAGMA synchronous = FULL")
    if connection.execute("PRAGMA synchronous").fetchone()[0] < _FULL:
        raise ConfigurationError("SQLite refuses `synchronous = FULL`, so a commit would not be durable")
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute("PRAGMA foreign_keys = ON")
