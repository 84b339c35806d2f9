"""Peppers: sealed random keys mixed into every password hash, so that a stolen table alone is no use."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from iamkit.clock import Clock
from iamkit.credentials.secret import Sealer
from iamkit.errors import ServiceUnavailable
from iamkit.ids import Ids
from iamkit.storage import Store, Unit, record

_BYTES: Final = 32
_PURPOSE: Final = "pepper"
# The newest is used for new hashes, and this is never the newest.
_BEFORE_ALL: Final = datetime(1970, 1, 1, tzinfo=UTC)


@record("pepper", key=("pepper_id",))
@dataclass(frozen=True, slots=True)
class PepperRecord:
    """One pepper, sealed. The newest is used for new hashes; older ones verify what was hashed with them."""

    pepper_id: str
    sealed: bytes = field(repr=False)
    created_at: datetime


class Peppers:
    """The peppers of one store. Makes the first one if there is none."""

    def __init__(self, store: Store, sealer: Sealer, ids: Ids, clock: Clock) -> None:
        self._store = store
        self._sealer = sealer
        self._ids = ids
        self._clock = clock
        self._keys: dict[str, bytes] = {}
        with store.read() as reader:
            newest = reader.find(PepperRecord, order="created_at", newest_first=True, limit=1)
        if not newest:
            with store.write() as unit:
                # Another process may have made it since.
                newest = unit.find(PepperRecord, order="created_at", newest_first=True, limit=1)
                newest = newest or [self._added(unit)]
        self._current = newest[0].pepper_id
        self._keys[self._current] = self._opened(newest[0])
        with store.read() as reader:
            self._first = reader.find(PepperRecord, order="created_at", limit=1)[0].pepper_id

    @property
    def current(self) -> str:
        """The id of the pepper for new hashes."""
        return self._current

    @property
    def first(self) -> str:
        """The id of the oldest pepper, for what must stay the same when peppers rotate."""
        return self._first

    def mix(self, pepper_id: str, text: bytes) -> bytes:
        """HMAC-SHA-256 of `text` under that pepper, 32 bytes. Raises ServiceUnavailable if it is gone."""
        return hmac.digest(self._key(pepper_id), text, hashlib.sha256)

    def _key(self, pepper_id: str) -> bytes:
        key = self._keys.get(pepper_id)
        if key is None:
            with self._store.read() as reader:
                kept = reader.get(PepperRecord, (pepper_id,))
            if kept is None:
                raise ServiceUnavailable(f"pepper `{pepper_id}` is not in this store")
            key = self._keys[pepper_id] = self._opened(kept)
        return key

    def mix_sha512(self, pepper_id: str, text: bytes) -> bytes:
        """HMAC-SHA-512 of `text` in base64, as Flask-Security mixes its salt in. Raises as `mix` does."""
        return base64.b64encode(hmac.digest(self._key(pepper_id), text, hashlib.sha512))

    def adopt(self, unit: Unit, key: bytes) -> str:
        """Keep another software's key, for its hashes only; the same id for the same key. Never current."""
        name = hmac.digest(self._keys[self._current], b"adopted:" + key, hashlib.sha256)[:8].hex()
        if unit.get(PepperRecord, (name,)) is None:
            sealed = self._sealer.seal(key, purpose=_PURPOSE, account="", record_id=name)
            unit.add(PepperRecord(name, sealed, _BEFORE_ALL))
        return name

    def rotate(self) -> str:
        """Use a new pepper from now on. Passwords move to it as their users sign in. Returns its id."""
        with self._store.write() as unit:
            made = self._added(unit)
        self._keys[made.pepper_id] = self._opened(made)
        self._current = made.pepper_id
        return self._current

    def _added(self, unit: Unit) -> PepperRecord:
        name = self._ids.bytes(8).hex()
        sealed = self._sealer.seal(self._ids.bytes(_BYTES), purpose=_PURPOSE, account="", record_id=name)
        made = PepperRecord(name, sealed, self._clock.now())
        unit.add(made)
        return made

    def _opened(self, kept: PepperRecord) -> bytes:
        return self._sealer.unseal(kept.sealed, purpose=_PURPOSE, account="", record_id=kept.pepper_id)
