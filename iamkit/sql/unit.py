"""The verbs of the store within one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from sqlalchemy.engine.interfaces import DBAPICursor

from iamkit.errors import EntityAlreadyExists, IamkitError, StoreUnavailable
from iamkit.fields import checked_item, checked_key, checked_listing, checked_values, checked_where
from iamkit.sql.faults import Faults, translated
from iamkit.sql.statements import Prepared, Run, Statements
from iamkit.storage import ANY, Key, R, Record, record_type


class SQLReader:
    """Reads through one cursor. A fault makes the whole unit fail, even if the caller swallows it."""

    def __init__(self, cursor: DBAPICursor, statements: Statements, faults: Faults) -> None:
        self._cursor: DBAPICursor | None = cursor
        self._statements = statements
        self._faults = faults
        self.failed = False

    def end(self) -> None:
        self._cursor = None

    def get(self, kind: type[R], key: Key) -> R | None:
        found = self._rows(kind, self._statements.get(kind, checked_key(kind, key)))
        return found[0] if found else None

    def find(
        self,
        kind: type[R],
        where: Mapping[str, object] | None = None,
        *,
        prefix: tuple[str, str] | None = None,
        order: str | None = None,
        after: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[R]:
        listing = checked_listing(
            kind, prefix=prefix, order=order, after=after, limit=limit, newest_first=newest_first
        )
        return self._rows(kind, self._statements.find(kind, checked_where(kind, where), listing))

    def count(self, kind: type[R], where: Mapping[str, object] | None = None) -> int:
        return self._number(self._statements.count(kind, checked_where(kind, where)))

    def _rows(self, kind: type[R], run: Run) -> list[R]:
        prepared = run[0]
        rows = self._run(run).fetchall()
        return [kind(**prepared.fields(row)) for row in rows]

    def _number(self, run: Run) -> int:
        return cast("int", self._run(run).fetchall()[0][0])

    def _run(self, run: Run) -> DBAPICursor:
        cursor = self._cursor
        if cursor is None:
            raise StoreUnavailable("this unit of work has ended")
        prepared, values = run
        error: IamkitError
        try:
            cursor.execute(prepared.text, prepared.parameters(values))
        except self._faults as fault:
            error = translated(fault, "be read or written")
        else:
            return cursor
        self.failed = True
        raise error


_SAVEPOINT: Final[Run] = (Prepared("SAVEPOINT iamkit_change"), {})
_UNDO: Final[Run] = (Prepared("ROLLBACK TO SAVEPOINT iamkit_change"), {})
_RELEASE: Final[Run] = (Prepared("RELEASE SAVEPOINT iamkit_change"), {})


class SQLUnit(SQLReader):
    """Reads and writes through one cursor."""

    def add(self, item: Record) -> None:
        kind = type(item)
        if self._run(self._statements.insert(kind, checked_item(item))).rowcount != 1:
            raise EntityAlreadyExists(
                f"a record `{record_type(kind).name}` with that key or the same unique values exists already"
            )

    def change(
        self,
        kind: type[R],
        key: Key,
        values: Mapping[str, object],
        *,
        where: Mapping[str, object] | None = None,
    ) -> bool:
        key, conditions = checked_key(kind, key), checked_where(kind, where)
        changes = checked_values(kind, values)
        if not changes:
            return self._number(self._statements.count(kind, conditions, key)) == 1
        update = self._statements.update(kind, key, changes, conditions)
        if changes.keys().isdisjoint(name for group in record_type(kind).unique for name in group):
            return self._run(update).rowcount == 1
        return self._change_or_undo(update)

    def remove(self, kind: type[R], key: Key) -> bool:
        return self._run(self._statements.delete(kind, checked_key(kind, key))).rowcount == 1

    def remove_all(self, kind: type[R], where: Mapping[str, object]) -> int:
        if not where:
            raise TypeError("`where` must not be empty: it would remove every record")
        return self._run(self._statements.delete_all(kind, checked_where(kind, where))).rowcount

    def bump(self, *scopes: str) -> None:
        for scope in (*scopes, ANY) if scopes else ():
            self._run(self._statements.bump(scope))

    def _change_or_undo(self, run: Run) -> bool:
        """Run an update that may break uniqueness, so that the unit can go on if it does."""
        self._run(_SAVEPOINT)
        try:
            changed = self._run(run).rowcount == 1
        except EntityAlreadyExists:
            self._run(_UNDO)
            self._run(_RELEASE)
            self.failed = False
            raise
        self._run(_RELEASE)
        return changed
