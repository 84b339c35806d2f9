"""Finding the key that a signature names: strict by epoch, from memory while its owner is unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from iamkit import epochs
from iamkit.credentials import temporary
from iamkit.credentials.access_keys import AccessKey, opened
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.bounded import BoundedMap
from iamkit.credentials.secret import Sealer
from iamkit.credentials.sigv4 import SigningCredential
from iamkit.credentials.temporary import TemporaryCredential
from iamkit.epochs import Look
from iamkit.storage import Epochs, Reader, Store

_REMEMBERED: Final = 10_000
_TEMPORARY: Final = "ASIA"


@dataclass(slots=True)
class _Known:
    credential: SigningCredential
    scopes: tuple[str, ...]
    epochs: Epochs
    seen: int


class KeyLookup:
    """The keys by which requests are signed. Warm: one look at the epochs, no query, nothing unsealed."""

    def __init__(self, store: Store, sealer: Sealer, *, look: Look | None = None) -> None:
        self._store = store
        self._look = look or Look(store)
        self._sealer = sealer
        self._known: BoundedMap[str, _Known] = BoundedMap(_REMEMBERED)

    def find(self, key_id: str) -> SigningCredential | None:
        """The key, or None if there is none of that id, or it is inactive, or what it was got by has ended.

        Of a temporary one that is past its time the verifier tells.
        """
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
            scopes = _scopes(reader, key_id)
        if scopes is None:
            return None
        # The epochs are taken before what they stand for, so that a change in between shows next time.
        current = self._store.epochs(scopes)
        with self._store.read() as reader:
            credential = self._credential(reader, key_id, current[0])
        if credential is not None:
            self._known.put(key_id, _Known(credential, scopes, current, seen))
        return credential

    def _credential(self, reader: Reader, key_id: str, epoch: int) -> SigningCredential | None:
        if key_id.startswith(_TEMPORARY):
            kept = reader.get(TemporaryCredential, (key_id,))
            if kept is None or not temporary.still_held(reader, kept):
                return None
            secret = temporary.opened(self._sealer, kept)
            return SigningCredential(kept.authentication, secret, epoch, kept.token_hash)
        key = reader.get(AccessKey, (key_id,))
        if key is None or not key.active:
            return None
        authentication = Authentication(key.account, key.user_id, CredentialKind.ACCESS_KEY, key.key_id)
        return SigningCredential(authentication, opened(self._sealer, key), epoch)


def _scopes(reader: Reader, key_id: str) -> tuple[str, ...] | None:
    """The scopes by which a key may have ended, or None if there is no such key."""
    if key_id.startswith(_TEMPORARY):
        kept = reader.get(TemporaryCredential, (key_id,))
        return None if kept is None else kept.depends_on
    key = reader.get(AccessKey, (key_id,))
    return None if key is None else (epochs.principal(key.user_id),)
