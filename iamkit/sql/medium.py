"""What the store asks of a database: SQLite and PostgreSQL each answer in a module of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import PoolProxiedConnection
from sqlalchemy.engine import Engine

from iamkit.storage import Epochs


class Medium(Protocol):
    """A database with its connections."""

    @property
    def engine(self) -> Engine:
        """The engine whose pool the connections come from."""

    def begin(self, *, writing: bool) -> PoolProxiedConnection:
        """A connection in a transaction that sees one state; `writing`: the only such one of the database."""

    def commit(self, connection: PoolProxiedConnection) -> None:
        """Make the transaction durable, and give the connection back. Raises if that is not certain."""

    def roll_back(self, connection: PoolProxiedConnection) -> None:
        """Undo the transaction, and give the connection back. Never raises."""

    def epochs(self, scopes: Sequence[str]) -> Epochs:
        """The committed epochs, as of now."""

    def close(self) -> None:
        """Release everything. Idempotent."""
