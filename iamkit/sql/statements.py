"""The statements behind the store's verbs: written with SQLAlchemy Core, compiled once for each shape.

A shape is what the text of a statement depends on: which fields, compared how. Values are always bound
parameters. The compiled text is run on the driver's own cursor, which costs a fifth of running it through
a SQLAlchemy connection.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Table,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement

from iamkit.fields import Listing, fields_of
from iamkit.sql.tables import Tables
from iamkit.storage import Key, Less, Plus, Record, record_type

# What SQLAlchemy's types do to a value on its way to or from the driver; None: nothing.
_Processor = Callable[[Any], Any] | None
_Values = Mapping[str, object]
_Shape = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A compiled statement: its text, how its parameters are passed, and how its columns are read."""

    text: str
    binders: Mapping[str, _Processor] = field(default_factory=dict)
    constants: Mapping[str, object] = field(default_factory=dict)
    positions: tuple[str, ...] | None = None
    readers: tuple[tuple[str, _Processor], ...] = ()

    def parameters(self, values: _Values) -> Sequence[object] | Mapping[str, object]:
        """`values` in the driver's form and order."""
        bound = dict(self.constants)
        for name, binder in self.binders.items():
            bound[name] = values[name] if binder is None else binder(values[name])
        return bound if self.positions is None else [bound[name] for name in self.positions]

    def fields(self, row: Sequence[object]) -> dict[str, Any]:
        """A row as record fields."""
        return {
            name: value if read is None else read(value)
            for (name, read), value in zip(self.readers, row, strict=True)
        }


Run = tuple[Prepared, _Values]

_ZERO: Final = literal_column("0", BigInteger())
_ONE: Final = literal_column("1", BigInteger())


class Statements:
    """All statements over some tables in one dialect. Safe to share between threads."""

    def __init__(self, tables: Tables, dialect: Dialect) -> None:
        self._tables = tables
        self._dialect = dialect
        self._insert = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
        self._prepared: dict[Hashable, Prepared] = {}

    def get(self, kind: type[Record], key: Key) -> Run:
        """Reads one record."""

        def make(table: Table) -> ClauseElement:
            return _columns(kind, table).where(*_is_key(kind, table))

        return self._once("get", kind, (), make), _key_values(kind, key)

    def find(self, kind: type[Record], where: _Values, listing: Listing) -> Run:
        """Reads the records of a listing in its order."""
        shape = _shape(where)
        form = (
            listing.prefix and (listing.prefix[0], _behind(listing.prefix[1]) is not None),
            listing.order,
            listing.after is not None,
            listing.limit is not None,
            listing.newest_first,
        )
        values = _where_values(where)
        if listing.prefix is not None:
            values |= {"prefix_from": listing.prefix[1], "prefix_below": _behind(listing.prefix[1])}
        values |= {"listing_after": listing.after, "listing_limit": listing.limit}

        def make(table: Table) -> ClauseElement:
            return _ordered(kind, table, _columns(kind, table).where(*_conditions(table, shape)), listing)

        return self._once("find", kind, (shape, form), make), values

    def count(self, kind: type[Record], where: _Values, key: Key | None = None) -> Run:
        """Counts the records that `where` (and `key`) leave."""
        shape = _shape(where)

        def make(table: Table) -> ClauseElement:
            conditions = _conditions(table, shape) + (_is_key(kind, table) if key is not None else [])
            return select(func.count()).select_from(table).where(*conditions)

        values = _where_values(where) | (_key_values(kind, key) if key is not None else {})
        return self._once("count", kind, (shape, key is not None), make), values

    def insert(self, kind: type[Record], values: _Values) -> Run:
        """Inserts a record, or touches no row if its key or a unique group is taken."""

        def make(table: Table) -> ClauseElement:
            bound = {name: _value("set", table, name) for name in values}
            return self._insert(table).values(bound).on_conflict_do_nothing()

        return self._once("insert", kind, (), make), {f"set_{name}": value for name, value in values.items()}

    def update(self, kind: type[Record], key: Key, values: _Values, where: _Values) -> Run:
        """Sets fields of one record if `where` holds."""
        shape = _shape(where)
        steps = tuple((name, isinstance(value, Plus)) for name, value in values.items())

        def make(table: Table) -> ClauseElement:
            new = {
                name: func.coalesce(table.c[name], _ZERO) + _value("set", table, name)
                if grows
                else _value("set", table, name)
                for name, grows in steps
            }
            return update(table).where(*_is_key(kind, table), *_conditions(table, shape)).values(new)

        bound = {
            f"set_{name}": value.step if isinstance(value, Plus) else value for name, value in values.items()
        }
        return self._once("update", kind, (steps, shape), make), (
            bound | _where_values(where) | _key_values(kind, key)
        )

    def delete(self, kind: type[Record], key: Key) -> Run:
        """Deletes one record."""

        def make(table: Table) -> ClauseElement:
            return delete(table).where(*_is_key(kind, table))

        return self._once("delete", kind, (), make), _key_values(kind, key)

    def delete_all(self, kind: type[Record], where: _Values) -> Run:
        """Deletes the records that `where` leaves."""
        shape = _shape(where)

        def make(table: Table) -> ClauseElement:
            return delete(table).where(*_conditions(table, shape))

        return self._once("delete all", kind, shape, make), _where_values(where)

    def bump(self, scope: str) -> Run:
        """Moves the epoch of a scope."""

        def make() -> ClauseElement:
            table = self._tables.epochs
            first = self._insert(table).values(scope=_value("set", table, "scope"), n=_ONE)
            return first.on_conflict_do_update(index_elements=["scope"], set_={"n": table.c.n + _ONE})

        return self._kept("bump", make), {"set_scope": scope}

    def _once(
        self, verb: str, kind: type[Record], shape: Hashable, make: Callable[[Table], ClauseElement]
    ) -> Prepared:
        return self._kept((verb, kind, shape), lambda: make(self._tables.of(kind)))

    def _kept(self, name: Hashable, make: Callable[[], ClauseElement]) -> Prepared:
        prepared = self._prepared.get(name)
        if prepared is None:
            prepared = self._prepared[name] = self._compiled(make())
        return prepared

    def _compiled(self, statement: ClauseElement) -> Prepared:
        compiled = statement.compile(dialect=self._dialect)
        dialect = self._dialect
        parameters = getattr(compiled, "binds", {}).items()
        binders = {
            name: parameter.type.dialect_impl(dialect).bind_processor(dialect)
            for name, parameter in parameters
            if parameter.required
        }
        # What a dialect adds by itself, such as the offset that goes with a limit.
        constants = {name: parameter.value for name, parameter in parameters if not parameter.required}
        positions = getattr(compiled, "positiontup", None)
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        return Prepared(
            text=str(compiled),
            binders=binders,
            constants=constants,
            positions=None if positions is None else tuple(positions),
            readers=tuple(
                (column.key or "", column.type.dialect_impl(dialect).result_processor(dialect, None))
                for column in columns
            ),
        )


def _columns(kind: type[Record], table: Table) -> Select[Any]:
    return select(*(table.c[name] for name in fields_of(kind)))


def _value(role: str, table: Table, name: str) -> ColumnElement[Any]:
    return bindparam(f"{role}_{name}", type_=table.c[name].type)


def _is_key(kind: type[Record], table: Table) -> list[ColumnElement[bool]]:
    return [table.c[name] == _value("key", table, name) for name in record_type(kind).key]


def _key_values(kind: type[Record], key: Key) -> dict[str, object]:
    return {f"key_{name}": part for name, part in zip(record_type(kind).key, key, strict=True)}


_IS: Final = "is"
_NONE: Final = "is none"
_LESS: Final = "is less"
_LESS_OR_NONE: Final = "is less or none"


def _shape(where: _Values) -> _Shape:
    return tuple((name, _test(value)) for name, value in where.items())


def _test(value: object) -> str:
    if isinstance(value, Less):
        return _LESS_OR_NONE if value.or_none else _LESS
    return _NONE if value is None else _IS


def _where_values(where: _Values) -> dict[str, object]:
    return {
        f"where_{name}": value.bound if isinstance(value, Less) else value
        for name, value in where.items()
        if value is not None
    }


def _conditions(table: Table, shape: _Shape) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for name, test in shape:
        column = table.c[name]
        if test == _NONE:
            conditions.append(column.is_(None))
            continue
        value = _value("where", table, name)
        if test == _IS:
            conditions.append(column == value)
        elif test == _LESS:
            conditions.append(column < value)
        else:
            conditions.append((column < value) | column.is_(None))
    return conditions


def _ordered(kind: type[Record], table: Table, statement: Select[Any], listing: Listing) -> Select[Any]:
    newest = listing.newest_first
    if listing.prefix is not None:
        # A range, not LIKE: `%` and `_` mean themselves, case counts, and the index serves.
        column = table.c[listing.prefix[0]]
        statement = statement.where(column >= bindparam("prefix_from", type_=column.type))
        if _behind(listing.prefix[1]) is not None:
            statement = statement.where(column < bindparam("prefix_below", type_=column.type))
    if listing.after is not None and listing.order is not None:
        column = table.c[listing.order]
        mark = bindparam("listing_after", type_=column.type)
        statement = statement.where(column < mark if newest else column > mark)
    for name in dict.fromkeys(_order(kind, listing)):
        column = table.c[name]
        direction = column.desc() if newest else column.asc()
        if column.nullable:
            direction = direction.nulls_last() if newest else direction.nulls_first()
        statement = statement.order_by(direction)
    if listing.limit is not None:
        statement = statement.limit(bindparam("listing_limit", type_=Integer()))
    return statement


def _order(kind: type[Record], listing: Listing) -> Iterable[str]:
    return ((listing.order,) if listing.order else ()) + record_type(kind).key


def _behind(prefix: str) -> str | None:
    """The first text, by code point, behind all that begin with `prefix`; None if there is none."""
    kept = prefix.rstrip("\U0010ffff")
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    # Surrogates are no characters: behind U+D7FF comes U+E000.
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)
