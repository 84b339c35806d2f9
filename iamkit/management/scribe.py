"""The scribe: turns a management attempt into its audit event. Secrets never reach it in the clear."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from iamkit.audit.event import Actor, Event, Origin, new_event
from iamkit.credentials.authentication import CredentialKind
from iamkit.credentials.secret import Secret
from iamkit.errors import IamkitError
from iamkit.identity import root_rules
from iamkit.identity.house import House
from iamkit.identity.principal import Principal
from iamkit.management.session_names import user_id_of
from iamkit.policy.request import CallerKind

# A private key that somebody sent where its certificate belongs.
_PRIVATE: Final = "PRIVATE KEY"
# The longest text that an event keeps whole: longer than any policy, shorter than chains of certificates.
_LONGEST: Final = 20_000
_SHOWN_OF_LONG: Final = 200
HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"

_ACTOR_TYPES: Final = {
    CallerKind.ROOT: "Root",
    CallerKind.USER: "IAMUser",
    CallerKind.ROLE_SESSION: "AssumedRole",
    CallerKind.FEDERATED_USER: "FederatedUser",
    CallerKind.SERVICE: "AWSService",
    CallerKind.PROVIDER: "WebIdentityUser",
}

# What of a result is told in `responseElements`. Only these attributes, so no secret can be among them.
_TOLD: Final = (
    "arn",
    "user_id",
    "group_id",
    "role_id",
    "policy_id",
    "key_id",
    "version",
    "default_version",
    "status",
    "resource_arn",
    "public_id",
    "account_id",
    "node_id",
    "access_key_id",
    "assumed_role_id",
    "federated_user_id",
    "source_identity",
    "request_id",
    "requester",
    "subject_from_web_identity_token",
    "audience",
    "serial_number",
    "ssh_public_key_id",
    "certificate_id",
    "service_specific_credential_id",
    "old_key_id",
)
# What of a result is told as a part of its own.
_PARTS: Final = ("credentials", "assumed_role_user", "federated_user")


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An attempt as the desk saw it. `error` is None if it succeeded."""

    name: str
    service: str
    read_only: bool
    principal: Principal
    account: str
    parameters: Mapping[str, object]
    resources: tuple[str, ...] = ()
    decision_ids: tuple[str, ...] = ()
    result: object = None
    error: Exception | None = None
    shared_id: str | None = None


def events_of(draft: EventDraft, house: House, origin: Origin, owner: str) -> tuple[Event, ...]:
    """The events of a call: in the caller's account, and in the one that owns what it was done on (CAP-B10).

    Both have one `sharedEventID`; the owner is told from which account it was, and not by which name.
    """
    if owner in ("", draft.account) or draft.error is not None:
        return (event_of(draft, house, origin),)
    shared = replace(draft, shared_id=str(uuid.UUID(bytes=house.ids.bytes(16), version=4)))
    here = actor_of(draft.principal)
    stranger = Actor(type="AWSAccount", principal_id=here.principal_id, account=here.account)
    return (
        event_of(shared, house, origin),
        event_of(replace(shared, account=owner, decision_ids=()), house, origin, actor=stranger),
    )


def event_of(draft: EventDraft, house: House, origin: Origin, *, actor: Actor | None = None) -> Event:
    """The event, in CloudTrail's fields (CAP App. B)."""
    code = message = None
    if draft.error is not None:
        # Another exception's text may quote anything.
        code, message = "InternalFailure", "an unexpected error; see the log"
        if isinstance(draft.error, IamkitError):
            code, message = draft.error.code, draft.error.message
    return new_event(
        house.ids,
        at=house.now(),
        account=draft.account,
        actor=actor or actor_of(draft.principal),
        source=f"{draft.service}.amazonaws.com",
        name=draft.name,
        read_only=draft.read_only,
        origin=origin,
        request_parameters={
            _camel(name): _shown_as(name, value)
            for name, value in draft.parameters.items()
            if value is not None
        },
        response_elements=None if draft.read_only or draft.error else _facts(draft.result),
        resources=draft.resources,
        error_code=code,
        error_message=message,
        critical=f"{draft.service}:{draft.name}" in root_rules.HOST_ONLY,
        shared_id=draft.shared_id,
        iamkit=_beside(draft, told=actor is None),
    )


def _beside(draft: EventDraft, *, told: bool) -> dict[str, object] | None:
    """What CloudTrail has no field for: the decisions, and through whom the caller came to act as it does."""
    found: dict[str, object] = {}
    if draft.decision_ids:
        found["decisionIds"] = list(draft.decision_ids)
    proof = draft.principal.authentication
    if told and proof is not None and proof.session is not None:
        if proof.session.actor:
            found["actor"] = proof.session.actor
        if proof.session.chain:
            found["chain"] = [*proof.session.chain, draft.principal.arn]
    return found or None


def actor_of(principal: Principal) -> Actor:
    """The `userIdentity` of a principal."""
    caller, proof = principal.caller, principal.authentication
    operator = ""
    session: dict[str, str] = {}
    issuer: dict[str, str] = {}
    key_id = source_identity = ""
    if proof is not None:
        if proof.kind is CredentialKind.OPERATOR:
            operator = proof.credential_id
        elif proof.kind in (CredentialKind.ACCESS_KEY, CredentialKind.TEMPORARY):
            key_id = proof.credential_id
        if proof.issued_at is not None:
            session = {
                "creationDate": _written(proof.issued_at),
                "mfaAuthenticated": "true" if proof.mfa_at is not None else "false",
            }
        if proof.session is not None:
            source_identity = proof.session.source_identity
    principal_id = caller.unique_id
    if caller.kind is CallerKind.PROVIDER:
        # Whoever the provider's token tells of is in no account; the ARN is the provider's.
        return Actor(
            type=_ACTOR_TYPES[caller.kind],
            principal_id=principal_id,
            user_name=principal.name,
            identity_provider=caller.arn,
        )
    if caller.kind in (CallerKind.ROLE_SESSION, CallerKind.FEDERATED_USER):
        role = caller.kind is CallerKind.ROLE_SESSION
        principal_id = user_id_of(caller)
        issuer = {
            "type": "Role" if role else "IAMUser",
            "principalId": caller.unique_id,
            "arn": caller.issuer_arn,
            "accountId": caller.account,
            "userName": caller.issuer_arn.rsplit("/", 1)[-1],
        }
    return Actor(
        type=_ACTOR_TYPES.get(caller.kind, "Unknown"),
        principal_id=principal_id,
        arn=caller.arn,
        account=caller.account,
        access_key_id=key_id,
        user_name=principal.name if caller.kind is CallerKind.USER else "",
        session=session,
        issuer=issuer,
        source_identity=source_identity,
        operator=operator,
    )


def _facts(result: object) -> dict[str, object] | None:
    # A new access key is its record with the secret beside it; a session is told as AWS tells it.
    for part in (result, getattr(result, "key", None), getattr(result, "face", None)):
        facts = _told(part)
        for name in _PARTS:
            inside = _told(getattr(part, name, None))
            if inside:
                facts[_camel(name)] = inside
        if facts:
            return facts
    return None


def _told(part: object) -> dict[str, object]:
    facts: dict[str, object] = {
        _camel(name): getattr(part, name) for name in _TOLD if isinstance(getattr(part, name, None), str)
    }
    expiration = getattr(part, "expiration", None)
    if isinstance(expiration, datetime):
        facts["expiration"] = _written(expiration)
    return facts


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shown_as(name: str, value: object) -> object:
    # A caller that forgot to wrap a secret fails, and its event is kept all the same.
    bare = isinstance(value, (str, bytes)) and name.endswith(("password", "secret", "token"))
    return HIDDEN if bare else _shown(value)


def _shown(value: object) -> object:
    if isinstance(value, Secret) or (isinstance(value, str) and _PRIVATE in value):
        return HIDDEN
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:_SHOWN_OF_LONG]}… ({len(value)} characters)"
    if isinstance(value, Mapping):
        return {str(key): _shown(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_shown(item) for item in value]
    return value if isinstance(value, (str, int, float, bool)) else _shown(str(value))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
