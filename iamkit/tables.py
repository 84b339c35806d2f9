"""Tables: the app's own rows as resources, and its own users as principals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from iamkit.errors import ConfigurationError
from iamkit.gate.current import current_principal
from iamkit.gate.outlook import Outlook
from iamkit.gate.verdict import Verdict
from iamkit.identity.principal import Principal
from iamkit.late import made_once
from iamkit.management import links
from iamkit.policy.model import Policy
from iamkit.root_doors import RootDoors
from iamkit.rows.rows import Rows

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session

RowT = TypeVar("RowT")
M = TypeVar("M")
Q = TypeVar("Q")


class Tables(RootDoors):
    """See the module; docs/rows.md and docs/app-users.md show both in use."""

    # The app's own table of users, once `link` has tied it.
    _link: links.Link[Any] | None = None

    # --- rows of the app's own tables -----------------------------------------------------------

    @made_once
    def rows(self) -> Rows[Verdict]:
        """The app's declared models, and what a caller may see of them."""
        return Rows(
            Outlook(self._parts, lambda: self._resources, self._options),
            self.gate,
            supplied_policies=lambda: bool(self._hooks.hook.iamkit_resource_policies.get_hookimpls()),
        )

    def _accept(self, policy: Policy) -> None:
        # Only an app that declared models has anything to refuse.
        if "rows" in self.__dict__:
            self.rows.check_saved(policy)

    def resource(
        self,
        model: type,
        resource: str,
        *,
        account: object | None = None,
        tags: object | None = None,
        attributes: Mapping[str, object] | None = None,
        filterable: Sequence[str] = (),
        masked: Mapping[str, str] | None = None,
        **parts: object,
    ) -> None:
        """Say once how a row of `model` (SQLAlchemy, SQLModel, Django) becomes a resource: see docs/rows.md.

        `resource` is a type (`doc`, then `id=` is needed) or a template (`doc/{team}/{id}`). Policies that
        could not filter lists by the `filterable` actions are refused when saved. Raises ConfigurationError.
        """
        self.rows.declare(
            model, resource, parts=parts, account=account, tags=tags, attributes=attributes,
            actions=filterable, masked=masked,
        )  # fmt: skip

    def masked(self, model: type, columns: Mapping[str, str]) -> None:
        """Columns of a declared model that need a further action: `{"salary": "hr:ReadSalary"}`."""
        self.rows.mask(model, columns)

    def select(self, model: type, action: str, *, principal: Principal | None = None) -> Any:
        """The rows of `model` on which the caller may do `action`: a `select()`, or a QuerySet.

        Where columns are masked it selects column by column, NULL where they may not be seen. Raises
        NotFilterable where policies have no form in SQL; nothing is ever left out of the filter.
        """
        return self.rows.select(model, action, principal or current_principal())

    def filter(
        self, query: Q, action: str, *, principal: Principal | None = None, model: type | None = None
    ) -> Q:
        """A `select()`, `Query` or QuerySet narrowed to the rows on which the caller may do `action`."""
        return self.rows.filter(query, action, principal or current_principal(), model)

    def condition(self, model: type, action: str, *, principal: Principal | None = None) -> Any:
        """The filter by itself: an expression for `where`, or a `Q`."""
        return self.rows.condition(model, action, principal or current_principal())

    def check_row(self, action: str, row: object, *, principal: Principal | None = None) -> Verdict:
        """The recorded decision about one row, as lists decide it. Raises EvaluationError, a denial."""
        return self.rows.check(row, action, principal or current_principal())

    def can_row(self, action: str, row: object, *, principal: Principal | None = None) -> bool:
        """The same unrecorded, for a button or a menu."""
        return self.rows.can(row, action, principal or current_principal())

    def load(
        self, model: type[M], key: object, *, can: str, session: Session | None = None, hidden: bool = False,
        principal: Principal | None = None,
    ) -> M:  # fmt: skip
        """One row by its primary key. Raises NoSuchEntity (404), and AccessDenied (403; 404 if `hidden`)."""
        return self.rows.load(
            model, key, can, principal or current_principal(), session=session, hidden=hidden
        )

    async def aload(
        self, model: type[M], key: object, *, can: str, session: AsyncSession | None = None,
        hidden: bool = False, principal: Principal | None = None,
    ) -> M:  # fmt: skip
        """`load` in an AsyncSession, or by Django's asynchronous queries."""
        who = principal or current_principal()
        return await self.rows.load_async(model, key, can, who, session=session, hidden=hidden)

    # --- the table of the app's users ------------------------------------------------------------

    def link(
        self,
        model: type[RowT],
        *,
        name: object,
        email: object = None,
        unique_id: object = links.COLUMN,
        session: Callable[[], Any] | None = None,
        rows: links.Rows[RowT] | None = None,
    ) -> links.Link[RowT]:
        """Tie the app's own table of users to principals, both ways; see `iamkit.management.links`.

        Afterwards `principal_of(row)` and `current_user()` speak of it. Raises ConfigurationError.
        """
        if self._link is not None:
            raise ConfigurationError("a table is linked already; one IAM has one table of users")
        made = links.link_of(
            self, model, name=name, email=email, unique_id=unique_id, session=session, rows=rows
        )
        self._link = made
        return made

    def principal_of(self, row: object) -> Principal:
        """Who a row of the linked table is. Raises NoSuchEntity if it is nobody (any more)."""
        return self._linked().principal_of(row)

    def current_user(self, session: Any = None) -> Any:
        """The linked table's row of the running request's caller, or None. The link's own method is typed."""
        return self._linked().current_user(session)

    async def current_user_async(self, session: Any = None) -> Any:
        """As `current_user`, with an async session."""
        return await self._linked().current_user_async(session)

    def _linked(self) -> links.Link[Any]:
        if self._link is None:
            raise ConfigurationError(
                "no table is linked; call `iam.link(User, name=…)` where the app is made"
            )
        return self._link
