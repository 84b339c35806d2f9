"""Quotas."""

from __future__ import annotations

import dataclasses

import pytest

from iamkit.errors import LimitExceeded
from iamkit.identity.quotas import Quotas


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Quotas)])
def test_every_quota_admits_its_value_and_not_one_more(name: str) -> None:
    """CAP-A9: LimitExceeded names the quota and its value."""
    quotas = Quotas()
    value = getattr(quotas, name)

    quotas.hold(name, value)
    with pytest.raises(LimitExceeded, match=f"`{name}` is {value}"):
        quotas.hold(name, value + 1)
