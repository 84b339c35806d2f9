"""Tokens: what has to be right before one says anything (OpenID Connect Core 3.1.3.7; RFC 7519, 8725)."""

from __future__ import annotations

import base64
import binascii
import math
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jws import JWSAlgModel  # type: ignore[attr-defined]  # it is there, and not in the list

from iamkit.clock import Clock
from iamkit.errors import ConfigurationError, ExpiredIdentityToken, InvalidIdentityToken
from iamkit.federation.oidc_provider import OidcProvider
from iamkit.federation.web_identity import VerifiedToken
from iamkit_oidc import json_text, keys
from iamkit_oidc.addresses import Addresses
from iamkit_oidc.configuration import Configuration
from iamkit_oidc.fetching import Fetcher
from iamkit_oidc.key_ring import KeyRing

LONGEST: Final = 16_384
_MOST_AUDIENCES: Final = 50
_HEADER: Final = 8_192


class Tokens:
    """Verifies tokens. Raises ConfigurationError for authorities that cannot be read."""

    def __init__(self, configuration: Configuration, clock: Clock) -> None:
        try:
            context = ssl.create_default_context(cafile=configuration.authorities or None)
        except OSError as fault:
            raise ConfigurationError("`oidc.authorities` is no file of certificates in PEM") from fault
        fetcher = Fetcher(
            Addresses(configuration.connect_to, configuration.private_networks),
            context,
            configuration.patience,
            configuration.room,
        )
        self._clock = clock
        self._algorithms = frozenset(configuration.algorithms)
        self._leeway = configuration.leeway
        self._ring = KeyRing(
            fetcher.get,
            clock,
            age=configuration.keys_age,
            pause=configuration.refetch_pause,
            pinned=configuration.pinned_keys,
        )

    def verify(self, token: str, providers: Sequence[OidcProvider]) -> VerifiedToken:
        """What the token says. Raises InvalidIdentityToken, ExpiredIdentityToken, IdpCommunicationError."""
        header, claimed = _opened(token)
        kid, algorithm = self._checked_header(header)
        # Whose it claims to be chooses the keys; that is all that counts before the signature does.
        issuer = claimed.get("iss")
        provider = next((each for each in providers if each.url == issuer), None)
        if provider is None:
            raise InvalidIdentityToken(
                f"no OpenID Connect provider of the role's account has the issuer `{str(issuer)[:255]!a}`"
            )
        claims = self._signed(token, provider.url, kid, algorithm)
        _check_audience(claims, provider)
        self._check_times(claims)
        return VerifiedToken(provider, claims)

    def _checked_header(self, header: Mapping[str, object]) -> tuple[str | None, str]:
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in self._algorithms:
            raise InvalidIdentityToken("the token is signed with an algorithm that is not accepted")
        if not isinstance(kid, str | None):
            raise InvalidIdentityToken("the token's `kid` is no text")
        # `jwk`, `jku`, `x5u` and `x5c` are not looked at: no token brings its own key.
        strange = sorted({"crit", "b64", "cty", "zip", "enc"} & header.keys())
        if strange:
            raise InvalidIdentityToken(f"the token's header has `{strange[0]}`, which is not supported")
        kind = header.get("typ", "JWT")
        if not isinstance(kind, str) or kind.upper() != "JWT":
            raise InvalidIdentityToken("the token is of another type than `JWT`, such as an access token")
        return kid, algorithm

    def _signed(self, token: str, issuer: str, kid: str | None, algorithm: str) -> dict[str, object]:
        """The claims out of the bytes that were verified."""
        found = keys.fitting(self._ring.keys(issuer), kid, algorithm)
        if not found:
            found = keys.fitting(self._ring.again(issuer), kid, algorithm)
        if not found:
            raise InvalidIdentityToken("the provider has no key that the token can be signed with")
        registry = _Registry(algorithm)
        for key in found:
            try:
                verified = jws.deserialize_compact(token, key.public, registry=registry)
            except (JoseError, ValueError, TypeError):
                continue
            return _object(verified.payload or b"")
        raise InvalidIdentityToken("the token's signature is not the provider's")

    def _check_times(self, claims: Mapping[str, object]) -> None:
        now = self._clock.now()
        expires, issued = _instant(claims, "exp"), _instant(claims, "iat")
        if expires is None or issued is None:
            raise InvalidIdentityToken("the token must say when it was issued and when it ends")
        starts = _instant(claims, "nbf")
        if _later(issued, now, self._leeway) or (starts is not None and _later(starts, now, self._leeway)):
            raise InvalidIdentityToken("the token is not valid yet")
        if not _later(expires, now, -self._leeway):
            raise ExpiredIdentityToken("the token has expired; get a new one from the provider")


class _Registry(jws.JWSRegistry):
    """Knows one algorithm only. The old name of Ed25519 is clear by the key's curve (RFC 9864)."""

    max_header_length = _HEADER

    def __init__(self, algorithm: str) -> None:
        self._one = algorithm
        super().__init__(
            algorithms=["Ed25519" if algorithm == "EdDSA" else algorithm], strict_check_header=False
        )

    def get_alg(self, name: str) -> JWSAlgModel:
        if name != self._one:
            raise UnsupportedAlgorithmError("another algorithm")
        return super().get_alg("Ed25519" if name == "EdDSA" else name)


def _opened(token: str) -> tuple[dict[str, object], dict[str, object]]:
    """Header and claims, which nobody vouches for yet. Raises InvalidIdentityToken."""
    parts = token.split(".")
    if len(token) > LONGEST or len(parts) != 3 or not all(parts):
        raise InvalidIdentityToken(
            f"the token must be three parts with dots between, at most {LONGEST} characters"
        )
    header, claims, _ = (_decoded(part) for part in parts)
    return _object(header), _object(claims)


def _decoded(part: str) -> bytes:
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as fault:
        raise InvalidIdentityToken("the token is not in base64url") from fault
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != part:
        # Another spelling of the same bytes.
        raise InvalidIdentityToken("the token is not in base64url as it has to be")
    return raw


def _object(text: bytes) -> dict[str, object]:
    try:
        return json_text.read(text)
    except json_text.AmbiguousError as fault:
        raise InvalidIdentityToken("a part of the token is no JSON object in one meaning") from fault


def _check_audience(claims: Mapping[str, object], provider: OidcProvider) -> None:
    said, party = claims.get("aud"), claims.get("azp")
    audiences = [said] if isinstance(said, str) else said
    if not isinstance(audiences, list) or not 1 <= len(audiences) <= _MOST_AUDIENCES:
        raise InvalidIdentityToken("the token's `aud` is no text or list of texts")
    if not any(isinstance(item, str) and item in provider.client_ids for item in audiences):
        raise InvalidIdentityToken("the token is for none of the provider's client ids")
    if ("azp" in claims or len(audiences) > 1) and party not in provider.client_ids:
        raise InvalidIdentityToken("the token was issued to another client (`azp`)")


def _instant(claims: Mapping[str, object], name: str) -> float | None:
    """Seconds since 1970; None if the token does not say. Raises InvalidIdentityToken for no number."""
    said = claims.get(name)
    if said is None and name not in claims:
        return None
    if isinstance(said, bool) or not isinstance(said, (int, float)) or not 0 <= said < 2**40:
        raise InvalidIdentityToken(f"the token's `{name}` is no instant")
    return math.floor(said) if name != "exp" else said


def _later(seconds: float, now: datetime, by: timedelta) -> bool:
    """Whether an instant is later than now by more than `by`."""
    return seconds > now.timestamp() + by.total_seconds()
