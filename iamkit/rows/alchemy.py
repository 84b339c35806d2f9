"""SQLAlchemy and SQLModel: declared models, and predicates as expressions that every statement takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Query, Session, attributes
from sqlalchemy.orm.attributes import QueryableAttribute
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import InternalTraversal

from iamkit.errors import ConfigurationError, NotFilterable
from iamkit.rows.dialects import DIALECTS
from iamkit.rows.pieces import Bound, BoundValue, Pieces
from iamkit.rows.predicate import Predicate
from iamkit.rows.sources import Declaration, Kind, Source

# Any: the types of statements depend on what they select, which a filter leaves as it is.
Statement = TypeVar("Statement", bound=Any)
_HOLE: Final = "\x1f"
_SUPPORTED: Final = {"sqlite": "sqlite", "postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}


def is_model(model: type) -> bool:
    """Whether SQLAlchemy maps the class."""
    return sa.inspect(model, raiseerr=False) is not None


# --- declaring ----------------------------------------------------------------------------------


def source(model: type, name: str, given: object) -> Source:
    """The source that a declaration means: a column, its name, or (expression, function of a row)."""
    if isinstance(given, str):
        given = getattr(model, given, None)
        if given is None:
            raise ConfigurationError(f"`{model.__name__}` has no column for `{name}`")
    read: Callable[[object], object]
    if isinstance(given, tuple):
        if len(given) != 2 or not callable(given[1]):
            raise ConfigurationError(f"`{name}` is a pair of an SQL expression and a function of a row")
        given, read = given
    else:
        key = getattr(given, "key", None)
        if not isinstance(key, str) or not hasattr(model, key):
            raise ConfigurationError(
                f"`{name}` is neither a column of `{model.__name__}` nor a pair of expression and function"
            )
        read = attrgetter(key)
    expression = given if isinstance(given, QueryableAttribute) else sa.inspect(given, raiseerr=False)
    if expression is None or not hasattr(given, "type"):
        raise ConfigurationError(f"`{name}` of `{model.__name__}` is not an SQL expression")
    kind = _kind(name, given.type)
    if kind is Kind.CHOICE:
        read = _choice(given.type, read)
    return Source(kind, given, name, read)


def _kind(name: str, kind: Any) -> Kind:
    if isinstance(kind, sa.types.TypeDecorator):
        decorator = type(kind)
        base = sa.types.TypeDecorator
        if (
            decorator.process_bind_param is not base.process_bind_param
            or decorator.process_result_value is not base.process_result_value
        ):
            raise ConfigurationError(
                f"`{name}` has a type that converts values in Python, which a filter in SQL cannot; "
                "declare a pair of an SQL expression and a function of a row"
            )
        return _kind(name, kind.impl_instance)
    if isinstance(kind, sa.CHAR | sa.LargeBinary | sa.Interval | sa.Time):
        raise ConfigurationError(f"`{name}` is of the type `{kind!r}`, of which no condition can be")
    for types, found in (
        ((sa.Enum,), Kind.CHOICE),
        ((sa.Uuid,), Kind.UUID),
        ((sa.Boolean,), Kind.BOOL),
        ((sa.Integer,), Kind.INTEGER),
        ((sa.Float,), Kind.FLOAT),
        ((sa.Numeric,), Kind.DECIMAL),
        ((sa.DateTime,), Kind.INSTANT),
        ((sa.Date,), Kind.DAY),
        ((sa.JSON, sa.ARRAY), Kind.TEXTS),
        ((sa.String,), Kind.TEXT),
    ):
        if isinstance(kind, types):
            return found
    raise ConfigurationError(f"`{name}` is of the type `{kind!r}`, of which no condition can be")


def _choice(kind: Any, read: Callable[[object], object]) -> Callable[[object], object]:
    if kind.enum_class is None:
        return read
    kept = dict(zip(kind.enum_class.__members__.values(), kind.enums, strict=True))
    return lambda row: None if (value := read(row)) is None else kept[value]


# --- expressions --------------------------------------------------------------------------------


class _Words(FunctionElement[bool]):
    """SQL of one dialect, with holes for columns and bound values."""

    name = "iamkit_words"
    type = sa.Boolean()
    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012  # as SQLAlchemy declares it
        *FunctionElement._traverse_internals,
        ("skeleton", InternalTraversal.dp_string),
    ]

    def __init__(self, pieces: Pieces, database: str) -> None:
        self.skeleton = "".join([piece if isinstance(piece, str) else _HOLE for piece in pieces])
        super().__init__(*[_clause(piece, database) for piece in pieces if not isinstance(piece, str)])

    def self_group(self, against: object = None) -> Any:  # noqa: ARG002  # it is in parentheses already
        return self


class _Where(FunctionElement[bool]):
    """A predicate in every dialect; the one that a statement is compiled for is written."""

    name = "iamkit_where"
    type = sa.Boolean()
    inherit_cache = True

    def self_group(self, against: object = None) -> Any:  # noqa: ARG002  # as above
        return self


def _clause(piece: Any, database: str) -> Any:
    if not isinstance(piece, Bound):
        return piece.handle
    return sa.bindparam(None, *_typed(piece, database), unique=True)


def _typed(bound: Bound, database: str) -> tuple[object, Any]:
    value: BoundValue = bound.value
    if bound.like is not None:
        kind = bound.like.handle.type  # type: ignore[attr-defined]  # an SQL expression
        if isinstance(value, UUID) and not getattr(kind, "as_uuid", True):
            return str(value), kind
        if isinstance(value, datetime) and getattr(kind, "timezone", False) and database == "postgresql":
            return value.replace(tzinfo=UTC), kind
        return value, kind
    if isinstance(value, str):
        return value, sa.String()
    if isinstance(value, int):
        return value, sa.BigInteger()
    return value, sa.Numeric() if isinstance(value, Decimal) else sa.Double()


@compiles(_Words)
def _write(element: _Words, compiler: SQLCompiler, **how: Any) -> str:
    parts = element.skeleton.split(_HOLE)
    written = [parts[0]]
    for clause, part in zip(element.clauses, parts[1:], strict=True):
        written += [compiler.process(clause, **how), part]
    return "".join(written)


@compiles(_Where)
def _choose(element: _Where, compiler: SQLCompiler, **how: Any) -> str:
    name = _SUPPORTED.get(compiler.dialect.name)
    for written, clause in zip(DIALECTS, element.clauses, strict=True):
        if written == name:
            return compiler.process(clause, **how)
    raise NotFilterable(f"lists are not filtered on `{compiler.dialect.name}`")


def expression(predicate: Predicate) -> sa.ColumnElement[bool]:
    """The predicate as an expression. It is never NULL. Raises NotFilterable."""
    return _Where(*[_Words(dialect.write(predicate), name) for name, dialect in DIALECTS.items()])


# --- statements ---------------------------------------------------------------------------------


def selected(model: type, where: Predicate, masks: Mapping[str, Predicate]) -> sa.Select[Any]:
    """The rows; as entities, or column by column where some are masked."""
    if not masks:
        return sa.select(model).where(expression(where))
    columns: list[Any] = []
    mapper: Any = sa.inspect(model)
    for attribute in mapper.column_attrs:
        name: str = attribute.key
        column = getattr(model, name)
        if name in masks:
            column = sa.case((expression(masks[name]), column), else_=None).label(name)
        columns.append(column)
    return sa.select(*columns).where(expression(where))


def models_of(query: Any) -> list[type]:
    """The mapped classes that a statement selects from, in order."""
    if isinstance(query, Query):
        query = query.statement
    if not isinstance(query, sa.Select | sa.Update | sa.Delete):
        raise ConfigurationError("a filter takes a select() or a Query over a declared model")
    found: list[type] = []
    described = query.column_descriptions if isinstance(query, sa.Select) else [query.entity_description]
    for item in described:
        entity = item.get("entity")
        mapped = sa.inspect(entity, raiseerr=False) if entity is not None else None
        if mapped is not None and getattr(mapped, "is_aliased_class", False):
            raise ConfigurationError("a filter takes the model itself, not an alias of it")
        if isinstance(entity, type) and entity not in found:
            found.append(entity)
    return found


def filtered(query: Statement, where: Predicate, declaration: Declaration) -> Statement:
    """The query narrowed. Raises ConfigurationError if it shows a masked column."""
    if declaration.masks:
        _refuse_masked(query, declaration)
    narrowed: Statement = query.where(expression(where))
    return narrowed


def _refuse_masked(query: Any, declaration: Declaration) -> None:
    statement = query.statement if isinstance(query, Query) else query
    mapper: Any = sa.inspect(declaration.model)
    masked = {mapper.column_attrs[name].columns[0] for name in declaration.masks}
    for column in getattr(statement, "selected_columns", ()):
        if any(getattr(part, "key", None) in declaration.masks for part in visitors.iterate(column)) or any(
            part in masked for part in visitors.iterate(column) if isinstance(part, sa.Column)
        ):
            names = "`, `".join(sorted(declaration.masks))
            raise ConfigurationError(
                f"the query selects masked columns of `{declaration.model.__name__}` (`{names}`): "
                "use `iam.select(...)`, which masks them, or select the other columns only"
            )


def fetched(session: Session, model: type, key: object) -> Any:
    """The row with that primary key, or None."""
    return session.get(model, key)


def blanked(session: Session, row: object, names: list[str]) -> None:
    """Take masked values out of a row, which leaves its session so that this is never written."""
    session.expunge(row)
    for name in names:
        attributes.set_committed_value(row, name, None)
