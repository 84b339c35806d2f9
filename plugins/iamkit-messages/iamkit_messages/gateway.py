"""Text messages: what a gateway has to be, and one for providers that take a form by HTTPS.

Twilio's `Messages.json` and whatever copies it take `To`, `From` and `Body` as a form, with HTTP Basic; the
names of the fields can be others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urlsplit

import httpx2

from iamkit.credentials.secret import Secret
from iamkit.errors import ConfigurationError
from iamkit_messages.smtp import is_here

TWILIO: Final[Mapping[str, str]] = {"to": "To", "from": "From", "text": "Body"}


class SmsGateway(Protocol):
    """Sends a text to a telephone."""

    def send(self, number: str, text: Secret, message_id: str) -> bool:
        """True once it is taken. False, and whatever is raised, has it tried again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormGateway:
    """A provider that takes a form. `url` is whole: for Twilio
    `https://api.twilio.com/2010-04-01/Accounts/SID/Messages.json`, with the SID of account or key as `user`.

    `sender` is a number or name that the provider knows, `timeout` is in seconds. Raises ConfigurationError.
    """

    url: str
    sender: str
    user: str = ""
    password: Secret | None = None
    fields: Mapping[str, str] = field(default_factory=lambda: TWILIO)
    timeout: float = 10.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        plain = parts.scheme == "http" and is_here(parts.hostname or "")
        if not parts.hostname or not (parts.scheme == "https" or plain):
            raise ConfigurationError("the URL of an SMS gateway must be `https:`")
        if parts.username is not None or parts.password is not None:
            raise ConfigurationError("the URL of an SMS gateway must hold no password; give it by itself")
        if set(self.fields) != set(TWILIO):
            raise ConfigurationError("the fields of an SMS gateway are `to`, `from` and `text`")

    def send(self, number: str, text: Secret, message_id: str) -> bool:
        """Post the form. Raises httpx2.HTTPError when nobody answers."""
        values = {"to": number, "from": self.sender, "text": text.reveal()}
        login = None
        if self.password is not None:
            login = httpx2.BasicAuth(self.user, self.password.reveal())
        # Redirects are not followed: they would take code and password along. Nor are proxies of the
        # environment believed, for the same reason.
        with httpx2.Client(
            auth=login, timeout=self.timeout, follow_redirects=False, trust_env=False
        ) as client:
            answer = client.post(
                self.url,
                data={self.fields[name]: value for name, value in values.items()},
                headers={"idempotency-key": message_id},
            )
        return answer.is_success
