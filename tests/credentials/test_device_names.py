"""What a client seems to be, in a few words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.credentials.device_names import device_name

_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (f"{_WINDOWS} Chrome/140.0 Safari/537.36", "Chrome on Windows"),
        (f"{_WINDOWS} Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit Chrome/140.0 Mobile Safari", "Chrome on Android"),
        ("Mozilla/5.0", "browser"),
        ("curl/8.5.0", "curl"),
        ("iamkit-cli", "iamkit-cli"),
        ("aws-cli/2.15 Python/3.11", "aws-cli"),
        ("", "unknown device"),
        ("<script>", "unknown device"),
    ],
)
def test_a_client_has_a_short_name(user_agent: str, name: str) -> None:
    """By what it says, and nothing of what it says beside."""
    assert device_name(user_agent) == name


@given(st.text(max_size=300))
def test_a_name_is_short_and_harmless_whatever_was_sent(user_agent: str) -> None:
    """It is listed in terminals and on pages."""
    name = device_name(user_agent)
    assert 1 <= len(name) <= 40
    assert name.isascii()
    assert name.isprintable()
    assert not set(name) & set("<>&\"'")
