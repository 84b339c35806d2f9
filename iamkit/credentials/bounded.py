"""A bounded map that forgets what was used longest ago, for caches that every request reads."""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedMap(Generic[K, V]):
    """At most `limit` entries. Safe between threads without a lock, and so across a fork as well.

    Each step is one atomic operation of `dict`. What a race can do is lose an entry, which costs its
    reader a reload and never a wrong answer.
    """

    __slots__ = ("_entries", "_limit")

    def __init__(self, limit: int) -> None:
        self._entries: dict[K, V] = {}
        self._limit = limit

    def get(self, key: K) -> V | None:
        """The entry, now the most recently used; None if there is none."""
        value = self._entries.pop(key, None)
        if value is not None:
            self._entries[key] = value
        return value

    def put(self, key: K, value: V) -> None:
        """Keep `value`, forgetting the oldest entries beyond the limit."""
        self._entries.pop(key, None)
        self._entries[key] = value
        while len(self._entries) > self._limit:
            try:
                self._entries.pop(next(iter(self._entries)), None)
            except (StopIteration, RuntimeError):  # another thread is evicting; it will finish
                break

    def drop(self, key: K) -> None:
        """Forget one entry."""
        self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        # What is kept here may be key material.
        return f"BoundedMap({len(self._entries)} of {self._limit})"
