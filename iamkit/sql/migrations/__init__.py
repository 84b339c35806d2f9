"""The steps from one shape of the database to the next, run by `iamkit db upgrade`."""

from __future__ import annotations

from typing import Final

VERSION_TABLE: Final = "iamkit_alembic_version"

# Every revision in order, so that a store can tell its own shape from an older or newer one without
# loading the migration machinery.
REVISIONS: Final = ("0001",)
