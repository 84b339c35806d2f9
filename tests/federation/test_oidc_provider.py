"""OpenID Connect providers: what they may be called, and for whom their tokens are (CAP-H2)."""

from __future__ import annotations

from typing import Final

import pytest

from iamkit.clock import FrozenClock
from iamkit.errors import EntityAlreadyExists, InputError, NoSuchEntity
from iamkit.federation import oidc_provider
from iamkit.memory import MemoryStore

HOME: Final = "111122223333"
ARN: Final = f"arn:aws:iam::{HOME}:oidc-provider/id.example.org"


@pytest.mark.parametrize(
    "url",
    [
        "https://accounts.google.com",
        "https://tenant.eu.auth0.com/",
        "https://token.actions.githubusercontent.com",
        "https://id.example.org/realms/a_b/v2.0",
        "https://localhost/x",
        "https://id.example.org/" + "a" * 232,
    ],
)
def test_issuers_are_taken_letter_for_letter(url: str) -> None:
    """Also with a slash at their end, which is part of what tokens say in `iss`."""
    assert oidc_provider.checked_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://id.example.org",
        "HTTPS://id.example.org",
        "https://",
        "https://ID.example.org",
        "https://id.example.org:8443",
        "https://id.example.org?x=1",
        "https://id.example.org/#x",
        "https://user@id.example.org",
        "https://id.example.org/../x",
        "https://id.example.org//x",
        "https://id.example.org/*",
        "https://*.example.org",
        "https://id..example.org",
        "https://-id.example.org",
        "https://id.example.org/a b",
        "https://id.example.org/é",
        "https://id.example.org/\n",
        "id.example.org",
        "https://id.example.org/" + "a" * 233,
    ],
)
def test_what_is_no_issuer_is_refused(url: str) -> None:
    """Nothing else than https, no port, no query, and nothing that a policy would read as a pattern."""
    with pytest.raises(InputError):
        oidc_provider.checked_url(url)


def test_a_provider_has_clients_and_thumbprints() -> None:
    """Each once; thumbprints in lower case, at most five; one provider for one URL."""
    store, now = MemoryStore(), FrozenClock().now()
    with store.write() as unit:
        made = oidc_provider.create(
            unit,
            arn=ARN,
            account=HOME,
            url="https://id.example.org",
            now=now,
            client_ids=("app", "app", "other"),
            thumbprints=("AB" * 20, "ab" * 20),
        )
        assert made.client_ids == ("app", "other")
        assert made.thumbprints == ("ab" * 20,)
        assert made.name == "id.example.org"
        with pytest.raises(EntityAlreadyExists):
            oidc_provider.create(unit, arn=ARN, account=HOME, url="https://id.example.org", now=now)
        for thumbprints in (("x" * 40,), ("ab",), tuple(f"{number:040x}" for number in range(6))):
            with pytest.raises(InputError):
                oidc_provider.set_thumbprints(unit, made, thumbprints)
        for client_ids in (("",), ("a" * 256,), ("a b",), ("a\x00",)):
            with pytest.raises(InputError):
                oidc_provider.set_client_ids(unit, made, client_ids)
        assert oidc_provider.get(unit, HOME, ARN) == made
        with pytest.raises(NoSuchEntity):
            oidc_provider.get(unit, "999900001111", ARN)
        oidc_provider.delete(unit, made)
        assert oidc_provider.listing(unit, HOME) == []
