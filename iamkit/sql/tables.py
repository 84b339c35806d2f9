"""One SQLModel table for each record type, derived from its declaration, and the table of epochs.

The tables have a registry and a MetaData of their own: the host app's `SQLModel.metadata` never sees them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from typing import Final, Optional, cast

import pydantic
from sqlalchemy import Column, Index, MetaData, Table, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field as SQLField
from sqlmodel import SQLModel

from iamkit.fields import Shape, fields_of
from iamkit.sql.columns import PYTHON, TEXT, TYPES
from iamkit.storage import Record, record_type

PREFIX: Final = "iamkit_"
EPOCH_TABLE: Final = "iamkit_epoch"

# Constraints and indexes have names by rule, so that migrations can speak of them.
NAMING: Final = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


class Tables:
    """The tables of some record types."""

    def __init__(self, kinds: Iterable[type[Record]]) -> None:
        self.metadata = MetaData(naming_convention=NAMING)
        base = _base(self.metadata)
        self.models: dict[type[Record], type[SQLModel]] = {kind: _model(kind, base) for kind in kinds}
        self.epochs = _table(_epochs(base))

    def of(self, kind: type[Record]) -> Table:
        """The table of a record type. Raises TypeError if this store does not keep that type."""
        try:
            return _table(self.models[kind])
        except KeyError:
            raise TypeError(f"this store keeps no records of type `{kind.__name__}`") from None


@functools.cache
def tables_of(kinds: frozenset[type[Record]]) -> Tables:
    """The tables of these record types, derived once."""
    return Tables(sorted(kinds, key=lambda kind: record_type(kind).name))


def _base(metadata: MetaData) -> type[SQLModel]:
    class IamkitTable(SQLModel, registry=registry(metadata=metadata)):
        """What every table of one set derives from."""

    return IamkitTable


def _model(kind: type[Record], base: type[SQLModel]) -> type[SQLModel]:
    declared = record_type(kind)
    if not _NAME.fullmatch(declared.name):
        raise TypeError(f"record name `{declared.name}` must be lower-case letters, digits and underscores")
    columns: dict[str, object] = {}
    for field in fields_of(kind).values():
        python = PYTHON[field.shape]
        column: Column[object] = Column(
            field.name,
            TYPES[field.shape],
            primary_key=field.name in declared.key,
            nullable=field.optional,
        )
        annotation = Optional[python] if field.optional else python  # noqa: UP045  (`python` is a value)
        columns[field.name] = (annotation, SQLField(sa_column=column))
    model = _created(PREFIX + declared.name, base, columns)
    table = _table(model)
    for group in declared.unique:
        table.append_constraint(UniqueConstraint(*(table.c[name] for name in group)))
    for group in declared.index:
        Index(None, *(table.c[name] for name in group))
    return model


def _epochs(base: type[SQLModel]) -> type[SQLModel]:
    return _created(
        EPOCH_TABLE,
        base,
        {
            "scope": (str, SQLField(sa_column=Column("scope", TEXT, primary_key=True))),
            "n": (int, SQLField(sa_column=Column("n", TYPES[Shape.INTEGER], nullable=False))),
        },
    )


def _created(name: str, base: type[SQLModel], columns: dict[str, object]) -> type[SQLModel]:
    # SQLModel names the table after the class.
    create = cast("Callable[..., type[SQLModel]]", pydantic.create_model)
    return create(name, __base__=base, __module__=__name__, __cls_kwargs__={"table": True}, **columns)


def _table(model: type[SQLModel]) -> Table:
    return cast("Table", model.__table__)  # type: ignore[attr-defined]  # set by SQLModel's metaclass
