"""The default key provider: a key-encryption key in a file that only its owner can read."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from iamkit.credentials.sealing import SealBroken
from iamkit.errors import ConfigurationError
from iamkit.ids import Ids

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_LONGEST_FILE: Final = 256


class KeyFileMissingError(ConfigurationError):
    """There is no key file: either nothing has been set up yet, or it was lost."""


class FileKeyProvider:
    """A 256-bit key in a file of mode 0600, base64 on one line (THR-X14).

    Raises ConfigurationError if the file is missing, belongs to somebody else, can be read by group or
    world, or does not hold a usable key. The error never holds what the file says.
    """

    def __init__(self, path: Path, ids: Ids) -> None:
        key = _read(path)
        self._ids = ids
        self._cipher = AESGCM(key)
        self._key_id = hmac.digest(key, b"iamkit key id", hashlib.sha256)[:8].hex()

    @classmethod
    def create(cls, path: Path, ids: Ids) -> FileKeyProvider:
        """Write a new key to `path`, which must not exist, and open it.

        The file appears complete or not at all: it is written beside `path` and then linked into place,
        which fails if `path` is taken. One of two processes that do this at once gets ConfigurationError.
        """
        beside = path.with_name(f".{path.name}.{ids.bytes(8).hex()}")
        text = base64.b64encode(ids.bytes(_KEY_BYTES)) + b"\n"
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                os.link(beside, path)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(beside)
            _sync_directory(path.parent)
        except FileExistsError:
            raise ConfigurationError(
                f"the key file `{path}` exists already; it is never overwritten"
            ) from None
        except OSError as fault:
            raise ConfigurationError(f"the key file `{path}` cannot be written: {fault.strerror}") from None
        return cls(path, ids)

    @property
    def key_id(self) -> str:
        return self._key_id

    def wrap(self, plain: bytes, aad: bytes) -> bytes:
        nonce = self._ids.bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, aad)

    def unwrap(self, blob: bytes, aad: bytes) -> bytes:
        try:
            return self._cipher.decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], aad)
        except (InvalidTag, ValueError):
            raise SealBroken("a wrapped key does not open with this key-encryption key") from None

    def __repr__(self) -> str:
        return f"FileKeyProvider({self._key_id})"


def _read(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise KeyFileMissingError(f"the key file `{path}` does not exist; run `iamkit init`") from None
    except OSError as fault:
        raise ConfigurationError(f"the key file `{path}` cannot be read: {fault.strerror}") from None
    try:
        # The open file is asked, not the path, so that it cannot be exchanged in between.
        _check_owner_and_mode(path, os.fstat(descriptor))
        text = os.read(descriptor, _LONGEST_FILE)
    finally:
        os.close(descriptor)
    try:
        key = base64.b64decode(text.removesuffix(b"\n"), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ConfigurationError(f"the key file `{path}` does not hold 32 bytes in base64")
    if len(set(key)) == 1:
        raise ConfigurationError(f"the key file `{path}` holds the same byte 32 times, which is no key")
    return key


def _check_owner_and_mode(path: Path, about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise ConfigurationError(f"the key file `{path}` is not a regular file")
    if about.st_uid != os.geteuid():
        raise ConfigurationError(
            f"the key file `{path}` belongs to user {about.st_uid}, not to the one that runs this process"
        )
    if about.st_mode & 0o077:
        raise ConfigurationError(
            f"the key file `{path}` has mode {stat.S_IMODE(about.st_mode):04o}, so others can reach it;"
            " run `chmod 600` on it"
        )


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
