"""Operations on the account's password policy, with AWS's ten fields (CAP-C3)."""

from __future__ import annotations

from dataclasses import dataclass

from iamkit.credentials import password_rules
from iamkit.credentials.password_rules import AccountPasswordPolicy
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """The account's policy, in AWS's words. A number that is None is off."""

    minimum_password_length: int
    require_symbols: bool
    require_numbers: bool
    require_uppercase_characters: bool
    require_lowercase_characters: bool
    allow_users_to_change_password: bool
    expire_passwords: bool
    max_password_age: int | None
    password_reuse_prevention: int | None
    hard_expiry: bool


def _asks(work: Work, **_others: object) -> Asks:
    return targets.whole_account(work)


@operation("iam:UpdateAccountPasswordPolicy", access="Write", asks=_asks)
def update_account_password_policy(
    work: Work,
    *,
    minimum_password_length: int | None = None,
    require_symbols: bool | None = None,
    require_numbers: bool | None = None,
    require_uppercase_characters: bool | None = None,
    require_lowercase_characters: bool | None = None,
    allow_users_to_change_password: bool | None = None,
    max_password_age: int | None = None,
    password_reuse_prevention: int | None = None,
    hard_expiry: bool | None = None,
) -> PasswordPolicy:
    """Set the whole policy: what is left out goes back to its default. Raises ValidationError.

    Length and kinds of signs hold from the next change of a password on, the age at once.
    """
    made = password_rules.put_policy(
        work.unit,
        work.account,
        work.services.passwords.profile,
        minimum_password_length=minimum_password_length,
        require_symbols=require_symbols,
        require_numbers=require_numbers,
        require_uppercase_characters=require_uppercase_characters,
        require_lowercase_characters=require_lowercase_characters,
        allow_users_to_change_password=allow_users_to_change_password,
        max_password_age=max_password_age,
        password_reuse_prevention=password_reuse_prevention,
        hard_expiry=hard_expiry,
    )
    return _face(made)


@operation("iam:GetAccountPasswordPolicy", access="Read", asks=_asks)
def get_account_password_policy(work: Work) -> PasswordPolicy:
    """The account's own policy. Raises NoSuchEntity while the profile's rules hold."""
    return _face(password_rules.policy_of(work.unit, work.account))


@operation("iam:DeleteAccountPasswordPolicy", access="Write", asks=_asks)
def delete_account_password_policy(work: Work) -> None:
    """Go back to the profile's rules. Raises NoSuchEntity."""
    password_rules.remove_policy(work.unit, work.account)


def _face(kept: AccountPasswordPolicy) -> PasswordPolicy:
    return PasswordPolicy(
        kept.minimum_password_length,
        kept.require_symbols,
        kept.require_numbers,
        kept.require_uppercase_characters,
        kept.require_lowercase_characters,
        kept.allow_users_to_change_password,
        kept.expire_passwords,
        kept.max_password_age,
        kept.password_reuse_prevention,
        kept.hard_expiry,
    )
