"""Random policies about random rows: what a filter lists against what the evaluator decides about each.

Policies come from the generator of the policy tests; their conditions speak of the rows' columns, too, and
of columns of every kind, with odd values in them: NULL, the empty text, wildcards, escapes, other scripts.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from iamkit.errors import EvaluationError, NotFilterable
from iamkit.policy import Context, Known, compile_plan, residual
from iamkit.policy.request import AccessRequest, Caller
from iamkit.rows import alchemy
from iamkit.rows.book import guards
from iamkit.rows.facts import facts_of
from iamkit.rows.names import name_of
from iamkit.rows.predicate import Predicate, all_of
from iamkit.rows.sources import Declaration, Kind
from iamkit.rows.translate import Shape, allowed
from tests.policy.reference import vocabulary as words
from tests.policy.reference.cases import LayerSet, for_engine, without_own_layers
from tests.policy.reference.generator import MODES, Generator

T = TypeVar("T")

ROWS: Final = 100
SHAPE: Final = ("arn", "aws", "doc", "eu-west-1", words.HOME)


class Base(DeclarativeBase):
    """The tables of this world."""


class Colour(Enum):
    """A choice, kept by name."""

    RED = 1
    GREEN = 2


# NULL of JSON is not NULL of SQL, and rows have both.
_JSON: Final = sa.JSON(none_as_null=True)


class Note(Base):
    """One table with a column of every kind."""

    __tablename__ = "note"

    pk: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    team: Mapped[str | None] = mapped_column(sa.String(80))
    name: Mapped[str | None] = mapped_column(sa.String(80))
    text: Mapped[str | None] = mapped_column(sa.String(80))
    other: Mapped[str | None] = mapped_column(sa.String(80))
    arn: Mapped[str | None] = mapped_column(sa.String(200))
    number: Mapped[int | None] = mapped_column(sa.BigInteger)
    amount: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 2))
    ratio: Mapped[float | None] = mapped_column(sa.Double)
    flag: Mapped[bool | None]
    moment: Mapped[datetime | None] = mapped_column(
        sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    )
    day: Mapped[date | None]
    key: Mapped[UUID | None] = mapped_column(sa.Uuid)
    colour: Mapped[Colour | None]
    words: Mapped[Any] = mapped_column(_JSON, nullable=True)
    tags: Mapped[Any] = mapped_column(sa.JSON, nullable=True)


KEYS: Final = {
    "app:s": Note.text,
    "app:t": Note.other,
    "app:arn": Note.arn,
    "app:n": Note.number,
    "app:m": Note.amount,
    "app:f": Note.ratio,
    "app:b": Note.flag,
    "app:d": Note.moment,
    "app:day": Note.day,
    "app:u": Note.key,
    "app:e": Note.colour,
    "app:ss": Note.words,
}


def declaration(template: str) -> Declaration:
    """The rows as resources."""
    parts = {name: alchemy.source(Note, name, getattr(Note, name)) for name in ("team", "name", "pk", "key")}
    keys = {key.lower(): alchemy.source(Note, key, column) for key, column in KEYS.items()}
    tags = alchemy.source(Note, "tags", Note.tags)
    return Declaration(
        Note,
        "notes",
        name_of(template, parts),
        None,
        type(tags)(Kind.TAGS, tags.handle, "tags", tags.read),
        keys,
        {key.lower(): key for key in KEYS},
    )


TEMPLATES: Final = (
    "notes/{name}",
    "notes/{name:path}",
    "notes/{team}/{name}",
    "notes/{team}/{pk}",
    "notes/{key}",
)

TEXTS: Final = (
    "a", "A", "b", "ab", "aB", "jeff", "Jeff", "red", "RED", "*", "?", "x?", "[a]", "[", "]", "100%",
    "1%0", "a_b",
    "a%b", "a\\b", "a!b", "é", "É", "\u212a", "k", "ß", "İ", "i\u0307", "Ωmega", "日本", "😀", "😀a", "a\nb",
    " ", "a ", " a",
    "true", "TRUE", "False", "5", "07", "'", '"', "--", "${app:s}", "{a}", "$", "%3A", "a:b", "a/b",
    words.HOME,
)  # fmt: skip
_NAMES: Final = (
    "a", "b", "A", "x", "jeff", "jeff/x", "red:a/b", "red", "*", "a*b", "?", "100%", "%2F", "a%2Fb", "a b",
    "é", "日本",
    "n1", "n2", "5", "", "a\nb", "[a]", "a_b", "\\",
)  # fmt: skip
_TAG_VALUES: Final = ("red", "Red", "blue", "a*", "", "é")
_POLICY_TEXTS: Final = (
    *TEXTS, "a*", "*a", "*[*", "[a-z]", "?%?", "a?b", "😀?", "?", "??", "日?", "*_*", "*%*", "*\\*", "*!*",
    "${app:t}", "${app:t, 'a'}", "${app:t}*", "x${app:t}", "*${app:s}*", "${aws:ResourceTag/Team}",
    "${app:n}", "${app:b}",
    "${app:u}", "${app:e}", "${app:ss}", "${app:ss, 'a'}", "${aws:username}", "${app:none}", "RED", "GR*",
    "6*",
    "00000000-0000-0000-0000-00000000000a", "0000*", "*-0?00-*",
)  # fmt: skip
_PATTERNS: Final = tuple(
    words.NOTES + "/" + end
    for end in (
        "a/*", "jeff/*", "jeff/?", "*/x", "a/b", "red/*", "r*/x", "*%3A*", "100%25*", "?", "[a]", "*_*",
        "a?b", "%2*",
        "%3*", "*%2", "a%2Fb", "${app:t}", "${app:t}/*", "*/${app:s}", "${aws:ResourceTag/team}/*",
        "${app:n}", "1*", "a/1*",
        "*/1?", "00*", "00000000-0000-0000-0000-00000000000a", "${app:u}", "${app:t, 'a'}*", "é*", "*日*",
        "a*/*", "*a",
    )
)  # fmt: skip
_SINGLES: Final = {
    "String": ("app:s", "app:s", "app:t", "aws:ResourceTag/Team", "aws:resourcetag/x", "app:u", "app:e",
    "app:n", "app:b"),
    "Numeric": ("app:n", "app:m", "app:f", "app:n", "app:m", "app:f", "app:b"),
    "Date": ("app:d", "app:d", "app:day", "app:n"),
    "Bool": ("app:b", "app:s", "app:n"),
    "Arn": ("app:arn", "app:arn", "app:s", "app:n"),
}  # fmt: skip
_NUMBERS: Final = (
    "5", "5.0", "5.5", "-1", "0", "9223372036854775807", "9223372036854775808", "-1e30", "1e9999", "7.25",
    "7.255", "0.1",
    "0.10000000000000001", "1e-400", "1704110400",
)  # fmt: skip
_DATES: Final = (
    "0001-01-01",
    "9999-12-31T23:59:59.9999999Z",
    "2024-01-01T12:00:00.0000005Z",
    "2024-01-01T00:00:00Z",
)


class RowGenerator(Generator):
    """The generator of the policy tests, that mostly speaks of rows."""

    def condition(self) -> tuple[str, str, object]:
        rng = self.rng
        family = rng.choice(words.FAMILIES)
        name = rng.choice(family.operators)
        kind = next((kind for kind in _SINGLES if kind in name), None)
        if kind is None or self.chance(0.2):
            return super().condition()
        prefix, suffix = rng.choice(MODES)
        pool: Sequence[object] = {"String": _POLICY_TEXTS, "Numeric": _NUMBERS, "Date": _DATES}.get(kind, ())
        values = self.some(tuple(pool)) if pool and self.chance(0.6) else self.some(tuple(family.policy))
        listed = kind in ("String", "Bool") and self.chance(0.5 if prefix else 0.05)
        key = "app:ss" if listed else rng.choice(_SINGLES[kind])
        return prefix + name + suffix, key, self.one_or_list(values)

    def some(self, pool: Sequence[T], most: int = 3) -> list[T]:
        if pool is words.RESOURCE_PATTERNS and self.chance(0.7):
            return super().some(_PATTERNS, most)  # type: ignore[arg-type]  # both are texts
        return super().some(pool, most)


def rows_of(rng: random.Random, count: int = ROWS) -> list[dict[str, Any]]:
    """Random rows."""

    def maybe(made: T, empty: float = 0.2) -> T | None:
        return None if rng.random() < empty else made

    def texts() -> Any:
        return rng.choice(
            [[], [rng.choice(TEXTS)], [rng.choice(TEXTS), rng.choice(TEXTS)], ["", "a"], [1], {"a": "b"}]
        )

    def tags() -> Any:
        made = {key: rng.choice(_TAG_VALUES) for key in ("Team", "x", "Y y") if rng.random() < 0.6}
        return rng.choice(
            [made, made, made, made, {**made, "team": "red"}, {"Team": 1}, {"é": "a"}, [], {"": "a"}]
        )

    instants = [
        words.NOON + timedelta(microseconds=shift) for shift in (0, 1, -1, 500_000, 12 * 3600 * 10**6)
    ]
    return [
        {
            "pk": number,
            "team": maybe(rng.choice(_NAMES), 0.05),
            "name": maybe(rng.choice(_NAMES), 0.05),
            "text": maybe(rng.choice(("", *TEXTS))),
            "other": maybe(rng.choice(("", *TEXTS))),
            "arn": maybe(
                rng.choice((*words.FAMILIES[6].request, "no arn", "arn:aws:s3:::é", "arn:aws:s3:::a", "")),
                0.1,
            ),
            "number": maybe(rng.choice((5, 0, -1, 7, 1704110400, 9007199254740993, 2**63 - 1, -(2**63)))),
            "amount": maybe(Decimal(rng.choice(("5", "7.25", "7.26", "-1.5", "0.1", "10.00")))),
            "ratio": maybe(rng.choice((5.0, 0.1, 7.255, -1.5, 1e300, 5e-324, 0.0))),
            "flag": maybe(rng.random() < 0.5),
            "moment": maybe(rng.choice((*instants, datetime(1, 1, 1, tzinfo=UTC))).replace(tzinfo=None)),
            "day": maybe(rng.choice((date(2024, 1, 1), date(2024, 1, 2), date(9999, 12, 31)))),
            "key": maybe(UUID(int=rng.choice((10, 11, 0x6F << 120, 2**128 - 1)))),
            "colour": maybe(rng.choice((Colour.RED, Colour.GREEN))),
            "words": maybe(texts()),
            "tags": maybe(tags()),
        }
        for number in range(count)
    ]


@dataclass
class Found:
    """What a run came to."""

    decisions: int = 0
    allowed: int = 0
    statements: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        return [
            f"{self.decisions} decisions about rows, {self.allowed} of them allows, "
            f"by {self.statements} filters",
            f"{sum(self.refused.values())} filters refused: {self.refused.most_common(5)}",
            f"{len(self.differences)} differences",
        ]


def where(known: Known, layers: LayerSet, declared: Declaration) -> Predicate:
    """The filter of one question. Raises NotFilterable."""
    engine = for_engine(layers)
    left = residual(known, engine.caller, engine.resource, options=engine.options)
    return all_of((allowed(left, Shape(declared, SHAPE), known.context), *guards(declared)))


def decided(known: Known, layers: LayerSet, declared: Declaration, rows: Sequence[Note]) -> Iterator[int]:
    """The keys of the rows that the evaluator allows, each asked about by itself."""
    engine = for_engine(layers)
    plan = compile_plan(engine.caller, engine.resource, known.caller, known.action, options=engine.options)
    for row in rows:
        try:
            facts = facts_of(declared, row)
            context = Context({**{key: known.context[key] for key in known.context}, **facts.keys})
        except EvaluationError:
            continue
        request = AccessRequest(
            known.caller,
            known.action,
            ":".join((*SHAPE, facts.name)),
            context,
            known.resource_account,
            known.explicit_trust,
        )
        if plan.decide(request).allowed:
            yield row.pk


def compare(connection: sa.Connection, seed: str, sets: int, found: Found) -> None:
    """Fill the table anew, and compare filter and evaluator for `sets` random sets of policies."""
    rng = random.Random(seed)
    connection.execute(sa.delete(Note))
    connection.execute(sa.insert(Note), rows_of(rng))
    rows = connection.execute(sa.select(Note.__table__)).all()
    notes = [_note(row) for row in rows]
    for number in range(sets):
        generator = RowGenerator(f"{seed}/{number}")
        layers = generator.layers(trust=False)
        caller: Caller = generator.caller(layers)
        if not caller.account:
            layers = without_own_layers(layers, caller)
        declared = declaration(rng.choice(TEMPLATES))
        unknown = declared.unknown_keys
        context = generator.context()
        known = Known(
            caller,
            rng.choice(words.ACTIONS),
            None,
            Context({key: context[key] for key in context if key.lower() not in unknown}),
            unknown,
            rng.choice((words.HOME, words.HOME, words.HOME, "", words.AWAY)),
        )
        try:
            expression = alchemy.expression(where(known, layers, declared))
        except NotFilterable as error:
            found.refused[error.message.partition("`")[2][:60]] += 1
            continue
        listed = set(connection.scalars(sa.select(Note.pk).where(expression)))
        wanted = set(decided(known, layers, declared, notes))
        found.statements += 1
        found.decisions += len(notes)
        found.allowed += len(wanted)
        for pk in listed ^ wanted:
            found.differences.append(f"{seed}/{number} {pk}: listed {pk in listed}, decided {pk in wanted}")


def _note(row: Any) -> Note:
    made = Note()
    for name, value in row._mapping.items():
        setattr(made, name, value)
    return made
