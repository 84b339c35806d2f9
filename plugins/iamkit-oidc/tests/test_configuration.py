"""The section `oidc` of the settings."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from iamkit.errors import ConfigurationError
from iamkit_oidc.addresses import Place
from iamkit_oidc.configuration import ALGORITHMS, Configuration, read
from iamkit_oidc.testing import LocalProvider


def test_nothing_needs_to_be_said() -> None:
    """Every algorithm that a public key verifies, one hour, one minute, the internet."""
    assert read({}) == Configuration()
    assert read({}).algorithms == ALGORITHMS
    assert not any(name.startswith(("HS", "none")) for name in ALGORITHMS)


def test_all_of_it_is_read(tmp_path: Path) -> None:
    """Lists with blanks or commas, pairs with `=`."""
    with LocalProvider(tmp_path) as idp:
        keys = tmp_path / "keys.json"
        keys.write_bytes(idp.key_set())
        found = read(
            {
                "algorithms": "RS256, ES256",
                "leeway_seconds": "0",
                "keys_age_seconds": "60",
                "refetch_seconds": "5",
                "authorities": str(idp.authorities),
                "private_networks": "10.0.0.0/8 fd00::/8",
                "connect_to": "idp.example.org=10.0.0.7:8443",
                "pinned_keys": f"https://idp.example.org={keys}",
            }
        )

    assert found.algorithms == ("RS256", "ES256")
    assert (found.leeway, found.keys_age) == (timedelta(0), timedelta(minutes=1))
    assert found.private_networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert found.connect_to == {"idp.example.org": Place("10.0.0.7", 8443)}
    assert found.pinned_keys == {"https://idp.example.org": keys.read_bytes()}


@pytest.mark.parametrize(
    "settings",
    [
        {"algorithm": "RS256"},
        {"algorithms": "none"},
        {"algorithms": "HS256"},
        {"algorithms": "RS256 hs256"},
        {"leeway_seconds": "301"},
        {"leeway_seconds": "-1"},
        {"keys_age_seconds": "0"},
        {"keys_age_seconds": "99999999999999"},
        {"refetch_seconds": "0"},
        {"authorities": "/nowhere/at/all.pem"},
        {"private_networks": "10.0.0.1/8"},
        {"connect_to": "idp.example.org"},
        {"connect_to": "idp.example.org=here"},
        {"pinned_keys": "https://idp.example.org=/nowhere/keys.json"},
    ],
    ids=str,
)
def test_what_is_wrong_stops_the_start(settings: dict[str, str]) -> None:
    """With a ConfigurationError that names the setting."""
    with pytest.raises(ConfigurationError, match="oidc"):
        read(settings)
