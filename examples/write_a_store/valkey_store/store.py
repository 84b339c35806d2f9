"""ValkeyStore: every commit is one entry of a list, and the list is the database.

- Reading fetches the entries that are new since last time, in one round trip, and applies them to a state in
  memory. An immutable state is a snapshot, so a reading unit needs nothing more.
- Writing takes a lock, catches up, works on a draft, and appends what it did, provided that the list is as
  long as it was: a writer whose lock ran out appends nothing.
- Valkey must sync every write to disk before it answers, or the store refuses to open.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import valkey
from valkey.exceptions import LockError, ValkeyError, WatchError

from iamkit.errors import ConfigurationError, StoreUnavailable
from iamkit.memory import MemoryReader, MemoryUnit, State
from iamkit.storage import Epochs, Record, record_type

from .codec import applied, encoded

# Seconds: how long a writing unit may take, and how long another waits for it.
HOLD: Final = 30.0
WAIT: Final = 5.0


class ValkeyStore:
    """Records in a Valkey, reached by its socket. `name` tells stores on one server apart."""

    def __init__(self, socket: str, *, kinds: Iterable[type[Record]], name: str = "iamkit") -> None:
        self._kinds = {record_type(kind).name: kind for kind in kinds}
        self._log, self._lock = f"{name}:log", f"{name}:lock"
        # Any: the client's methods are typed for its asynchronous twin as well.
        self._client: Any = valkey.Valkey(unix_socket_path=socket, decode_responses=True)
        self._state = State()
        self._seen = 0
        self._catching_up = threading.Lock()
        self._turn = threading.Lock()
        self._writer: int | None = None
        self._closed = False
        self._require_durable()

    @contextmanager
    def read(self) -> Iterator[MemoryReader]:
        reader = MemoryReader(self._caught_up()[0])
        try:
            yield reader
        finally:
            reader.end()

    @contextmanager
    def write(self) -> Iterator[MemoryUnit]:
        with self._alone():
            state, length = self._caught_up()
            unit = MemoryUnit(state)
            try:
                yield unit
                if unit.changed or unit.bumped:
                    self._append(encoded(unit, self._kinds), length)
            finally:
                unit.end()

    def epochs(self, scopes: Sequence[str]) -> Epochs:
        epochs = self._caught_up()[0].epochs
        return tuple(epochs.get(scope, 0) for scope in scopes)

    def close(self) -> None:
        self._closed = True
        self._client.close()

    def _caught_up(self) -> tuple[State, int]:
        """The state as committed now, and the length of the log that made it."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        with self._catching_up:
            try:
                with self._client.pipeline(transaction=True) as both:
                    length, commits = both.llen(self._log).lrange(self._log, self._seen, -1).execute()
            except ValkeyError as fault:
                raise StoreUnavailable("Valkey cannot be read") from fault
            if length < self._seen:
                raise StoreUnavailable("the log in Valkey has lost entries: restore it and restart")
            if commits:
                self._state = applied(self._state, commits, self._kinds)
                self._seen = length
            return self._state, self._seen

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else writes: first no thread of this process, then no other process."""
        if self._writer == threading.get_ident():
            raise StoreUnavailable("a writing unit is open in this thread already; end it first")
        if not self._turn.acquire(timeout=WAIT):
            raise StoreUnavailable("the store is busy: another writing unit did not end in time")
        try:
            self._writer = threading.get_ident()
            lock = self._taken_lock()
            try:
                yield
            finally:
                self._release(lock)
        finally:
            self._writer = None
            self._turn.release()

    def _taken_lock(self) -> Any:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        lock = self._client.lock(self._lock, timeout=HOLD, sleep=0.005, blocking_timeout=WAIT)
        try:
            if lock.acquire():
                return lock
        except ValkeyError as fault:
            raise StoreUnavailable("Valkey cannot be written") from fault
        raise StoreUnavailable("the store is busy: another process did not end its writing unit in time")

    def _release(self, lock: Any) -> None:
        try:
            lock.release()
        except (LockError, ValkeyError):
            # It ran out, or Valkey is gone: what was appended stands, and the lock ends by itself.
            return

    def _append(self, commit: str, length: int) -> None:
        try:
            with self._client.pipeline(transaction=True) as transaction:
                transaction.watch(self._log)
                if transaction.llen(self._log) != length:
                    raise StoreUnavailable("another writer was faster because this unit took too long")
                transaction.multi()
                transaction.rpush(self._log, commit)
                transaction.execute()
        except WatchError as fault:
            raise StoreUnavailable("another writer was faster because this unit took too long") from fault
        except ValkeyError as fault:
            raise StoreUnavailable("Valkey did not confirm the commit") from fault

    def _require_durable(self) -> None:
        try:
            found = self._client.config_get("append*")
        except ValkeyError as fault:
            raise StoreUnavailable("Valkey cannot be reached") from fault
        if found.get("appendonly") != "yes" or found.get("appendfsync") != "always":
            raise ConfigurationError("Valkey must run with `appendonly yes` and `appendfsync always`")
