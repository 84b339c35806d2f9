from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from iamkit import epochs
from iamkit.clock import FrozenClock
from iamkit.credentials import passwords, sessions
from iamkit.credentials.hashing import HashedPassword
from iamkit.credentials.password_rules import MODERN, check_password
from iamkit.credentials.passwords import PasswordRecord
from iamkit.credentials.sessions import SessionKind
from iamkit.errors import ConcurrentModification, NoSuchEntity, PasswordPolicyViolation
from iamkit.ids import Ids
from iamkit.memory import MemoryStore

ACCOUNT, USER = "123456789012", "AIDAEXAMPLE"


def hashed(text: str = "$argon2id$1") -> HashedPassword:
    return HashedPassword(text, "profile", "pepper")


def put(store: MemoryStore, clock: FrozenClock, text: str = "$argon2id$1") -> PasswordRecord:
    with store.write() as unit:
        return passwords.put(
            unit, account=ACCOUNT, user_id=USER, hashed=hashed(text), must_change=False, now=clock.now()
        )


def live(store: MemoryStore, clock: FrozenClock) -> int:
    with store.read() as reader:
        return len(sessions.live_sessions(reader, USER, now=clock.now()))


def start(store: MemoryStore, clock: FrozenClock) -> None:
    with store.write() as unit:
        sessions.start(
            unit,
            Ids(),
            account=ACCOUNT,
            user_id=USER,
            kind=SessionKind.COOKIE,
            factors=("password",),
            limits=sessions.MODERN,
            now=clock.now(),
        )


@pytest.mark.parametrize(
    "password", ["a" * 15, "correct horse battery", "\U0001f600" * 15, "x" * 64, "y" * 1024, " " * 15]
)
def test_long_passwords_of_any_kind_are_taken(password: str) -> None:
    """From 15 code points on nothing else is asked: no classes of characters."""
    check_password(password, rules=MODERN, own_words=("jeff", "jeff@example.org", ""))


@pytest.mark.parametrize(
    "password", ["", "a" * 14, "\U0001f600" * 14, "x" * 1025, "e\u0301" * 14, "\ud800" * 15]
)
def test_short_and_impossible_passwords_are_refused(password: str) -> None:
    """Length counts code points after NFC; the refusal says what to do and quotes nothing."""
    with pytest.raises(PasswordPolicyViolation) as refusal:
        check_password(password, rules=MODERN)
    assert not password or password not in str(refusal.value)


@pytest.mark.parametrize(
    "password", ["Backup-Of-Everything", "BACKUP-OF-EVERYTHING", "ｂackup-of-everything"]
)
def test_a_password_is_not_ones_own_name(password: str) -> None:
    """The user's names are refused in any case or width."""
    with pytest.raises(PasswordPolicyViolation, match="must not be"):
        check_password(password, rules=MODERN, own_words=("backup-of-everything",))


def test_a_new_password_ends_all_sessions_and_moves_the_epoch(store: MemoryStore, clock: FrozenClock) -> None:
    """Setting a password ends every session of the user in the same unit (THR-P12)."""
    start(store, clock)
    before = store.epochs((epochs.principal(USER),))
    assert live(store, clock) == 1

    put(store, clock)

    assert live(store, clock) == 0
    assert store.epochs((epochs.principal(USER),)) > before


def test_removing_a_password_ends_sessions_and_twice_is_an_error(
    store: MemoryStore, clock: FrozenClock
) -> None:
    """Without a password there is nothing to sign in with; the second removal says so."""
    put(store, clock)
    start(store, clock)

    with store.write() as unit:
        passwords.remove(unit, USER, now=clock.now())

    assert live(store, clock) == 0
    with store.write() as unit, pytest.raises(NoSuchEntity):
        passwords.remove(unit, USER, now=clock.now())
    with store.write() as unit, pytest.raises(NoSuchEntity):
        passwords.require_change(unit, USER)


def test_requiring_a_change_ends_sessions(store: MemoryStore, clock: FrozenClock) -> None:
    """A password that has to be changed lets nobody go on with an old session."""
    put(store, clock)
    start(store, clock)

    with store.write() as unit:
        passwords.require_change(unit, USER)

    with store.read() as reader:
        kept = passwords.find(reader, USER)
    assert kept is not None
    assert kept.must_change
    assert live(store, clock) == 0


def test_a_change_based_on_an_old_password_fails(store: MemoryStore, clock: FrozenClock) -> None:
    """`expected` is compared in the unit: of two changes from one state, the second fails."""
    first = put(store, clock)
    put(store, clock, "$argon2id$2")

    with store.write() as unit, pytest.raises(ConcurrentModification):
        passwords.put(
            unit,
            account=ACCOUNT,
            user_id=USER,
            hashed=hashed("$argon2id$3"),
            must_change=False,
            now=clock.now(),
            expected=first,
        )


def test_noting_use_keeps_dates_and_bumps_nothing(store: MemoryStore, clock: FrozenClock) -> None:
    """A sign-in stamps the record and renews its hash; the password is the same, so no epoch moves."""
    first = put(store, clock)
    before = store.epochs((epochs.principal(USER),))
    clock.advance(timedelta(minutes=5))

    with store.write() as unit:
        assert passwords.note_use(unit, first, now=clock.now(), rehashed=hashed("$argon2id$renewed"))
        # The other of two sign-ins at once, which verified the same password before.
        assert passwords.note_use(unit, first, now=clock.now(), rehashed=hashed("$argon2id$again"))

    with store.read() as reader:
        kept = passwords.find(reader, USER)
    assert kept == replace(first, hash="$argon2id$again", last_used_at=clock.now())
    assert store.epochs((epochs.principal(USER),)) == before


def test_use_of_a_replaced_password_is_not_noted(store: MemoryStore, clock: FrozenClock) -> None:
    """A sign-in that verified the old password fails once there is a new one, or none."""
    first = put(store, clock)
    put(store, clock, "$argon2id$2")

    with store.write() as unit:
        assert not passwords.note_use(unit, first, now=clock.now())
        passwords.remove(unit, USER, now=clock.now())
        assert not passwords.note_use(unit, first, now=clock.now())


def test_the_record_does_not_show_its_hash(store: MemoryStore, clock: FrozenClock) -> None:
    """Neither repr nor the redacted record holds the hash (THR-P15)."""
    kept = put(store, clock)

    assert kept.hash not in repr(kept)
    assert passwords.redacted(kept).hash == ""
