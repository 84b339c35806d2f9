"""PostgreSQL as the medium.

- Writing units take one transaction-level advisory lock before they read anything, under READ COMMITTED, so
  each of their statements sees everything committed before, and nobody else commits until they end.
  SERIALIZABLE would be no help: a `with` block that lost the race cannot be run again by the store.
- Reading units are REPEATABLE READ: one snapshot.
- The epochs are one indexed round trip.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import URL, PoolProxiedConnection, create_engine, event, make_url
from sqlalchemy.engine import Engine

from iamkit.errors import ConfigurationError, StoreUnavailable
from iamkit.sql.forks import guarded_against_forks
from iamkit.sql.tables import EPOCH_TABLE
from iamkit.storage import Epochs

# "iamk" as a number, and the schema, so that two deployments in one database do not wait for each other.
LOCK: Final = "pg_advisory_xact_lock(1767992683, hashtext(coalesce(current_schema(), '')))"

_READING: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# One round trip. A server set to `synchronous_commit = off` would answer before a commit is durable.
_WRITING: Final = f"""
    BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SET LOCAL lock_timeout = {{timeout}};
    SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off';
    SELECT {LOCK}
"""
_EPOCHS: Final = f"SELECT scope, n FROM {EPOCH_TABLE} WHERE scope = ANY(%s)"  # noqa: S608  (constants only)


class PostgresMedium:
    """A PostgreSQL database. `timeout` is how many seconds a unit waits for a lock or connection."""

    def __init__(self, url: str, *, timeout: float) -> None:
        self._engine = _engine(url, timeout)
        self._faults: tuple[type[BaseException], ...] = (self._engine.dialect.loaded_dbapi.Error,)
        self._writing = _WRITING.format(timeout=max(1, math.ceil(timeout * 1000)))
        guarded_against_forks(self)

    @property
    def engine(self) -> Engine:
        return self._engine

    def begin(self, *, writing: bool) -> PoolProxiedConnection:
        connection, _ = self._run(self._writing if writing else _READING, None)
        return connection

    def commit(self, connection: PoolProxiedConnection) -> None:
        cursor: Any = connection.cursor()
        cursor.execute("COMMIT")
        # A transaction that had failed answers COMMIT with ROLLBACK, and no error.
        if cursor.statusmessage != "COMMIT":
            raise StoreUnavailable("the store did not commit; nothing was changed")
        connection.close()

    def roll_back(self, connection: PoolProxiedConnection) -> None:
        try:
            connection.cursor().execute("ROLLBACK")
        except self._faults:
            connection.invalidate()
        finally:
            connection.close()

    def epochs(self, scopes: Sequence[str]) -> Epochs:
        connection, cursor = self._run(_EPOCHS, (list(scopes),))
        try:
            found: dict[str, int] = dict(cursor.fetchall())
        finally:
            connection.close()
        return tuple([found.get(scope, 0) for scope in scopes])

    def close(self) -> None:
        self._engine.dispose()

    def before_fork(self) -> None:
        self._engine.dispose()

    def after_fork(self, *, child: bool) -> None:
        if child:
            self._engine.dispose(close=False)

    def _run(self, text: str, parameters: Sequence[object] | None) -> tuple[PoolProxiedConnection, Any]:
        """Run a first statement on a connection; once more on a fresh one if the server had closed that.

        `Any`: psycopg's cursor, whose module is imported only when PostgreSQL is used.
        """
        for attempt in (1, 2):
            connection = self._engine.raw_connection()
            try:
                cursor: Any = connection.cursor()
                cursor.execute(text, parameters)
            except self._faults:
                lost = getattr(connection.dbapi_connection, "closed", True)
                connection.invalidate()
                if not lost or attempt == 2:
                    raise
                # A restarted server closed all of the pool's connections, not just this one.
                self._engine.dispose()
            except BaseException:
                connection.invalidate()
                raise
            else:
                return connection, cursor
        raise StoreUnavailable("the store gave no connection")


def is_postgres(url: str) -> bool:
    """Whether that is a PostgreSQL URL."""
    return url.startswith(("postgres://", "postgresql://", "postgresql+psycopg://"))


def _engine(url: str, timeout: float) -> Engine:
    parsed = _url(url)
    try:
        engine = create_engine(
            parsed,
            # Transactions are begun and ended by the store itself.
            isolation_level="AUTOCOMMIT",
            connect_args={"connect_timeout": max(2, math.ceil(timeout)), "client_encoding": "utf8"},
            pool_timeout=timeout,
            pool_size=8,
            max_overflow=24,
            pool_use_lifo=True,
            hide_parameters=True,
        )
    except ModuleNotFoundError as fault:
        raise ConfigurationError("PostgreSQL needs its driver: install `iamkit[postgres]`") from fault
    event.listen(engine, "connect", _require_utf8)
    return engine


def _require_utf8(connection: Any, _record: object) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        connection.close()
        raise ConfigurationError(f"the database's encoding is `{encoding}`: make one with `ENCODING 'UTF8'`")


def _url(url: str) -> URL:
    return make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg")
