"""The plugin: hook implementations only. Every command loads it; what it needs is loaded when it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iamkit import hookimpl
from iamkit_webauthn import relying_party
from iamkit_webauthn.relying_party import SECTION, RelyingParty

if TYPE_CHECKING:
    from iamkit import Settings
    from iamkit.credentials.mfa import MfaMethod, MfaServices


class WebAuthnPlugin:
    """Gives the method `webauthn`. Without a relying party here or in the settings there is none."""

    def __init__(self, party: RelyingParty | None = None) -> None:
        self._party = party

    @hookimpl
    def iamkit_settings(self, settings: Settings) -> str:
        relying_party.chosen(self._party, settings.section(SECTION), development=settings.development)
        return SECTION

    @hookimpl
    def iamkit_mfa_methods(self, services: MfaServices) -> Sequence[MfaMethod]:
        from iamkit_webauthn.method import WebAuthnMethod

        given = relying_party.section_of(services.settings)
        party = relying_party.chosen(self._party, given, development=services.development)
        return () if party is None else (WebAuthnMethod(party, services.ids),)


plugin = WebAuthnPlugin()
