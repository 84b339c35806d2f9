"""Text messages go as the provider wants them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import httpx2
import pytest

from iamkit import ConfigurationError
from iamkit.credentials.secret import Secret
from iamkit_messages import FormGateway

if TYPE_CHECKING:
    from tests.conftest import Provider


def _gateway(provider: Provider) -> FormGateway:
    return FormGateway(url=provider.url, sender="+15005550006", user="AC1", password=Secret("token"))


def test_a_text_is_posted_as_a_form(provider: Provider) -> None:
    """With the fields and the login that Twilio takes."""
    assert _gateway(provider).send("+491701234567", Secret("123456 & more"), "m_1") is True

    assert provider.forms == [{"To": "+491701234567", "From": "+15005550006", "Body": "123456 & more"}]
    assert provider.authorizations == ["Basic " + base64.b64encode(b"AC1:token").decode()]


@pytest.mark.parametrize("status", [302, 400, 401, 429, 500, 503])
def test_what_is_not_taken_is_not_delivered(provider: Provider, status: int) -> None:
    """It is tried again."""
    provider.status = status

    assert _gateway(provider).send("+491701234567", Secret("123456"), "m_1") is False


def test_a_redirect_is_not_followed(provider: Provider) -> None:
    """It would take the code and the password along."""
    provider.status, provider.location = 307, provider.url + "/elsewhere"

    assert _gateway(provider).send("+491701234567", Secret("123456"), "m_1") is False
    assert len(provider.forms) == 1


def test_nobody_there_is_an_error() -> None:
    """Which has it tried again."""
    gateway = FormGateway(url="http://127.0.0.1:1/", sender="x")
    with pytest.raises(httpx2.HTTPError):
        gateway.send("+491701234567", Secret("123456"), "m_1")


@pytest.mark.parametrize(
    "url", ["http://sms.example/", "ftp://sms.example/", "https://user:pass@sms.example/", "", "https:///x"]
)
def test_a_gateway_is_spoken_to_encrypted(url: str) -> None:
    """And its password is no part of an address that is logged."""
    with pytest.raises(ConfigurationError):
        FormGateway(url=url, sender="x")


def test_other_providers_name_their_fields() -> None:
    """All three of them."""
    FormGateway(url="https://sms.example/", sender="x", fields={"to": "a", "from": "b", "text": "c"})
    with pytest.raises(ConfigurationError):
        FormGateway(url="https://sms.example/", sender="x", fields={"to": "a"})


def test_a_gateway_does_not_show_its_password(provider: Provider) -> None:
    """Nor does a mail server."""
    assert "token" not in repr(_gateway(provider))
