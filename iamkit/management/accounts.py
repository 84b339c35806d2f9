"""Operations on the caller's account: who is calling, its alias, and its summary (CAP-A5, A9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iamkit.identity import accounts
from iamkit.management import session_names, targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page
from iamkit.reports import account_summary


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """Who is calling."""

    user_id: str
    account: str
    arn: str


@operation("sts:GetCallerIdentity", access="Read", asks=targets.whole_account)
def get_caller_identity(work: Work) -> CallerIdentity:
    """Who the caller is. Needs no permission, and no policy takes it away (SEM-E26)."""
    caller = work.principal.caller
    return CallerIdentity(session_names.user_id_of(caller), caller.account, caller.arn)


def _alias_asks(work: Work, **_others: object) -> Asks:
    return targets.whole_account(work)


@operation("iam:CreateAccountAlias", access="Write", asks=_alias_asks)
def create_account_alias(work: Work, *, account_alias: str) -> None:
    """Give the account its alias; the one it had stops at once. Raises EntityAlreadyExists, InputError."""
    accounts.set_alias(work.unit, work.account, account_alias)


@operation("iam:DeleteAccountAlias", access="Write", asks=_alias_asks)
def delete_account_alias(work: Work, *, account_alias: str) -> None:
    """Take the alias away. Raises NoSuchEntity."""
    accounts.remove_alias(work.unit, work.account, account_alias)


@operation("iam:ListAccountAliases", access="List", asks=targets.whole_account)
def list_account_aliases(work: Work) -> Page[str]:
    """The alias, if there is one."""
    alias = accounts.get(work.unit, work.account).alias
    return Page(() if alias is None else (alias,))


@operation("iam:GetAccountSummary", access="Read", asks=targets.whole_account)
def get_account_summary(work: Work) -> Mapping[str, int]:
    """Counts and quotas under AWS's 34 keys (CAP App. D). What iamkit does not have counts 0."""
    return account_summary.summary(work.unit, work.account, work.house.quotas)
