"""The hook that offers the store: nothing but hooks lives here."""

from __future__ import annotations

from iamkit.hookspecs import hookimpl
from iamkit.sql.records import declared
from iamkit.storage import Store

from .store import ValkeyStore

SCHEME = "valkey+unix://"


@hookimpl
def iamkit_store(url: str) -> Store | None:
    """A store for `valkey+unix:///PATH/OF/THE/SOCKET`."""
    return ValkeyStore(url.removeprefix(SCHEME), kinds=declared()) if url.startswith(SCHEME) else None
