from __future__ import annotations

from iamkit.clock import FrozenClock
from iamkit.credentials import access_keys, inventory, passwords, sessions
from iamkit.credentials.hashing import HashedPassword
from iamkit.credentials.sealing import Keyring
from iamkit.credentials.sessions import SessionKind
from iamkit.ids import Ids
from iamkit.memory import MemoryStore

ACCOUNT, USER, OTHER = "123456789012", "AIDAONE", "AIDATWO"


def furnish(store: MemoryStore, keyring: Keyring, clock: FrozenClock, user: str) -> None:
    ids, now = Ids(), clock.now()
    with store.write() as unit:
        access_keys.create(unit, keyring, ids, account=ACCOUNT, user_id=user, now=now)
        hashed = HashedPassword("$argon2id$" + user, "p", "k")
        passwords.put(unit, account=ACCOUNT, user_id=user, hashed=hashed, must_change=False, now=now)
        sessions.start(
            unit,
            ids,
            account=ACCOUNT,
            user_id=user,
            kind=SessionKind.COOKIE,
            factors=("password",),
            limits=sessions.MODERN,
            now=now,
        )


def test_everything_goes_with_the_user_and_nothing_of_others(
    store: MemoryStore, keyring: Keyring, clock: FrozenClock
) -> None:
    """Password, keys and sessions of the one are gone, the other's are untouched."""
    for user in (USER, OTHER):
        furnish(store, keyring, clock, user)

    with store.write() as unit:
        assert inventory.inventory(unit, USER)
        inventory.remove_all(unit, account=ACCOUNT, user_id=USER)

    with store.read() as reader:
        assert not inventory.inventory(reader, USER)
        assert sessions.live_sessions(reader, USER, now=clock.now()) == []
        assert inventory.inventory(reader, OTHER).password
        assert len(inventory.inventory(reader, OTHER).access_keys) == 1
        assert len(sessions.live_sessions(reader, OTHER, now=clock.now())) == 1


def test_nothing_is_held_at_first(store: MemoryStore) -> None:
    """A new user has no credential at all."""
    with store.read() as reader:
        assert not inventory.inventory(reader, USER)
