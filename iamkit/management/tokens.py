"""Operations on personal tokens (CAP-C10). A new token is in the result and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from iamkit.credentials import tokens
from iamkit.credentials.secret import Secret
from iamkit.credentials.tokens import DEFAULT_LIFE, NewToken, PersonalToken
from iamkit.errors import AccessDenied
from iamkit.identity import documents, users
from iamkit.identity.users import User
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page
from iamkit.policy.model import PolicyKind


@dataclass(frozen=True, slots=True)
class TokenFace:
    """A token as people see it: everything but itself. `status` is `Active` or `Expired`."""

    token_id: str
    name: str
    user_name: str
    status: str
    narrowed: bool
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class CreatedToken:
    """A token that was just made, with the text that its bearer sends."""

    face: TokenFace
    token: Secret


def _create_asks(work: Work, *, user_name: str | None = None, **_others: object) -> Asks:
    return targets.user(work, user_name)


@operation("iamkit:CreatePersonalToken", access="Write", on=("user",), asks=_create_asks)
def create_personal_token(
    work: Work,
    *,
    name: str,
    user_name: str | None = None,
    policy_document: str | None = None,
    days: int | None = DEFAULT_LIFE.days,
) -> CreatedToken:
    """Make a token of a user (default: the caller), good for `days` (None: without end).

    `policy_document` narrows it: it may do what both its owner and this policy allow. Made by a token or
    another credential that ends, it ends no later than that (THR-S7). Raises
    MalformedPolicyDocument, ValidationError, EntityAlreadyExists, LimitExceeded.
    """
    _refuse_narrowed(work)
    user = _user(work, user_name)
    digest = None
    if policy_document is not None:
        documents.checked(policy_document, PolicyKind.SESSION, work.house.operators)
        digest = documents.keep(work.unit, policy_document)
    made = tokens.create(
        work.unit,
        work.house.ids,
        account=user.account,
        user_id=user.user_id,
        name=name,
        now=work.house.now(),
        policy=digest,
        life=None if days is None else timedelta(days=days),
        until=targets.own_end(work),
    )
    return _created(work, made, user)


def _own_asks(work: Work, *, user_name: str | None = None) -> Asks:
    return targets.user(work, user_name)


@operation("iamkit:ListPersonalTokens", access="List", on=("user",), asks=_own_asks)
def list_personal_tokens(work: Work, *, user_name: str | None = None) -> Page[TokenFace]:
    """The tokens of a user (default: the caller), oldest first, expired ones included."""
    user = _user(work, user_name)
    return Page(tuple(_face(work, kept, user) for kept in tokens.held_by(work.unit, user.user_id)))


def _one_asks(work: Work, *, token_id: str, user_name: str | None = None) -> Asks:  # noqa: ARG001
    return targets.user(work, user_name)


@operation("iamkit:ResetPersonalToken", access="Write", on=("user",), asks=_one_asks)
def reset_personal_token(work: Work, *, token_id: str, user_name: str | None = None) -> CreatedToken:
    """A new secret for a token, as long-lived as the old, which is void at once. Raises NoSuchEntity.

    By a token or another credential that ends, it ends no later than that.
    """
    _refuse_narrowed(work)
    user = _user(work, user_name)
    kept = tokens.get(work.unit, token_id, user_id=user.user_id)
    made = tokens.reset(work.unit, work.house.ids, kept, now=work.house.now(), until=targets.own_end(work))
    return _created(work, made, user)


@operation("iamkit:DeletePersonalToken", access="Write", on=("user",), asks=_one_asks)
def delete_personal_token(work: Work, *, token_id: str, user_name: str | None = None) -> None:
    """Delete a token; it is refused from the next request on. Raises NoSuchEntity."""
    user = _user(work, user_name)
    tokens.remove(work.unit, tokens.get(work.unit, token_id, user_id=user.user_id))


def _refuse_narrowed(work: Work) -> None:
    """Whoever comes with less than the user's permissions makes nothing that has them all (THR-S7)."""
    proof = work.principal.authentication
    if proof is not None and proof.narrowed:
        raise AccessDenied("a credential that was narrowed makes no tokens; sign in, or use an access key")


def _user(work: Work, user_name: str | None) -> User:
    return users.get(work.unit, work.account, targets.own_name(work, user_name))


def _created(work: Work, made: NewToken, user: User) -> CreatedToken:
    return CreatedToken(_face(work, made.kept, user), made.token)


def _face(work: Work, kept: PersonalToken, user: User) -> TokenFace:
    expired = kept.expires_at is not None and work.house.now() >= kept.expires_at
    return TokenFace(
        kept.public_id,
        kept.name,
        user.name,
        "Expired" if expired else "Active",
        kept.policy is not None,
        kept.created_at,
        kept.expires_at,
        kept.last_used_at,
    )
