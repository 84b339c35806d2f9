"""Predicates in the words of a database; what databases have in common is here, the rest beside it.

Each atom compares character by character, whatever collation a column has. Where an index could serve, a
wider condition that the index understands stands beside the exact one:

    SQLite        GLOB for wildcards (its LIKE ignores case); a prefix is a range
    PostgreSQL    COLLATE "C" for the exact test; a prefix is LIKE (an index with text_pattern_ops, or in C)
    MySQL         BINARY comparison for equality (its collations pad), utf8mb4_bin for LIKE
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cache
from typing import Final, TypeAlias

from iamkit.policy.tokens import Wildcard
from iamkit.rows import predicate as p
from iamkit.rows.pieces import FALSE, TRUE, Bound, Pieces, Slot, listed, sql
from iamkit.rows.sources import Kind, Source

Encoding: TypeAlias = Callable[[str], str]
_LEAST, _MOST = -(2**63), 2**63 - 1
_HUGE: Final = 1.7976931348623157e308
_FIRST_DAY: Final = datetime(1, 1, 1)  # noqa: DTZ001  # every instant here is UTC, without saying so
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  # as above
_MICROSECONDS: Final = 10**6
_DAY: Final = 86_400 * 10**12


class Dialect:
    """What the databases have in common."""

    name = ""
    # The text that stands for one element of a list, inside the test of it.
    element: Pieces = ("e.value",)

    def write(self, predicate: p.Predicate) -> Pieces:
        """The predicate as SQL. Raises NotFilterable where this database has no form for it."""
        match predicate:
            case p.Always(value):
                return TRUE if value else FALSE
            case p.All(parts):
                return sql("({})", listed(" AND ", map(self.write, parts)))
            case p.AnyOf(parts):
                return sql("({})", listed(" OR ", map(self.write, parts)))
            case p.Opposite(part):
                return sql("(NOT {})", self.write(part))
            case p.Absent(source):
                return self.absent(source)
            case p.Same(source, texts):
                return self.same(source, texts)
            case p.Identified(source, value):
                return sql("({} = {})", self.raw(source), (Bound(value, source),))
            case p.Begins(source, prefix):
                return self.begins(source, prefix)
            case p.Like(text, tokens):
                return self.like(listed(self.joint, map(self._piece, text)), tokens)
            case p.PartLike(source, index, tokens):
                return self._part(source, index, tokens)
            case p.Folded(text, lowered):
                whole = self.concatenated([self._piece(piece) for piece in text])
                return sql("({} = {})", self.folded(whole, lowered), self.bound(lowered))
            case p.Compared(source, symbol, number):
                return self.compared(source, symbol, number)
            case p.Dated(source, symbol, instant):
                return self._dated(source, symbol, instant)
            case p.Holds(source):
                return sql("({} IS TRUE)", self.raw(source))
            case p.Finite(source):
                return self.finite(source)
            case p.Some(source, part):
                return sql("(EXISTS (SELECT 1 FROM {} WHERE {}))", self.elements(source), self.write(part))
            case p.Nameable(source, longest):
                return self.nameable(source, longest)
            case p.Sound(source):
                return self.sound(source)

    # --- texts ----------------------------------------------------------------------------------

    joint = " || "

    def bound(self, text: str) -> Pieces:
        return (Bound(text),)

    def raw(self, source: Source) -> Pieces:
        """The source as the database keeps it."""
        if source.kind is Kind.ELEMENT:
            return self.element
        if source.kind is Kind.TAG:
            return self.tag(source)
        return (Slot(source.handle),)

    def text(self, source: Source) -> Pieces:
        """The source as text, in an exact collation."""
        if source.kind is Kind.BOOL:
            return self.exact(sql("CASE WHEN {} IS TRUE THEN 'true' ELSE 'false' END", self.raw(source)))
        if source.kind is Kind.UUID:
            return self.exact(self.hyphenated(self.raw(source)))
        return self.exact(self.raw(source))

    def exact(self, pieces: Pieces) -> Pieces:
        raise NotImplementedError

    def concatenated(self, items: Sequence[Pieces]) -> Pieces:
        return items[0] if len(items) == 1 else sql("({})", listed(self.joint, items))

    def hyphenated(self, pieces: Pieces) -> Pieces:
        digits = sql("lower(replace({}, '-', ''))", self.as_text(pieces))
        places = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        return self.concatenated(
            [
                part
                for start, length in places
                for part in (("'-'",), sql(f"substr({{}}, {start}, {length})", digits))
            ][1:]
        )

    def as_text(self, pieces: Pieces) -> Pieces:
        return sql("CAST({} AS TEXT)", pieces)

    def _piece(self, piece: str | p.Field) -> Pieces:
        if isinstance(piece, str):
            return self.bound(piece)
        return self.encoded(self.text(piece.source), piece.encoded, _percent)

    def encoded(self, pieces: Pieces, characters: str, encode: Encoding) -> Pieces:
        """With each of `characters` replaced by its encoding; what encodes with itself goes first."""
        for letter in characters:
            pieces = sql("replace({}, {}, {})", pieces, self.bound(letter), self.bound(encode(letter)))
        return pieces

    def pattern(
        self, tokens: Sequence[p.Token], escape: Encoding, specials: str, run: str, one: str
    ) -> Pieces:
        items: list[Pieces] = []
        literal = ""
        for token in tokens:
            if isinstance(token, p.Field):
                if literal:
                    items.append(self.bound(literal))
                literal = ""
                items.append(
                    self.encoded(
                        self.encoded(self.text(token.source), token.encoded, _percent), specials, escape
                    )
                )
            elif isinstance(token, Wildcard):
                literal += run if token is Wildcard.RUN else one
            else:
                literal += "".join(escape(letter) if letter in specials else letter for letter in token)
        if literal or not items:
            items.append(self.bound(literal))
        return self.concatenated(items)

    def like(self, subject: Pieces, tokens: Sequence[p.Token]) -> Pieces:
        escaped = self.pattern(tokens, lambda letter: "!" + letter, "!%_", "%", "_")
        return sql("({} LIKE {} ESCAPE '!')", self.grouped(subject), escaped)

    def grouped(self, subject: Pieces) -> Pieces:
        return sql("({})", subject)

    def folded(self, pieces: Pieces, lowered: str) -> Pieces:
        """In lower case as Python makes it, as far as the characters of `lowered` tell."""
        for upper, lower in _case_pairs(lowered):
            pieces = sql("replace({}, {}, {})", pieces, self.bound(upper), self.bound(lower))
        return self.ascii_lower(pieces)

    def ascii_lower(self, pieces: Pieces) -> Pieces:
        return sql("lower({})", pieces)

    def same(self, source: Source, texts: tuple[str, ...]) -> Pieces:
        return self.among(self.text(source), texts)

    def among(self, pieces: Pieces, texts: tuple[str, ...]) -> Pieces:
        if len(texts) == 1:
            return sql("({} = {})", pieces, self.bound(texts[0]))
        return sql("({} IN ({}))", pieces, listed(", ", [self.bound(text) for text in texts]))

    def begins(self, source: Source, prefix: str) -> Pieces:
        return self.like(self.text(source), (prefix, Wildcard.RUN))

    def _part(self, source: Source, index: int, tokens: tuple[p.Token, ...]) -> Pieces:
        part = self.arn_part(self.text(source), index)
        if not any(isinstance(token, Wildcard | p.Field) for token in tokens):
            return self.among(part, ("".join(token for token in tokens if isinstance(token, str)),))
        return self.like(part, tokens)

    def arn_part(self, pieces: Pieces, index: int) -> Pieces:
        raise NotImplementedError

    # --- what is there --------------------------------------------------------------------------

    def absent(self, source: Source) -> Pieces:
        if source.kind is Kind.TEXTS:
            return sql("({} OR NOT (EXISTS (SELECT 1 FROM {})))", self.null(source), self.elements(source))
        if source.kind in (Kind.TEXT, Kind.TAG):
            return sql("({} IS NULL OR {} = '')", self.raw(source), self.raw(source))
        return self.null(source)

    def null(self, source: Source) -> Pieces:
        return sql("({} IS NULL)", self.raw(source))

    def tag(self, source: Source) -> Pieces:
        raise NotImplementedError

    def elements(self, source: Source) -> Pieces:
        raise NotImplementedError

    def nameable(self, source: Source, longest: int) -> Pieces:
        if source.kind in (Kind.TEXT, Kind.CHOICE):
            return sql(
                "({} IS NOT NULL AND {} BETWEEN 1 AND {} AND NOT ({}))",
                self.raw(source),
                self.length(self.text(source)),
                (str(longest),),
                self.has_control(self.text(source)),
            )
        return sql("({} IS NOT NULL)", self.raw(source))

    def length(self, pieces: Pieces) -> Pieces:
        return sql("length({})", pieces)

    def has_control(self, pieces: Pieces) -> Pieces:
        raise NotImplementedError

    def has_nul(self, pieces: Pieces) -> Pieces:
        raise NotImplementedError

    def sound(self, source: Source) -> Pieces:
        if source.kind is Kind.TEXT:
            return sql("({} IS NULL OR NOT ({}))", self.raw(source), self.has_nul(self.raw(source)))
        if source.kind is Kind.TEXTS:
            return self.sound_list(source)
        if source.kind is Kind.TAGS:
            return self.sound_tags(source)
        if source.kind in (Kind.FLOAT, Kind.DECIMAL):
            return sql("({} IS NULL OR {})", self.raw(source), self.finite(source))
        return TRUE

    def sound_list(self, source: Source) -> Pieces:
        raise NotImplementedError

    def sound_tags(self, source: Source) -> Pieces:
        raise NotImplementedError

    # --- numbers and instants -------------------------------------------------------------------

    def finite(self, source: Source) -> Pieces:
        return sql("({} BETWEEN {} AND {})", self.number(source), (Bound(-_HUGE),), (Bound(_HUGE),))

    def number(self, source: Source) -> Pieces:
        return self.raw(source)

    def compared(self, source: Source, symbol: str, number: Decimal) -> Pieces:
        if source.kind is Kind.INTEGER:
            return self._whole(self.raw(source), symbol, number)
        if source.kind is Kind.DECIMAL and self.exact_decimals:
            return sql(f"({{}} {symbol} {{}})", self.number(source), (Bound(number),))
        return self._floating(source, symbol, number)

    exact_decimals = True

    def _whole(self, left: Pieces, symbol: str, number: Decimal) -> Pieces:
        if number < _LEAST:
            return TRUE if symbol[0] == ">" else FALSE
        if number > _MOST:
            return TRUE if symbol[0] == "<" else FALSE
        low = int(number.to_integral_value(ROUND_FLOOR))
        high = int(number.to_integral_value(ROUND_CEILING))
        if symbol == "=" and low != high:
            return FALSE
        bound = high if symbol in ("<", ">=") else low
        return sql(f"({{}} {symbol} {{}})", left, (Bound(bound),))

    def _floating(self, source: Source, symbol: str, number: Decimal) -> Pieces:
        """A float, which conditions see as its shortest decimal, against a decimal."""
        nearest = float(number)
        if math.isinf(nearest):
            return TRUE if (nearest > 0) is (symbol[0] == "<") and symbol != "=" else FALSE
        seen = Decimal(repr(nearest))
        left, right = self.number(source), (Bound(nearest),)
        if symbol == "=":
            return sql("({} = {})", left, right) if seen == number else FALSE
        meets = {"<": seen < number, "<=": seen <= number, ">": seen > number, ">=": seen >= number}[symbol]
        return sql(f"({{}} {symbol[0]}{'=' if meets else ''} {{}})", left, right)

    def _dated(self, source: Source, symbol: str, instant: int) -> Pieces:
        if source.kind is Kind.INTEGER:
            return self._whole(self.raw(source), symbol, Decimal(instant) / 10**12)
        step = _DAY if source.kind is Kind.DAY else _MICROSECONDS
        low, rest = divmod(instant, step)
        if symbol == "=" and rest:
            return FALSE
        bound = low + 1 if rest and symbol in ("<", ">=") else low
        try:
            days = source.kind is Kind.DAY
            moment = _EPOCH + (timedelta(days=bound) if days else timedelta(microseconds=bound))
        except OverflowError:
            return TRUE if (bound > 0) is (symbol[0] == "<") and symbol != "=" else FALSE
        value = moment.date() if source.kind is Kind.DAY else moment
        return sql(f"({{}} {symbol} {{}})", self.raw(source), (Bound(value, source),))


def _percent(letter: str) -> str:
    return f"%{ord(letter):02X}"


def _case_pairs(lowered: str) -> list[tuple[str, str]]:
    """What has to be replaced by what, beside A to Z, so that a text in lower case can be told."""
    pairs = [("\u212a", "k")] if "k" in lowered else []
    # The one character that becomes two; some servers make it one.
    pairs.append(("\u0130", "i\u0307"))
    if not lowered.isascii():
        uppers = _uppers()
        pairs += [(upper, letter) for letter in sorted(set(lowered)) for upper in uppers.get(letter, ())]
    return pairs


@cache
def _uppers() -> dict[str, list[str]]:
    """Characters beyond ASCII by what they are in lower case."""
    found: dict[str, list[str]] = {}
    for number in range(0x80, 0x1_F000):
        letter = chr(number)
        lower = letter.lower()
        if lower != letter and len(lower) == 1:
            found.setdefault(lower, []).append(letter)
    return found
