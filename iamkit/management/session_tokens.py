"""`sts:GetSessionToken` and `sts:GetFederationToken`: a user's own power for a while, whole or less (CAP-G2).

What the bearer may not do stands in session policies like any other limit, so that explanations, lists and
simulations know of it: without a second factor nothing of identities, and from a federated user never.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from iamkit.credentials.authentication import CredentialKind, TemporaryKind
from iamkit.credentials.secret import Secret
from iamkit.credentials.temporary import Wanted
from iamkit.errors import AccessDenied
from iamkit.identity import documents
from iamkit.identity.tags import checked_tags
from iamkit.management import session_credentials, session_names, session_policies, shown_factors, targets
from iamkit.management.operation import Asks, Preparation, Work, operation
from iamkit.management.session_credentials import Credentials
from iamkit.management.shown_factors import ShownFactor
from iamkit.policy.request import CallerKind

LONGEST: Final = 129_600
LONGEST_OF_ROOT: Final = 3600
DEFAULT_SECONDS: Final = 43_200

_HEAD: Final = '{"Version":"2012-10-17","Statement":['
_ALL: Final = '{"Effect":"Allow","Action":"*","Resource":"*"},'
_NO_IDENTITIES: Final = '{"Effect":"Deny","Action":["iam:*","iamkit:*"],"Resource":"*"},'
_ONLY_ASSUME: Final = (
    '{"Effect":"Deny","Action":["sts:Get*","sts:Decode*","sts:AssumeRoleWith*"],"Resource":"*"}]}'
)
_NO_TOKENS: Final = '{"Effect":"Deny","Action":"sts:*","Resource":"*"}]}'

WITHOUT_FACTOR: Final = _HEAD + _ALL + _NO_IDENTITIES + _ONLY_ASSUME
"""What limits the bearer of a session token that was got without a second factor."""
OF_FEDERATED: Final = _HEAD + _NO_IDENTITIES + _NO_TOKENS
"""What limits every federated user. It allows nothing by itself."""


@dataclass(frozen=True, slots=True)
class SessionToken:
    """Credentials of the caller itself."""

    credentials: Credentials


@dataclass(frozen=True, slots=True)
class FederatedUser:
    """A federated user as a principal."""

    federated_user_id: str
    arn: str


@dataclass(frozen=True, slots=True)
class FederationToken:
    """A federated user's credentials. `packed_policy_size` is in per cent of what a session may carry."""

    credentials: Credentials
    federated_user: FederatedUser
    packed_policy_size: int | None = None


def _prepare(
    preparation: Preparation,
    *,
    serial_number: str | None = None,
    token_code: Secret | None = None,
    **_others: object,
) -> ShownFactor | None:
    return shown_factors.shown(preparation, serial_number, token_code)


def _session_asks(work: Work, **_others: object) -> Asks:
    _require_own_credential(work, "GetSessionToken")
    return Asks(("*",), principal=shown_factors.caller_of(work))


@operation("sts:GetSessionToken", access="Write", asks=_session_asks, prepare=_prepare, ask_first=False)
def get_session_token(
    work: Work,
    *,
    duration_seconds: int | None = None,
    serial_number: str | None = None,  # noqa: ARG001  # prepared, as the code is
    token_code: Secret | None = None,  # noqa: ARG001
) -> SessionToken:
    """Temporary credentials of the caller, a user or root, good for 900 to 129600 s (root 3600).

    With a second factor they may do what the caller may; without one, nothing of `iam` and `iamkit`. They
    end with the credential that they are got by. Raises AccessDenied, ValidationError, ExpiredToken.
    """
    proof = shown_factors.spent(work)
    factor = None if proof is None else proof.mfa_at
    ceilings = () if proof is None else proof.handed_down
    if factor is None:
        ceilings = (*ceilings, documents.keep(work.unit, WITHOUT_FACTOR))
    caller = work.principal.caller
    wanted = Wanted(
        account=work.account,
        subject=caller.unique_id,
        kind=TemporaryKind.SELF,
        life=_life(work, duration_seconds),
        ceilings=ceilings,
        mfa_at=factor,
        factors=() if proof is None else proof.factors,
        since=None if proof is None else proof.issued_at,
    )
    return SessionToken(session_credentials.issued(work, wanted, parent=proof))


def _federation_asks(
    work: Work, *, name: str, tags: Mapping[str, str] | None = None, **_others: object
) -> Asks:
    _require_own_credential(work, "GetFederationToken")
    if work.principal.caller.kind is not CallerKind.USER:
        raise AccessDenied("GetFederationToken is for users; root users have nothing to hand out in part")
    also = ("sts:TagSession",) if tags else ()
    return Asks((_federated_arn(work, name),), targets.request_tag_keys(tags), also=also)


@operation("sts:GetFederationToken", access="Write", on=("federated-user",), asks=_federation_asks)
def get_federation_token(
    work: Work,
    *,
    name: str,
    policy: str | None = None,
    policy_arns: Sequence[str] = (),
    duration_seconds: int | None = None,
    tags: Mapping[str, str] | None = None,
) -> FederationToken:
    """Credentials of a federated user `name`, which may do what the caller and the given policies allow.

    Without policies they may do nothing but what resources allow them by name. They change no identity and
    get no further credentials. Raises AccessDenied, ValidationError, MalformedPolicyDocument,
    PackedPolicyTooLarge, NoSuchEntity (a policy), ExpiredToken.
    """
    proof = work.principal.authentication
    given = checked_tags(tags or {})
    work.house.quotas.hold("tags", len(given))
    narrowing = session_policies.checked(work.unit, work.house, work.account, policy, policy_arns)
    size = session_policies.packed_size(narrowing, given)
    limit = documents.keep(work.unit, OF_FEDERATED)
    wanted = Wanted(
        account=work.account,
        subject=work.principal.caller.unique_id,
        kind=TemporaryKind.FEDERATED,
        life=_life(work, duration_seconds),
        name=session_names.checked_name("name", name, 32),
        session_policies=(*narrowing.keep(work), limit),
        ceilings=() if proof is None else proof.handed_down,
        tags=given,
        mfa_at=None if proof is None else proof.mfa_at,
        factors=() if proof is None else proof.factors,
    )
    credentials = session_credentials.issued(work, wanted, parent=proof)
    user = FederatedUser(f"{work.account}:{name}", _federated_arn(work, name))
    return FederationToken(credentials, user, size)


def _federated_arn(work: Work, name: str) -> str:
    session_names.checked_name("name", name, 32)
    return f"arn:{work.house.partition}:sts::{work.account}:federated-user/{name}"


def _require_own_credential(work: Work, name: str) -> None:
    """Raise AccessDenied for a temporary credential, which gets no other but by assuming a role."""
    proof = work.principal.authentication
    if proof is not None and proof.kind in (CredentialKind.TEMPORARY, CredentialKind.OPERATOR):
        raise AccessDenied(f"cannot call {name} with session credentials; use the user's own")


def _life(work: Work, seconds: int | None) -> timedelta:
    root = work.principal.caller.kind is CallerKind.ROOT
    longest = LONGEST_OF_ROOT if root else LONGEST
    wanted = min(DEFAULT_SECONDS, longest) if seconds is None else seconds
    return session_credentials.checked_life(wanted, longest=longest, because=" for root" if root else "")
