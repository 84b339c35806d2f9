from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from iamkit import epochs
from iamkit.clock import FrozenClock
from iamkit.credentials import access_keys
from iamkit.credentials.access_keys import AccessKey, KeyStatus, NewAccessKey
from iamkit.credentials.key_lookup import KeyLookup
from iamkit.credentials.sealing import Keyring, SealBroken
from iamkit.errors import LimitExceeded, NoSuchEntity, ValidationError
from iamkit.ids import Ids
from iamkit.memory import MemoryStore

ACCOUNT, USER, OTHER = "123456789012", "AIDAONE", "AIDATWO"


def create(store: MemoryStore, keyring: Keyring, clock: FrozenClock, user: str = USER) -> NewAccessKey:
    with store.write() as unit:
        return access_keys.create(unit, keyring, Ids(), account=ACCOUNT, user_id=user, now=clock.now())


def test_the_secret_is_shown_once_and_kept_sealed(
    store: MemoryStore, keyring: Keyring, clock: FrozenClock
) -> None:
    """The secret is in what `create` returns, and only sealed in the record (CAP-C5)."""
    made = create(store, keyring, clock)

    with store.read() as reader:
        kept = access_keys.get(reader, made.key.key_id, user_id=USER)
    secret = made.secret.reveal()
    assert (len(made.key.key_id), len(secret)) == (20, 40)
    assert made.key.key_id.startswith("AKIA")
    assert secret.encode() not in kept.sealed
    assert secret not in repr(made) + repr(kept)
    assert access_keys.opened(keyring, kept) == made.secret


def test_a_sealed_secret_is_bound_to_its_key(
    store: MemoryStore, keyring: Keyring, clock: FrozenClock
) -> None:
    """A secret copied into another key's row does not open there (THR-X7)."""
    mine, theirs = create(store, keyring, clock), create(store, keyring, clock, OTHER)
    with store.write() as unit:
        unit.change(AccessKey, (mine.key.key_id,), {"sealed": theirs.key.sealed})

    with pytest.raises(SealBroken):
        KeyLookup(store, keyring).find(mine.key.key_id)


def test_a_user_has_at_most_two_keys_inactive_ones_included(
    store: MemoryStore, keyring: Keyring, clock: FrozenClock
) -> None:
    """The third is refused naming the limit, another user is not concerned, and deleting makes room."""
    first = create(store, keyring, clock)
    create(store, keyring, clock)
    with store.write() as unit:
        access_keys.set_status(unit, first.key.key_id, "Inactive", user_id=USER)

    with pytest.raises(LimitExceeded, match="2"):
        create(store, keyring, clock)
    create(store, keyring, clock, OTHER)
    with store.write() as unit:
        access_keys.remove(unit, first.key.key_id, user_id=USER)
    create(store, keyring, clock)
    with store.read() as reader:
        assert len(access_keys.held_by(reader, USER)) == 2


def test_parallel_creations_leave_two(store: MemoryStore, keyring: Keyring, clock: FrozenClock) -> None:
    """Of thirty-two at once exactly two succeed."""

    def attempt(_: int) -> bool:
        try:
            create(store, keyring, clock)
        except LimitExceeded:
            return False
        return True

    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(attempt, range(32))) == 2
    with store.read() as reader:
        assert len(access_keys.held_by(reader, USER)) == 2


@pytest.mark.parametrize("status", ["active", "ACTIVE", "", "Deleted", "Active "])
def test_only_two_statuses_exist(
    store: MemoryStore, keyring: Keyring, clock: FrozenClock, status: str
) -> None:
    """Another word is refused and changes nothing."""
    made = create(store, keyring, clock)

    with pytest.raises(ValidationError), store.write() as unit:
        access_keys.set_status(unit, made.key.key_id, status, user_id=USER)
    with store.read() as reader:
        assert access_keys.get(reader, made.key.key_id, user_id=USER).active


def test_a_key_of_another_user_is_no_key(store: MemoryStore, keyring: Keyring, clock: FrozenClock) -> None:
    """Naming somebody else's key neither reads, changes nor deletes it."""
    made = create(store, keyring, clock, OTHER)

    with store.write() as unit:
        for act in (
            lambda: access_keys.get(unit, made.key.key_id, user_id=USER),
            lambda: access_keys.set_status(unit, made.key.key_id, "Inactive", user_id=USER),
            lambda: access_keys.remove(unit, made.key.key_id, user_id=USER),
        ):
            with pytest.raises(NoSuchEntity):
                act()
    with store.read() as reader:
        assert access_keys.get(reader, made.key.key_id, user_id=OTHER).active


def test_every_change_moves_the_owners_epoch(
    store: MemoryStore, keyring: Keyring, clock: FrozenClock
) -> None:
    """Creating, deactivating and deleting each bump it."""
    seen = [store.epochs((epochs.principal(USER),))]
    made = create(store, keyring, clock)
    seen.append(store.epochs((epochs.principal(USER),)))
    with store.write() as unit:
        access_keys.set_status(unit, made.key.key_id, KeyStatus.INACTIVE, user_id=USER)
    seen.append(store.epochs((epochs.principal(USER),)))
    with store.write() as unit:
        access_keys.remove(unit, made.key.key_id, user_id=USER)
    seen.append(store.epochs((epochs.principal(USER),)))

    assert seen == sorted(set(seen))


def test_last_use_is_noted_at_most_once_in_fifteen_minutes(
    store: MemoryStore, keyring: Keyring, clock: FrozenClock
) -> None:
    """One of many callers writes, the next one fifteen minutes later, and no epoch moves (CAP-C6)."""
    made = create(store, keyring, clock)
    before = store.epochs((epochs.principal(USER),))

    def note(_: int = 0) -> bool:
        with store.write() as unit:
            return access_keys.note_use(
                unit, made.key.key_id, service="iamkit", region="eu-west-1", now=clock.now()
            )

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(note, range(16))) == 1
    clock.advance(timedelta(minutes=15, microseconds=-1))
    assert not note()
    clock.advance(timedelta(microseconds=1))
    assert note()
    with store.read() as reader:
        kept = access_keys.get(reader, made.key.key_id, user_id=USER)
    assert (kept.last_used_at, kept.last_used_service, kept.last_used_region) == (
        clock.now(),
        "iamkit",
        "eu-west-1",
    )
    assert store.epochs((epochs.principal(USER),)) == before


def test_a_deleted_key_is_not_noted(store: MemoryStore, keyring: Keyring, clock: FrozenClock) -> None:
    """Noting use never brings a record back (THR-S2)."""
    made = create(store, keyring, clock)
    with store.write() as unit:
        access_keys.remove(unit, made.key.key_id, user_id=USER)

    with store.write() as unit:
        assert not access_keys.note_use(unit, made.key.key_id, service="s", region="r", now=clock.now())
        assert unit.count(AccessKey) == 0
