"""Links: the app's own table of users, tied to principals both ways by the unique id.

A row holds the unique id of its user in a column of its own. Never the name and never the row's key: both
are given away again, and whoever takes them must not inherit. Who is gone on one side is nobody on the other:

    the user is deleted     `principal_of(row)` raises NoSuchEntity, also after a user of that name is made
    the row is deleted      `current_user()` is None, also after a row of that name or key is made
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar, cast

from iamkit.errors import ConfigurationError, EntityAlreadyExists, NoSuchEntity
from iamkit.gate.current import current_principal
from iamkit.identity import users
from iamkit.identity.principal import Principal
from iamkit.identity.principals import Principals
from iamkit.identity.users import User
from iamkit.management import users as operations
from iamkit.management.desk import Desk
from iamkit.management.imports import ImportedUser, import_users
from iamkit.policy.request import CallerKind
from iamkit.storage import Store

RowT = TypeVar("RowT")
Row_co = TypeVar("Row_co", covariant=True)

COLUMN: Final = "iam_id"


class Rows(Protocol[Row_co]):
    """Finds rows of the app's table by the unique id in them: at most two, so that a second one shows."""

    def find(self, unique_id: str, session: Any) -> Sequence[Row_co]: ...

    async def find_async(self, unique_id: str, session: Any) -> Sequence[Row_co]: ...


class Linkable(Protocol):
    """What a link needs of an IAM."""

    @property
    def store(self) -> Store: ...

    @property
    def principals(self) -> Principals: ...


@dataclass(frozen=True, slots=True)
class Link(Generic[RowT]):
    """One table and how its rows name users; `name`, `email` and `unique_id` are attributes of rows."""

    iam: Linkable
    rows: Rows[RowT]
    name: str
    email: str | None
    unique_id: str

    # --- from the principal to the row ----------------------------------------------------------

    def current_user(self, session: Any = None) -> RowT | None:
        """The row of the running request's caller, read now; None for who has none (machines, root, nobody).

        `session` is the app's own database session, unless the link was made with one. Raises
        MissingAuthenticationToken outside a request.
        """
        return self.row_of(current_principal(), session)

    async def current_user_async(self, session: Any = None) -> RowT | None:
        """As `current_user`, with an async session."""
        return await self.row_of_async(current_principal(), session)

    def row_of(self, principal: Principal, session: Any = None) -> RowT | None:
        """The row of a principal. Raises ConfigurationError if two rows hold the same id."""
        unique_id = _user_id(principal)
        return None if unique_id is None else self._one(self.rows.find(unique_id, session))

    async def row_of_async(self, principal: Principal, session: Any = None) -> RowT | None:
        """As `row_of`, with an async session."""
        unique_id = _user_id(principal)
        return None if unique_id is None else self._one(await self.rows.find_async(unique_id, session))

    # --- from the row to the principal ----------------------------------------------------------

    def principal_of(self, row: RowT) -> Principal:
        """Who a row is. Raises NoSuchEntity if it is nobody (any more), InvalidClientTokenId if disabled."""
        user = self._user(row)
        if user is None:
            raise NoSuchEntity(
                f"the row is tied to no user; its `{self.unique_id}` is empty, or its user was deleted"
            )
        return self.iam.principals.user(user.account, user.user_id)

    # --- tying and untying ----------------------------------------------------------------------

    def enrol(self, row: RowT, desk: Desk, *, path: str = "/") -> User:
        """Make the user of a row, named and addressed as the row says; write the id into the row.

        The app commits its row. Raises EntityAlreadyExists if the row has a living user, or if there is a
        user of that name, whom only `tie` gives to a row; AccessDenied, ValidationError.
        """
        name = str(getattr(row, self.name))
        self._refuse_tied(row)
        email = None if self.email is None else getattr(row, self.email)
        made = desk.do(import_users, users=(ImportedUser(name, email or None),), path=path)
        if not made.created:
            raise EntityAlreadyExists(
                f"there is a user `{name[:64]}` already; if it is this row's, say so: `link.tie(row, desk)`"
            )
        (user,) = made.created
        setattr(row, self.unique_id, user.user_id)
        return user

    def tie(self, row: RowT, desk: Desk, *, name: str | None = None) -> User:
        """Give a row the user who is there already under its name (or `name`), such as after an import.

        This says that they are the same person, which no code can know: it is done on purpose, once. Raises
        NoSuchEntity, EntityAlreadyExists if the row has a living user, AccessDenied.
        """
        self._refuse_tied(row)
        user = desk.do(operations.get_user, user_name=name or str(getattr(row, self.name)))
        setattr(row, self.unique_id, user.user_id)
        return user

    def remove(self, row: RowT, desk: Desk) -> None:
        """Delete the user of a row with all that hangs on it, and empty the row's id; then delete the row.

        No error if the user is gone. Raises AccessDenied, and nothing is changed then.
        """
        user = self._user(row)
        if user is not None:
            with contextlib.suppress(NoSuchEntity):
                desk.do(operations.delete_user, user_name=user.name, cascade=True)
        setattr(row, self.unique_id, None)

    def _user(self, row: RowT) -> User | None:
        unique_id = getattr(row, self.unique_id)
        if not isinstance(unique_id, str) or not unique_id:
            return None
        with self.iam.store.read() as reader:
            return users.by_id(reader, unique_id)

    def _refuse_tied(self, row: RowT) -> None:
        if self._user(row) is not None:
            raise EntityAlreadyExists("the row is tied to a user already; `link.remove(row, desk)` unties it")

    def _one(self, found: Sequence[RowT]) -> RowT | None:
        if len(found) > 1:
            raise ConfigurationError(f"two rows have the same `{self.unique_id}`; make the column unique")
        return found[0] if found else None


def link_of(
    iam: Linkable,
    model: type[RowT],
    *,
    name: object,
    email: object = None,
    unique_id: object = COLUMN,
    session: Any = None,
    rows: Rows[RowT] | None = None,
) -> Link[RowT]:
    """Tie a model: of SQLAlchemy or SQLModel, of Django, or of anything for which `rows` finds rows.

    `name`, `email` and `unique_id` are its attributes, or their names. `session` is a callable that gives the
    running request's database session. Raises ConfigurationError.
    """
    names = [_attribute(model, one) for one in (name, unique_id)]
    address = None if email is None else _attribute(model, email)
    found = rows or _rows_of(model, names[1], session)
    return Link(iam, found, names[0], address, names[1])


def _attribute(model: type[Any], given: object) -> str:
    # A column of SQLAlchemy knows its key, a field of Django its name.
    name = given if isinstance(given, str) else getattr(given, "key", None) or _django_name(given)
    if not isinstance(name, str) or not _has(model, name):
        advice = "" if name != COLUMN else "; add a text column, unique and nullable, or give `unique_id=`"
        raise ConfigurationError(f"`{model.__qualname__}` has no `{name}`{advice}")
    return name


def _django_name(given: object) -> object:
    return getattr(getattr(given, "field", None), "name", None)


def _has(model: type[Any], name: str) -> bool:
    return hasattr(model, name) or any(
        name in vars(kind).get("__annotations__", {}) for kind in model.__mro__
    )


def _rows_of(model: type[RowT], unique_id: str, session: Any) -> Rows[RowT]:
    if hasattr(model, "__mapper__"):
        from iamkit.management.linked_models import SQLAlchemyRows

        return SQLAlchemyRows(model, unique_id, session)
    if hasattr(model, "_default_manager"):
        from iamkit.management.linked_models import DjangoRows

        return cast("Rows[RowT]", DjangoRows(model, unique_id))
    raise ConfigurationError(
        f"`{model.__qualname__}` is no model of SQLAlchemy, SQLModel or Django; give `rows=`, to find rows"
    )


def _user_id(principal: Principal) -> str | None:
    return principal.caller.unique_id if principal.caller.kind is CallerKind.USER else None
