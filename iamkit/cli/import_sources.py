"""Where users are imported from: tables of Django, Flask-Security and fastapi-users, and htpasswd files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from iamkit.errors import InputError
from iamkit.management.imports import ImportedUser

_LARGEST_FILE: Final = 50_000_000
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """How a framework keeps users: its table, the columns that names are taken from, how a row is read."""

    name: str
    names: tuple[str, ...]
    password: str
    read: Callable[[Row, str], ImportedUser]


def _text(row: Row, column: str) -> str | None:
    value = row.get(column)
    return None if value is None or value == "" else str(value)


def _django(row: Row, name: str) -> ImportedUser:
    password = _text(row, "password")
    # An unusable password begins with an exclamation mark.
    usable = None if password is None or password.startswith("!") else password
    return ImportedUser(
        _text(row, name) or "", _text(row, "email"), usable, enabled=bool(row.get("is_active", True))
    )


def _flask_security(row: Row, name: str) -> ImportedUser:
    return ImportedUser(
        _text(row, name) or "",
        _text(row, "email"),
        _text(row, "password"),
        enabled=bool(row.get("active", True)),
        email_verified=row.get("confirmed_at") is not None,
    )


def _fastapi_users(row: Row, name: str) -> ImportedUser:
    return ImportedUser(
        _text(row, name) or "",
        _text(row, "email"),
        _text(row, "hashed_password"),
        enabled=bool(row.get("is_active", True)),
        email_verified=bool(row.get("is_verified", False)),
    )


TABLES: Final[Mapping[str, Table]] = {
    "django": Table("auth_user", ("username", "email"), "password", _django),
    "flask-security": Table("user", ("username", "email"), "password", _flask_security),
    "fastapi-users": Table("user", ("username", "email"), "hashed_password", _fastapi_users),
}
HTPASSWD: Final = "htpasswd"
KINDS: Final = (*TABLES, HTPASSWD)


def users_of(kind: str, source: str, *, table: str | None, name_column: str | None) -> Iterator[ImportedUser]:
    """The users of a source, in a settled order. Raises InputError where it cannot be read."""
    if kind == HTPASSWD:
        return _htpasswd(Path(source))
    return _from_table(TABLES[kind], source, table, name_column)


def _htpasswd(path: Path) -> Iterator[ImportedUser]:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise InputError(f"`{path}` is larger than {_LARGEST_FILE:,} bytes")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as fault:
        raise InputError(f"`{path}` cannot be read: {fault}") from None
    for line in lines:
        if line.strip() and not line.startswith("#"):
            name, _, password = line.strip().partition(":")
            yield ImportedUser(name, None, password.partition(":")[0])


def _from_table(
    kind: Table, source: str, table: str | None, name_column: str | None
) -> Iterator[ImportedUser]:
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    url = source if "://" in source else f"sqlite:///{Path(source).absolute()}"
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///").partition("?")[0]).is_file():
        raise InputError(
            "there is no such database file; name the file, or a URL such as `postgresql+psycopg://…`"
        )
    name = table or kind.name
    try:
        engine = sqlalchemy.create_engine(url)
        try:
            with engine.connect() as connection:
                columns = {item["name"] for item in sqlalchemy.inspect(connection).get_columns(name)}
                chosen = _name_column(kind, columns, name, name_column)
                selected = sqlalchemy.table(name, *(sqlalchemy.column(column) for column in sorted(columns)))
                query = sqlalchemy.select(selected).order_by(sqlalchemy.column(chosen))
                for row in connection.execution_options(yield_per=500).execute(query).mappings():
                    yield kind.read({str(key): value for key, value in row.items()}, chosen)
        finally:
            engine.dispose()
    except (SQLAlchemyError, ImportError) as fault:
        # The fault's own text may quote the URL, and so a password.
        raise InputError(
            f"the table `{name}` cannot be read ({type(fault).__name__}); check the URL, and name the table"
            " with `--table`"
        ) from None


def _name_column(kind: Table, columns: set[str], table: str, asked: str | None) -> str:
    if kind.password not in columns:
        raise InputError(f"the table `{table}` has no column `{kind.password}`; is it of another software")
    if asked is not None and asked not in columns:
        raise InputError(f"the table `{table}` has no column `{asked}` to take names from")
    found = asked or next((name for name in kind.names if name in columns), None)
    if found is None:
        raise InputError(
            f"the table `{table}` has neither `username` nor `email`; name a column with `--name`"
        )
    return found
