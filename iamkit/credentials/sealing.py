"""Sealing: AES-256-GCM for secrets that must be readable again, with keys that live outside the database.

A key-encryption key (KEK), held by a KeyProvider, wraps random data keys; a data key encrypts fields.

    blob = version (1) ‖ data-key id (8) ‖ nonce (12) ‖ ciphertext ‖ tag (16)

Rules: the associated data names purpose, account, record and data key, so a blob that is moved to another
row does not open (THR-X7). The data key is chosen by the id in the blob, never by trying. A key-check
value in the store makes a wrong KEK one clear error at start. Only this module and `key_file` import
`cryptography`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from iamkit.clock import Clock
from iamkit.errors import ConfigurationError, ServiceUnavailable
from iamkit.ids import Ids
from iamkit.storage import Store, Unit, record

_VERSION: Final = 1
_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_HEAD: Final = 1 + _ID_BYTES + _NONCE_BYTES
_TAG_BYTES: Final = 16
_KEY_BYTES: Final = 32

_CHECK_NAME: Final = "kek"
_CHECK_TEXT: Final = b"iamkit key check"
_CHECK_AAD: Final = b"iamkit1/key-check"

# Ciphertext under one data key and random nonces stays safe up to 2**32 uses; rotation comes long before.
ACTIVE: Final = "active"
RETIRED: Final = "retired"


class KeyProvider(Protocol):
    """Holds the key-encryption key: a file, a KMS, an HSM."""

    @property
    def key_id(self) -> str:
        """Which key this is, the same on every host. Not secret."""

    def wrap(self, plain: bytes, aad: bytes) -> bytes:
        """Encrypt a data key."""

    def unwrap(self, blob: bytes, aad: bytes) -> bytes:
        """Decrypt a data key. Raises SealBroken if it was wrapped under another key or other `aad`."""


class SealBroken(ServiceUnavailable):
    """A sealed value does not open: it was altered or moved, or its key is not here."""


@record("data_key", key=("data_key_id",))
@dataclass(frozen=True, slots=True)
class DataKey:
    """One data key, wrapped. `state` is `active` (the newest seals) or `retired` (opens only)."""

    data_key_id: str
    kek_id: str
    wrapped: bytes = field(repr=False)
    state: str
    created_at: datetime


@record("key_check", key=("name",))
@dataclass(frozen=True, slots=True)
class KeyCheck:
    """A known text under the KEK, by which a wrong KEK is noticed at start and not at the first sign-in."""

    name: str
    kek_id: str
    blob: bytes = field(repr=False)


class Keyring:
    """Seals and unseals with the data keys of one store. Thread-safe: keys are only ever added."""

    def __init__(self, store: Store, provider: KeyProvider, ids: Ids, clock: Clock) -> None:
        """Open the keyring, and make the first data key if the store has none.

        Raises ConfigurationError if the provider's key is not the one that this store was sealed with.
        """
        self._store = store
        self._provider = provider
        self._ids = ids
        self._clock = clock
        self._ciphers: dict[str, AESGCM] = {}
        with store.read() as reader:
            check = reader.get(KeyCheck, (_CHECK_NAME,))
            newest = reader.find(DataKey, {"state": ACTIVE}, order="created_at", newest_first=True, limit=1)
        if check is not None:
            _verify_check(check, provider)
        if check is None or not newest:
            newest = [self._begin()]
        self._current = newest[0].data_key_id
        self._ciphers[self._current] = self._unwrapped(newest[0])

    def __repr__(self) -> str:
        return f"Keyring(data key {self._current}, KEK {self._provider.key_id})"

    @property
    def current(self) -> str:
        """The id of the data key that seals now."""
        return self._current

    def seal(self, plain: bytes, *, purpose: str, account: str, record_id: str) -> bytes:
        """`plain`, encrypted under the current data key for that purpose, account and record."""
        name = self._current
        nonce = self._ids.bytes(_NONCE_BYTES)
        sealed = self._ciphers[name].encrypt(nonce, plain, _aad(purpose, account, record_id, name))
        return bytes([_VERSION]) + bytes.fromhex(name) + nonce + sealed

    def unseal(self, blob: bytes, *, purpose: str, account: str, record_id: str) -> bytes:
        """What was sealed. Raises SealBroken if the blob was changed or moved, or its data key is gone."""
        name = data_key_of(blob)
        nonce, sealed = blob[1 + _ID_BYTES : _HEAD], blob[_HEAD:]
        try:
            return self._cipher(name).decrypt(nonce, sealed, _aad(purpose, account, record_id, name))
        except InvalidTag:
            raise SealBroken(f"a sealed value ({purpose}) does not open: it was altered or moved") from None

    def reseal(self, blob: bytes, *, purpose: str, account: str, record_id: str) -> bytes | None:
        """The same secret under the current data key, or None if it is there already."""
        if data_key_of(blob) == self._current:
            return None
        plain = self.unseal(blob, purpose=purpose, account=account, record_id=record_id)
        return self.seal(plain, purpose=purpose, account=account, record_id=record_id)

    def rotate_data_key(self) -> str:
        """Make a new data key and seal with it from now on; the old ones still open. Returns its id.

        Other processes go on sealing with the key they know until they start again: what they seal stays
        readable, so nothing is lost, and `reseal` moves it.
        """
        with self._store.write() as unit:
            for old in unit.find(DataKey, {"state": ACTIVE}):
                unit.change(DataKey, (old.data_key_id,), {"state": RETIRED})
            made = self._added(unit)
        self._ciphers[made.data_key_id] = self._unwrapped(made)
        self._current = made.data_key_id
        return self._current

    def rewrap(self, successor: KeyProvider) -> int:
        """Wrap every data key, and the key check, under `successor` instead. Returns how many were wrapped.

        One unit: after it the old KEK opens nothing, and before it the new one does not. A process that
        holds unwrapped keys goes on working.
        """
        with self._store.write() as unit:
            keys = unit.find(DataKey)
            for key in keys:
                plain = self._provider.unwrap(key.wrapped, _key_aad(key.data_key_id))
                wrapped = successor.wrap(plain, _key_aad(key.data_key_id))
                unit.change(DataKey, (key.data_key_id,), {"wrapped": wrapped, "kek_id": successor.key_id})
            blob = successor.wrap(_CHECK_TEXT, _CHECK_AAD)
            unit.change(KeyCheck, (_CHECK_NAME,), {"kek_id": successor.key_id, "blob": blob})
        self._provider = successor
        return len(keys)

    def _begin(self) -> DataKey:
        """Make the key check and the first data key; another process may have done so meanwhile."""
        with self._store.write() as unit:
            check = unit.get(KeyCheck, (_CHECK_NAME,))
            if check is None:
                if unit.count(DataKey):
                    raise ConfigurationError(
                        "the store holds data keys but no key check; it is damaged, restore it from a backup"
                    )
                blob = self._provider.wrap(_CHECK_TEXT, _CHECK_AAD)
                unit.add(KeyCheck(_CHECK_NAME, self._provider.key_id, blob))
            else:
                _verify_check(check, self._provider)
            active = unit.find(DataKey, {"state": ACTIVE}, order="created_at", newest_first=True, limit=1)
            return active[0] if active else self._added(unit)

    def _added(self, unit: Unit) -> DataKey:
        name = self._ids.bytes(_ID_BYTES).hex()
        wrapped = self._provider.wrap(self._ids.bytes(_KEY_BYTES), _key_aad(name))
        made = DataKey(name, self._provider.key_id, wrapped, ACTIVE, self._clock.now())
        unit.add(made)
        return made

    def _cipher(self, name: str) -> AESGCM:
        cipher = self._ciphers.get(name)
        if cipher is None:
            with self._store.read() as reader:
                key = reader.get(DataKey, (name,))
            if key is None:
                raise SealBroken(f"data key `{name}` is not in this store")
            cipher = self._ciphers[name] = self._unwrapped(key)
        return cipher

    def _unwrapped(self, key: DataKey) -> AESGCM:
        plain = self._provider.unwrap(key.wrapped, _key_aad(key.data_key_id))
        if len(plain) != _KEY_BYTES:
            raise SealBroken(f"data key `{key.data_key_id}` has the wrong length")
        return AESGCM(plain)


def data_key_of(blob: bytes) -> str:
    """The id of the data key that a blob was sealed under. Raises SealBroken if it is no blob."""
    if len(blob) < _HEAD + _TAG_BYTES or blob[0] != _VERSION:
        raise SealBroken("a sealed value has an unknown form")
    return blob[1 : 1 + _ID_BYTES].hex()


def _verify_check(check: KeyCheck, provider: KeyProvider) -> None:
    try:
        right = provider.unwrap(check.blob, _CHECK_AAD) == _CHECK_TEXT
    except SealBroken:
        right = False
    if not right:
        raise ConfigurationError(
            f"the key-encryption key (`{provider.key_id}`) is not the one this store was sealed with"
            f" (`{check.kek_id}`); point the setting `kek` at the right key"
        )


def _key_aad(name: str) -> bytes:
    return _aad("data-key", "", name, "")


def _aad(purpose: str, account: str, record_id: str, data_key_id: str) -> bytes:
    # Each part is led by its length, so no two sets of parts give the same bytes.
    parts = [part.encode() for part in ("iamkit1", purpose, account, record_id, data_key_id)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
