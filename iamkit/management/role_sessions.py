"""Operations on temporary credentials that were given out: who holds them, and taking them back (CAP-G7).

What is ended is refused from the next request on, with everything that was got by it. Beside this, AWS's own
way works too: an inline policy that denies everything to sessions whose `aws:TokenIssueTime` is before then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from iamkit.credentials import sessions, temporary
from iamkit.credentials.temporary import TemporaryCredential
from iamkit.errors import NoSuchEntity
from iamkit.identity import roles, users
from iamkit.identity.roles import Role
from iamkit.identity.users import User
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page


@dataclass(frozen=True, slots=True)
class TemporaryFace:
    """Temporary credentials as people see them: everything but the secret parts.

    `session_id` is the access key id. `chain` are the ARNs of those through whom they were got, the first one
    first. `mfa` says that a second factor was shown.
    """

    session_id: str
    kind: str
    name: str
    chain: tuple[str, ...]
    source_identity: str
    issued_at: datetime
    expires_at: datetime
    mfa: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """How many temporary credentials were ended."""

    count: int


def _role_asks(work: Work, *, role_name: str, **_others: object) -> Asks:
    return targets.role(work, role_name)


@operation("iamkit:ListRoleSessions", access="List", on=("role",), asks=_role_asks)
def list_role_sessions(work: Work, *, role_name: str) -> Page[TemporaryFace]:
    """The sessions of a role that hold now, oldest first. Raises NoSuchEntity."""
    return _page(temporary.live(work.unit, _role(work, role_name).role_id, now=work.house.now()))


@operation("iamkit:EndRoleSession", access="Write", on=("role",), asks=_role_asks)
def end_role_session(work: Work, *, role_name: str, session_id: str) -> None:
    """End one session of a role, with all that was got by it. Raises NoSuchEntity."""
    role = _role(work, role_name)
    temporary.end(work.unit, temporary.get(work.unit, session_id, subject=role.role_id))


@operation("iamkit:EndRoleSessions", access="Write", on=("role",), asks=_role_asks)
def end_role_sessions(work: Work, *, role_name: str) -> Ended:
    """End every session of a role that began before now, with all that was got by it; new ones may begin."""
    return Ended(temporary.end_all_as(work.unit, _role(work, role_name).role_id))


def _user_asks(work: Work, *, user_name: str | None = None, **_others: object) -> Asks:
    return targets.user(work, user_name)


@operation("iamkit:ListTemporaryCredentials", access="List", on=("user",), asks=_user_asks)
def list_temporary_credentials(work: Work, *, user_name: str | None = None) -> Page[TemporaryFace]:
    """The temporary credentials that a user (default: the caller) got, also as a role, oldest first."""
    user = _user(work, user_name)
    return _page(temporary.live_from(work.unit, user.user_id, now=work.house.now()))


@operation("iamkit:EndTemporaryCredential", access="Write", on=("user",), asks=_user_asks)
def end_temporary_credential(work: Work, *, session_id: str, user_name: str | None = None) -> None:
    """End temporary credentials that a user (default: the caller) got. Raises NoSuchEntity."""
    user = _user(work, user_name)
    found = work.unit.find(TemporaryCredential, {"key_id": session_id, "origin": user.user_id}, limit=1)
    if not found:
        raise NoSuchEntity(f"user `{user.name}` has no temporary credentials `{session_id[:128]}`")
    temporary.end(work.unit, found[0])


@operation("iamkit:EndAccountSessions", access="Write", asks=targets.whole_account)
def end_account_sessions(work: Work) -> Ended:
    """End everything temporary in the account: the sessions of its roles and of everybody who signed in.

    Passwords, access keys and personal tokens stay as they are; the caller's own session ends as well.
    """
    ended = temporary.end_all_in(work.unit, work.account)
    for user_id in sessions.subjects_in(work.unit, work.account):
        sessions.end_all(work.unit, account=work.account, user_id=user_id)
    return Ended(ended)


def _role(work: Work, role_name: str) -> Role:
    return roles.get(work.unit, work.account, role_name)


def _user(work: Work, user_name: str | None) -> User:
    return users.get(work.unit, work.account, targets.own_name(work, user_name))


def _page(found: Iterable[TemporaryCredential]) -> Page[TemporaryFace]:
    return Page(
        tuple(
            TemporaryFace(
                kept.key_id,
                kept.kind,
                kept.name,
                kept.chain,
                kept.source_identity,
                kept.issued_at,
                kept.expires_at,
                kept.mfa_at is not None,
            )
            for kept in found
        )
    )
