"""Predicates in the words of SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from iamkit.errors import NotFilterable
from iamkit.rows import predicate as p
from iamkit.rows.dialect import Dialect
from iamkit.rows.pieces import Bound, Pieces, Slot, sql
from iamkit.rows.sources import Kind, Source

# SQLite's own limit of a GLOB pattern, in bytes.
_LONGEST_GLOB: Final = 50_000


class SQLite(Dialect):
    """SQLite 3.38 or later."""

    name = "sqlite"
    exact_decimals = False

    def exact(self, pieces: Pieces) -> Pieces:
        return sql("{} COLLATE BINARY", pieces)

    def text(self, source: Source) -> Pieces:
        if source.kind is Kind.INTEGER:
            return self.exact(self.as_text(self.raw(source)))
        return super().text(source)

    def like(self, subject: Pieces, tokens: Sequence[p.Token]) -> Pieces:
        glob = self.pattern(tokens, lambda letter: f"[{letter}]", "[*?", "*", "?")
        if any(isinstance(piece, Bound) and len(str(piece.value).encode()) > _LONGEST_GLOB for piece in glob):
            raise NotFilterable(f"a pattern of more than {_LONGEST_GLOB} bytes has no form in SQLite")
        return sql("(({}) GLOB {})", subject, glob)

    def begins(self, source: Source, prefix: str) -> Pieces:
        text, after = self.text(source), _next(prefix)
        if after is None:
            return sql("({} >= {})", text, self.bound(prefix))
        return sql("({} >= {} AND {} < {})", text, self.bound(prefix), text, self.bound(after))

    def arn_part(self, pieces: Pieces, index: int) -> Pieces:
        rest = sql("({})", pieces)
        for _ in range(index):
            rest = sql("substr({}, instr({}, ':') + 1)", rest, rest)
        return rest if index == 5 else sql("substr({}, 1, instr({}, ':') - 1)", rest, rest)

    def elements(self, source: Source) -> Pieces:
        return sql("json_each({}) AS e", self.raw(source))

    def absent(self, source: Source) -> Pieces:
        if source.kind is Kind.TEXTS:
            slot = self.raw(source)
            return sql(
                "({} IS NULL OR json_type({}) <> 'array' OR json_array_length({}) = 0)", slot, slot, slot
            )
        return super().absent(source)

    def tag(self, source: Source) -> Pieces:
        return sql(
            "(SELECT e.value FROM json_each({}) AS e WHERE lower(e.key) = {})",
            (Slot(source.handle),),
            self.bound(source.tag),
        )

    def has_control(self, pieces: Pieces) -> Pieces:
        # Beginning with NUL, GLOB would read the text no further.
        return sql(
            "{} OR ({}) GLOB {}",
            self.has_nul(pieces),
            pieces,
            self.bound("*[\x01-\x1f\x7f-\x9f]*"),
        )

    def has_nul(self, pieces: Pieces) -> Pieces:
        return sql("instr({}, char(0)) > 0", pieces)

    def sound_list(self, source: Source) -> Pieces:
        slot = self.raw(source)
        return sql(
            "({} IS NULL OR json_type({}) = 'null' OR (json_type({}) = 'array' AND NOT EXISTS (SELECT 1 FROM "
            "json_each({}) AS e WHERE e.type <> 'text' OR instr(e.value, char(0)) > 0)))",
            slot, slot, slot, slot,
        )  # fmt: skip

    def sound_tags(self, source: Source) -> Pieces:
        slot = self.raw(source)
        return sql(
            "({} IS NULL OR json_type({}) = 'null' OR (json_type({}) = 'object' AND (SELECT count(*) = "
            "count(DISTINCT lower(e.key)) AND coalesce(sum(e.type <> 'text' OR e.key = '' OR "
            "instr(e.key, char(0)) > 0 OR instr(e.value, char(0)) > 0 OR e.key GLOB {}), 0) = 0 "
            "FROM json_each({}) AS e)))",
            slot, slot, slot, self.bound("*[^ -~]*"), slot,
        )  # fmt: skip


def _next(prefix: str) -> str | None:
    """The least text after all that begin with `prefix`, in the order of code points; None: there is none."""
    letters = list(prefix)
    while letters:
        last = ord(letters.pop())
        if last < 0x10FFFF:
            return "".join(letters) + chr(0xE000 if last == 0xD7FF else last + 1)
    return None
