"""Predicates in the words of MySQL and MariaDB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from iamkit.policy.tokens import Wildcard
from iamkit.rows.dialect import Dialect
from iamkit.rows.pieces import Pieces, Slot, listed, sql
from iamkit.rows.sources import Kind, Source

_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class MySQL(Dialect):
    """MySQL 8 and MariaDB 10.6 or later, over a connection in utf8mb4."""

    name = "mysql"
    joint = ", "

    def exact(self, pieces: Pieces) -> Pieces:
        return sql("(CONVERT({} USING utf8mb4) COLLATE utf8mb4_bin)", pieces)

    def as_text(self, pieces: Pieces) -> Pieces:
        return sql("CAST({} AS CHAR)", pieces)

    def text(self, source: Source) -> Pieces:
        if source.kind is Kind.INTEGER:
            return self.exact(self.as_text(self.raw(source)))
        return super().text(source)

    def concatenated(self, items: Sequence[Pieces]) -> Pieces:
        return items[0] if len(items) == 1 else sql("CONCAT({})", listed(", ", items))

    def grouped(self, subject: Pieces) -> Pieces:
        return sql("CONCAT({})", subject)

    def among(self, pieces: Pieces, texts: tuple[str, ...]) -> Pieces:
        values = [sql("CAST({} AS BINARY)", self.bound(text)) for text in texts]
        return sql("(CAST({} AS BINARY) IN ({}))", pieces, listed(", ", values))

    def same(self, source: Source, texts: tuple[str, ...]) -> Pieces:
        exact = self.among(self.text(source), texts)
        if source.kind is not Kind.TEXT:
            return exact
        return sql("({} IN ({}) AND {})", self.raw(source), listed(", ", map(self.bound, texts)), exact)

    def begins(self, source: Source, prefix: str) -> Pieces:
        exact = self.like(self.text(source), (prefix, Wildcard.RUN))
        if source.kind is not Kind.TEXT:
            return exact
        wide = self.pattern((prefix, Wildcard.RUN), lambda letter: "!" + letter, "!%_", "%", "_")
        return sql("({} LIKE {} ESCAPE '!' AND {})", self.raw(source), wide, exact)

    def folded(self, pieces: Pieces, lowered: str) -> Pieces:
        return sql("CAST({} AS BINARY)", super().folded(pieces, lowered))

    def ascii_lower(self, pieces: Pieces) -> Pieces:
        for letter in _UPPER:
            pieces = sql(f"REPLACE({{}}, '{letter}', '{letter.lower()}')", pieces)
        return pieces

    def arn_part(self, pieces: Pieces, index: int) -> Pieces:
        if index < 5:
            return sql(f"SUBSTRING_INDEX(SUBSTRING_INDEX({{}}, ':', {index + 1}), ':', -1)", pieces)
        head = sql("SUBSTRING_INDEX({}, ':', 5)", pieces)
        return sql("SUBSTRING({}, CHAR_LENGTH({}) + 2)", pieces, head)

    def absent(self, source: Source) -> Pieces:
        if source.kind in (Kind.TEXT, Kind.TAG):
            return sql("({} IS NULL OR CHAR_LENGTH({}) = 0)", self.raw(source), self.raw(source))
        return super().absent(source)

    def elements(self, source: Source) -> Pieces:
        return sql(
            "JSON_TABLE(CASE WHEN JSON_TYPE({}) = 'ARRAY' THEN {} ELSE '[]' END, "
            "'$[*]' COLUMNS (value LONGTEXT CHARACTER SET utf8mb4 PATH '$')) AS e",
            self.raw(source), self.raw(source),
        )  # fmt: skip

    def _entries(self, handle: object) -> Pieces:
        slot: Pieces = (Slot(handle),)
        return sql(
            "JSON_TABLE(CASE WHEN JSON_TYPE({}) = 'OBJECT' THEN JSON_KEYS({}) ELSE '[]' END, "
            "'$[*]' COLUMNS (k LONGTEXT CHARACTER SET utf8mb4 PATH '$')) AS e",
            slot, slot,
        )  # fmt: skip

    def tag(self, source: Source) -> Pieces:
        return sql(
            "(SELECT MIN(JSON_UNQUOTE(JSON_EXTRACT({}, CONCAT('$.', JSON_QUOTE(e.k))))) FROM {} "
            "WHERE LOWER(e.k) = {})",
            (Slot(source.handle),), self._entries(source.handle), self.bound(source.tag),
        )  # fmt: skip

    def length(self, pieces: Pieces) -> Pieces:
        return sql("CHAR_LENGTH({})", pieces)

    def has_control(self, pieces: Pieces) -> Pieces:
        return sql("{} REGEXP {}", pieces, self.bound(r"[\x00-\x1f\x7f-\x{9f}]"))

    def has_nul(self, pieces: Pieces) -> Pieces:
        return sql("LOCATE(CHAR(0), CAST({} AS BINARY)) > 0", pieces)

    def sound_list(self, source: Source) -> Pieces:
        slot = self.raw(source)
        return sql(
            "({} IS NULL OR JSON_TYPE({}) = 'NULL' OR (JSON_TYPE({}) = 'ARRAY' AND NOT EXISTS (SELECT 1 FROM "
            "JSON_TABLE(CASE WHEN JSON_TYPE({}) = 'ARRAY' THEN {} ELSE '[]' END, '$[*]' COLUMNS (n "
            "FOR ORDINALITY, value LONGTEXT CHARACTER SET utf8mb4 PATH '$')) AS e WHERE "
            "coalesce(JSON_TYPE(JSON_EXTRACT({}, CONCAT('$[', e.n - 1, ']'))), '') <> 'STRING' "
            "OR LOCATE(CHAR(0), CAST(e.value AS BINARY)) > 0)))",
            slot, slot, slot, slot, slot, slot,
        )  # fmt: skip

    def sound_tags(self, source: Source) -> Pieces:
        slot = self.raw(source)
        value = sql("JSON_EXTRACT({}, CONCAT('$.', JSON_QUOTE(e.k)))", slot)
        return sql(
            "({} IS NULL OR JSON_TYPE({}) = 'NULL' OR (JSON_TYPE({}) = 'OBJECT' AND (SELECT COUNT(*) = "
            "COUNT(DISTINCT LOWER(e.k)) AND COALESCE(SUM(COALESCE(JSON_TYPE({}), '') <> 'STRING' OR e.k = '' "
            "OR CONVERT(e.k USING utf8mb4) COLLATE utf8mb4_bin REGEXP '[^ -~]' OR "
            "LOCATE(CHAR(0), CAST(JSON_UNQUOTE({}) AS BINARY)) > 0), 0) = 0 FROM {})))",
            slot, slot, slot, value, value, self._entries(source.handle),
        )  # fmt: skip

    def number(self, source: Source) -> Pieces:
        if source.kind is Kind.FLOAT:
            # A FLOAT is read as the few digits that the server writes of it.
            return sql("(CAST({} AS CHAR) + 0e0)", self.raw(source))
        return self.raw(source)

    def finite(self, source: Source) -> Pieces:
        return sql("({} IS NOT NULL)", self.raw(source))  # it keeps no others
