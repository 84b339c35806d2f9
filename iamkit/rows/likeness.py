"""Whether a text made of columns has the shape of a pattern, in the form that an index helps most with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from iamkit.policy.patterns import Pattern
from iamkit.policy.tokens import Wildcard
from iamkit.rows.predicate import (
    NO,
    YES,
    Begins,
    Compared,
    Field,
    Holds,
    Identified,
    Like,
    Predicate,
    Same,
    Token,
    all_of,
    opposite,
)
from iamkit.rows.sources import Kind

_RUN: Final = Wildcard.RUN
_ONE: Final = Wildcard.ONE
_ESCAPE: Final = re.compile(r"%([0-9A-F]{2})")
_BROKEN_END: Final = re.compile(r"%[0-9A-F]?\Z")


def like(text: Iterable[str | Field], tokens: Iterable[Token]) -> Predicate:
    """A text has the shape of the tokens, in the form that an index helps most with.

    What both begin with is compared here; a literal run against a column becomes an equality or a prefix.
    Values of fields are never empty, except elements of a list.
    """
    subject, pattern = _text(text), _merged(tokens)
    needed: list[Predicate] = []
    while subject and pattern and pattern[0] is not _RUN:
        head, token = subject[0], pattern[0]
        if isinstance(token, Field):
            break
        if isinstance(head, Field):
            settled = _field(head, subject, pattern)
            if settled is None:
                break
            found, done = settled
            if found == NO:
                return NO
            needed.append(found)
            if done:
                return all_of(needed)
            continue
        if token is _ONE:
            subject[0], pattern = head[1:], pattern[1:]
        elif isinstance(token, str):
            length = min(len(head), len(token))
            if head[:length] != token[:length]:
                return NO
            subject[0], pattern[0] = head[length:], token[length:]
        subject, pattern = _text(subject), _merged(pattern)
    if pattern == [_RUN]:
        return all_of(needed)
    return all_of((*needed, _remaining(subject, pattern)))


def _remaining(subject: list[str | Field], pattern: list[Token]) -> Predicate:
    if not any(isinstance(piece, Field) for piece in (*subject, *pattern)):
        plain = tuple(token for token in pattern if not isinstance(token, Field))
        return YES if Pattern(plain).matches("".join(map(str, subject))) else NO
    if not pattern:
        return like_exactly(subject)
    if not subject:
        return NO
    if not any("\0" in piece for piece in subject if isinstance(piece, str)) and any(
        "\0" in token for token in pattern if isinstance(token, str)
    ):
        return NO  # no source holds such a character, and databases would end the text there
    return Like(tuple(subject), tuple(pattern))


def like_exactly(subject: Sequence[str | Field]) -> Predicate:
    """The text is empty."""
    if any(isinstance(piece, str) for piece in subject):
        return NO
    return all_of(same(piece, "") for piece in subject if isinstance(piece, Field))


def _field(head: Field, subject: list[str | Field], pattern: list[Token]) -> tuple[Predicate, bool] | None:
    """What a column at the head of the text has to be, and whether that is all; None if only LIKE can say."""
    token = pattern[0]
    if len(subject) == 1:
        if isinstance(token, str):
            if len(pattern) == 1:
                return same(head, token), True
            start, exact = begins(head, token)
            if pattern[1:] == [_RUN] and exact:
                return start, True
            return all_of((start, _remaining(subject, pattern))), True
        return None
    following = subject[1]
    if not (isinstance(following, str) and following.startswith("/") and "/" in head.encoded):
        return None
    if not isinstance(token, str):
        return None
    value, slash, rest = token.partition("/")
    if slash:
        # The first slash of the text is the one after the column, in which a slash is never bare.
        found = same(head, value)
        del subject[0]
        pattern[0] = slash + rest
        return found, False
    if len(pattern) == 1:
        return NO, True
    start, exact = begins(head, value)
    if pattern[1:] == [_RUN] and exact:
        return start, True
    return all_of((start, _remaining(subject, pattern))), True


def same(field: Field, text: str) -> Predicate:
    """The field's text is exactly this one."""
    raw = decoded(text, field.encoded) if field.encoded else text
    if raw is None or "\0" in raw:
        return NO
    source = field.source
    if source.kind is Kind.INTEGER:
        canonical = re.fullmatch(r"0|-?[1-9][0-9]{0,18}", raw)
        return Compared(source, "=", Decimal(raw)) if canonical else NO
    if source.kind is Kind.BOOL:
        return {"true": Holds(source), "false": opposite(Holds(source))}.get(raw, NO)
    if source.kind is Kind.UUID:
        try:
            value = UUID(raw)
        except ValueError:
            return NO
        return Identified(source, value) if str(value) == raw else NO
    return Same(source, (raw,))


def begins(field: Field, text: str) -> tuple[Predicate, bool]:
    """That the field's text begins so, and whether this says it all."""
    if "\0" in text:
        return NO, True
    if field.source.kind in (Kind.INTEGER, Kind.BOOL, Kind.UUID):
        return YES, False
    if not field.encoded:
        return Begins(field.source, text), True
    whole = _BROKEN_END.sub("", text)
    raw = decoded(whole, field.encoded)
    if raw is None:
        return NO, True
    return (Begins(field.source, raw) if raw else YES), whole == text and bool(raw)


def decoded(text: str, characters: str) -> str | None:
    """What is written so when `characters` stand percent-encoded, or None if nothing is."""
    raw = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return raw if encoded(raw, characters) == text else None


def encoded(text: str, characters: str) -> str:
    """A text with `characters` percent-encoded."""
    return "".join(f"%{ord(letter):02X}" if letter in characters else letter for letter in text)


def _merged(pieces: Iterable[Token]) -> list[Token]:
    merged: list[Token] = []
    for piece in pieces:
        if isinstance(piece, str):
            if not piece:
                continue
            last = merged[-1] if merged else None
            if isinstance(last, str):
                merged[-1] = str(last) + str(piece)
                continue
        elif piece is _RUN and merged and merged[-1] is _RUN:
            continue
        merged.append(piece)
    return merged


def _text(pieces: Iterable[str | Field]) -> list[str | Field]:
    return [piece for piece in _merged(pieces) if not isinstance(piece, Wildcard)]
