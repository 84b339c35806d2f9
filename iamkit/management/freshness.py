"""Freshness: how lately somebody has to have proved themselves to change what they prove themselves with."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from iamkit.credentials import mfa
from iamkit.credentials.authentication import CredentialKind
from iamkit.errors import AccessDenied, StepUpRequired
from iamkit.identity.users import User
from iamkit.management import targets
from iamkit.management.operation import Work

# How long after signing in, or after a second factor, one's own factors can be changed (THR-M6).
RECENT: Final = timedelta(minutes=15)


def recent_user(work: Work, user_name: str | None) -> User:
    """The user, or the caller; for one's own factors a proof has to be fresh, or whoever finds it takes over.

    In a session that is a recent sign-in or a second factor. Whoever signs, and has a device, has to have
    shown it lately (a temporary credential that was asked for with a code): a key that leaked must not remove
    the factor that its owner is protected by. Without a device a signature does, or nobody could enrol by an
    SDK, and for other users' factors it is the policies alone, as in AWS.

    A personal token does nothing of it: it was made so that scripts need not sign in, and a factor or an
    address of its bearer's own would be a sign-in with all that the owner may do (THR-S7).
    """
    user = targets.person(work, user_name)
    require_recent(work, user)
    return user


def require_recent(work: Work, user: User) -> None:
    """Raise StepUpRequired or AccessDenied where `recent_user` does, for whoever is known already."""
    proof = work.principal.authentication
    if proof is None or proof.subject != user.user_id:
        return
    if proof.kind is CredentialKind.TOKEN:
        raise AccessDenied("a personal token changes no factors and no address of its owner's; sign in")
    targets.refuse_narrowed(work, user)
    shown = proof.mfa_at
    if proof.kind is CredentialKind.SESSION:
        shown = max(filter(None, (shown, proof.issued_at)), default=None)
    elif proof.kind is CredentialKind.OPERATOR or not mfa.of_subject(work.unit, user.user_id):
        return
    if shown is None or work.house.now() - shown > RECENT:
        raise StepUpRequired(
            "this needs a recent sign-in; sign in again, or show a second factor",
            max_age=int(RECENT.total_seconds()),
        )
