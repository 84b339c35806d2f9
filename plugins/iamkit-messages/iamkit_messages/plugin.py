"""The plugin: hook implementations only. Every command loads it; what it needs is loaded when it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iamkit import hookimpl
from iamkit_messages import configuration
from iamkit_messages.configuration import SECTION, Configuration

if TYPE_CHECKING:
    from iamkit import Settings
    from iamkit.credentials.message import Message
    from iamkit.credentials.mfa import MfaMethod, MfaServices


class MessagesPlugin:
    """Delivers, and gives the methods `email` and `sms` where they are allowed."""

    def __init__(self, given: Configuration | None = None) -> None:
        self._given = given

    @hookimpl
    def iamkit_settings(self, settings: Settings) -> str:
        configuration.chosen(self._given, settings.plugins)
        return SECTION

    @hookimpl
    def iamkit_deliver(self, message: Message, settings: Mapping[str, str]) -> bool | None:
        return configuration.chosen(self._given, settings).deliver(message)

    @hookimpl
    def iamkit_mfa_methods(self, services: MfaServices) -> Sequence[MfaMethod]:
        from iamkit.credentials.message import Channel
        from iamkit_messages import codes

        factors = configuration.chosen(self._given, services.settings).factors
        made = {Channel.EMAIL: codes.email_method, Channel.SMS: codes.sms_method}
        return [made[Channel(name)](services.ids) for name in factors]


plugin = MessagesPlugin()
