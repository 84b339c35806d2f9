"""Answers on standard output: tables and lines for people, JSON for programs."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final

import click

_NARROWEST: Final = 40


def plain(value: object) -> str:
    """A value as one line for people. Control characters are spelt out: no text can steer a terminal."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, Mapping):
        return ", ".join(f"{plain(key)}={plain(item)}" for key, item in value.items()) or "-"
    if isinstance(value, tuple | list | set | frozenset):
        return ", ".join(plain(item) for item in value) or "-"
    return harmless(str(value)).replace("\n", "\\n").replace("\t", "\\t") or "-"


def harmless(text: str) -> str:
    """`text` with control characters other than line breaks and tabs spelt out."""
    if text.isprintable():
        return text
    return "".join(
        letter
        if letter.isprintable() or letter in "\n\t"
        else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def as_json(value: object) -> object:
    """A value as JSON has it. Whatever hides itself, such as a Secret, comes out hidden."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [as_json(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        # A field that is kept out of the repr is kept out of here.
        return {
            part.name: as_json(getattr(value, part.name)) for part in dataclasses.fields(value) if part.repr
        }
    return str(value)


@dataclass(frozen=True, slots=True)
class Output:
    """Where the answer of a command goes. Exactly one of the two forms is written."""

    as_json: bool

    def data(self, value: object) -> None:
        """Write JSON."""
        click.echo(json.dumps(as_json(value), indent=2))

    def done(self, message: str, value: object = None) -> None:
        """Say what was done; `value` is what a program is told."""
        if self.as_json:
            self.data({} if value is None else value)
        else:
            click.echo(harmless(message))

    def document(self, text: str, value: Mapping[str, object]) -> None:
        """Write a policy document as it was saved; for programs with `value` around it."""
        if self.as_json:
            self.data({**value, "document": text})
        else:
            # What is piped on has to be the very text; a terminal must not be steered by it.
            click.echo(harmless(text) if sys.stdout.isatty() else text)

    def record(self, pairs: Mapping[str, object], value: object) -> None:
        """One thing with its properties."""
        if self.as_json:
            self.data(value)
            return
        width = max((len(name) for name in pairs), default=0)
        for name, item in pairs.items():
            click.echo(f"{name:<{width}}  {plain(item)}")

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[object]], value: object, *, empty: str
    ) -> None:
        """Many things, one a line; `empty` is said, on standard error, where there are none."""
        if self.as_json:
            self.data(value)
            return
        found = [[plain(item) for item in row] for row in rows]
        if not found:
            click.echo(empty, err=True)
            return
        _write_table(columns, found)


def _write_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # Text, not markup: a name may hold square brackets.
        table.add_row(*(Text(item, style=_STYLES.get(item, "")) for item in row))
    console = Console(file=sys.stdout, highlight=False, emoji=False, width=_width(columns, rows))
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():
        # Cells are padded; the padding of the last one would only be in the way of whoever pastes it.
        click.echo(line.rstrip())


def _width(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    """None lets rich ask the terminal. A pipe gets whole lines, however long, so that grep finds them."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isascii() and asked.isdigit() and len(asked) < 6:
        return max(int(asked), _NARROWEST)
    if sys.stdout.isatty():
        return None
    longest = [max(len(row[index]) for row in (columns, *rows)) for index in range(len(columns))]
    # Wide letters take two cells.
    return max(2 * sum(longest) + 2 * len(columns), _NARROWEST)


_STYLES: Final = {
    "allowed": "green",
    "implicitDeny": "red",
    "explicitDeny": "bold red",
    "UNPROTECTED": "bold red",
    "Inactive": "dim",
    "disabled": "red",
}
