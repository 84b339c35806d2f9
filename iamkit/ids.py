"""Unique ids, secrets and the rules for names. All of iamkit's randomness comes through here.

Prefixes are AWS's: AIDA user, AGPA group, AROA role, ANPA managed policy, AIPA instance profile,
AKIA long-term access key, ASIA temporary key. An id is never given out twice; it is what grants are stored
against, so that a re-created name regains nothing (CAP-B4).
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import weakref
from typing import Final, Literal, Protocol

from iamkit.errors import EntityAlreadyExists, ValidationError

# What unique ids are made of.
BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
# How many handles are made ready at a time.
_STOCK: Final = 64
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

IdPrefix = Literal["AIDA", "AGPA", "AROA", "ANPA", "AKIA", "ASIA", "AIPA", "APKA", "ASCA"]

# Key ids have 20 characters in all, every other id 21, as AWS's have.
_ID_LENGTH: Final[dict[str, int]] = {"AKIA": 20, "ASIA": 20, "APKA": 20}


class Randomness(Protocol):
    """Where unguessable bytes come from."""

    def bytes(self, count: int) -> bytes:
        """`count` bytes that nobody can predict."""


class SystemRandomness:
    """The operating system's generator."""

    def bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)


class Ids:
    """Makes ids and secrets from a source of randomness."""

    def __init__(self, randomness: Randomness | None = None) -> None:
        self._randomness = randomness or SystemRandomness()

    def unique(self, prefix: IdPrefix) -> str:
        """A new unique id: the prefix, then base-32 letters, 80 random bits or more."""
        length = _ID_LENGTH.get(prefix, 21) - len(prefix)
        return prefix + "".join(BASE32[byte & 31] for byte in self._randomness.bytes(length))

    def secret(self) -> str:
        """A 40-character access-key secret: 240 random bits."""
        return "".join(_LETTERS[byte & 63] for byte in self._randomness.bytes(40))

    def token(self) -> str:
        """43 URL-safe characters: 256 random bits, for sessions and single-use links."""
        return _urlsafe(self._randomness.bytes(32))

    def handle(self, prefix: str) -> str:
        """A short name for an event or decision, such as `d_7Q2...`: 120 random bits."""
        return prefix + "_" + _urlsafe(self._randomness.bytes(15))

    def bytes(self, count: int) -> bytes:
        """Raw key material."""
        return self._randomness.bytes(count)

    def account_id(self) -> str:
        """12 digits, the first not zero."""
        number = int.from_bytes(self._randomness.bytes(8), "big") % 900_000_000_000
        return str(100_000_000_000 + number)


class Handles:
    """Handles of one prefix out of a stock: drawing few random bytes costs as much as drawing many."""

    def __init__(self, ids: Ids, prefix: str) -> None:
        self._ids = ids
        self._prefix = prefix
        self._stock: list[str] = []
        kept = weakref.WeakMethod(self._forget)

        def forget() -> None:
            if (alive := kept()) is not None:
                alive()

        # A forked child would give out those of its parent.
        os.register_at_fork(after_in_child=forget)

    def next(self) -> str:
        """Another handle, as `Ids.handle` makes them."""
        try:
            return self._stock.pop()
        except IndexError:
            # 15 bytes are 20 characters, without padding.
            text = _urlsafe(self._ids.bytes(15 * _STOCK))
            made = [f"{self._prefix}_{text[at : at + 20]}" for at in range(0, len(text), 20)]
            first = made.pop()
            self._stock.extend(made)
            return first

    def _forget(self) -> None:
        self._stock = []


def _urlsafe(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


# `[\w+=,.@-]+` of the service model, with `\w` spelt out: Python's would admit other alphabets.
_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]+", re.ASCII)
_PATH: Final = re.compile(r"/|/[\x21-\x7e]+/", re.ASCII)
_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)

NAME_LENGTHS: Final = {
    "user": 64,
    "role": 64,
    "group": 128,
    "policy": 128,
    "guardrail": 128,
    "mfa": 226,
    "instance-profile": 128,
    "saml-provider": 128,
    "server-certificate": 128,
}
PATH_LENGTH: Final = 512


NamedKind = Literal[
    "user",
    "role",
    "group",
    "policy",
    "guardrail",
    "mfa",
    "instance-profile",
    "saml-provider",
    "server-certificate",
]


def checked_name(kind: NamedKind, name: str) -> str:
    """`name`, if it is a legal name for that kind of entity; otherwise ValidationError."""
    longest, shown = NAME_LENGTHS[kind], kind.replace("-", " ")
    if not 1 <= len(name) <= longest:
        raise ValidationError(f"{shown} name `{name[:80]}` must have 1 to {longest} characters")
    if not _NAME.fullmatch(name):
        raise ValidationError(f"{shown} name `{name}` may hold only letters, digits and `_+=,.@-`")
    return name


def checked_path(path: str) -> str:
    """`path`, if it begins and ends with a slash; otherwise ValidationError (CAP-B2).

    A path is never completed here: `/app` joined to `x` would make `user/appx`, which `user/app*` matches.
    """
    if len(path) > PATH_LENGTH:
        raise ValidationError(f"path must have at most {PATH_LENGTH} characters, this has {len(path)}")
    if not (path.startswith("/") and path.endswith("/")):
        parts = [part for part in path.split("/") if part]
        hint = "/".join(("", *parts, "")) if parts else "/"
        raise ValidationError(f"path `{path}` must begin and end with a slash; did you mean `{hint}`")
    if "//" in path:
        raise ValidationError(f"path `{path}` must not hold an empty part; write one slash, not two")
    if not _PATH.fullmatch(path):
        raise ValidationError(f"path `{path}` may hold only visible ASCII characters, no space among them")
    return path


def checked_account_id(account_id: str) -> str:
    """`account_id`, if it is 12 digits; otherwise ValidationError."""
    if not _ACCOUNT.fullmatch(account_id):
        raise ValidationError(f"account id `{account_id[:80]}` must be 12 digits")
    return account_id


def name_taken(kind: str, name: str) -> EntityAlreadyExists:
    """The error for a name that another entity of that kind has, in this case or another (CAP-B1)."""
    return EntityAlreadyExists(
        f"a {kind} named `{name}` exists already; names are unique whatever their case"
    )


def name_key(name: str) -> str:
    """The form under which a name is unique: whatever its case (CAP-B1). Names are ASCII."""
    return name.lower()
