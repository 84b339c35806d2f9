"""People: who can sign in, by unique id: users, and each account's root user as one (CAP-A6).

A root user has no record: what there is of it stands in its account. Here it is given the shape of a user,
for everything that is the same for both: passwords, second factors, links, sessions. Its unique id is the
account's, its name `root`; no policy can hang on it and nobody finds it by a user name.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from iamkit.arn import root_arn
from iamkit.identity import accounts, deployment, users
from iamkit.identity.accounts import Account
from iamkit.identity.users import User
from iamkit.storage import Reader, Unit

ROOT: Final = "root"
SHOWN: Final = "<root_account>"


def is_root(person: User) -> bool:
    """Whether this is the root user of an account."""
    return person.user_id == person.account


def shown(person: User) -> str:
    """The name as listings have it; a user may be called `root` too, and `<` is in no name (CAP App. C)."""
    return SHOWN if is_root(person) else person.name


def root_of(reader: Reader, account: Account) -> User:
    """The root user of an account, in the shape of a user. It is disabled while the account is not open."""
    return User(
        user_id=account.account_id,
        account=account.account_id,
        name=ROOT,
        name_key=ROOT,
        path="/",
        arn=root_arn(deployment.current(reader).partition, account.account_id),
        created_at=account.created_at,
        enabled=account.open,
        email=account.email,
        email_verified_at=account.email_verified_at,
    )


def by_id(reader: Reader, unique_id: str) -> User | None:
    """Who has that unique id; disabled, as long as the account is not open."""
    user = users.by_id(reader, unique_id)
    account = accounts.find(reader, unique_id if user is None else user.account)
    if account is None:
        return None
    if user is None:
        return root_of(reader, account)
    return user if account.open else replace(user, enabled=False)


def set_email(unit: Unit, person: User, *, email: str | None, verified_at: datetime | None) -> None:
    """Replace a mail address (as `mail_address.checked` gives it) and the instant it was verified."""
    if is_root(person):
        accounts.set_email(unit, person.account, email=email, verified_at=verified_at)
    else:
        users.set_email(unit, person, email=email, verified_at=verified_at)
