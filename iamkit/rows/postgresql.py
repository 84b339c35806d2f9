"""Predicates in the words of PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from iamkit.policy.tokens import Wildcard
from iamkit.rows import predicate as p
from iamkit.rows.dialect import Dialect
from iamkit.rows.pieces import TRUE, Bound, Pieces, Slot, sql
from iamkit.rows.sources import Kind, Source


class PostgreSQL(Dialect):
    """PostgreSQL 13 or later, in UTF8."""

    name = "postgresql"

    def exact(self, pieces: Pieces) -> Pieces:
        return sql('(CAST({} AS TEXT) COLLATE "C")', pieces)

    def bound(self, text: str) -> Pieces:
        return sql("CAST({} AS TEXT)", (Bound(text),))

    def same(self, source: Source, texts: tuple[str, ...]) -> Pieces:
        exact = self.among(self.text(source), texts)
        if source.kind is not Kind.TEXT:
            return exact
        return sql("({} AND {})", self.among(self.raw(source), texts), exact)

    def begins(self, source: Source, prefix: str) -> Pieces:
        # The planner makes a range of it, for an index in the C collation or with text_pattern_ops.
        return self.like(self.text(source), (prefix, Wildcard.RUN))

    def like(self, subject: Pieces, tokens: Sequence[p.Token]) -> Pieces:
        escaped = self.pattern(tokens, lambda letter: "\\" + letter, "\\%_", "%", "_")
        return sql("(({}) LIKE {})", subject, escaped)

    def arn_part(self, pieces: Pieces, index: int) -> Pieces:
        if index < 5:
            return sql(f"(split_part({{}}, ':', {index + 1}))", pieces)
        return sql("(regexp_replace({}, '^([^:]*:){5}', ''))", pieces)

    def json(self, handle: object) -> Pieces:
        return sql("to_jsonb({})", (Slot(handle),))

    def elements(self, source: Source) -> Pieces:
        json = self.json(source.handle)
        return sql(
            "jsonb_array_elements_text(CASE WHEN jsonb_typeof({}) = 'array' THEN {} ELSE '[]' END) "
            "AS e(value)",
            json, json,
        )  # fmt: skip

    element = ('(e.value COLLATE "C")',)

    def _entries(self, handle: object, function: str) -> Pieces:
        json = self.json(handle)
        return sql(
            f"{function}(CASE WHEN jsonb_typeof({{}}) = 'object' THEN {{}} ELSE jsonb_build_object() END) "
            "AS e(key, value)",
            json, json,
        )  # fmt: skip

    def tag(self, source: Source) -> Pieces:
        return sql(
            '(SELECT min(e.value) FROM {} WHERE lower(e.key COLLATE "C") = {})',
            self._entries(source.handle, "jsonb_each_text"),
            self.bound(source.tag),
        )

    def has_control(self, pieces: Pieces) -> Pieces:
        return sql("{} ~ {}", pieces, self.bound("[\x01-\x1f\x7f-\x9f]"))

    def sound(self, source: Source) -> Pieces:
        return TRUE if source.kind is Kind.TEXT else super().sound(source)  # it keeps no NUL

    def sound_list(self, source: Source) -> Pieces:
        json = self.json(source.handle)
        return sql(
            "({} IS NULL OR jsonb_typeof({}) = 'null' OR (jsonb_typeof({}) = 'array' AND NOT EXISTS "
            "(SELECT 1 FROM jsonb_array_elements(CASE WHEN jsonb_typeof({}) = 'array' THEN {} ELSE '[]' END) "
            "AS e(value) WHERE jsonb_typeof(e.value) <> 'string')))",
            (Slot(source.handle),), json, json, json, json,
        )  # fmt: skip

    def sound_tags(self, source: Source) -> Pieces:
        json = self.json(source.handle)
        return sql(
            "({} IS NULL OR jsonb_typeof({}) = 'null' OR (jsonb_typeof({}) = 'object' AND (SELECT count(*) = "
            'count(DISTINCT lower(e.key COLLATE "C")) AND count(*) FILTER (WHERE jsonb_typeof(e.value) <> '
            "'string' OR e.key = '' OR e.key COLLATE \"C\" ~ '[^ -~]') = 0 FROM {})))",
            (Slot(source.handle),), json, json, self._entries(source.handle, "jsonb_each"),
        )  # fmt: skip

    def finite(self, source: Source) -> Pieces:
        if source.kind is Kind.DECIMAL:
            return sql("(CAST({} AS TEXT) NOT IN ('NaN', 'Infinity', '-Infinity'))", self.raw(source))
        return super().finite(source)
