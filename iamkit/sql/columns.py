"""How each shape of field becomes a column."""
# ruff: noqa: ARG002  (the signatures are SQLAlchemy's)

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from iamkit.fields import Shape

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant as whole microseconds since 1970, UTC: exact, ordered, and aware again when read."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class JsonTexts(TypeDecorator[tuple[str, ...]]):
    """A tuple of texts as a JSON list, always spelt the same, so that equal values are equal texts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        return None if value is None else _json(list(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        return None if value is None else tuple(json.loads(value))


class JsonPairs(TypeDecorator[Mapping[str, str]]):
    """A mapping of text to text as a JSON object with sorted names; read-only when read."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, str] | None, dialect: Dialect) -> str | None:
        return None if value is None else _json(dict(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Mapping[str, str] | None:
        return None if value is None else MappingProxyType(json.loads(value))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


# PostgreSQL would compare by the database's locale; SQLite compares bytes, which in UTF-8 is by code point.
TEXT: Final[TypeEngine[str]] = Text().with_variant(Text(collation="C"), "postgresql")

# Any: a column type is invariant in what it holds, and each shape holds something else.
TYPES: Final[Mapping[Shape, TypeEngine[Any]]] = {
    Shape.TEXT: TEXT,
    Shape.INTEGER: BigInteger(),
    Shape.FLAG: Boolean(),
    Shape.BYTES: LargeBinary(),
    Shape.INSTANT: UtcDateTime(),
    Shape.TEXTS: JsonTexts(),
    Shape.PAIRS: JsonPairs(),
}

PYTHON: Final[Mapping[Shape, object]] = {
    Shape.TEXT: str,
    Shape.INTEGER: int,
    Shape.FLAG: bool,
    Shape.BYTES: bytes,
    Shape.INSTANT: datetime,
    Shape.TEXTS: tuple[str, ...],
    Shape.PAIRS: Mapping[str, str],
}
