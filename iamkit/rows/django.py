"""Django models: declared, and predicates as conditions of a QuerySet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Case, Expression, F, Q, Value, When
from django.db.models.constants import LOOKUP_SEP

from iamkit.errors import ConfigurationError, NotFilterable
from iamkit.rows.dialects import DIALECTS
from iamkit.rows.pieces import Bound, Pieces
from iamkit.rows.predicate import Predicate
from iamkit.rows.sources import Declaration, Kind, NamePart, Source

# Any: querysets are generic over models of which only their owner knows the type.
Rows = TypeVar("Rows", bound=Any)
# Django gives no expression the name of a field.
_MASKED: Final = "masked_"

_KINDS: Final = (
    (models.UUIDField, Kind.UUID),
    (models.BooleanField, Kind.BOOL),
    (models.IntegerField, Kind.INTEGER),
    (models.AutoField, Kind.INTEGER),
    (models.FloatField, Kind.FLOAT),
    (models.DecimalField, Kind.DECIMAL),
    (models.DateTimeField, Kind.INSTANT),
    (models.DateField, Kind.DAY),
    (models.JSONField, Kind.TEXTS),
    (models.CharField, Kind.TEXT),
    (models.TextField, Kind.TEXT),
)


def is_model(model: type) -> bool:
    """Whether it is a Django model."""
    return issubclass(model, models.Model)


def source(model: type, name: str, given: object) -> Source:
    """The source that a declaration means: a field's name, also over foreign keys (`team__slug`)."""
    if not isinstance(given, str):
        raise ConfigurationError(f"`{name}`: name a field of `{model.__name__}`, such as `team__slug`")
    steps = given.split(LOOKUP_SEP)
    field: Any = None
    at: Any = model
    try:
        for step in steps:
            field = at._meta.get_field("pk" if step == "pk" else step) if step != "pk" else at._meta.pk
            at = field.related_model
    except Exception as fault:
        raise ConfigurationError(f"`{model.__name__}` has no field `{given}` for `{name}`") from fault
    target = field
    while isinstance(target, models.ForeignKey):
        target = target.target_field
    for kind, found in _KINDS:
        if isinstance(target, kind):
            read = _reader(steps[:-1], "pk" if steps[-1] == "pk" else field.attname)
            return Source(found, _Handle(given, target), name, read)
    kind_name = type(target).__name__
    raise ConfigurationError(f"`{name}` is of the type `{kind_name}`, of which no condition can be")


class _Handle:
    """A field by its path, with the field that says how values of it are bound."""

    def __init__(self, path: str, field: Any) -> None:
        self.path, self.field = path, field


def _reader(steps: list[str], last: str) -> Any:
    def read(row: object) -> object:
        for step in steps:
            if row is None:
                return None
            row = getattr(row, step)
        return None if row is None else getattr(row, last)

    return read


class _Where(Expression):
    """A predicate, written in the dialect of the connection that a query runs on."""

    conditional = True

    def __init__(self, predicate: Predicate) -> None:
        super().__init__(output_field=models.BooleanField())
        self.predicate = predicate
        self.handles: dict[int, _Handle] = {}
        for dialect in DIALECTS.values():
            for piece in dialect.write(predicate):
                if not isinstance(piece, str | Bound):
                    handle: Any = piece.handle
                    self.handles[id(handle)] = handle
        self.resolved: list[Any] = [F(handle.path) for handle in self.handles.values()]

    def get_source_expressions(self) -> list[Any]:
        return self.resolved

    def set_source_expressions(self, exprs: list[Any]) -> None:  # type: ignore[override]  # stubs say Sequence
        self.resolved = list(exprs)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]  # as above
        dialect = DIALECTS.get(connection.vendor)
        if dialect is None:
            raise NotFilterable(f"lists are not filtered on `{connection.vendor}`")
        expressions = dict(zip(self.handles, self.resolved, strict=True))
        return _written(dialect.write(self.predicate), expressions, compiler, connection)


def _written(
    pieces: Pieces, expressions: Mapping[int, Any], compiler: Any, connection: Any
) -> tuple[str, list[Any]]:
    words: list[str] = []
    values: list[Any] = []
    for piece in pieces:
        if isinstance(piece, str):
            words.append(piece)
        elif isinstance(piece, Bound):
            words.append("%s")
            values.append(_bound(piece, connection))
        else:
            text, parameters = compiler.compile(expressions[id(piece.handle)])
            words.append(text)
            values.extend(parameters)
    return "".join(words), values


def _bound(bound: Bound, connection: Any) -> object:
    value: Any = bound.value
    if bound.like is None:
        return value
    field = bound.like.handle.field  # type: ignore[attr-defined]  # made above
    if isinstance(value, datetime) and settings.USE_TZ:
        value = value.replace(tzinfo=UTC)
    if isinstance(value, UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return field.get_db_prep_value(value, connection, prepared=False)


def condition(predicate: Predicate) -> Q:
    """The predicate as a Q. It is never NULL. Raises NotFilterable."""
    return Q(_Where(predicate))


def selected(model: Any, where: Predicate, masks: Mapping[str, Predicate]) -> Any:
    """The rows; where some columns are masked, as dictionaries, with `masked_NAME` in place of those."""
    found = model._default_manager.filter(condition(where))
    if not masks:
        return found
    names = [field.attname for field in model._meta.concrete_fields if field.attname not in masks]
    shown = {
        f"{_MASKED}{name}": Case(
            When(condition(masks[name]), then=F(name)),
            default=Value(None),
            output_field=model._meta.get_field(name),
        )
        for name in masks
    }
    return found.values(*names, **shown)


def filtered(query: Rows, where: Predicate, declaration: Declaration) -> Rows:
    """The QuerySet narrowed. Raises ConfigurationError if it shows a masked column."""
    shown = query.query.values_select
    if declaration.masks and (not shown or set(shown) & set(declaration.masks)):
        names = "`, `".join(sorted(declaration.masks))
        raise ConfigurationError(
            f"the query shows masked fields of `{declaration.model.__name__}` (`{names}`): "
            "use `iam.select(...)`, "
            "which masks them, or name the other fields with `.values(...)`"
        )
    narrowed: Rows = query.filter(condition(where))
    return narrowed


def fetched(declaration: Declaration, model: Any, key: object) -> Any:
    """The row with that primary key, or None, by one query with the rows that its declaration reads."""
    return _one(declaration, model, key).first()


async def fetched_async(declaration: Declaration, model: Any, key: object) -> Any:
    """The same, asynchronously."""
    return await _one(declaration, model, key).afirst()


def _one(declaration: Declaration, model: Any, key: object) -> Any:
    sources = [part.source for part in declaration.name if isinstance(part, NamePart)]
    sources += [*declaration.keys.values(), *filter(None, (declaration.account, declaration.tags))]
    handles: list[Any] = [source.handle for source in sources]
    related = {handle.path.rpartition(LOOKUP_SEP)[0] for handle in handles} - {""}
    found = model._default_manager.filter(pk=key)
    return found.select_related(*sorted(related)) if related else found


def blanked(row: Any, names: list[str]) -> None:
    """Take masked values out of a row, which can then not be saved over the real ones."""
    for name in names:
        setattr(row, name, None)
    kept = [field.attname for field in row._meta.concrete_fields if field.attname not in names]
    row.save = lambda *_, **__: _refuse(kept)


def _refuse(kept: list[str]) -> None:
    raise ConfigurationError(f"the row was loaded with masked fields; save it with `.update(...)` of {kept}")
