"""The plugin: hook implementations only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iamkit import hookimpl
from iamkit.credentials.message import Channel, Message
from iamkit.credentials.mfa import MfaMethod, MfaServices
from iamkit_messages import codes, configuration
from iamkit_messages.configuration import Configuration


class MessagesPlugin:
    """Delivers, and gives the methods `email` and `sms` where they are allowed."""

    def __init__(self, given: Configuration | None = None) -> None:
        self._given = given

    @hookimpl
    def iamkit_deliver(self, message: Message, settings: Mapping[str, str]) -> bool | None:
        return configuration.chosen(self._given, settings).deliver(message)

    @hookimpl
    def iamkit_mfa_methods(self, services: MfaServices) -> Sequence[MfaMethod]:
        factors = configuration.chosen(self._given, services.settings).factors
        made = {Channel.EMAIL: codes.email_method, Channel.SMS: codes.sms_method}
        return [made[Channel(name)](services.ids) for name in factors]


plugin = MessagesPlugin()
