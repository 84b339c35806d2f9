"""Rows of linked tables, found by SQLAlchemy (SQLModel is that too) and by Django's own managers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, select

from iamkit.errors import ConfigurationError

RowT = TypeVar("RowT")


class SQLAlchemyRows(Generic[RowT]):
    """Asks the app's own session, so that the row is the one that the app already holds."""

    def __init__(self, model: type[RowT], unique_id: str, session: Callable[[], Any] | None) -> None:
        self._model = model
        self._unique_id = unique_id
        self._session = session

    def find(self, unique_id: str, session: Any) -> Sequence[RowT]:
        return list(self._chosen(session).scalars(self._query(unique_id)).all())

    async def find_async(self, unique_id: str, session: Any) -> Sequence[RowT]:
        return list((await self._chosen(session).scalars(self._query(unique_id))).all())

    def _query(self, unique_id: str) -> Select[Any]:
        return select(self._model).where(getattr(self._model, self._unique_id) == unique_id).limit(2)

    def _chosen(self, session: Any) -> Any:
        if session is not None:
            return session
        if self._session is None:
            raise ConfigurationError(
                "there is no session to read the row with; give `current_user(session)`, or `session=` where"
                " the table is linked"
            )
        return self._session()


class DjangoRows:
    """Asks the model's default manager."""

    def __init__(self, model: Any, unique_id: str) -> None:
        self._model = model
        self._unique_id = unique_id

    def find(self, unique_id: str, session: Any) -> Sequence[Any]:  # noqa: ARG002  # Django has its own
        return list(self._model._default_manager.filter(**{self._unique_id: unique_id})[:2])

    async def find_async(self, unique_id: str, session: Any) -> Sequence[Any]:  # noqa: ARG002
        found = self._model._default_manager.filter(**{self._unique_id: unique_id})[:2]
        return [row async for row in found]
