"""What Alembic runs for every command; `iamkit.sql.migrate` hands over a connection in a transaction."""

from __future__ import annotations

from alembic import context

from iamkit.sql.migrations import VERSION_TABLE
from iamkit.sql.records import declared
from iamkit.sql.tables import PREFIX, tables_of


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    """The host app's tables may lie in the same database; they are not ours to compare or touch."""
    return kind != "table" or (name is not None and name.startswith(PREFIX))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables_of(frozenset(declared())).metadata,
    version_table=VERSION_TABLE,
    include_name=_ours,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
