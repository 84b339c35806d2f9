"""Mail goes out encrypted, to whom it should, and holds what it should."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from iamkit import ConfigurationError
from iamkit.credentials.message import Channel, Kind, Message
from iamkit.credentials.secret import Secret
from iamkit.errors import ValidationError
from iamkit_messages import Security, Smtp

if TYPE_CHECKING:
    from tests.conftest import Certificate, MakesServer

LINK = "https://app.example/account/reset-password?token=ikl_" + "A" * 43


def _message(address: str = "ana@example.org", **values: str) -> Message:
    return Message(
        kind=Kind.RESET_PASSWORD,
        channel=Channel.EMAIL,
        address=address,
        account="111122223333",
        good_until=datetime(2026, 1, 2, tzinfo=UTC),
        values={"user": "ana", "account": "main", "minutes": "15", **values},
        secret=Secret(LINK),
        message_id="m_1",
    )


def _smtp(port: int, certificate: Certificate, security: Security = Security.STARTTLS) -> Smtp:
    return Smtp(
        host="127.0.0.1",
        port=port,
        security=security,
        sender="iam@app.example",
        sender_name="The app",
        user="mailer",
        password=Secret("p\u00e4ss word"),
        ca_file=str(certificate.path),
    )


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_mail_arrives(mail_server: MakesServer, certificate: Certificate, security: Security) -> None:
    """Over TLS, after a login, with the link in one piece."""
    box = mail_server(implicit=security is Security.TLS)
    smtp = replace(_smtp(box.port, certificate, security), password=Secret("secret"))

    assert smtp.send(_message()) is True

    (mail,) = box.mails
    assert box.encrypted == [True]
    assert box.logins == ["\0mailer\0secret"]
    assert [to for _, to in box.envelopes] == [["TO:<ana@example.org>"]]
    assert mail["To"] == "ana@example.org"
    assert mail["From"] == "The app <iam@app.example>"
    assert mail["Message-ID"] == "<m_1@app.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"]
    assert LINK in mail.get_content()
    assert LINK not in str(mail["Subject"])


def test_a_server_without_starttls_gets_nothing(mail_server: MakesServer, certificate: Certificate) -> None:
    """Nothing is said in the clear because somebody cut the offer out."""
    box = mail_server(encrypted=False)

    with pytest.raises(smtplib.SMTPNotSupportedError):
        _smtp(box.port, certificate).send(_message())
    assert (box.mails, box.logins) == ([], [])


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_strange_certificate_is_refused(
    mail_server: MakesServer, certificate: Certificate, security: Security
) -> None:
    """One that nobody trusted signed, and one for another host."""
    box = mail_server(implicit=security is Security.TLS)

    with pytest.raises(ssl.SSLCertVerificationError):
        replace(_smtp(box.port, certificate, security), ca_file="").send(_message())
    with pytest.raises(ssl.SSLCertVerificationError):
        replace(_smtp(box.port, certificate, security), host="localhost").send(_message())
    assert (box.mails, box.logins) == ([], [])


def test_a_server_that_refuses_is_tried_again(mail_server: MakesServer, certificate: Certificate) -> None:
    """It raises, so the message stays queued."""
    box = mail_server()
    box.refuse = True

    with pytest.raises(smtplib.SMTPException):
        replace(_smtp(box.port, certificate), password=Secret("secret")).send(_message())


@pytest.mark.parametrize(
    "address",
    ["ana@example.org\r\nBcc: all@example.org", "ana@example.org, ben@example.org", "ana", "\u00e4@b.org"],
)
def test_an_address_puts_in_no_header(
    mail_server: MakesServer, certificate: Certificate, address: str
) -> None:
    """Whatever got into the record."""
    box = mail_server()

    with pytest.raises(ValidationError):
        _smtp(box.port, certificate).send(_message(address))
    assert box.mails == []


def test_a_name_puts_in_no_header(mail_server: MakesServer, certificate: Certificate) -> None:
    """What fills a blank stays on its line."""
    box = mail_server()
    smtp = replace(_smtp(box.port, certificate), password=Secret("secret"))

    smtp.send(_message(account="x\r\nBcc: all@example.org\r\n\r\n."))

    (mail,) = box.mails
    assert mail["Bcc"] is None
    assert [to for _, to in box.envelopes] == [["TO:<ana@example.org>"]]
    assert LINK in mail.get_content()


def test_plain_text_is_for_this_machine() -> None:
    """And then without a password."""
    with pytest.raises(ConfigurationError):
        Smtp(host="mail.example", sender="iam@app.example", security=Security.NONE)
    with pytest.raises(ConfigurationError):
        Smtp(
            host="localhost",
            sender="iam@app.example",
            security=Security.NONE,
            user="mailer",
            password=Secret("secret"),
        )
    with pytest.raises(ConfigurationError):
        Smtp(host="mail.example", sender="iam@app.example\r\nBcc: x")
    with pytest.raises(ConfigurationError):
        Smtp(host="mail.example", sender="iam@app.example", sender_name="a\nb")
    with pytest.raises(ConfigurationError):
        Smtp(host="mail.example", sender="iam@app.example", user="mailer")


def test_a_relay_on_this_machine(mail_server: MakesServer) -> None:
    """Such as a local postfix."""
    box = mail_server(encrypted=False)
    smtp = Smtp(host="127.0.0.1", port=box.port, sender="iam@app.example", security=Security.NONE)

    assert smtp.send(_message())
    assert box.encrypted == [False]
