"""Operations on the sessions of a user (CAP-B16)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from iamkit.credentials import links, sessions, temporary
from iamkit.credentials.sessions import SessionRecord
from iamkit.errors import NoSuchEntity
from iamkit.identity import people
from iamkit.identity.users import User
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page


@dataclass(frozen=True, slots=True)
class SessionFace:
    """A session as people see it; `public_id` is not its token."""

    public_id: str
    user_name: str
    kind: str
    state: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    device: str
    source: str | None


def _own_asks(work: Work, *, user_name: str | None = None) -> Asks:
    return targets.user(work, user_name)


@operation("iamkit:ListSessions", access="List", on=("user",), asks=_own_asks)
def list_sessions(work: Work, *, user_name: str | None = None) -> Page[SessionFace]:
    """The live sessions of a user (default: the caller), oldest first."""
    user = _user(work, user_name)
    found = sessions.live_sessions(work.unit, user.user_id, now=work.house.now())
    return Page(tuple(_face(session, user) for session in found))


def _one_asks(work: Work, *, user_name: str | None = None, **_others: object) -> Asks:
    return targets.user(work, user_name)


@operation("iamkit:EndSession", access="Write", on=("user",), asks=_one_asks)
def end_session(work: Work, *, session_id: str, user_name: str | None = None) -> None:
    """End one session of a user by its public id. Raises NoSuchEntity.

    A change of address that was asked for in it goes with it: whoever had it reads that address.
    """
    user = _user(work, user_name)
    found = work.unit.find(SessionRecord, {"public_id": session_id, "user_id": user.user_id}, limit=1)
    if not found:
        raise NoSuchEntity(f"user `{user.name}` has no session `{session_id[:80]}`")
    sessions.end(work.unit, found[0].session_id, now=work.house.now())
    links.void_begun_in(work.unit, user.user_id, session_id)


@operation("iamkit:EndSessions", access="Write", on=("user",), asks=_own_asks)
def end_sessions(work: Work, *, user_name: str | None = None) -> None:
    """End every session of a user (default: the caller), and all temporary credentials that it got."""
    user = _user(work, user_name)
    sessions.end_all(work.unit, account=user.account, user_id=user.user_id)
    temporary.end_all_from(work.unit, user.user_id)


def _user(work: Work, user_name: str | None) -> User:
    return targets.person(work, user_name)


def _face(session: SessionRecord, user: User) -> SessionFace:
    return SessionFace(
        session.public_id,
        people.shown(user),
        session.kind,
        session.state,
        session.created_at,
        session.last_seen_at,
        session.absolute_expires_at,
        session.device,
        session.source,
    )
