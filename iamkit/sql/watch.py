"""A thread's view of the epochs of a SQLite file: microseconds while nothing was committed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import Final

from iamkit.sql.tables import EPOCH_TABLE
from iamkit.storage import ANY, Epochs

# How many epochs are remembered at most; beyond it they are read again.
_REMEMBERED: Final = 10_000


class Watch:
    """Reads `PRAGMA data_version` on a connection that never writes, and the epochs anew when it changed.

    A commit that returned before the call is seen by it. One that returns during the call may be seen for
    some scopes; the next call sees it for all.
    """

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], require_same_file: Callable[[], None]
    ) -> None:
        self._connect = connect
        self._require_same_file = require_same_file
        # Held by the owning thread for the length of a call; by others only to close.
        self.lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._version = -1
        # INVARIANT: all of these were read under the same epoch of `ANY`, which is among them.
        self._known: dict[str, int] = {}

    def epochs(self, scopes: Sequence[str]) -> Epochs:
        """The committed epoch of each scope. Raises what sqlite3 raises."""
        with self.lock:
            # Two microseconds: without it, a process whose file was swapped for a restored one would go on
            # serving, from memory, whomever the restored one has refused since.
            self._require_same_file()
            connection = self._connection or self._open()
            version = self._cursor.execute("PRAGMA data_version").fetchone()[0]
            known = self._known
            if version == self._version:
                try:
                    return tuple([known[scope] for scope in scopes])
                except KeyError:
                    return self._read(connection, scopes)
            if len(known) > _REMEMBERED:
                known.clear()
            # What was committed may have moved no epoch: stamps and decisions move none.
            answer = self._read(connection, scopes)
            self._version = version
            return answer

    def close(self) -> None:
        """Close the connection; the next call opens another. The caller holds `lock`."""
        connection, self._connection = self._connection, None
        self._known.clear()
        if connection is not None:
            connection.close()

    def __del__(self) -> None:
        self.close()

    def _open(self) -> sqlite3.Connection:
        connection = self._connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        self._cursor = connection.cursor()
        # Numbers of data_version mean nothing on another connection.
        self._version = -1
        self._known.clear()
        return connection

    def _read(self, connection: sqlite3.Connection, scopes: Sequence[str]) -> Epochs:
        marks = ",".join("?" * (len(scopes) + 1))
        # One statement is one snapshot. Nothing but question marks is put into the text.
        text = f"SELECT scope, n FROM {EPOCH_TABLE} WHERE scope IN ({marks})"  # noqa: S608
        found = dict(connection.execute(text, (*scopes, ANY)).fetchall())
        known = self._known
        if known.get(ANY) != found.get(ANY, 0):
            known.clear()
            known[ANY] = found.get(ANY, 0)
        for scope in scopes:
            known[scope] = found.get(scope, 0)
        return tuple([known[scope] for scope in scopes])
