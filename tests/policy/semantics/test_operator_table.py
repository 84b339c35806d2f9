"""The whole table of operators: every operator, prefix and suffix against every shape of request value.

The rows are in `operator_table.json`; `expected` transcribes SEM-C2, C-3, C-8 to C-13, C-18 to C-21 and C-38
without looking at the implementation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final, Literal

import pytest

Verdict = Callable[..., str]
Answer = Literal["holds", "fails", "error"]


@dataclass(frozen=True, slots=True)
class Row:
    """One operator and what its positive relation finds."""

    negated: bool
    policy: list[str]
    requests: dict[str, list[int]]
    wrong: str | None


_TABLE = json.loads(Path(__file__).with_name("operator_table.json").read_text(encoding="utf-8"))
ROWS: Final = {name: Row(**row) for name, row in _TABLE["rows"].items()}

# (prefix, suffix): the four modes, and the two prefixes with the suffix (C-13).
MODES: Final = [
    ("", ""),
    ("", "IfExists"),
    ("ForAllValues:", ""),
    ("ForAnyValue:", ""),
    ("ForAllValues:", "IfExists"),
    ("ForAnyValue:", "IfExists"),
]

Asked = str | tuple[str, ...] | None


def expected(row: Row, prefix: str, suffix: str, values: list[str], asked: Asked) -> Answer:
    """What the rules say for one cell; `asked` None is a missing key, a tuple a list-typed one."""
    if asked is None or asked == ():
        if suffix or prefix == "ForAllValues:":
            return "holds"
        return "holds" if row.negated and not prefix else "fails"
    if isinstance(asked, tuple) and not prefix:
        return "fails"
    single = (asked,) if isinstance(asked, str) else asked
    if row.wrong in single:
        return "error"
    found = [any(row.policy[hit] in values for hit in row.requests[value]) for value in single]
    satisfied = [not hit if row.negated else hit for hit in found]
    return "holds" if (any(satisfied) if prefix == "ForAnyValue:" else all(satisfied)) else "fails"


def shapes(row: Row) -> Iterator[Asked]:
    """Missing, empty list, one value single and as a list, two values, and the wrong type."""
    yield from (None, ())
    yield from row.requests
    yield from ((value,) for value in row.requests)
    yield from product(row.requests, repeat=2)
    if row.wrong is not None:
        yield row.wrong


@pytest.mark.parametrize("mode", MODES, ids="".join)
@pytest.mark.parametrize("operator", ROWS)
def test_every_cell_of_the_table(verdict: Verdict, operator: str, mode: tuple[str, str]) -> None:
    """Each shape of request value against one and two policy values comes to what the rules say."""
    row, (prefix, suffix) = ROWS[operator], mode
    wrong: list[tuple[list[str], Asked, str, str]] = []

    for values, asked in product([row.policy[:1], row.policy[1:], row.policy], shapes(row)):
        written: str | list[str] = values[0] if len(values) == 1 else values
        context = {} if asked is None else {"app:k": asked}
        got = verdict({prefix + operator + suffix: {"app:k": written}}, context)
        want = expected(row, prefix, suffix, values, asked)
        if got != want:
            wrong.append((values, asked, want, got))

    assert wrong == []


@pytest.mark.parametrize("prefix", ["ForAllValues:", "ForAnyValue:"])
@pytest.mark.parametrize("operator", [name for name, row in ROWS.items() if row.wrong is not None])
def test_a_list_that_holds_only_a_wrong_value_is_an_error(
    verdict: Verdict, operator: str, prefix: str
) -> None:
    """A list of one unreadable value ends the decision as the single value does."""
    row = ROWS[operator]

    assert verdict({prefix + operator: {"app:k": row.policy}}, {"app:k": (str(row.wrong),)}) == "error"


@pytest.mark.parametrize(
    ("values", "missing", "present"),
    [(["true"], "holds", "fails"), (["false"], "fails", "holds"), (["true", "false"], "holds", "holds")],
)
def test_every_cell_of_null(verdict: Verdict, values: list[str], missing: str, present: str) -> None:
    """Null looks at presence only, whatever the type (SEM-C14, C-15)."""
    condition = {"Null": {"app:k": values}}

    assert verdict(condition) == missing
    assert verdict(condition, {"app:k": ()}) == missing
    for value in ("x", ("x",), ("x", "y")):
        assert verdict(condition, {"app:k": value}) == present


def test_the_table_has_every_operator() -> None:
    """26 operators besides Null, six of each family that compares."""
    assert len(ROWS) == 26
    assert sum(row.negated for row in ROWS.values()) == 8
