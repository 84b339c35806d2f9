"""Quotas."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from iamkit.errors import ConfigurationError, LimitExceeded
from iamkit.identity.quotas import Quotas, of_settings
from iamkit.kit import IAM


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Quotas)])
def test_every_quota_admits_its_value_and_not_one_more(name: str) -> None:
    """CAP-A9: LimitExceeded names the quota and its value."""
    quotas = Quotas()
    value = getattr(quotas, name)

    quotas.hold(name, value)
    with pytest.raises(LimitExceeded, match=f"`{name}` is {value}"):
        quotas.hold(name, value + 1)


def test_a_deployment_can_raise_them(tmp_path: Path) -> None:
    """In the file, the environment or an argument; what is not named stays AWS's number."""
    (tmp_path / "iamkit.toml").write_text("[quotas]\nusers = 20000\n", encoding="utf-8")
    with IAM(tmp_path) as iam:
        iam.initialize()
        assert (iam.house.quotas.users, iam.house.quotas.groups) == (20_000, 300)


@pytest.mark.parametrize("section", [{"user": "7"}, {"users": "-1"}, {"users": "many"}, {"users": ""}])
def test_what_is_no_quota_is_refused_at_the_start(section: dict[str, str]) -> None:
    """The error lists the quotas, or says that a whole number is wanted."""
    with pytest.raises(ConfigurationError, match=r"`quotas\."):
        of_settings(section)
