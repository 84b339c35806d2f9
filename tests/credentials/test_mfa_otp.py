"""Devices with codes: how far one is looked for, and that a counter never goes back (THR-M1, M8)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.clock import FrozenClock
from iamkit.credentials import mfa, mfa_otp, otp
from iamkit.credentials.mfa import Asking, MfaDevice, Proof, Subject
from iamkit.credentials.mfa_otp import HotpMethod, TotpMethod
from iamkit.credentials.sealing import Keyring
from iamkit.memory import MemoryStore

SEED = b"12345678901234567890"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANA = Subject("111122223333", "AIDAANA", "ana", "arn:aws:iam::111122223333:user/ana")


def kept(store: MemoryStore, keyring: Keyring, method: str, counter: int) -> MfaDevice:
    """A device of ana's whose last code was that one."""
    with store.write() as unit:
        return mfa.add(
            unit,
            keyring,
            serial="device",
            account=ANA.account,
            method=method,
            name="device",
            now=NOW,
            secret=SEED,
            public=mfa_otp.facts_of(otp.STANDARD),
            user_id=ANA.user_id,
            counter=counter,
        )


def shown(store: MemoryStore, keyring: Keyring, code: str, now: datetime = NOW) -> Proof | None:
    """What a code proves now."""
    with store.read() as reader:
        devices = tuple(mfa.of_subject(reader, ANA.user_id))
        method = HotpMethod() if devices[0].method == mfa_otp.HOTP else TotpMethod()
        return method.verify(Asking(ANA, devices, now, reader, keyring), {"code": code}, None)


def spent(store: MemoryStore, proof: Proof | None) -> bool:
    """Whether a proof counts."""
    if proof is None:
        return False
    with store.write() as unit:
        return proof.settle(unit)


def counter(store: MemoryStore) -> int:
    with store.read() as reader:
        return mfa.of_subject(reader, ANA.user_id)[0].counter


@pytest.mark.parametrize(("ahead", "right"), [(-1, False), (0, False), (1, True), (10, True), (11, False)])
def test_a_button_may_have_been_pressed_ten_times(
    store: MemoryStore, keyring: Keyring, ahead: int, right: bool
) -> None:
    """No more: each further code that counts is one more that a guess may hit."""
    kept(store, keyring, mfa_otp.HOTP, 100)

    assert spent(store, shown(store, keyring, otp.code_at(SEED, 100 + ahead))) is right


def test_codes_before_one_that_counted_are_void(store: MemoryStore, keyring: Keyring) -> None:
    """Those that were skipped too."""
    kept(store, keyring, mfa_otp.HOTP, 0)

    assert spent(store, shown(store, keyring, otp.code_at(SEED, 7)))
    for number in range(8):
        assert not spent(store, shown(store, keyring, otp.code_at(SEED, number)))
    assert spent(store, shown(store, keyring, otp.code_at(SEED, 8)))


@given(st.lists(st.integers(-20, 20), max_size=30), st.sampled_from([mfa_otp.HOTP, mfa_otp.TOTP]))
def test_a_counter_only_grows(steps: list[int], method: str) -> None:
    """Whatever codes are shown, and whichever way the clock goes."""
    clock, store = FrozenClock(NOW), MemoryStore()
    keyring = _open_keyring()
    start = 100 if method == mfa_otp.HOTP else otp.step_at(NOW)
    kept(store, keyring, method, start)
    last = start
    for step in steps:
        clock.advance(timedelta(seconds=30 * step))
        wanted = last + step if method == mfa_otp.HOTP else otp.step_at(clock.now())
        counted = spent(store, shown(store, keyring, otp.code_at(SEED, max(0, wanted)), clock.now()))
        assert counter(store) > last if counted else counter(store) == last
        last = counter(store)


@pytest.mark.parametrize("late", [0, 7, 25])
def test_a_second_code_that_comes_late_leaves_a_device_that_works(
    store: MemoryStore, keyring: Keyring, late: int
) -> None:
    """People type, and codes change meanwhile: what the telephone shows later on is taken all the same."""
    device = kept(store, keyring, mfa_otp.TOTP, -1)
    read = NOW + timedelta(seconds=28)
    first, second = (otp.code_at(SEED, otp.step_at(read) + step) for step in (-1, 0))
    pair = mfa_otp.pair_matches(device, SEED, first, second, read + timedelta(seconds=late))
    assert pair is not None
    learned = replace(device, offset=pair.offset, counter=pair.counter)
    later = read + timedelta(minutes=10)
    with store.read() as reader:
        asking = Asking(ANA, (learned,), later, reader, keyring)
        proof = TotpMethod().verify(asking, {"code": otp.code_at(SEED, otp.step_at(later))}, None)

    assert proof is not None


def test_two_proofs_of_one_code_are_one(store: MemoryStore, keyring: Keyring) -> None:
    """Both were right when they were looked at."""
    kept(store, keyring, mfa_otp.TOTP, -1)
    code = otp.code_at(SEED, otp.step_at(NOW))
    proofs = [shown(store, keyring, code) for _ in range(3)]

    assert [spent(store, proof) for proof in proofs] == [True, False, False]


def test_what_is_kept_of_a_device_holds_no_seed(store: MemoryStore, keyring: Keyring) -> None:
    """In no form, and what is sealed opens for this device only (THR-M9)."""
    device = kept(store, keyring, mfa_otp.TOTP, -1)

    assert device.sealed is not None
    for form in (SEED, SEED.hex().encode(), otp.base32(SEED).encode()):
        assert form not in device.sealed
        assert form.decode() not in device.public
        assert form.decode() not in repr(device)
    assert json.loads(device.public) == {"algorithm": "SHA1", "digits": 6, "period": 30}


class _Open:
    """Seals nothing, for laws about counters."""

    def seal(self, plain: bytes, *, purpose: str, account: str, record_id: str) -> bytes:
        return plain

    def unseal(self, sealed: bytes, *, purpose: str, account: str, record_id: str) -> bytes:
        return sealed


def _open_keyring() -> Keyring:
    return _Open()  # type: ignore[return-value]  # as much of one as devices need
