"""Keeps database connections from crossing a fork, which neither SQLite nor PostgreSQL survives."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Protocol


class Forked(Protocol):
    """Something whose connections must not be shared with a child process."""

    def before_fork(self) -> None:
        """Close what is idle, and let nothing be opened until the fork is done."""

    def after_fork(self, *, child: bool) -> None:
        """Go on; in the child with nothing of the parent's."""


def guarded_against_forks(owner: Forked) -> None:
    """Have `owner` told of every fork for as long as it lives."""
    # Registrations cannot be taken back, so they hold the owner weakly.
    reference = weakref.ref(owner)

    def telling(tell: Callable[[Forked], None]) -> Callable[[], None]:
        def told() -> None:
            alive = reference()
            if alive is not None:
                tell(alive)

        return told

    os.register_at_fork(
        before=telling(lambda alive: alive.before_fork()),
        after_in_parent=telling(lambda alive: alive.after_fork(child=False)),
        after_in_child=telling(lambda alive: alive.after_fork(child=True)),
    )
