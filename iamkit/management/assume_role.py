"""`sts:AssumeRole`: from one principal to a session of a role that trusts it (CAP-B6 to B13, G1, G5).

The role's trust policy decides as a policy of the role's own (SEM-E17): it names the caller, or it trusts the
caller's account and the caller's policies allow the rest. What is asked for is authorised as a whole: tags
need `sts:TagSession`, a source identity `sts:SetSourceIdentity` (SEM-E18).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from iamkit.credentials.authentication import SessionFacts, TemporaryKind
from iamkit.credentials.secret import Secret
from iamkit.credentials.temporary import Wanted
from iamkit.errors import AccessDenied, NoSuchEntity, ValidationError
from iamkit.identity.roles import Role
from iamkit.identity.tags import checked_tags
from iamkit.management import session_credentials, session_names, session_policies, shown_factors, targets
from iamkit.management.assumed_roles import AssumedRoleUser, role_of, session_of
from iamkit.management.operation import Asks, Preparation, Work, operation
from iamkit.management.session_credentials import Credentials
from iamkit.management.shown_factors import ShownFactor
from iamkit.policy.request import CallerKind, ContextValue

DEFAULT_SECONDS: Final = 3600
# A role that was reached from another role (CAP-B12).
CHAINED: Final = 3600
# `[\w+=,.@:\/-]*` of the service model, with `\w` spelt out.
_EXTERNAL: Final = re.compile(r"[A-Za-z0-9_+=,.@:/-]{2,1224}", re.ASCII)


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """A session that just began. `packed_policy_size` is in per cent of what a session may carry."""

    credentials: Credentials
    assumed_role_user: AssumedRoleUser
    packed_policy_size: int | None = None
    source_identity: str | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """What goes into the session: what the call gives, and what the caller's own session hands on."""

    tags: Mapping[str, str]
    transitive: tuple[str, ...]
    source_identity: str
    actor: str


def _prepare(
    preparation: Preparation,
    *,
    serial_number: str | None = None,
    token_code: Secret | None = None,
    **_others: object,
) -> ShownFactor | None:
    return shown_factors.shown(preparation, serial_number, token_code)


def _asks(
    work: Work,
    *,
    role_arn: str,
    role_session_name: str,
    duration_seconds: int | None = None,
    external_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    transitive_tag_keys: Sequence[str] = (),
    source_identity: str | None = None,
    **_others: object,
) -> Asks:
    if work.principal.caller.kind is CallerKind.ROOT:
        raise AccessDenied("roles may not be assumed by root users; sign in as a user")
    arn, role = role_of(work, role_arn)
    passed = _passed(work, tags, transitive_tag_keys, source_identity)
    context: dict[str, ContextValue] = {
        **targets.tag_keys(role),
        **targets.request_tag_keys(passed.tags),
        "sts:RoleSessionName": session_names.checked_name("role session name", role_session_name, 64),
        "sts:DurationSeconds": DEFAULT_SECONDS if duration_seconds is None else duration_seconds,
    }
    if external_id is not None:
        context["sts:ExternalId"] = _checked_external_id(external_id)
    if passed.source_identity:
        context["sts:SourceIdentity"] = passed.source_identity
    if passed.transitive:
        context["sts:TransitiveTagKeys"] = passed.transitive
    # What is handed on counts as well: it goes before the tags that the role has.
    also = ["sts:TagSession"] if passed.tags else []
    also += ["sts:SetSourceIdentity"] if passed.source_identity else []
    return Asks(
        (role_arn,),
        context,
        arn.account,
        tuple(also),
        explicit_trust=True,
        principal=shown_factors.caller_of(work),
    )


@operation("sts:AssumeRole", access="Write", on=("role",), asks=_asks, prepare=_prepare, ask_first=False)
def assume_role(
    work: Work,
    *,
    role_arn: str,
    role_session_name: str,
    policy_arns: Sequence[str] = (),
    policy: str | None = None,
    duration_seconds: int | None = None,
    tags: Mapping[str, str] | None = None,
    transitive_tag_keys: Sequence[str] = (),
    external_id: str | None = None,  # noqa: ARG001  # asked about
    serial_number: str | None = None,  # noqa: ARG001  # prepared, as the code is
    token_code: Secret | None = None,  # noqa: ARG001
    source_identity: str | None = None,
) -> AssumedRole:
    """Begin a session of a role, good for `duration_seconds` (900 to the role's longest, 3600 if not given).

    It may do what the role may, and where `policy` (a text) or `policy_arns` are given, only what those
    allow too. It ends no later than the credential that it is asked for with. Raises AccessDenied,
    ValidationError, MalformedPolicyDocument, PackedPolicyTooLarge, NoSuchEntity (a policy), ExpiredToken.
    """
    _, role = role_of(work, role_arn)
    if role is None:
        raise NoSuchEntity(f"there is no role `{role_arn[:200]}`")
    proof = shown_factors.spent(work)
    passed = _passed(work, tags, transitive_tag_keys, source_identity)
    narrowing = session_policies.checked(work.unit, work.house, role.account, policy, policy_arns)
    size = session_policies.packed_size(narrowing, passed.tags)
    credentials = session_credentials.issued(
        work,
        Wanted(
            account=role.account,
            subject=role.role_id,
            kind=TemporaryKind.ROLE,
            life=_life(work, role, duration_seconds),
            name=role_session_name,
            session_policies=narrowing.keep(work),
            tags=passed.tags,
            transitive=passed.transitive,
            source_identity=passed.source_identity,
            actor=passed.actor,
            mfa_at=None if proof is None else proof.mfa_at,
            factors=() if proof is None else proof.factors,
        ),
        parent=proof,
    )
    return AssumedRole(
        credentials,
        session_of(work, role, role_session_name),
        size,
        passed.source_identity or None,
    )


def _life(work: Work, role: Role, seconds: int | None) -> timedelta:
    longest, because = role.max_session_seconds, " for this role"
    if work.principal.caller.kind is CallerKind.ROLE_SESSION:
        longest, because = CHAINED, " for a role that is assumed from another role"
    wanted = DEFAULT_SECONDS if seconds is None else seconds
    return session_credentials.checked_life(wanted, longest=longest, because=because)


def _passed(
    work: Work, tags: Mapping[str, str] | None, transitive: Sequence[str], source_identity: str | None
) -> Passed:
    """What the session gets. Raises ValidationError, and AccessDenied for changing what is handed on."""
    proof = work.principal.authentication
    before = None if proof is None else proof.session
    given = checked_tags(tags or {})
    work.house.quotas.hold("tags", len(given))
    lower = {key.lower() for key in given}
    strange = [key for key in transitive if key.lower() not in lower]
    if strange:
        raise ValidationError(
            f"the transitive tag key `{strange[0][:128]}` is not among the tags of this call"
        )
    inherited = _inherited(before)
    taken = sorted(key for key in inherited if key.lower() in lower)
    if taken:
        raise ValidationError(
            f"the tag `{taken[0]}` is handed on by the calling session and cannot be set again"
        )
    identity = "" if before is None else before.source_identity
    if source_identity is not None:
        session_names.checked_name("source identity", source_identity, 64)
        if source_identity.lower().startswith("aws:"):
            raise ValidationError("a source identity must not begin with `aws:`")
        if identity and source_identity != identity:
            raise AccessDenied("the source identity of a session cannot be changed by assuming a role")
        identity = source_identity
    actor = "" if before is None else before.actor
    return Passed({**inherited, **given}, (*inherited, *_spelt(transitive, given)), identity, actor)


def _inherited(before: SessionFacts | None) -> dict[str, str]:
    if before is None:
        return {}
    return {key: before.tags[key] for key in before.transitive}


def _spelt(keys: Sequence[str], tags: Mapping[str, str]) -> tuple[str, ...]:
    wanted = {key.lower() for key in keys}
    return tuple(key for key in tags if key.lower() in wanted)


def _checked_external_id(text: str) -> str:
    if not _EXTERNAL.fullmatch(text):
        raise ValidationError(
            "an external id must have 2 to 1224 letters, digits or characters of `_+=,.@:/-`"
        )
    return text
