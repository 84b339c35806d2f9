from __future__ import annotations

import os
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import argon2
import pytest

from iamkit.clock import FrozenClock
from iamkit.credentials.hashing import (
    CHEAPEST,
    DEFAULT,
    HashedPassword,
    Hasher,
    HashingGate,
    HashParameters,
    prepared,
)
from iamkit.credentials.peppers import PepperRecord, Peppers
from iamkit.credentials.sealing import Keyring
from iamkit.errors import ServiceUnavailable, Throttling, ValidationError
from iamkit.ids import Ids
from iamkit.memory import MemoryStore

PASSWORD = "correct horse battery"


@pytest.fixture
def peppers(store: MemoryStore, keyring: Keyring, ids: Ids, clock: FrozenClock) -> Peppers:
    return Peppers(store, keyring, ids, clock)


def hasher_of(peppers: Peppers, parameters: HashParameters = CHEAPEST) -> Hasher:
    return Hasher(peppers, Ids(), HashingGate(at_once=4, waiting=64), parameters)


def test_the_right_password_verifies_and_a_near_one_does_not(peppers: Peppers) -> None:
    """A password verifies as it was given; one character off, it does not."""
    hasher = hasher_of(peppers)
    kept = hasher.hash(PASSWORD)

    assert hasher.verify(kept, PASSWORD).ok
    assert not hasher.verify(kept, PASSWORD).needs_rehash
    for near in (PASSWORD + " ", " " + PASSWORD, PASSWORD.upper(), PASSWORD[:-1], PASSWORD + "\0"):
        assert not hasher.verify(kept, near).ok


def test_equal_passwords_have_different_hashes(peppers: Peppers) -> None:
    """Each hash has a salt of its own."""
    hasher = hasher_of(peppers)

    assert hasher.hash(PASSWORD).hash != hasher.hash(PASSWORD).hash


def test_nothing_is_cut_off(peppers: Peppers) -> None:
    """Passwords that agree in 72 bytes, up to a NUL, or in 1023 of 1024 characters differ (THR-P10)."""
    hasher = hasher_of(peppers)
    for one, other in (("a" * 72 + "b", "a" * 72 + "c"), ("a\0b", "a\0c"), ("x" * 1023 + "y", "x" * 1024)):
        assert not hasher.verify(hasher.hash(one), other).ok


def test_normal_form_is_nfc_and_not_nfkc(peppers: Peppers) -> None:
    """Composed and decomposed é are one password; the ligature ﬁ and `fi` are two."""
    hasher = hasher_of(peppers)

    assert hasher.verify(hasher.hash("caf\u00e9 caf\u00e9"), "cafe\u0301 cafe\u0301").ok
    assert not hasher.verify(hasher.hash("\ufb01sh and chips"), "fish and chips").ok


@pytest.mark.parametrize(
    "password", ["", "x" * 1025, "\U0001f600" * 1025, "\ud800", "\ufb2c" * 400, "x" * 5_000_000]
)
def test_what_cannot_be_a_password_is_refused_before_hashing(password: str) -> None:
    """Empty, over 1024 code points or 4096 bytes after NFC, or not Unicode: refused, unquoted (THR-P9)."""
    with pytest.raises(ValidationError) as refusal:
        prepared(password)
    assert refusal.value.__cause__ is None
    assert len(str(refusal.value)) < 200


def test_the_longest_password_is_taken() -> None:
    """1024 code points of four bytes each are exactly the limit."""
    assert len(prepared("\U0001f600" * 1024)) == 4096


def test_the_default_cost_is_the_published_one(peppers: Peppers) -> None:
    """OWASP ASVS 5.0 appendix C: argon2id, t=2, m=19456 KiB, p=1, salt of 128 bits."""
    made = hasher_of(peppers, DEFAULT).hash(PASSWORD)

    found = argon2.extract_parameters(made.hash)
    assert (found.type, found.time_cost, found.memory_cost, found.parallelism, found.salt_len) == (
        argon2.Type.ID,
        2,
        19456,
        1,
        16,
    )
    assert made.profile == DEFAULT.name


def test_an_unknown_user_costs_the_same_and_never_passes(
    peppers: Peppers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a kept hash, one hash of the very same cost is computed (THR-P1)."""
    asked: list[tuple[int, int, int]] = []
    verify = argon2.PasswordHasher.verify

    def watched(self: argon2.PasswordHasher, text: str, password: bytes) -> bool:
        found = argon2.extract_parameters(text)
        asked.append((found.time_cost, found.memory_cost, found.parallelism))
        return verify(self, text, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", watched)
    hasher = hasher_of(peppers)
    kept = hasher.hash(PASSWORD)

    assert not hasher.verify(None, PASSWORD).ok
    assert not hasher.verify(kept, "wrong").ok
    assert asked[0] == asked[1]


def test_a_hash_of_another_cost_or_pepper_asks_to_be_renewed(peppers: Peppers, clock: FrozenClock) -> None:
    """It verifies, and says that it is out of date."""
    old = hasher_of(peppers).hash(PASSWORD)
    dearer = hasher_of(peppers, HashParameters("t2", passes=2, memory_kib=8, lanes=1))

    assert dearer.verify(old, PASSWORD).needs_rehash
    clock.advance(timedelta(days=1))
    peppers.rotate()
    after = hasher_of(peppers)
    assert after.verify(old, PASSWORD).ok
    assert after.verify(old, PASSWORD).needs_rehash
    assert not after.verify(after.hash(PASSWORD), PASSWORD).needs_rehash


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "$argon2i$v=19$m=19456,t=2,p=1$" + "A" * 22 + "$" + "A" * 43,
        "$argon2id$v=16$m=19456,t=2,p=1$" + "A" * 22 + "$" + "A" * 43,
        "$argon2id$v=19$m=4194304,t=2,p=1$" + "A" * 22 + "$" + "A" * 43,
        "$argon2id$v=19$m=19456,t=99,p=1$" + "A" * 22 + "$" + "A" * 43,
        "$argon2id$v=19$m=19456,t=2,p=255$" + "A" * 22 + "$" + "A" * 43,
        "$argon2id$v=19$m=99999999,t=999,p=999$" + "A" * 22 + "$" + "A" * 43,
        "$argon2id$v=19$m=٨,t=1,p=1$" + "A" * 22 + "$" + "A" * 43,
        "$argon2id$v=19$m=8,t=1,p=1$" + "A" * 22 + "$" + "A" * 43 + "\n",
        "$2b$12$" + "A" * 53,
    ],
)
def test_a_hostile_or_foreign_hash_is_not_tried(
    peppers: Peppers, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parameters are bounded before any work is done; the work is the dummy's (THR-P11)."""
    asked: list[str] = []
    verify = argon2.PasswordHasher.verify

    def watched(self: argon2.PasswordHasher, kept: str, password: bytes) -> bool:
        asked.append(kept)
        return verify(self, kept, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", watched)
    hostile = HashedPassword(text, "imported", peppers.current)

    assert not hasher_of(peppers).verify(hostile, PASSWORD).ok
    assert len(asked) == 1
    assert asked[0] != text


def test_a_hash_without_its_pepper_is_no_hash_of_the_password(
    store: MemoryStore, keyring: Keyring, ids: Ids, clock: FrozenClock, peppers: Peppers
) -> None:
    """The password alone does not verify against the stored text; a lost pepper is 503 and not a pass."""
    kept = hasher_of(peppers).hash(PASSWORD)

    with pytest.raises(argon2.exceptions.VerifyMismatchError):
        argon2.PasswordHasher().verify(kept.hash, PASSWORD)
    with store.write() as unit:
        unit.remove(PepperRecord, (kept.pepper_id,))
    with pytest.raises(ServiceUnavailable):
        hasher_of(Peppers(store, keyring, ids, clock)).verify(kept, PASSWORD)


def test_processes_share_one_pepper(
    store: MemoryStore, keyring: Keyring, ids: Ids, clock: FrozenClock
) -> None:
    """Sixteen that start at once agree on one, sealed in the store."""
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: Peppers(store, keyring, ids, clock).current, range(16)))

    assert len(set(made)) == 1
    with store.read() as reader:
        assert reader.count(PepperRecord) == 1


def test_hashes_beyond_the_queue_are_turned_away() -> None:
    """With every place taken, the next one gets 429 with a time to come back, and places come free again."""
    gate = HashingGate(at_once=2, waiting=0)

    with gate.passage(), gate.passage(), pytest.raises(Throttling) as refusal, gate.passage():
        pass

    assert refusal.value.retry_after == 1
    with gate.passage(), gate.passage():
        pass


def test_only_so_many_hashes_run_at_once() -> None:
    """Of thirty-two that come together two run at a time, and all of them get their turn."""
    gate = HashingGate(at_once=2, waiting=30)
    lock, running, most = threading.Lock(), 0, 0

    def work(_: int) -> None:
        nonlocal running, most
        with gate.passage():
            with lock:
                running += 1
                most = max(most, running)
            sum(range(10_000))
            with lock:
                running -= 1

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(work, range(32)))
    assert 1 <= most <= 2


def test_a_place_is_free_again_after_an_error() -> None:
    """An exception inside gives the turn back, and a turn that never comes ends in Throttling."""
    gate = HashingGate(at_once=1, waiting=1, patience=0.0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), gate.passage():
            raise ZeroDivisionError

    with gate.passage(), pytest.raises(Throttling), gate.passage():
        pass


def test_hashes_run_in_as_many_threads_as_run_at_once() -> None:
    """However many ask: what a hash takes of memory stays with its thread (THR-P9). Errors come back."""
    gate = HashingGate(at_once=2, waiting=30)
    with ThreadPoolExecutor(16) as pool:
        names = set(pool.map(lambda _: gate.run(lambda: threading.current_thread().name), range(32)))

    assert 1 <= len(names) <= 2
    assert all(name.startswith("iamkit-hashing") for name in names)
    with pytest.raises(ZeroDivisionError):
        gate.run(lambda: 1 // 0)


def test_a_forked_child_hashes_in_threads_of_its_own() -> None:
    """Those of the parent do not live there."""
    gate = HashingGate(at_once=1, waiting=1)
    assert gate.run(os.getpid) == os.getpid()
    with warnings.catch_warnings():
        # Python warns of forks beside threads, which is what is tried here.
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        os._exit(0 if gate.run(os.getpid) == os.getpid() else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_hashes_are_not_shown(peppers: Peppers) -> None:
    """A hashed password's repr holds no hash (THR-P15)."""
    made = hasher_of(peppers).hash(PASSWORD)

    assert made.hash not in repr(made)
