"""Mail by SMTP: one connection a message, encrypted, to a server whose certificate is checked.

There is no way back to plain text: a server that offers no STARTTLS gets nothing. A header cannot be put in
by what a message is filled with: `EmailMessage` refuses line breaks, and the addresses are parsed.
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from iamkit.credentials import mail_address, wording
from iamkit.credentials.message import Message
from iamkit.credentials.secret import Secret
from iamkit.credentials.wording import ENGLISH, Catalogue
from iamkit.errors import ConfigurationError

_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}


class Security(StrEnum):
    """How the connection is encrypted; `none` is for a server on this very machine."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """A mail server. `port` 0 is the usual one. `ca_file` are the certificates to trust, else the system's.

    `timeout` is in seconds. Raises ConfigurationError.
    """

    host: str
    sender: str
    sender_name: str = ""
    port: int = 0
    security: Security = Security.STARTTLS
    user: str = ""
    password: Secret | None = None
    ca_file: str = ""
    timeout: float = 10.0

    def __post_init__(self) -> None:
        if mail_address.read(self.sender) is None:
            raise ConfigurationError(f"`sender` must be a mail address, not `{self.sender[:80]}`")
        if not self.sender_name.isprintable():
            raise ConfigurationError("`sender_name` must be printable, on one line")
        if bool(self.user) != (self.password is not None):
            raise ConfigurationError("a mail server needs a user and a password, or neither")
        if self.security is Security.NONE and (self.user or not is_here(self.host)):
            raise ConfigurationError(
                "mail without encryption goes only to a server on this machine, and without a password"
            )

    def send(self, message: Message, catalogue: Catalogue = ENGLISH) -> bool:
        """Hand a message to the server. True once the server has taken it. Raises SMTPException, OSError."""
        mail = letter(message, self.sender, self.sender_name, catalogue)
        port = self.port or _PORTS[self.security]
        if self.security is Security.TLS:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, port, timeout=self.timeout, context=self._context()
            )
        else:
            connection = smtplib.SMTP(self.host, port, timeout=self.timeout)
        with connection:
            if self.security is Security.STARTTLS:
                # Raises where the server offers none: nothing is ever said in the clear.
                connection.starttls(context=self._context())
            if self.password is not None:
                connection.login(self.user, self.password.reveal())
            connection.send_message(mail, self.sender, [message.address])
        return True

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def letter(message: Message, sender: str, sender_name: str, catalogue: Catalogue = ENGLISH) -> EmailMessage:
    """A message as a mail. Its id is the message's, so that a second try can be told."""
    text = wording.written(message, catalogue)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(sender_name, addr_spec=sender)
    mail["To"] = Address(addr_spec=mail_address.checked(message.address))
    mail["Subject"] = text.subject
    mail["Date"] = formatdate(usegmt=True)
    mail["Message-ID"] = f"<{message.message_id}@{sender.rpartition('@')[2]}>"
    # RFC 3834: no out-of-office note comes back.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text.body.reveal())
    return mail


def is_here(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
