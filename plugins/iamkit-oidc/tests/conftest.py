"""A provider that really listens, and what verifies its tokens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from iamkit.clock import FrozenClock
from iamkit.federation.oidc_provider import OidcProvider
from iamkit_oidc.testing import LocalProvider
from iamkit_oidc.tokens import Tokens


def recorded(idp: LocalProvider, *client_ids: str) -> OidcProvider:
    """The record of a provider."""
    name = idp.issuer.removeprefix("https://")
    return OidcProvider(
        arn=f"arn:aws:iam::111122223333:oidc-provider/{name}",
        account="111122223333",
        url=idp.issuer,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        client_ids=client_ids or ("my-app", "other-app"),
    )


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime.now(UTC))


@pytest.fixture
def idp(tmp_path: Path) -> Iterator[LocalProvider]:
    with LocalProvider(tmp_path) as running:
        yield running


@pytest.fixture
def record(idp: LocalProvider) -> OidcProvider:
    return recorded(idp)


@pytest.fixture
def tokens(idp: LocalProvider, clock: FrozenClock) -> Tokens:
    return Tokens(idp.configuration(patience=1.0), clock)
