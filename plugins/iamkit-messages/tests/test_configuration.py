"""What the plugin is told, in code and in settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from iamkit import ConfigurationError
from iamkit.plugins import plugin_manager
from iamkit_messages import Configuration, FormGateway, Security, Smtp, configuration
from iamkit_messages.plugin import plugin


def test_the_settings_make_a_configuration(tmp_path: Path) -> None:
    """Passwords are in files of their own, so that a settings file can be shown."""
    secret = tmp_path / "password"
    secret.write_text("hush\n", encoding="utf-8")

    made = configuration.read(
        {
            "factors": "email,sms",
            "smtp_host": "mail.example",
            "smtp_security": "tls",
            "smtp_port": "4465",
            "smtp_user": "mailer",
            "smtp_password_file": str(secret),
            "smtp_sender": "iam@app.example",
            "sms_url": "https://sms.example/",
            "sms_sender": "app",
        }
    )

    assert isinstance(made.smtp, Smtp)
    assert isinstance(made.sms, FormGateway)
    assert (made.smtp.port, made.smtp.security, made.factors) == (4465, Security.TLS, ("email", "sms"))
    assert made.smtp.password is not None
    assert made.smtp.password.reveal() == "hush"
    assert "hush" not in repr(made)


@pytest.mark.parametrize(
    "settings",
    [
        {"smtp_hots": "mail.example"},
        {"smtp_host": "mail.example"},
        {"smtp_host": "mail.example", "smtp_sender": "iam@app.example", "smtp_security": "ssl"},
        {"smtp_host": "mail.example", "smtp_sender": "iam@app.example", "smtp_port": "99999"},
        {"smtp_host": "mail.example", "smtp_sender": "iam@app.example", "smtp_password_file": "/nowhere"},
        {"factors": "email"},
        {"factors": "sms"},
        {"factors": "pigeon"},
    ],
)
def test_what_is_wrong_is_said(settings: dict[str, str]) -> None:
    """A misspelt setting is no missing one."""
    with pytest.raises(ConfigurationError):
        configuration.read(settings)


def test_without_settings_it_does_nothing() -> None:
    """To install it is not to turn it on."""
    assert configuration.chosen(None, {}) == Configuration()
    assert configuration.chosen(None, {"other.smtp_host": "mail.example"}) == Configuration()


def test_it_is_a_plugin() -> None:
    """With hooks that there are."""
    manager = plugin_manager([plugin], entry_points=False)
    assert len(manager.hook.iamkit_deliver.get_hookimpls()) == 1
