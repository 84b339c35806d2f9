"""`sts:AssumeRoleWithWebIdentity`: from a token of an OpenID Connect provider to a role (CAP-H2).

The token is the credential, and a plugin verifies it; without one the operation is refused. Only the role's
trust policy speaks of who comes with it (SEM-E19), with the token's claims as condition keys. Tags in the
token need `sts:TagSession`, a source identity `sts:SetSourceIdentity`, both in the trust policy too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from iamkit.credentials import temporary
from iamkit.credentials.authentication import TemporaryKind
from iamkit.credentials.secret import Secret
from iamkit.credentials.temporary import Wanted
from iamkit.errors import InvalidAction, InvalidIdentityToken, NoSuchEntity, ValidationError
from iamkit.federation import claims, oidc_provider
from iamkit.federation.claims import WebIdentity
from iamkit.federation.oidc_provider import OidcProvider
from iamkit.identity.principal import Principal
from iamkit.identity.tags import checked_tags
from iamkit.management import session_credentials, session_names, session_policies, targets
from iamkit.management.assume_role import DEFAULT_SECONDS
from iamkit.management.assumed_roles import AssumedRoleUser, arn_of, role_of, session_of
from iamkit.management.operation import Asks, Preparation, Work, operation
from iamkit.management.services import Services
from iamkit.management.session_credentials import Credentials
from iamkit.policy.layers import CallerLayers
from iamkit.policy.request import Caller, CallerKind, ContextValue

SHORTEST_TOKEN: Final = 4
LONGEST_TOKEN: Final = 20_000


@dataclass(frozen=True, slots=True)
class AssumedByWebIdentity:
    """A session that just began. `provider` is the token's issuer, `audience` the client id it is for."""

    credentials: Credentials
    assumed_role_user: AssumedRoleUser
    subject_from_web_identity_token: str
    provider: str
    audience: str
    packed_policy_size: int | None = None
    source_identity: str | None = None


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A token that nobody has looked into, and whose it may be."""

    token: Secret = field(repr=False)
    providers: tuple[OidcProvider, ...]


def _prepare(
    preparation: Preparation,
    *,
    role_arn: str,
    web_identity_token: Secret,
    provider_id: str | None = None,
    **_others: object,
) -> _Claimed:
    if provider_id is not None:
        raise ValidationError("`provider_id` is for OAuth 2.0 access tokens; leave it out for OpenID Connect")
    if not SHORTEST_TOKEN <= len(web_identity_token.reveal()) <= LONGEST_TOKEN:
        raise ValidationError(f"a token must have {SHORTEST_TOKEN} to {LONGEST_TOKEN} characters")
    found = oidc_provider.listing(preparation.reader, arn_of(role_arn).account)
    return _Claimed(web_identity_token, tuple(found))


def _verified(services: Services, claimed: object) -> WebIdentity:
    verifier = services.web_identities()
    if verifier is None or not isinstance(claimed, _Claimed):
        raise InvalidAction(
            "`sts:AssumeRoleWithWebIdentity` needs a plugin that verifies tokens of OpenID Connect "
            "providers; install iamkit-oidc"
        )
    token = verifier.verify(claimed.token.reveal(), claimed.providers)
    if token.provider not in claimed.providers:
        raise InvalidIdentityToken("the token is of no provider of the role's account")
    return claims.read(token)


def _asks(
    work: Work,
    *,
    role_arn: str,
    role_session_name: str,
    duration_seconds: int | None = None,
    **_others: object,
) -> Asks:
    arn, role = role_of(work, role_arn)
    identity = _identity(work)
    context: dict[str, ContextValue] = {
        **identity.keys,
        **targets.tag_keys(role),
        **targets.request_tag_keys(identity.tags),
        "sts:RoleSessionName": session_names.checked_name("role session name", role_session_name, 64),
        "sts:DurationSeconds": DEFAULT_SECONDS if duration_seconds is None else duration_seconds,
    }
    if identity.source_identity:
        context["sts:SourceIdentity"] = _checked_source_identity(identity.source_identity)
    if identity.transitive:
        context["sts:TransitiveTagKeys"] = identity.transitive
    also = ["sts:TagSession"] if identity.tags else []
    also += ["sts:SetSourceIdentity"] if identity.source_identity else []
    return Asks(
        (role_arn,),
        context,
        arn.account,
        tuple(also),
        explicit_trust=True,
        principal=_principal(identity),
    )


@operation(
    "sts:AssumeRoleWithWebIdentity",
    access="Write",
    on=("role",),
    asks=_asks,
    prepare=_prepare,
    ask_first=False,
    verify=_verified,
    for_strangers=True,
)
def assume_role_with_web_identity(
    work: Work,
    *,
    role_arn: str,
    role_session_name: str,
    web_identity_token: Secret,  # noqa: ARG001  # verified already
    provider_id: str | None = None,  # noqa: ARG001  # refused already
    policy_arns: Sequence[str] = (),
    policy: str | None = None,
    duration_seconds: int | None = None,
) -> AssumedByWebIdentity:
    """Begin a session of a role for whom the token tells of, for 900 s to the role's longest (3600).

    Policies narrow it as with `assume_role`. The caller needs no credential. Raises InvalidIdentityToken,
    ExpiredIdentityToken, IdpCommunicationError, AccessDenied, ValidationError, MalformedPolicyDocument,
    PackedPolicyTooLarge, NoSuchEntity (a policy), and InvalidAction while no plugin verifies tokens.
    """
    _, role = role_of(work, role_arn)
    if role is None:
        raise NoSuchEntity(f"there is no role `{role_arn[:200]}`")
    identity = _identity(work)
    tags = checked_tags(identity.tags)
    work.house.quotas.hold("tags", len(tags))
    narrowing = session_policies.checked(work.unit, work.house, role.account, policy, policy_arns)
    size = session_policies.packed_size(narrowing, tags)
    seconds = DEFAULT_SECONDS if duration_seconds is None else duration_seconds
    made = temporary.issue(
        work.unit,
        work.services.sealer,
        work.house.ids,
        Wanted(
            account=role.account,
            subject=role.role_id,
            kind=TemporaryKind.ROLE,
            life=session_credentials.checked_life(
                seconds, longest=role.max_session_seconds, because=" for this role"
            ),
            name=role_session_name,
            session_policies=narrowing.keep(work),
            tags=tags,
            transitive=identity.transitive,
            source_identity=identity.source_identity,
            provider=identity.provider.arn,
            claims=identity.lasting,
        ),
        parent=None,
        parent_arn=identity.provider.arn,
        now=work.house.now(),
    )
    return AssumedByWebIdentity(
        Credentials(made.kept.key_id, made.secret, made.token, made.kept.expires_at),
        session_of(work, role, role_session_name),
        identity.subject,
        identity.provider.url,
        identity.audience,
        size,
        identity.source_identity or None,
    )


def _identity(work: Work) -> WebIdentity:
    """Whom the token told of, if its provider is still as it was when the token was held against it."""
    identity = work.prepared
    if not isinstance(identity, WebIdentity):
        raise InvalidIdentityToken("the token was not verified")
    known = identity.provider
    now = oidc_provider.find(work.unit, known.account, known.arn)
    if now is None or now.url != known.url or identity.audience not in now.client_ids:
        raise InvalidIdentityToken("the token's provider was changed meanwhile; try again")
    return identity


def _principal(identity: WebIdentity) -> Principal:
    """Who comes with the token: for policies the provider, for the trail the one it tells of."""
    provider = identity.provider
    caller = Caller(
        CallerKind.PROVIDER,
        arn=provider.arn,
        account=provider.account,
        unique_id=f"{provider.name}:{identity.audience}:{identity.subject}",
    )
    return Principal(caller, identity.subject, provider.account, CallerLayers())


def _checked_source_identity(text: str) -> str:
    session_names.checked_name("source identity", text, 64)
    if text.lower().startswith("aws:"):
        raise ValidationError("a source identity must not begin with `aws:`")
    return text
