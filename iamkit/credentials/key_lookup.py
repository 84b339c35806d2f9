"""Finding the key that a signature names: strict by epoch, from memory while its owner is unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from iamkit import epochs
from iamkit.credentials.access_keys import AccessKey, opened
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.bounded import BoundedMap
from iamkit.credentials.secret import Sealer
from iamkit.credentials.sigv4 import SigningCredential
from iamkit.epochs import Look
from iamkit.storage import Epochs, Store

_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class _Known:
    credential: SigningCredential
    scopes: tuple[str]
    epochs: Epochs
    seen: int


class KeyLookup:
    """The active access keys of a store. Warm: one look at the epochs, no query, nothing unsealed."""

    def __init__(self, store: Store, sealer: Sealer, *, look: Look | None = None) -> None:
        self._store = store
        self._look = look or Look(store)
        self._sealer = sealer
        self._known: BoundedMap[str, _Known] = BoundedMap(_REMEMBERED)

    def find(self, key_id: str) -> SigningCredential | None:
        """The key, or None if there is none of that id or it is inactive."""
        known = self._known.get(key_id)
        seen = self._look.now()
        if known is not None:
            if known.seen == seen:
                return known.credential
            if self._store.epochs(known.scopes) == known.epochs:
                known.seen = seen
                return known.credential
        return self._read(key_id, seen)

    def _read(self, key_id: str, seen: int) -> SigningCredential | None:
        self._known.drop(key_id)
        with self._store.read() as reader:
            found = reader.get(AccessKey, (key_id,))
        if found is None:
            return None
        # The epoch is taken before what it stands for, so that a change in between shows next time.
        scopes = (epochs.principal(found.user_id),)
        current = self._store.epochs(scopes)
        with self._store.read() as reader:
            key = reader.get(AccessKey, (key_id,))
        if key is None or not key.active:
            return None
        authentication = Authentication(key.account, key.user_id, CredentialKind.ACCESS_KEY, key.key_id)
        credential = SigningCredential(authentication, opened(self._sealer, key), current[0])
        self._known.put(key_id, _Known(credential, scopes, current, seen))
        return credential
