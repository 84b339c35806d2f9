"""The plugin: hook implementations only. Every command loads it; what it needs is loaded when it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iamkit import hookimpl
from iamkit_oidc import configuration
from iamkit_oidc.configuration import SECTION, Configuration

if TYPE_CHECKING:
    from iamkit import Settings
    from iamkit.federation.web_identity import FederationServices, WebIdentities


class OidcPlugin:
    """Verifies tokens. `given` is used instead of the section `oidc` of the settings."""

    def __init__(self, given: Configuration | None = None) -> None:
        self._given = given

    @hookimpl
    def iamkit_settings(self, settings: Settings) -> str:
        configuration.chosen(self._given, settings.plugins)
        return SECTION

    @hookimpl
    def iamkit_web_identities(self, services: FederationServices) -> WebIdentities:
        from iamkit_oidc.tokens import Tokens

        return Tokens(configuration.chosen(self._given, services.settings), services.clock)


plugin = OidcPlugin()
