"""Operations by which principals prove to other services who they are, by tokens they can verify (CAP-G8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from iamkit.credentials.secret import Secret
from iamkit.errors import (
    InputError,
    OutboundWebIdentityFederationDisabled,
    SessionDurationEscalation,
    ValidationError,
)
from iamkit.federation import identity_token, issuer
from iamkit.identity.tags import checked_tags
from iamkit.management import targets
from iamkit.management.operation import Asks, Preparation, Work, operation
from iamkit.policy.request import CallerKind

_AUDIENCES: Final = 10
_AUDIENCE_LENGTH: Final = 1000
_SECONDS: Final = (60, 3600)
# Where AWS puts what its own tokens say besides.
_OWN: Final = "https://sts.amazonaws.com/"


@dataclass(frozen=True, slots=True)
class IssuerState:
    """The account as an issuer: its URL, below which keys and metadata are."""

    issuer_identifier: str
    jwt_vending_enabled: bool


@dataclass(frozen=True, slots=True)
class WebIdentityToken:
    """A token, and its end."""

    web_identity_token: Secret
    expiration: datetime


def _new_keys(preparation: Preparation) -> tuple[identity_token.NewKey, ...]:
    """Keys for an account that has none; made before the writing unit opens."""
    if issuer.find(preparation.reader, preparation.account) is not None:
        return ()
    return identity_token.new_keys()


@operation(
    "iam:EnableOutboundWebIdentityFederation",
    access="Write",
    asks=targets.whole_account,
    prepare=_new_keys,
)
def enable_outbound_web_identity_federation(work: Work) -> IssuerState:
    """Let principals of the account have tokens. Raises FeatureEnabled; InputError without `issuer_base`."""
    _base(work)
    keys = work.prepared if isinstance(work.prepared, tuple) else ()
    issuer.enable(work.unit, work.services.sealer, work.house.ids, work.account, keys, now=work.house.now())
    return _state(work)


@operation("iam:DisableOutboundWebIdentityFederation", access="Write", asks=targets.whole_account)
def disable_outbound_web_identity_federation(work: Work) -> None:
    """Give out no more tokens; those that were given out stay good to their end. Raises FeatureDisabled."""
    issuer.disable(work.unit, work.account)


@operation("iam:GetOutboundWebIdentityFederationInfo", access="Read", asks=targets.whole_account)
def get_outbound_web_identity_federation_info(work: Work) -> IssuerState:
    """The account's URL as an issuer. Raises FeatureDisabled if it never was one."""
    return _state(work)


def _token_asks(
    work: Work,  # noqa: ARG001  # the shape of every such function
    *,
    audience: Sequence[str],
    signing_algorithm: str,
    duration_seconds: int = 300,
    tags: Mapping[str, str] | None = None,
) -> Asks:
    keys: targets.Keys = {
        "sts:IdentityTokenAudience": tuple(audience),
        "sts:SigningAlgorithm": signing_algorithm,
        "sts:DurationSeconds": str(duration_seconds),
        **targets.request_tag_keys(tags),
    }
    return Asks(("*",), keys, also=("sts:TagGetWebIdentityToken",) if tags else ())


@operation("sts:GetWebIdentityToken", access="Read", asks=_token_asks)
def get_web_identity_token(
    work: Work,
    *,
    audience: Sequence[str],
    signing_algorithm: str,
    duration_seconds: int = 300,
    tags: Mapping[str, str] | None = None,
) -> WebIdentityToken:
    """A signed token that says who the caller is, for 60 to 3600 seconds and 1 to 10 audiences.

    It never outlives the caller's own credential. Raises OutboundWebIdentityFederationDisabled,
    SessionDurationEscalation, JWTPayloadSizeExceeded, InputError.
    """
    _check(audience, duration_seconds)
    found = issuer.find(work.unit, work.account)
    if found is None or not found.enabled:
        raise OutboundWebIdentityFederationDisabled("this account issues no identity tokens")
    caller, proof = work.principal.caller, work.principal.authentication
    if caller.kind not in (CallerKind.USER, CallerKind.ROLE_SESSION):
        raise InputError("only users and sessions of roles have identity tokens")
    now = work.house.now()
    end = now + timedelta(seconds=duration_seconds)
    if proof is not None and proof.expires_at is not None and end > proof.expires_at:
        raise SessionDurationEscalation("the token would outlive the session that asks for it; ask for less")
    key_id, private = issuer.signing_key(
        work.unit,
        work.services.sealer,
        work.account,
        identity_token.checked_algorithm(signing_algorithm),
    )
    own: dict[str, object] = {
        "aws_account": caller.account,
        "principal_id": caller.arn,
        "request_tags": checked_tags(tags or {}),
    }
    claims = {
        "iss": f"{_base(work)}/{found.issuer_id}",
        "sub": caller.issuer_arn or caller.arn,
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "iat": int(now.timestamp()),
        "exp": int(end.timestamp()),
        "jti": work.house.ids.bytes(16).hex(),
        _OWN: own,
    }
    token = identity_token.signed(claims, algorithm=signing_algorithm, key_id=key_id, private=private)
    return WebIdentityToken(Secret(token), end)


def _check(audience: Sequence[str], duration_seconds: int) -> None:
    if not 1 <= len(audience) <= _AUDIENCES or any(
        not 1 <= len(name) <= _AUDIENCE_LENGTH or not name.isprintable() for name in audience
    ):
        raise ValidationError(
            f"a token is for 1 to {_AUDIENCES} audiences of 1 to {_AUDIENCE_LENGTH} characters"
        )
    shortest, longest = _SECONDS
    if not shortest <= duration_seconds <= longest:
        raise ValidationError(f"a token is good for {shortest} to {longest} seconds, not {duration_seconds}")


def _base(work: Work) -> str:
    base = work.services.issuer_base.rstrip("/")
    if not base:
        raise InputError(
            "the setting `issuer_base` is empty; it is the public URL of the API, where verifiers fetch keys"
        )
    return base


def _state(work: Work) -> IssuerState:
    found = issuer.get(work.unit, work.account)
    return IssuerState(f"{_base(work)}/{found.issuer_id}", found.enabled)
