"""What `iam.resource`, `iam.select`, `iam.filter` and `iam.load` do, for whichever object mapper a model has.

The object mappers are imported when a model of theirs is first met.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from iamkit.errors import AccessDenied, ConfigurationError, EvaluationError, NoSuchEntity
from iamkit.identity.principal import Principal
from iamkit.policy.decision import Decision
from iamkit.policy.model import Policy
from iamkit.policy.request import ContextValue
from iamkit.rows import savings
from iamkit.rows.book import Asks, Book
from iamkit.rows.facts import Facts, facts_of
from iamkit.rows.predicate import Predicate
from iamkit.rows.sources import Declaration, Source

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session


class Recorded(Protocol):
    """A recorded decision. The gate's verdict is one."""

    @property
    def allowed(self) -> bool: ...

    @property
    def id(self) -> str: ...


V = TypeVar("V", bound=Recorded, covariant=True)
W = TypeVar("W", bound=Recorded)
M = TypeVar("M")
Q = TypeVar("Q")


class Decides(Protocol[V]):
    """Decides about one resource. The gate does."""

    @property
    def blocking(self) -> bool: ...

    def arn(self, principal: Principal, service: str, resource: str) -> str: ...

    def authorize(
        self,
        principal: Principal,
        action: str,
        resource: str,
        *,
        context: Mapping[str, ContextValue] | None = None,
        account: str | None = None,
    ) -> V: ...

    def judge(
        self,
        principal: Principal,
        action: str,
        resource: str,
        context: Mapping[str, ContextValue],
        *,
        account: str | None = None,
    ) -> Decision: ...


class Rows(Generic[W]):
    """See the module. One per IAM."""

    def __init__(
        self, asks: Asks, decides: Decides[W], *, supplied_policies: Callable[[], bool] = lambda: False
    ) -> None:
        self._asks = asks
        self._decides = decides
        self.book = Book(asks, supplied_policies=supplied_policies)

    # --- declaring ------------------------------------------------------------------------------

    def declare(
        self,
        model: type,
        resource: str,
        *,
        parts: Mapping[str, object],
        account: object | None = None,
        tags: object | None = None,
        attributes: Mapping[str, object] | None = None,
        actions: Sequence[str] = (),
        masked: Mapping[str, str] | None = None,
    ) -> None:
        """Say once how a row of `model` becomes a resource. Raises ConfigurationError."""
        source = self._source_of(model)
        self.book.declare(
            model,
            resource,
            lambda name, given: source(model, name, given),
            parts=parts,
            account=account,
            tags=tags,
            attributes=attributes or {},
            actions=actions,
        )
        if masked:
            self.mask(model, masked)

    def mask(self, model: type, masked: Mapping[str, str]) -> None:
        """Add columns that need a further action. Raises ConfigurationError."""
        source = self._source_of(model)
        for name in masked:
            source(model, name, name)
        self.book.mask(model, masked)

    def _source_of(self, model: type) -> Callable[[type, str, object], Source]:
        if _of_django(model):
            from iamkit.rows import django

            return django.source
        from iamkit.rows import alchemy

        if not alchemy.is_model(model):
            raise ConfigurationError(f"`{model.__name__}` is no model of SQLAlchemy, SQLModel or Django")
        return alchemy.source

    def check_saved(self, policy: Policy) -> None:
        """Refuse a policy by which declared lists could not be filtered. Raises MalformedPolicyDocument."""
        savings.check(policy, self.book.declared, self._asks.options)

    # --- lists ----------------------------------------------------------------------------------

    def select(self, model: type, action: str, principal: Principal) -> Any:
        """A select() over the rows, or a QuerySet. Raises NotFilterable."""
        declaration = self.book.of(model)
        where = self.book.where(declaration, principal, action)
        masks = {
            name: self.book.where(declaration, principal, needed)
            for name, needed in declaration.masks.items()
        }
        if _of_django(model):
            from iamkit.rows import django

            return django.selected(model, where, masks)
        from iamkit.rows import alchemy

        return alchemy.selected(model, where, masks)

    def filter(self, query: Q, action: str, principal: Principal, model: type | None = None) -> Q:
        """The query with the rows narrowed, for each declared model that it selects. Raises NotFilterable."""
        if _django_loaded() and not hasattr(query, "selectable") and hasattr(query, "query"):
            from iamkit.rows import django

            declaration = self.book.of(query.model)  # type: ignore[attr-defined]  # a QuerySet
            return django.filtered(query, self._where(declaration, principal, action), declaration)
        from iamkit.rows import alchemy

        models = [model] if model is not None else alchemy.models_of(query)
        if not models:
            raise ConfigurationError("the query selects from no mapped class: name it with `model=`")
        for found in models:
            declaration = self.book.of(found)
            query = alchemy.filtered(query, self._where(declaration, principal, action), declaration)
        return query

    def condition(self, model: type, action: str, principal: Principal) -> Any:
        """The filter itself: an expression for `where`, or a `Q`. Raises NotFilterable."""
        where = self._where(self.book.of(model), principal, action)
        if _of_django(model):
            from iamkit.rows import django

            return django.condition(where)
        from iamkit.rows import alchemy

        return alchemy.expression(where)

    def _where(self, declaration: Declaration, principal: Principal, action: str) -> Predicate:
        return self.book.where(declaration, principal, action)

    # --- one row --------------------------------------------------------------------------------

    def check(self, row: object, action: str, principal: Principal) -> W:
        """The recorded decision about a row; for one that cannot be named, about its type as a whole.

        What cannot be named is denied: EvaluationError.
        """
        resource, facts = self._asked(row, action, principal)
        return self._decides.authorize(principal, action, resource, context=facts.keys, account=facts.account)

    def can(self, row: object, action: str, principal: Principal) -> bool:
        """The same, unrecorded: for buttons and menus."""
        try:
            resource, facts = self._asked(row, action, principal)
        except EvaluationError:
            return False
        return self._decides.judge(principal, action, resource, facts.keys, account=facts.account).allowed

    def _asked(self, row: object, action: str, principal: Principal) -> tuple[str, Facts]:
        facts = facts_of(self.book.of(type(row)), row)
        service = action.partition(":")[0]
        resource = self._decides.arn(principal, service, facts.name)
        if facts.account is not None:
            partition = self._asks.partition
            resource = f"arn:{partition}:{service}::{facts.account}:{facts.name}"
        return resource, facts

    def load(
        self,
        model: type[M],
        key: object,
        action: str,
        principal: Principal,
        *,
        session: Session | None = None,
        hidden: bool = False,
    ) -> M:
        """One row, by one query. Raises NoSuchEntity, and AccessDenied (NoSuchEntity if `hidden`)."""
        if _of_django(model):
            from iamkit.rows import django

            row = django.fetched(self.book.of(model), model, key)
        else:
            from iamkit.rows import alchemy

            if session is None:
                raise ConfigurationError("say which session the row is read in: `session=`")
            row = alchemy.fetched(session, model, key)
        self._require(row, model, action, principal, hidden=hidden)
        self._blank(row, self._hidden_columns(row, principal), session)
        loaded: M = row
        return loaded

    async def load_async(
        self,
        model: type[M],
        key: object,
        action: str,
        principal: Principal,
        *,
        session: AsyncSession | None = None,
        hidden: bool = False,
    ) -> M:
        """The same with an AsyncSession, or Django's asynchronous queries."""
        if _of_django(model):
            from iamkit.rows import django

            row = await django.fetched_async(self.book.of(model), model, key)
        else:
            if session is None:
                raise ConfigurationError("say which session the row is read in: `session=`")
            row = await session.get(model, key)

        def decide() -> list[str]:
            self._require(row, model, action, principal, hidden=hidden)
            return self._hidden_columns(row, principal)

        # Where the store of policies is a server, the event loop is not to wait for it.
        masked = await asyncio.to_thread(decide) if self._decides.blocking else decide()
        self._blank(row, masked, None if session is None else session.sync_session)
        loaded: M = row
        return loaded

    def _require(
        self, row: object | None, model: type, action: str, principal: Principal, *, hidden: bool
    ) -> None:
        missing = NoSuchEntity(f"there is no such {self.book.of(model).kind}")
        if row is None:
            raise missing
        try:
            verdict = self.check(row, action, principal)
        except EvaluationError as error:
            refused = AccessDenied(f"`{action}` cannot be decided: {error.message}")
            raise (missing if hidden else refused) from None
        if verdict.allowed:
            return
        raise missing if hidden else AccessDenied(f"you may not do `{action}` here", decision_id=verdict.id)

    def _hidden_columns(self, row: object, principal: Principal) -> list[str]:
        masks = self.book.of(type(row)).masks
        return [name for name, action in masks.items() if not self.can(row, action, principal)]

    def _blank(self, row: object, names: list[str], session: Session | None) -> None:
        if not names:
            return
        if session is None:
            from iamkit.rows import django

            django.blanked(row, names)
        else:
            from iamkit.rows import alchemy

            alchemy.blanked(session, row, names)


def _django_loaded() -> bool:
    return "django.db.models" in sys.modules


def _of_django(model: type) -> bool:
    if not _django_loaded():
        return False
    from iamkit.rows import django

    return django.is_model(model)
