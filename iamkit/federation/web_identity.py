"""Tokens of OpenID Connect providers: what verifies them, and what it tells of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from iamkit.clock import Clock
from iamkit.federation.oidc_provider import OidcProvider


@dataclass(frozen=True, slots=True)
class FederationServices:
    """What a verifier may use. `settings` are those of all plugins, as `SECTION.NAME`."""

    clock: Clock
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token whose signature, issuer, audience and times were found right.

    `claims` are the signed ones, as JSON has them; `provider` is the record that they were held against.
    """

    provider: OidcProvider
    claims: Mapping[str, object] = field(repr=False)


class WebIdentities(Protocol):
    """Verifies tokens. One for a deployment; called from many threads at once."""

    def verify(self, token: str, providers: Sequence[OidcProvider]) -> VerifiedToken:
        """What `token` says, if one of `providers` signed it for one of its client ids.

        Called without a unit of the store, so it may ask the provider for its keys. Never log the token.
        Raises InvalidIdentityToken, ExpiredIdentityToken, IdpCommunicationError.
        """
