"""Passwords that attackers try first: a list that comes with iamkit, and one of your own in a file.

The bundled list holds about 40,000, of zxcvbn (MIT licence) and of Django (BSD licence), as sorted prefixes
of their SHA-1. `RangeFile` reads the file of the Pwned Passwords project, ordered by hash, and does not load
it. Nothing is sent anywhere.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Final

from iamkit.credentials.password_rules import folded
from iamkit.errors import ConfigurationError

PREFIX_BYTES: Final = 8
_FILE: Final = "common_passwords.bin"
_LONGEST_LINE: Final = 128


class CommonPasswords:
    """The bundled list, read when it is first asked."""

    @cached_property
    def _prefixes(self) -> bytes:
        return files("iamkit.credentials").joinpath(_FILE).read_bytes()

    def __len__(self) -> int:
        return len(self._prefixes) // PREFIX_BYTES

    def holds(self, password: str) -> bool:
        """Whether it is one of them, whatever its case and with whatever is put behind it."""
        plain = folded(password)
        # What people do when a digit or a symbol is asked for.
        bare = plain.rstrip("0123456789!?.$#*@_-")
        return self._has(plain) or (bare != plain and len(plain) - len(bare) <= 4 and self._has(bare))

    def _has(self, plain: str) -> bool:
        wanted = prefix_of(plain)
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            found = self._prefixes[middle * PREFIX_BYTES : (middle + 1) * PREFIX_BYTES]
            if found < wanted:
                low = middle + 1
            elif found > wanted:
                high = middle
            else:
                return True
        return False


class RangeFile:
    """A file with a line `SHA1-IN-HEX:COUNT` for each password, in the order of the hashes."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigurationError if the file cannot be read."""
        self._path = path
        try:
            with path.open("rb") as file:
                first = file.readline(_LONGEST_LINE)
        except OSError as fault:
            raise ConfigurationError(
                f"`breached_passwords` `{path}` cannot be read: {fault.strerror}"
            ) from fault
        if len(first.partition(b":")[0].strip()) != 40:
            raise ConfigurationError(
                f"`{path}` does not begin with a SHA-1 hash in hex; give the file by hash"
            )

    def holds(self, password: str) -> bool:
        """Whether it is in the file, exactly as it is. Raises OSError if the file has gone."""
        # The list's own hash, not a protection of anything.
        wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        with self._path.open("rb") as file:
            low, high = 0, file.seek(0, 2)
            while low < high:
                middle = (low + high) // 2
                # From the middle of a line on to the next; the first line has none before it.
                file.seek(middle)
                if middle:
                    file.readline(_LONGEST_LINE)
                line = file.readline(_LONGEST_LINE).strip()
                found = line.partition(b":")[0].upper()
                if found == wanted:
                    return True
                if line and found < wanted:
                    low = middle + 1
                else:
                    high = middle
            file.seek(low)
            return file.readline(_LONGEST_LINE).strip().partition(b":")[0].upper() == wanted


def prefix_of(plain: str) -> bytes:
    """What the bundled list keeps of a password."""
    return hashlib.sha1(plain.encode("utf-8"), usedforsecurity=False).digest()[:PREFIX_BYTES]
