"""Operations on the sessions of a user (CAP-B16)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from iamkit.credentials import links, sessions, temporary
from iamkit.credentials.authentication import CredentialKind
from iamkit.credentials.device_names import device_name
from iamkit.credentials.sessions import SessionRecord
from iamkit.errors import NoSuchEntity, ValidationError
from iamkit.identity import people
from iamkit.identity.users import User
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page

_LONGEST_NAME: Final = 64


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
    # What its user calls it, else what its client seems to be, such as `Firefox on Linux`.
    name: str = ""
    # Whether it is the caller's own.
    current: bool = False


def _own_asks(work: Work, *, user_name: str | None = None) -> Asks:
    return targets.user(work, user_name)


@operation("iamkit:ListSessions", access="List", on=("user",), asks=_own_asks)
def list_sessions(work: Work, *, user_name: str | None = None) -> Page[SessionFace]:
    """The live sessions of a user (default: the caller), oldest first."""
    user = _user(work, user_name)
    found = sessions.live_sessions(work.unit, user.user_id, now=work.house.now())
    own = _own_session(work)
    return Page(tuple(_face(session, user, own) for session in found))


def _one_asks(work: Work, *, user_name: str | None = None, **_others: object) -> Asks:
    return targets.user(work, user_name)


@operation("iamkit:EndSession", access="Write", on=("user",), asks=_one_asks)
def end_session(work: Work, *, session_id: str, user_name: str | None = None) -> None:
    """End one session of a user by its public id. Raises NoSuchEntity.

    A change of address that was asked for in it goes with it: whoever had it reads that address.
    """
    user = _user(work, user_name)
    _end(work, _one(work, user, session_id))


@operation("iamkit:RenameSession", access="Write", on=("user",), asks=_one_asks)
def rename_session(work: Work, *, session_id: str, name: str, user_name: str | None = None) -> None:
    """Give a live session a name, such as `kitchen tablet`. An empty one takes it away.

    Raises ValidationError for control characters and for more than 64 characters, NoSuchEntity.
    """
    if name != name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ValidationError(f"a session's name has at most {_LONGEST_NAME} visible characters")
    user = _user(work, user_name)
    if not sessions.rename(work.unit, _one(work, user, session_id).session_id, name):
        raise _none(user, session_id)


@operation("iamkit:EndSessions", access="Write", on=("user",), asks=_one_asks)
def end_sessions(work: Work, *, user_name: str | None = None, keep_current: bool = False) -> None:
    """End every session of a user (default: the caller); with `keep_current`, all but the caller's own.

    All temporary credentials that the user got end too, and changes of address that were asked for in what
    ends go with it.
    """
    user = _user(work, user_name)
    temporary.end_all_from(work.unit, user.user_id)
    own = _own_session(work) if keep_current else ""
    if not own:
        sessions.end_all(work.unit, account=user.account, user_id=user.user_id)
        return
    for session in sessions.live_sessions(work.unit, user.user_id, now=work.house.now()):
        if session.public_id != own:
            _end(work, session)


def _own_session(work: Work) -> str:
    """The public id of the session that the caller came with, empty if it came another way."""
    proof = work.principal.authentication
    return proof.credential_id if proof is not None and proof.kind is CredentialKind.SESSION else ""


def _one(work: Work, user: User, session_id: str) -> SessionRecord:
    found = work.unit.find(SessionRecord, {"public_id": session_id, "user_id": user.user_id}, limit=1)
    if not found:
        raise _none(user, session_id)
    return found[0]


def _none(user: User, session_id: str) -> NoSuchEntity:
    return NoSuchEntity(f"user `{people.shown(user)}` has no session `{session_id[:80]}`")


def _end(work: Work, session: SessionRecord) -> None:
    sessions.end(work.unit, session.session_id, now=work.house.now())
    links.void_begun_in(work.unit, session.user_id, session.public_id)


def _user(work: Work, user_name: str | None) -> User:
    return targets.person(work, user_name)


def _face(session: SessionRecord, user: User, own: str) -> SessionFace:
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
        session.name or device_name(session.device),
        session.public_id == own,
    )
