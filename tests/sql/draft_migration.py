"""Drafts the migration from the last shipped revision to the records as declared, to be read and mended.

    python tests/sql/draft_migration.py 0002 "What it does." > iamkit/sql/migrations/versions/r0002.py
    ruff format iamkit/sql/migrations/versions/r0002.py

Then add the revision to `iamkit/sql/migrations/__init__.py`. `0001` is drafted from nothing.
"""

from __future__ import annotations

import re
import sys
from typing import Literal

from alembic import command
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import UpgradeOps
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.sql.sqltypes import Text

from iamkit.sql import migrate
from iamkit.sql.columns import TEXT, JsonPairs, JsonTexts, UtcDateTime
from iamkit.sql.migrations import REVISIONS
from iamkit.sql.records import declared
from iamkit.sql.tables import tables_of

HEADER = '''"""{message}

Types are spelt out here, so that a migration means the same whatever the code becomes.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {before!r}

# Text compares by code point on every database. Instants are microseconds since 1970, in UTC.
TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Bring the database to this revision."""
    {body}
'''


def rendered(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """How a type of ours is spelt in a migration."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "sa.BigInteger()"
    if isinstance(item, (JsonTexts, JsonPairs)):
        return "sa.Text()"
    return "TEXT" if item is TEXT or isinstance(item, Text) else False


def main(revision: str, message: str) -> None:
    """Print the draft."""
    before = next((name for name in reversed(REVISIONS) if name < revision), None)
    with create_engine("sqlite://").connect() as connection:
        if before is not None:
            command.upgrade(migrate.configuration(connection), before)
        options = {"render_item": rendered, "target_metadata": None, "render_as_batch": before is not None}
        context = MigrationContext.configure(connection, opts=options)
        operations = produce_migrations(context, tables_of(frozenset(declared())).metadata).upgrade_ops
        body = render_python_code(operations or UpgradeOps(), render_item=rendered, migration_context=context)
    body = re.sub(r"op\.f\(('\w+')\)", r"\1", body).replace(", unique=False", "")
    lines = [line for line in body.splitlines() if not line.lstrip().startswith("#")]
    print(HEADER.format(message=message, revision=revision, before=before, body="\n".join(lines).strip()))


if __name__ == "__main__":
    main(*sys.argv[1:])
