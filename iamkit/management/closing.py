"""Closing accounts: what ends with them, and who is asked."""

from __future__ import annotations

from iamkit.credentials import links, sessions
from iamkit.identity import accounts, users
from iamkit.identity.accounts import Account, AccountStatus
from iamkit.ids import checked_account_id
from iamkit.management.operation import Asks, Work


def asks(work: Work, account_id: str) -> Asks:
    """What to ask for an operation on an account from outside: accounts are the home account's."""
    house = work.house
    return Asks((house.own_arn(house.home, f"account/{checked_account_id(account_id)}"),), account=house.home)


def close(work: Work, account_id: str, status: AccountStatus) -> Account:
    """Close or suspend an account. Its sessions end and its links are void: neither comes back with it."""
    found = accounts.set_status(work.unit, work.house, account_id, status)
    for unique_id in (account_id, *(user.user_id for user in users.listing(work.unit, account_id))):
        sessions.end_all(work.unit, account=account_id, user_id=unique_id)
        links.void(work.unit, unique_id)
    return found
