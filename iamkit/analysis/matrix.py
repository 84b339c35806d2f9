"""The matrix: an app's routes and who may use each, as a text whose changes are few lines.

A line for each principal that can do something there, so a grant, a new route or a dropped mark adds or takes
away lines and moves no other. Nothing in it depends on the time, the order of creation or account numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from iamkit.analysis.access import Reach

YES: Final = "yes"
_PLACE: Final = re.compile(r"\{[^{}]*\}")
_WILDCARD: Final = re.compile(r"[*?]|\$\{")


@dataclass(frozen=True, slots=True)
class Line:
    """A route: its methods, path, and what it asks. `mark` is `public`, `closed`, `UNPROTECTED` or empty."""

    methods: tuple[str, ...]
    path: str
    action: str | None = None
    resource: str | None = None
    mark: str = ""

    def __str__(self) -> str:
        asked = self.action or ""
        if self.action and self.resource:
            asked += f" on {self.resource}"
        return (
            f"{','.join(self.methods)} {self.path}  {' '.join(part for part in (self.mark, asked) if part)}"
        )


@dataclass(frozen=True, slots=True)
class Row:
    """A route with what each principal may do there; who may do nothing is left out."""

    line: Line
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Routes × principals. `str()` is the snapshot; equal matrices have equal texts."""

    principals: tuple[str, ...]
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        lines = ["principals", *(f"    {name}" for name in self.principals)]
        for row in self.rows:
            lines.append(str(row.line).rstrip())
            lines.extend(f"    {name}  {cell}" for name, cell in row.cells)
        return "\n".join(lines) + "\n"

    def data(self) -> dict[str, object]:
        """The same as data that JSON can carry."""
        return {
            "principals": list(self.principals),
            "routes": [
                {
                    "methods": list(row.line.methods),
                    "path": row.line.path,
                    "action": row.line.action,
                    "resource": row.line.resource,
                    "mark": row.line.mark or None,
                    "who": dict(row.cells),
                }
                for row in self.rows
            ],
        }


def matrix_of(
    lines: Sequence[Line], reaches: Mapping[str, Mapping[str, Reach]], *, partition: str, account: str
) -> Matrix:
    """The matrix of `lines`, and of what each principal reaches by lower-case action."""
    ordered = sorted(lines, key=lambda line: (line.path, line.methods, line.action or "", line.mark))
    names = tuple(sorted(reaches))
    rows = []
    for line in ordered:
        cells = []
        if line.action is not None and not line.mark:
            for name in names:
                reach = reaches[name].get(line.action.lower())
                cell = "" if reach is None else _cell(line, reach, f"arn:{partition}:", account)
                if cell:
                    cells.append((name, cell))
        rows.append(Row(line, tuple(cells)))
    return Matrix(names, tuple(rows))


def _cell(line: Line, reach: Reach, partition: str, account: str) -> str:
    """What one principal may do at one route: `yes`, on what, except what, and on which keys it hangs."""
    if line.resource is None:
        # `*` is asked, which only an Allow for everything covers.
        if "*" in reach.allowed:
            return YES
        return _if(reach.keys) if "*" in reach.patterns and reach.keys else ""
    service = (line.action or "").partition(":")[0]
    prefix = f"{partition}{service}::{account}:"
    whole = re.compile(
        re.escape(prefix) + ".+".join(re.escape(part) for part in _PLACE.split(line.resource)), re.DOTALL
    )
    except_for = sorted(_short(arn, prefix) for arn in reach.refused if whole.fullmatch(arn))
    if reach.everywhere:
        return YES + (f", not on {', '.join(except_for)}" if except_for else "")
    named = {_short(pattern, prefix) for pattern in reach.patterns if _meets(pattern, prefix + line.resource)}
    named |= {_short(arn, prefix) for arn in reach.allowed if whole.fullmatch(arn)}
    if not named:
        return ""
    told = [] if "*" in named else [f"on {', '.join(sorted(named))}"]
    told += [_if(reach.keys)] if reach.keys else []
    told += [f"not on {', '.join(except_for)}"] if except_for else []
    return ", ".join(told) or "in part"


def _if(keys: Sequence[str]) -> str:
    return f"if {' and '.join(keys)} allow it"


def _short(arn: str, prefix: str) -> str:
    return arn.removeprefix(prefix)


def _meets(pattern: str, template: str) -> bool:
    """Whether a pattern may match what the template becomes: what is fixed at their ends does not differ."""
    if pattern.startswith("all but "):
        return True
    fixed, open_ended = _WILDCARD.split(pattern), _PLACE.split(template)
    head, other = fixed[0], open_ended[0]
    tail, last = re.split(r"[*?}]", pattern)[-1], open_ended[-1]
    if len(fixed) == 1:
        tail = pattern
    heads = head.startswith(other) or (len(fixed) > 1 and other.startswith(head))
    tails = tail.endswith(last) or (len(fixed) > 1 and last.endswith(tail))
    return heads and tails
