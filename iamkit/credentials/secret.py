"""A secret that cannot be shown by accident, and the protocol by which recoverable secrets are sealed."""

from __future__ import annotations

import hmac
from typing import NoReturn, Protocol, final


@final
class Secret:
    """A text that is never in a repr, a log line, an error, a pickle or a copy (THR-X2).

    `reveal()` is the one way out, so a search for it finds every place that handles plain secrets. Equality
    takes constant time and works on bytes: `compare_digest` raises on text outside ASCII (THR-K7).
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The plain text."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __format__(self, specification: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self._value.encode("utf-8", "surrogatepass"), other._value.encode("utf-8", "surrogatepass")
        )

    # A hash would let a secret be found by its place in a set; nothing needs one.
    __hash__ = None  # type: ignore[assignment]  # the documented way to make a class unhashable

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied")


class Sealer(Protocol):
    """Encrypts what has to be readable again. `Keyring` is the one that is used."""

    def seal(self, plain: bytes, *, purpose: str, account: str, record_id: str) -> bytes:
        """`plain`, encrypted so that it opens only for the same purpose, account and record."""

    def unseal(self, blob: bytes, *, purpose: str, account: str, record_id: str) -> bytes:
        """What was sealed. Raises SealBroken if the blob was changed, moved, or its key is gone."""
