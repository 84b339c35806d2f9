"""Accounts: the tenants of a deployment, their sign-in alias and their place in the tree (CAP-A5, A6)."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from iamkit import epochs
from iamkit.arn import root_arn
from iamkit.credentials import temporary
from iamkit.errors import (
    ConcurrentModification,
    ConflictError,
    EntityAlreadyExists,
    InputError,
    NoSuchEntity,
    ValidationError,
)
from iamkit.identity import guardrails, tree
from iamkit.identity.house import House
from iamkit.ids import checked_account_id
from iamkit.storage import Reader, Unit, record

NAME_LENGTH: Final = 50
# 3 to 63 lower-case letters, digits and single hyphens inside.
_ALIAS: Final = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]", re.ASCII)
_TWELVE_DIGITS: Final = re.compile(r"[0-9]{12}", re.ASCII)


class AccountStatus(StrEnum):
    """Whether an account is in use; where not, each credential of it is refused from the next request on."""

    ACTIVE = "ACTIVE"
    # By the administration of the deployment, which can lift it.
    SUSPENDED = "SUSPENDED"
    # By the account's owner; only the host operator opens it again.
    CLOSED = "CLOSED"


@record("account", key=("account_id",), unique=(("alias",),), index=(("node_id",),))
@dataclass(frozen=True, slots=True)
class Account:
    """One tenant. Its root user has the account id as unique id and no record of its own, see `people`."""

    account_id: str
    name: str
    node_id: str
    created_at: datetime
    alias: str | None = None
    # The root user's mail address, by which it signs in.
    email: str | None = None
    email_verified_at: datetime | None = None
    status: str = "ACTIVE"
    # What tokens of AWS's global endpoint are good for; only told back (CAP App. D).
    token_version: int = 2

    @property
    def open(self) -> bool:
        """Whether credentials of this account are accepted at all."""
        return self.status == AccountStatus.ACTIVE

    def root_arn(self, house: House) -> str:
        """The ARN of the root user."""
        return root_arn(house.partition, self.account_id)

    def arn(self, house: House) -> str:
        """The account as a resource of the home account, which owns the tree."""
        return house.own_arn(house.home, f"account/{self.account_id}")


def open_home(unit: Unit, house: House, *, name: str) -> Account:
    """Plant the tree and make the home account on its root. Raises EntityAlreadyExists if there is a tree."""
    tree.plant(unit, house)
    return create(unit, house, name=name, account_id=house.home)


def create(
    unit: Unit, house: House, *, name: str, account_id: str | None = None, node_id: str | None = None
) -> Account:
    """Make an account below a node (default: the root).

    Raises EntityAlreadyExists, NoSuchEntity, ValidationError.
    """
    checked_account_name(name)
    node = tree.root(unit) if node_id is None else tree.get(unit, node_id)
    chosen = house.ids.account_id() if account_id is None else checked_account_id(account_id)
    if unit.get(Account, (chosen,)) is not None:
        raise EntityAlreadyExists(f"account `{chosen}` exists already")
    account = Account(account_id=chosen, name=name, node_id=node.node_id, created_at=house.now())
    unit.add(account)
    guardrails.open_level(unit, house, chosen)
    unit.bump(epochs.DEPLOYMENT)
    return account


def checked_account_name(name: str) -> str:
    """`name`, if an account can be called so. Raises ValidationError."""
    if not name.isprintable() or not 1 <= len(name.strip()) <= NAME_LENGTH:
        raise ValidationError(
            f"account name `{name[:80]!a}` must have 1 to {NAME_LENGTH} printable characters"
        )
    return name


def find(reader: Reader, account_id: str) -> Account | None:
    """The account with that id, if it is of this deployment."""
    return reader.get(Account, (account_id,))


def get(reader: Reader, account_id: str) -> Account:
    """The account with that id. Raises NoSuchEntity."""
    found = find(reader, account_id)
    if found is None:
        raise NoSuchEntity(f"there is no account `{account_id[:80]}`")
    return found


def named(reader: Reader, id_or_alias: str) -> Account:
    """The account that a sign-in page names by id or alias. Raises NoSuchEntity."""
    found = find(reader, id_or_alias)
    if found is None:
        by_alias = reader.find(Account, {"alias": id_or_alias}, limit=1)
        found = by_alias[0] if by_alias else None
    if found is None:
        raise NoSuchEntity(f"there is no account with the id or alias `{id_or_alias[:80]}`")
    return found


def signing_in(reader: Reader, id_or_alias: str) -> Account:
    """The open account that a sign-in page names. Raises NoSuchEntity, the same for one that is closed.

    What was asked for is not quoted: people put other things into the fields of such pages.
    """
    with contextlib.suppress(NoSuchEntity):
        found = named(reader, id_or_alias)
        if found.open:
            return found
    raise NoSuchEntity("there is no account with this id or alias")


def listing(reader: Reader, *, after: str | None = None, limit: int | None = None) -> list[Account]:
    """All accounts, by id."""
    return reader.find(Account, order="account_id", after=after, limit=limit)


def on_node(reader: Reader, node_id: str) -> int:
    """How many accounts hang directly on a node."""
    return reader.count(Account, {"node_id": node_id})


def move(unit: Unit, account_id: str, *, node_id: str) -> Account:
    """Hang an account on another node; the guardrails of its new place hold from the next request."""
    get(unit, account_id)
    tree.get(unit, node_id)
    unit.change(Account, (account_id,), {"node_id": node_id})
    unit.bump(epochs.DEPLOYMENT)
    return get(unit, account_id)


def checked_alias(alias: str) -> str:
    """`alias`, if it is legal; otherwise InputError (CAP-A5)."""
    if not _ALIAS.fullmatch(alias):
        raise InputError(
            f"alias `{alias[:80]}` must have 3 to 63 lower-case letters, digits and single hyphens inside"
        )
    if _TWELVE_DIGITS.fullmatch(alias):
        raise InputError(f"alias `{alias}` looks like an account id; it must not be 12 digits")
    return alias


def set_alias(unit: Unit, account_id: str, alias: str) -> None:
    """Give an account its alias; the one it had stops at once. Raises EntityAlreadyExists if it is taken."""
    checked_alias(alias)
    get(unit, account_id)
    holder = unit.find(Account, {"alias": alias}, limit=1)
    if holder and holder[0].account_id != account_id:
        raise EntityAlreadyExists(f"alias `{alias}` is taken; choose another")
    unit.change(Account, (account_id,), {"alias": alias})
    unit.bump(epochs.DEPLOYMENT)


def remove_alias(unit: Unit, account_id: str, alias: str) -> None:
    """Take the alias away. Raises NoSuchEntity if the account does not have it."""
    if get(unit, account_id).alias != alias:
        raise NoSuchEntity(f"this account has no alias `{alias[:80]}`")
    unit.change(Account, (account_id,), {"alias": None})
    unit.bump(epochs.DEPLOYMENT)


def rename(unit: Unit, account_id: str, name: str) -> Account:
    """Call an account something else. Raises ValidationError, NoSuchEntity."""
    get(unit, account_id)
    unit.change(Account, (account_id,), {"name": checked_account_name(name)})
    unit.bump(epochs.DEPLOYMENT)
    return get(unit, account_id)


def set_email(unit: Unit, account_id: str, *, email: str | None, verified_at: datetime | None) -> None:
    """Replace the root user's mail address (as `mail_address.checked` gives it) and when it was verified."""
    unit.change(Account, (account_id,), {"email": email, "email_verified_at": verified_at})
    unit.bump(epochs.principal(account_id))


def set_status(unit: Unit, house: House, account_id: str, status: AccountStatus) -> Account:
    """Suspend, close or open an account; holds from the next request on. Raises ConflictError for the home
    account, which the deployment itself is of, and for an account that is so already.
    """
    found = get(unit, account_id)
    if account_id == house.home:
        raise ConflictError("this is the home account, which the deployment is of; it is always open")
    if not unit.change(Account, (account_id,), {"status": str(status)}, where={"status": found.status}):
        raise ConcurrentModification("the account was changed meanwhile; read again")
    if found.status == status:
        raise ConflictError(f"account `{account_id}` is {status} already")
    if status != AccountStatus.ACTIVE:
        temporary.end_all_of(unit, account_id)
    unit.bump(epochs.DEPLOYMENT)
    return get(unit, account_id)


def set_token_version(unit: Unit, account_id: str, version: int) -> None:
    """Keep which version of tokens the account asked for."""
    get(unit, account_id)
    unit.change(Account, (account_id,), {"token_version": version})
