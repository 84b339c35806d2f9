"""The account's alias and summary (CAP-A5, A9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iamkit.errors import InputError, NoSuchEntity
from iamkit.management import access_keys, accounts, policies

if TYPE_CHECKING:
    from tests.management.conftest import Office


def test_an_alias_replaces_the_one_before_and_a_bad_one_changes_nothing(office: Office) -> None:
    """CAP-A5."""
    owner = office.owner()
    owner.do(accounts.create_account_alias, account_alias="acme")
    owner.do(accounts.create_account_alias, account_alias="acme2")
    for alias in ("123456789012", "a--b", "-a", "AB"):
        with pytest.raises(InputError):
            owner.do(accounts.create_account_alias, account_alias=alias)
    assert owner.do(accounts.list_account_aliases).items == ("acme2",)

    with pytest.raises(NoSuchEntity):
        owner.do(accounts.delete_account_alias, account_alias="acme")
    owner.do(accounts.delete_account_alias, account_alias="acme2")
    assert owner.do(accounts.list_account_aliases).items == ()


def test_the_summary_has_the_thirty_four_keys_and_counts(office: Office) -> None:
    """CAP-A9, App. D."""
    office.person("ana")
    owner = office.owner()
    owner.do(access_keys.create_access_key, user_name="ana")
    owner.do(policies.create_policy, policy_name="p", policy_document=office.document())

    summary = owner.do(accounts.get_account_summary)

    assert len(summary) == 34
    assert summary["Users"] == 1
    assert summary["UsersQuota"] == 5000
    assert summary["Policies"] == 1
    assert summary["PolicyVersionsInUse"] == 1
    assert summary["AccountAccessKeysPresent"] == 0
