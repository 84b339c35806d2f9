"""Password hashing: argon2id over a peppered password, a few at a time.

    hash = argon2id(HMAC-SHA-256(pepper, NFC(password)))

The HMAC takes every byte of the password, so nothing is truncated, and gives argon2 32 bytes whatever the
length, so a long password costs what a short one does. Only this module imports `argon2`.
"""

from __future__ import annotations

import base64
import logging
import os
import re
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

import argon2
from argon2.exceptions import Argon2Error, InvalidHashError

from iamkit.credentials import foreign_hashes
from iamkit.credentials.hash_costs import HashCosts
from iamkit.credentials.peppers import Peppers
from iamkit.errors import Throttling, ValidationError
from iamkit.ids import Ids
from iamkit.storage import Unit

_log = logging.getLogger("iamkit.credentials")
T = TypeVar("T")

# The profile of a hash that other software made: verified as it is, and replaced at the next sign-in.
FOREIGN: Final = "foreign"

LONGEST_CODE_POINTS: Final = 1024
LONGEST_BYTES: Final = 4096
NORMALIZATION: Final = "NFC"

# Bounds on what a stored hash may ask for, checked before any work is done for it (THR-P11, RFC 9106).
_MOST_MEMORY_KIB: Final = 1024 * 1024
_LEAST_MEMORY_KIB: Final = 7 * 1024
_MOST_PASSES: Final = 10
_MOST_LANES: Final = 16
_PHC: Final = re.compile(
    r"\$argon2id\$v=19\$m=([0-9]{1,8}),t=([0-9]{1,3}),p=([0-9]{1,3})"
    r"\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class HashParameters:
    """A named cost of argon2id: passes, memory in KiB, lanes."""

    name: str
    passes: int
    memory_kib: int
    lanes: int
    hash_bytes: int = 32
    salt_bytes: int = 16


# OWASP ASVS 5.0 appendix C: t=2, m=19456, p=1; about 25 ms.
DEFAULT: Final = HashParameters("argon2id-t2-m19456-p1", passes=2, memory_kib=19456, lanes=1)
# RFC 9106 §4, second recommended option; about 200 ms and 64 MiB.
STRONG: Final = HashParameters("argon2id-t3-m65536-p4", passes=3, memory_kib=65536, lanes=4)
# For tests only: microseconds, and worth as much.
CHEAPEST: Final = HashParameters("argon2id-t1-m8-p1", passes=1, memory_kib=8, lanes=1)


@dataclass(frozen=True, slots=True)
class HashedPassword:
    """A hash with what is needed to check against it later."""

    hash: str = field(repr=False)
    profile: str
    pepper_id: str
    normalization: str = NORMALIZATION


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the password was right, and whether it should be hashed anew under today's cost and pepper."""

    ok: bool
    needs_rehash: bool = False


class HashingGate:
    """Lets `at_once` hashes run, and `waiting` more queue up, before it says Throttling (THR-P9).

    Every hash takes its memory and a core: past the number of cores more of them at once only cost more.
    They run in threads of their own: the C library keeps for each thread what it once had.
    """

    def __init__(self, *, at_once: int, waiting: int, patience: float = 10.0) -> None:
        self._at_once = at_once
        self._threads: tuple[int, ThreadPoolExecutor] | None = None
        self._making = threading.Lock()
        self._running = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._patience = patience

    def run(self, work: Callable[[], T]) -> T:
        """What `work` gives or raises, when its turn has come. Raises Throttling as `passage` does."""
        with self.passage():
            return self._own_threads().submit(work).result()

    def _own_threads(self) -> ThreadPoolExecutor:
        # Threads do not cross a fork: the child makes its own.
        found = self._threads
        if found is None or found[0] != os.getpid():
            with self._making:
                found = self._threads
                if found is None or found[0] != os.getpid():
                    found = (os.getpid(), ThreadPoolExecutor(self._at_once, "iamkit-hashing"))
                    self._threads = found
        return found[1]

    @contextmanager
    def passage(self) -> Iterator[None]:
        """A turn to hash. Raises Throttling if the queue is full or does not move."""
        if not self._places.acquire(blocking=False):
            raise _busy()
        try:
            if not self._running.acquire(timeout=self._patience):
                raise _busy()
            try:
                yield
            finally:
                self._running.release()
        finally:
            self._places.release()


class Hasher:
    """Hashes and verifies passwords. Never called while a writing unit is open: it takes milliseconds."""

    def __init__(
        self, peppers: Peppers, ids: Ids, gate: HashingGate, parameters: HashParameters = DEFAULT
    ) -> None:
        self._peppers = peppers
        self._ids = ids
        self._gate = gate
        self._parameters = parameters
        self._argon = argon2.PasswordHasher(
            time_cost=parameters.passes,
            memory_cost=parameters.memory_kib,
            parallelism=parameters.lanes,
            hash_len=parameters.hash_bytes,
            salt_len=parameters.salt_bytes,
            type=argon2.Type.ID,
        )
        self._dummy = self._made_up()
        self.costs = HashCosts()

    def hash(self, password: str) -> HashedPassword:
        """Raises ValidationError for a password that cannot be taken, Throttling when too many are hashed."""
        text = prepared(password)
        pepper = self._peppers.current
        mixed = self._peppers.mix(pepper, text)
        salt = self._ids.bytes(self._parameters.salt_bytes)
        made = self._gate.run(lambda: self._argon.hash(mixed, salt=salt))
        return HashedPassword(made, self._parameters.name, pepper)

    def verify(self, kept: HashedPassword | None, password: str) -> Verification:
        """Check `password`. With `kept` None (no such user) the same work is done, and fails (THR-P1).

        Raises ValidationError for a password that cannot be taken, Throttling when too many are hashed.
        """
        text = prepared(password)
        if kept is not None and kept.profile == FOREIGN:
            return self._verify_foreign(kept, password)
        against = kept or self._dummy
        if not self._affordable(against.hash):
            _log.error("a stored password hash has a form or cost outside the bounds and was not tried")
            against, kept = self._dummy, None
        mixed = self._peppers.mix(against.pepper_id, text)
        right = self._timed(against.profile, lambda: self._matches(against.hash, mixed))
        if not right or kept is None:
            return Verification(ok=False)
        stale = self._argon.check_needs_rehash(kept.hash) or kept.pepper_id != self._peppers.current
        return Verification(ok=True, needs_rehash=stale)

    def mark(self, text: str) -> str:
        """32 hex digits that stand for a text, always, and tell nobody without the pepper what it is."""
        raw = text.encode("utf-8", "surrogatepass")
        return self._peppers.mix(self._peppers.first, raw).hex()[:32]

    def adopt_key(self, unit: Unit, key: bytes) -> str:
        """Keep the key under which other software mixed its passwords; the pepper id for its hashes."""
        return self._peppers.adopt(unit, key)

    def _verify_foreign(self, kept: HashedPassword, password: str) -> Verification:
        # As it was typed: other software did not normalise.
        raw = password.encode("utf-8")
        if kept.pepper_id:
            # Flask-Security: base64 of HMAC-SHA-512 under the app's own salt, and that is hashed.
            raw = self._peppers.mix_sha512(kept.pepper_id, raw)
        right = self._timed(foreign_hashes.cost_of(kept.hash), lambda: foreign_hashes.verify(kept.hash, raw))
        return Verification(ok=right, needs_rehash=right)

    def _timed(self, cost: str, check: Callable[[], bool]) -> bool:
        """What a check says, when its turn has come; how long it took is noted."""

        def timed() -> bool:
            began = time.monotonic()
            right = check()
            self.costs.note(cost, time.monotonic() - began)
            return right

        return self._gate.run(timed)

    def _matches(self, text: str, mixed: bytes) -> bool:
        try:
            return self._argon.verify(text, mixed)
        except (Argon2Error, InvalidHashError):
            return False

    def _affordable(self, text: str) -> bool:
        match = _PHC.fullmatch(text)
        if match is None:
            return False
        memory, passes, lanes = (int(part) for part in match.groups())
        least = min(_LEAST_MEMORY_KIB, self._parameters.memory_kib)
        return (
            least <= memory <= _MOST_MEMORY_KIB and 1 <= passes <= _MOST_PASSES and 1 <= lanes <= _MOST_LANES
        )

    def _made_up(self) -> HashedPassword:
        """A hash of nothing, with today's cost: random salt and digest, so no password verifies."""
        cost = self._parameters
        salt, digest = (_b64(self._ids.bytes(size)) for size in (cost.salt_bytes, cost.hash_bytes))
        text = f"$argon2id$v=19$m={cost.memory_kib},t={cost.passes},p={cost.lanes}${salt}${digest}"
        return HashedPassword(text, cost.name, self._peppers.current)


def prepared(password: str) -> bytes:
    """The bytes that are hashed: NFC, nothing trimmed, folded or cut (NIST SP 800-63B-4 §3.1.1.2).

    Raises ValidationError unless there are 1 to 1024 code points and at most 4096 bytes.
    """
    if not 1 <= len(password) <= LONGEST_CODE_POINTS:
        raise ValidationError(f"a password must have 1 to {LONGEST_CODE_POINTS} characters")
    text = unicodedata.normalize(NORMALIZATION, password)
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:
        # The original error would carry the password.
        raise ValidationError("a password must be well-formed Unicode text") from None
    if len(text) > LONGEST_CODE_POINTS or len(raw) > LONGEST_BYTES:
        raise ValidationError(
            f"a password must have at most {LONGEST_CODE_POINTS} characters and {LONGEST_BYTES} bytes"
        )
    return raw


def _busy() -> Throttling:
    return Throttling("too many sign-ins are being checked at once; try again shortly", retry_after=1)


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).rstrip(b"=").decode("ascii")
