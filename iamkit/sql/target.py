"""Which database a store URL or path names."""

from __future__ import annotations

from pathlib import Path

from iamkit.errors import ConfigurationError, NotInitialized, StoreUnavailable
from iamkit.sql.medium import Medium
from iamkit.sql.postgres import PostgresMedium, is_postgres
from iamkit.sql.sqlite import SQLiteMedium, create_file


def medium_of(target: str | Path, *, create: bool, timeout: float) -> Medium:
    """The database that `target` names. `create`: a SQLite file that is missing is made, not refused."""
    if isinstance(target, str) and is_postgres(target):
        return PostgresMedium(target, timeout=timeout)
    path = _path(target)
    if path.is_dir():
        raise ConfigurationError(f"`{path}` is a directory: name the database file in it")
    if not create and not path.exists():
        raise NotInitialized(f"there is no database `{path}`: run `iamkit init` or `iamkit db upgrade`")
    if not path.parent.is_dir():
        raise ConfigurationError(f"there is no directory `{path.parent}` to keep a database in")
    try:
        if create:
            create_file(path)
        return SQLiteMedium(path, timeout=timeout)
    except OSError as fault:
        raise StoreUnavailable(f"the database `{path}` cannot be opened: {fault.strerror}") from fault


def _path(target: str | Path) -> Path:
    if isinstance(target, Path):
        return target.absolute()
    # What follows is a path as it stands: no part of a file's name is a query or an escape.
    text = target.removeprefix("sqlite:///")
    if "://" in text or not text or text == ":memory:":
        raise ConfigurationError(
            "a store is a path, `sqlite:///PATH` or `postgresql://...`; for one in memory use MemoryStore"
        )
    return Path(text).absolute()
