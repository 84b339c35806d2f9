"""Whether a database has the shape that this iamkit works on."""

from __future__ import annotations

import enum
from typing import Final

from sqlalchemy import Connection, inspect

from iamkit.errors import ConfigurationError, NotInitialized
from iamkit.sql.migrations import REVISIONS, VERSION_TABLE


class Standing(enum.Enum):
    """How a database stands to this iamkit."""

    CURRENT = "current"
    EMPTY = "empty"
    OLDER = "older"
    NEWER = "newer"


_SELECT: Final = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608  (constants only)


def revision_of(connection: Connection) -> str | None:
    """The revision of the last migration that ran; None if none did."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.exec_driver_sql(_SELECT).scalar_one_or_none()
    return None if found is None else str(found)


def standing_of(revision: str | None) -> Standing:
    """Where that revision stands."""
    if revision is None:
        return Standing.EMPTY
    if revision not in REVISIONS:
        return Standing.NEWER
    return Standing.CURRENT if revision == REVISIONS[-1] else Standing.OLDER


def require_current(connection: Connection) -> None:
    """Raises NotInitialized for a database without tables, ConfigurationError for an older or newer one."""
    revision = revision_of(connection)
    standing = standing_of(revision)
    if standing is Standing.EMPTY:
        raise NotInitialized("the database has no tables of iamkit: run `iamkit init` or `iamkit db upgrade`")
    if standing is Standing.OLDER:
        raise ConfigurationError(
            f"the database is at revision `{revision}` and this iamkit needs `{REVISIONS[-1]}`:"
            " run `iamkit db upgrade`"
        )
    if standing is Standing.NEWER:
        raise ConfigurationError(
            f"the database is at revision `{revision}`, which this iamkit does not know:"
            " install the newer iamkit that made it; `iamkit db upgrade` only goes forward"
        )
