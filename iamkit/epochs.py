"""The scopes that epochs are kept for: what a cached answer depends on, so that a change has effect at once.

A change bumps the scopes it touches in its own unit of work. Last-used stamps, attempt counters, session
touches and decision events bump nothing.
"""

from __future__ import annotations

import threading
from typing import Final

from iamkit.storage import ANY, Store

# The account tree, guardrails and accounts themselves.
DEPLOYMENT: Final = "deployment"


def policies_of(account: str) -> str:
    """Everything in an account that may concern many principals: managed policies, groups' policies."""
    return f"account/{account}/policies"


def resources_of(account: str) -> str:
    """The resource policies, role trust policies included, that an account holds."""
    return f"account/{account}/resources"


def principal(unique_id: str) -> str:
    """One user, role or root: the record, its own policies and memberships, its credentials."""
    return f"principal/{unique_id}"


def session(session_id: str) -> str:
    """One session, by its stored id."""
    return f"session/{session_id}"


class Look:
    """One look at the epoch that moves with every other, for all the caches that a request asks in turn.

    `now` looks at the store, but once only between `begin` and `end` in one thread: whoever serves a request
    begins when the request has come, so no cache answers from before that.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held = _Held()

    def now(self) -> int:
        """The epoch of `ANY`: while it stands still, all that was read stands. Raises StoreUnavailable."""
        held = self._held
        if not held.holding:
            return self._store.epochs(_ANY)[0]
        if held.seen is None:
            held.seen = self._store.epochs(_ANY)[0]
        return held.seen

    def begin(self, seen: int | None = None) -> Held:
        """Hold what `now` sees next, or `seen`; what to give to `end`."""
        held = self._held
        before = (held.holding, held.seen)
        held.holding, held.seen = True, seen
        return before

    def end(self, before: Held) -> int | None:
        """Look anew from now on; what was seen, None if nobody asked."""
        held = self._held
        seen = held.seen
        held.holding, held.seen = before
        return seen


Held = tuple[bool, int | None]


class _Held(threading.local):
    holding = False
    seen: int | None = None


_ANY: Final = (ANY,)
