"""The databases that lists are filtered on, by the name that object mappers know them by."""

from __future__ import annotations

from typing import Final

from iamkit.rows.dialect import Dialect
from iamkit.rows.mysql import MySQL
from iamkit.rows.postgresql import PostgreSQL
from iamkit.rows.sqlite import SQLite

# MariaDB is `mysql`.
DIALECTS: Final[dict[str, Dialect]] = {made.name: made for made in (SQLite(), PostgreSQL(), MySQL())}
