"""The keys of all providers: found by discovery, kept for a while, and asked for again with restraint."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from iamkit.clock import Clock
from iamkit.errors import ConfigurationError, IdpCommunicationError
from iamkit_oidc import json_text, keys
from iamkit_oidc.keys import Key, NoKeysError

_log = logging.getLogger("iamkit.oidc")

_DISCOVERY: Final = "/.well-known/openid-configuration"
# How long the last good keys stand in for those that cannot be fetched.
LAST_GOOD: Final = timedelta(hours=24)


class _Entry:
    """What is known of one provider."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.keys: tuple[Key, ...] = ()
        self.fetched: datetime | None = None
        self.tried: datetime | None = None


class KeyRing:
    """Keys by issuer. `pinned` are JWKS texts; who has one is never asked. Safe between threads.

    Raises ConfigurationError for a pinned text without a usable key.
    """

    def __init__(
        self,
        get: Callable[[str], bytes],
        clock: Clock,
        *,
        age: timedelta,
        pause: timedelta,
        pinned: Mapping[str, bytes],
    ) -> None:
        self._get = get
        self._clock = clock
        self._age = age
        self._pause = pause
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        try:
            self._pinned = {issuer: keys.read(text) for issuer, text in pinned.items()}
        except NoKeysError as fault:
            raise ConfigurationError(f"`oidc.pinned_keys`: {fault}") from fault

    def keys(self, issuer: str) -> tuple[Key, ...]:
        """The keys of a provider, not older than they may be. Raises IdpCommunicationError."""
        if issuer in self._pinned:
            return self._pinned[issuer]
        entry = self._entry(issuer)
        if self._within(entry.fetched, self._age):
            return entry.keys
        # One thread asks. The others go on with what there is, and wait only if that is nothing.
        good = self._within(entry.fetched, LAST_GOOD)
        if entry.lock.acquire(blocking=not good):
            try:
                self._refresh(issuer, entry, self._age)
            finally:
                entry.lock.release()
        if not self._within(entry.fetched, LAST_GOOD):
            raise IdpCommunicationError(f"the keys of `{issuer}` could not be fetched; try again later")
        return entry.keys

    def again(self, issuer: str) -> tuple[Key, ...]:
        """The keys, fetched once more if that was not tried lately: a key that is not there may be new."""
        if issuer in self._pinned:
            return self._pinned[issuer]
        entry = self._entry(issuer)
        with entry.lock:
            self._refresh(issuer, entry, timedelta(0))
        return entry.keys

    def _entry(self, issuer: str) -> _Entry:
        with self._lock:
            return self._entries.setdefault(issuer, _Entry())

    def _within(self, then: datetime | None, span: timedelta) -> bool:
        return then is not None and timedelta(0) <= self._clock.now() - then < span

    def _refresh(self, issuer: str, entry: _Entry, age: timedelta) -> None:
        """Fetch, unless somebody just did or tried. What cannot be fetched leaves the keys as they are."""
        if self._within(entry.fetched, age) or self._within(entry.tried, self._pause):
            return
        entry.tried = self._clock.now()
        try:
            entry.keys = self._fetched(issuer)
        except IdpCommunicationError as fault:
            _log.warning("the keys of `%s` could not be fetched: %s", issuer, fault)
        else:
            entry.fetched = entry.tried

    def _fetched(self, issuer: str) -> tuple[Key, ...]:
        """By discovery (OpenID Connect Discovery 1.0, 4.3): the document has to be the issuer's own."""
        try:
            found = json_text.read(self._get(issuer.removesuffix("/") + _DISCOVERY))
        except json_text.AmbiguousError as fault:
            raise IdpCommunicationError("the discovery document is malformed") from fault
        where = found.get("jwks_uri")
        if found.get("issuer") != issuer or not isinstance(where, str):
            raise IdpCommunicationError("the discovery document is another issuer's, or names no `jwks_uri`")
        try:
            return keys.read(self._get(where))
        except NoKeysError as fault:
            raise IdpCommunicationError(str(fault)) from fault
