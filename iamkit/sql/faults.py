"""Turns what a driver raises into errors of the tree, without the values that were being stored."""

from __future__ import annotations

from typing import Final

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from iamkit.errors import EntityAlreadyExists, IamkitError, StoreUnavailable

# Their texts can quote a value that was sent, so they are not even chained.
_TELLTALE: Final = frozenset({"IntegrityError", "DataError", "ProgrammingError"})
Faults = tuple[type[BaseException], ...]
_UNIQUE: Final = "23505"


def faults_of(engine: Engine) -> Faults:
    """What the driver, the pool and the operating system raise when the medium fails."""
    driver = engine.dialect.loaded_dbapi
    return driver.Error, driver.Warning, SQLAlchemyError, OSError


def translated(fault: BaseException, doing: str) -> IamkitError:
    """The error of the tree for a driver's fault, chained to it where its text tells no values.

    Raise it outside the `except` block, so that not even the implicit context keeps a text that tells values.
    """
    # SQLAlchemy wraps what the driver raised, with a link to its documentation.
    fault = getattr(fault, "orig", None) or fault
    if _is_taken(fault):
        return EntityAlreadyExists("another record has the same unique values already")
    kind = type(fault).__name__
    if _TELLTALE.intersection(parent.__name__ for parent in type(fault).__mro__):
        state = getattr(fault, "sqlstate", None) or getattr(fault, "sqlite_errorname", None) or kind
        return StoreUnavailable(f"the store cannot {doing}: {state}")
    text = " ".join(str(fault).split()) or kind
    error = StoreUnavailable(f"the store cannot {doing}: {text}")
    error.__cause__ = fault
    return error


def _is_taken(fault: BaseException) -> bool:
    return getattr(fault, "sqlstate", None) == _UNIQUE or getattr(fault, "sqlite_errorname", None) in (
        "SQLITE_CONSTRAINT_UNIQUE",
        "SQLITE_CONSTRAINT_PRIMARYKEY",
    )
