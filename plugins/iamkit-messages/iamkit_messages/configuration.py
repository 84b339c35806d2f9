"""What the plugin has to work with: a mail server, a gateway, and which codes are allowed as factors.

By default nothing. It is given in code, or read from the section `messages` of iamkit's settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from iamkit.credentials.message import Channel, Message
from iamkit.credentials.secret import Secret
from iamkit.credentials.wording import ENGLISH, Catalogue, written
from iamkit.errors import ConfigurationError
from iamkit_messages.gateway import TWILIO, FormGateway, SmsGateway
from iamkit_messages.smtp import Security, Smtp

SECTION: Final = "messages"
_KNOWN: Final = frozenset(
    {
        "factors",
        "smtp_host",
        "smtp_port",
        "smtp_security",
        "smtp_user",
        "smtp_password_file",
        "smtp_sender",
        "smtp_sender_name",
        "smtp_ca_file",
        "sms_url",
        "sms_user",
        "sms_password_file",
        "sms_sender",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """`factors` are `email`, `sms` or both: none by default, because they are weak.

    `catalogue` are the texts, in English by default. Raises ConfigurationError.
    """

    smtp: Smtp | None = None
    sms: SmsGateway | None = None
    factors: tuple[str, ...] = ()
    catalogue: Catalogue = field(default_factory=lambda: ENGLISH, repr=False)

    def __post_init__(self) -> None:
        for factor in self.factors:
            if factor not in list(Channel):
                raise ConfigurationError(f"`factors` may hold `email` and `sms`, not `{factor[:40]}`")
            if (self.smtp if factor == Channel.EMAIL else self.sms) is None:
                raise ConfigurationError(f"the factor `{factor}` needs a server to send its codes by")

    def deliver(self, message: Message) -> bool | None:
        """Send a message by its channel; None if there is no way for it."""
        if message.channel is Channel.EMAIL:
            return None if self.smtp is None else self.smtp.send(message, self.catalogue)
        if self.sms is None:
            return None
        return self.sms.send(message.address, written(message, self.catalogue).short, message.message_id)


def read(settings: Mapping[str, str]) -> Configuration:
    """The configuration of a section `messages`, by its names. Raises ConfigurationError."""
    for name in settings:
        if name not in _KNOWN:
            raise ConfigurationError(
                f"`{SECTION}.{name}` is no setting; there are: {', '.join(sorted(_KNOWN))}"
            )
    return Configuration(
        smtp=_smtp(settings) if settings.get("smtp_host") else None,
        sms=_sms(settings) if settings.get("sms_url") else None,
        factors=tuple(part.strip() for part in settings.get("factors", "").split(",") if part.strip()),
    )


def chosen(given: Configuration | None, settings: Mapping[str, str]) -> Configuration:
    """The configuration that was given, or that of all plugins' settings, as `SECTION.NAME`."""
    head = f"{SECTION}."
    own = {name.removeprefix(head): text for name, text in settings.items() if name.startswith(head)}
    return read(own) if given is None else given


def _smtp(settings: Mapping[str, str]) -> Smtp:
    security, port = settings.get("smtp_security", "starttls"), settings.get("smtp_port", "0")
    if security not in list(Security) or not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise ConfigurationError("`smtp_security` is `starttls`, `tls` or `none`, and `smtp_port` a port")
    return Smtp(
        host=settings["smtp_host"],
        port=int(port),
        security=Security(security),
        sender=settings.get("smtp_sender", ""),
        sender_name=settings.get("smtp_sender_name", ""),
        user=settings.get("smtp_user", ""),
        password=_secret(settings, "smtp_password_file"),
        ca_file=settings.get("smtp_ca_file", ""),
    )


def _sms(settings: Mapping[str, str]) -> FormGateway:
    return FormGateway(
        url=settings["sms_url"],
        sender=settings.get("sms_sender", ""),
        user=settings.get("sms_user", ""),
        password=_secret(settings, "sms_password_file"),
        fields=TWILIO,
    )


def _secret(settings: Mapping[str, str], name: str) -> Secret | None:
    path = settings.get(name)
    if not path:
        return None
    try:
        return Secret(Path(path).read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigurationError(f"`{name}` cannot be read: {type(fault).__name__}") from None
