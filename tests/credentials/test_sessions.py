from __future__ import annotations

import base64
import hashlib
import string
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit import epochs
from iamkit.clock import FrozenClock
from iamkit.credentials import sessions
from iamkit.credentials.sessions import MODERN, NewSession, SessionKind, SessionRecord, SessionState
from iamkit.ids import Ids
from iamkit.memory import MemoryStore

ACCOUNT, USER = "123456789012", "AIDAONE"


def start(
    store: MemoryStore, clock: FrozenClock, *, user: str = USER, pending: bool = False, device: str = ""
) -> NewSession:
    with store.write() as unit:
        return sessions.start(
            unit,
            Ids(),
            account=ACCOUNT,
            user_id=user,
            kind=SessionKind.COOKIE,
            factors=("password",),
            limits=MODERN,
            now=clock.now(),
            awaits=("password",) if pending else (),
            device=device,
        )


def only(store: MemoryStore) -> SessionRecord:
    with store.read() as reader:
        return reader.find(SessionRecord)[0]


def test_only_the_hash_of_a_token_is_kept(store: MemoryStore, clock: FrozenClock) -> None:
    """The token has a prefix for scanners and 256 random bits; the record has its SHA-256."""
    made = start(store, clock)
    token = made.token.reveal()

    kept = only(store)
    assert token.startswith("iks_")
    assert len(base64.urlsafe_b64decode(token[4:] + "=")) == 32
    assert kept.session_id == hashlib.sha256(token.encode()).hexdigest()
    assert token[4:] not in repr(kept) + repr(made) + kept.public_id
    assert kept.session_id not in repr(kept)


@given(position=st.integers(0, 46), char=st.sampled_from(string.printable + "=é "))
@settings(max_examples=150, deadline=None)
def test_a_token_has_one_spelling(position: int, char: str) -> None:
    """Every other spelling has another id or none: no revoked token is dodged by respelling (THR-S6)."""
    token = "iks_" + Ids().token()
    other = token[:position] + char + token[position + 1 :]

    found = sessions.session_id_of(other)

    assert found is None or other == token or found != sessions.session_id_of(token)
    if found is not None:
        raw = base64.urlsafe_b64decode(other[4:] + "=")
        assert base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == other[4:]


@pytest.mark.parametrize(
    "spell",
    [
        lambda token: token + "=",
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda token: token.upper(),
        lambda token: token[4:],
        lambda token: f'"{token}"',
        lambda token: token[:-1] + "B",
        lambda token: token.replace("_", "%5f", 1),
        lambda _: "",
        lambda _: "iks_" + "Ａ" * 43,
    ],
)
def test_a_decorated_token_is_no_token(spell: object) -> None:
    """Padding, quotes, space, other case or loose bits at the end are refused before any look-up."""
    assert callable(spell)
    assert sessions.session_id_of(spell("iks_" + "A" * 43)) is None
    assert sessions.session_id_of("iks_" + "A" * 43) is not None


def test_ending_one_session_leaves_the_others_and_happens_once(
    store: MemoryStore, clock: FrozenClock
) -> None:
    """The second end says that there was nothing to end."""
    made, other = start(store, clock), start(store, clock)
    session_id = sessions.session_id_of(made.token.reveal())
    assert session_id is not None
    before = store.epochs((epochs.session(session_id),))

    with store.write() as unit:
        assert sessions.end(unit, session_id, now=clock.now())
        assert not sessions.end(unit, session_id, now=clock.now())

    with store.read() as reader:
        live = sessions.live_sessions(reader, USER, now=clock.now())
    assert [kept.public_id for kept in live] == [other.public_id]
    assert store.epochs((epochs.session(session_id),)) > before


def test_ending_all_is_one_write_and_concerns_one_subject(store: MemoryStore, clock: FrozenClock) -> None:
    """Every session from before is dead, later ones and other people's live."""
    start(store, clock)
    start(store, clock, pending=True)
    other = start(store, clock, user="AIDATWO")

    with store.write() as unit:
        sessions.end_all(unit, account=ACCOUNT, user_id=USER)
    later = start(store, clock)

    with store.read() as reader:
        mine = sessions.live_sessions(reader, USER, now=clock.now())
        theirs = sessions.live_sessions(reader, "AIDATWO", now=clock.now())
    assert [kept.public_id for kept in mine] == [later.public_id]
    assert [kept.public_id for kept in theirs] == [other.public_id]


def test_touching_never_revives(store: MemoryStore, clock: FrozenClock) -> None:
    """A session that was read alive and ended since is neither touched nor written back (THR-S2)."""
    start(store, clock)
    seen = only(store)
    with store.write() as unit:
        sessions.end(unit, seen.session_id, now=clock.now())
    clock.advance(timedelta(minutes=5))

    with store.write() as unit:
        assert not sessions.touch(unit, seen, limits=MODERN, now=clock.now())
    assert only(store).state == SessionState.ENDED
    with store.write() as unit:
        unit.remove(SessionRecord, (seen.session_id,))
        assert not sessions.touch(unit, seen, limits=MODERN, now=clock.now())
        assert unit.count(SessionRecord) == 0


def test_touching_extends_idle_time_up_to_the_absolute_end(store: MemoryStore, clock: FrozenClock) -> None:
    """The idle limit moves with use and stops at the absolute one."""
    start(store, clock)
    began = clock.now()
    clock.advance(timedelta(hours=23, minutes=30))

    with store.write() as unit:
        assert sessions.touch(unit, only(store), limits=MODERN, now=clock.now())

    assert only(store).idle_expires_at == began + timedelta(hours=24)
    assert only(store).absolute_expires_at == began + timedelta(hours=24)


def test_expired_sessions_are_cleared_at_the_next_sign_in(store: MemoryStore, clock: FrozenClock) -> None:
    """What is past its absolute end goes, what is within stays."""
    start(store, clock)
    clock.advance(timedelta(hours=12))
    start(store, clock)
    clock.advance(timedelta(hours=12))

    start(store, clock)

    with store.read() as reader:
        assert reader.count(SessionRecord) == 2


def test_a_device_is_kept_bounded_and_printable(store: MemoryStore, clock: FrozenClock) -> None:
    """A user agent cannot forge lines in a list (THR-X1)."""
    start(store, clock, device="Mozilla\r\nSet-Cookie: x\u2028" + "y" * 1000)

    kept = only(store)
    assert kept.device.isprintable()
    assert len(kept.device) == 256
