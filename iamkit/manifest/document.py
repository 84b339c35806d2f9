"""Documents: policy documents in the one form in which they are compared, kept in files and saved."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, TypeAlias

# What a JSON text holds.
Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | int | float | bool | None"

DEEPEST: Final = 64


class NotKeptError(ValueError):
    """A JSON text that reading and writing would not give back as it was."""


@dataclass(frozen=True, slots=True)
class Document:
    """A policy document. Equal documents say the same, with their members in the same order.

    `text` is what is saved: the JSON in this module's layout; or the text as it is, where it is no JSON
    object or holds what would not come back the same, such as a number with a fraction.
    """

    text: str

    @classmethod
    def of_text(cls, text: str) -> Document:
        """The document that a saved text is."""
        try:
            plain = read(text)
        except NotKeptError:
            return cls(text)
        return cls(written(plain)) if isinstance(plain, dict) else cls(text)

    @classmethod
    def of_plain(cls, plain: Plain) -> Document:
        """The document that a file holds: an object, or a text in place of one. Raises ValueError."""
        if isinstance(plain, str):
            return cls.of_text(plain)
        if not isinstance(plain, dict):
            raise ValueError("a policy document is a JSON object, or a text that holds one")
        return cls(written(plain))

    @property
    def plain(self) -> Plain:
        """As it stands in a file: the object where that loses nothing, else the text."""
        try:
            plain = read(self.text)
        except NotKeptError:
            return self.text
        return plain if isinstance(plain, dict) and written(plain) == self.text else self.text


def written(plain: Plain) -> str:
    """JSON as iamkit lays it out: two spaces, letters as they are, members in their order."""
    return json.dumps(plain, indent=2, ensure_ascii=False)


def read(text: str) -> Plain:
    """The value of a JSON text that comes back the same when it is written. Raises NotKeptError.

    Refused are members that come twice, fractions and exponents, half characters, and depth beyond all use.
    """
    try:
        plain: Plain = json.loads(
            text, object_pairs_hook=_members, parse_float=_refuse, parse_int=_whole, parse_constant=_refuse
        )
        if _depth(plain) > DEEPEST:
            raise NotKeptError("it is nested too deep")
        written(plain).encode("utf-8")
    except UnicodeEncodeError:
        raise NotKeptError("half of a surrogate pair is not a character") from None
    except RecursionError:
        raise NotKeptError("it is nested too deep") from None
    except json.JSONDecodeError as fault:
        raise NotKeptError(f"line {fault.lineno}, column {fault.colno}: {fault.msg.lower()}") from None
    except NotKeptError:
        raise
    except ValueError as fault:
        raise NotKeptError(str(fault)) from None
    return plain


def _members(pairs: list[tuple[str, Plain]]) -> dict[str, Plain]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotKeptError(f"the member `{twice[:80]}` is given twice")
    return found


def _whole(text: str) -> int:
    value = int(text)
    if str(value) != text:
        raise NotKeptError(f"the number `{text[:40]}` would be written otherwise")
    return value


def _refuse(text: str) -> Plain:
    raise NotKeptError(f"the number `{text[:40]}` would not be kept as it is written; write it as a text")


def _depth(plain: Plain) -> int:
    inner = plain.values() if isinstance(plain, dict) else plain if isinstance(plain, list) else ()
    return 1 + max(map(_depth, inner), default=0)
