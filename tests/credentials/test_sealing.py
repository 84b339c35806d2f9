from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.clock import FrozenClock
from iamkit.credentials.key_file import FileKeyProvider
from iamkit.credentials.sealing import ACTIVE, DataKey, KeyCheck, Keyring, SealBroken, data_key_of
from iamkit.errors import ConfigurationError
from iamkit.ids import Ids
from iamkit.memory import MemoryStore


def seal(keyring: Keyring, plain: bytes = b"canary") -> bytes:
    return keyring.seal(plain, purpose="access-key", account="123456789012", record_id="AKIA1")


def unseal(keyring: Keyring, blob: bytes, **moved: str) -> bytes:
    place = {"purpose": "access-key", "account": "123456789012", "record_id": "AKIA1", **moved}
    return keyring.unseal(blob, **place)


def test_what_is_sealed_opens_in_its_place(keyring: Keyring) -> None:
    """A sealed value opens for its purpose, account and record, and does not show its content."""
    blob = seal(keyring)

    assert unseal(keyring, blob) == b"canary"
    assert b"canary" not in blob
    assert len(blob) == len(b"canary") + 1 + 8 + 12 + 16


@pytest.mark.parametrize(
    "moved", [{"purpose": "totp-seed"}, {"account": "999999999999"}, {"record_id": "AKIA2"}]
)
def test_a_blob_moved_to_another_place_does_not_open(keyring: Keyring, moved: dict[str, str]) -> None:
    """The associated data binds purpose, account and record (THR-X7)."""
    blob = seal(keyring)

    with pytest.raises(SealBroken):
        unseal(keyring, blob, **moved)


def test_parts_of_the_place_cannot_be_shifted_into_each_other(keyring: Keyring) -> None:
    """`ab` + `c` and `a` + `bc` are different places."""
    blob = keyring.seal(b"x", purpose="p", account="ab", record_id="c")

    with pytest.raises(SealBroken):
        keyring.unseal(blob, purpose="p", account="a", record_id="bc")


@given(position=st.integers(0, 42), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_one_changed_bit_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, position: int, bit: int
) -> None:
    """No bit of a blob, head included, can be changed."""
    ids = Ids()
    provider = FileKeyProvider.create(tmp_path_factory.mktemp("k") / "key", ids)
    keyring = Keyring(MemoryStore(), provider, ids, FrozenClock())
    blob = bytearray(seal(keyring))
    blob[position % len(blob)] ^= 1 << bit

    with pytest.raises(SealBroken):
        unseal(keyring, bytes(blob))


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x01" + bytes(30), b"\x02" + bytes(60), b"\x00" * 60])
def test_what_is_no_blob_is_refused(keyring: Keyring, blob: bytes) -> None:
    """Short, empty and foreign forms are refused and never read as an empty secret."""
    with pytest.raises(SealBroken):
        unseal(keyring, blob)


def test_each_sealing_takes_a_new_nonce(keyring: Keyring) -> None:
    """The same text sealed twice gives two blobs."""
    assert seal(keyring) != seal(keyring)


def test_keys_are_the_same_for_every_keyring_of_a_store(
    store: MemoryStore, provider: FileKeyProvider, ids: Ids, clock: FrozenClock, keyring: Keyring
) -> None:
    """A second process opens what the first sealed, and makes no second data key."""
    blob = seal(keyring)

    other = Keyring(store, provider, ids, clock)

    assert unseal(other, blob) == b"canary"
    with store.read() as reader:
        assert reader.count(DataKey) == 1


def test_a_wrong_key_encryption_key_is_one_clear_error_at_start(
    store: MemoryStore, ids: Ids, clock: FrozenClock, keyring: Keyring, tmp_path: Path
) -> None:
    """The key check stops the start with a sentence that names the setting, and changes nothing."""
    seal(keyring)
    wrong = FileKeyProvider.create(tmp_path / "other.key", ids)

    with pytest.raises(ConfigurationError, match="not the one this store was sealed with"):
        Keyring(store, wrong, ids, clock)
    with store.read() as reader:
        assert (reader.count(DataKey), reader.count(KeyCheck)) == (1, 1)


def test_a_store_with_keys_and_no_check_is_damaged(
    store: MemoryStore, provider: FileKeyProvider, ids: Ids, clock: FrozenClock, keyring: Keyring
) -> None:
    """A vanished key check is not quietly made anew."""
    seal(keyring)
    with store.write() as unit:
        unit.remove(KeyCheck, ("kek",))

    with pytest.raises(ConfigurationError, match="damaged"):
        Keyring(store, provider, ids, clock)


def test_data_keys_rotate_and_old_blobs_still_open(
    store: MemoryStore, provider: FileKeyProvider, ids: Ids, clock: FrozenClock, keyring: Keyring
) -> None:
    """After a rotation new blobs are under the new key, old ones open, and `reseal` moves them."""
    old = seal(keyring)
    first = keyring.current
    clock.advance(timedelta(days=1))

    second = keyring.rotate_data_key()
    moved = keyring.reseal(old, purpose="access-key", account="123456789012", record_id="AKIA1")

    assert second != first
    assert unseal(keyring, old) == b"canary"
    assert moved is not None
    assert data_key_of(moved) == second
    assert unseal(keyring, moved) == b"canary"
    assert keyring.reseal(moved, purpose="access-key", account="123456789012", record_id="AKIA1") is None
    assert Keyring(store, provider, ids, clock).current == second
    with store.read() as reader:
        assert reader.count(DataKey, {"state": ACTIVE}) == 1


def test_a_data_key_is_found_by_id_and_never_tried(
    store: MemoryStore, provider: FileKeyProvider, ids: Ids, clock: FrozenClock, keyring: Keyring
) -> None:
    """A blob whose data key is gone does not open, although another key is at hand."""
    blob = seal(keyring)
    gone = keyring.current
    keyring.rotate_data_key()
    with store.write() as unit:
        unit.remove(DataKey, (gone,))

    with pytest.raises(SealBroken, match=gone):
        unseal(Keyring(store, provider, ids, clock), blob)


def test_wrapped_keys_cannot_change_places(
    store: MemoryStore, provider: FileKeyProvider, ids: Ids, clock: FrozenClock, keyring: Keyring
) -> None:
    """A wrapped data key does not open under another data key's id."""
    first = keyring.current
    keyring.rotate_data_key()
    with store.write() as unit:
        wrapped = unit.get(DataKey, (keyring.current,))
        assert wrapped is not None
        unit.change(DataKey, (first,), {"wrapped": wrapped.wrapped})
    other = Keyring(store, provider, ids, clock)

    with pytest.raises(SealBroken):
        unseal(other, bytes([1]) + bytes.fromhex(first) + bytes(28))


def test_the_key_encryption_key_is_replaced_without_touching_blobs(
    store: MemoryStore,
    provider: FileKeyProvider,
    ids: Ids,
    clock: FrozenClock,
    keyring: Keyring,
    tmp_path: Path,
) -> None:
    """After `rewrap` the new KEK opens everything and the old one nothing."""
    blob = seal(keyring)
    keyring.rotate_data_key()
    successor = FileKeyProvider.create(tmp_path / "new.key", ids)

    assert keyring.rewrap(successor) == 2

    assert unseal(keyring, blob) == b"canary"
    assert unseal(Keyring(store, successor, ids, clock), blob) == b"canary"
    with pytest.raises(ConfigurationError):
        Keyring(store, provider, ids, clock)
