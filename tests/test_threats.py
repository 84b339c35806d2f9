"""The page of threats names each one, and a test for it that there is and that runs."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "threats.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (THR-[A-Z][0-9]+): (.+?) \| (.+?) \| `(.+?)::(.+?)` \|$", PAGE, flags=re.MULTILINE)
ROOMS = {"P": 16, "M": 12, "S": 10}
THREATS = [f"THR-{letter}{number}" for letter, count in ROOMS.items() for number in range(1, count + 1)]
# What keeps a test from running.
_LEFT_OUT = re.compile(r"(pytest\.)?(mark\.)?(skip|skipif|xfail)\b")


@cache
def marks_of(path: Path) -> dict[str, list[str]]:
    """The tests of a module, with what decorates them and the module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assigned = (ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign))
    everywhere = [text for text in assigned if text.startswith("pytestmark")]
    return {
        node.name: [*everywhere, *map(ast.unparse, node.decorator_list)]
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_")
    }


def test_each_threat_has_its_row() -> None:
    """In order, once, and no line of a table is anything else."""
    assert [name for name, *_ in ROWS] == THREATS
    assert len(re.findall(r"^\| THR-", PAGE, flags=re.MULTILINE)) == len(ROWS)


@pytest.mark.parametrize(("threat", "sentence", "module", "test"), [(row[0], *row[2:]) for row in ROWS])
def test_each_row_names_a_test_that_runs(threat: str, sentence: str, module: str, test: str) -> None:
    """One sentence, and a test that is collected and neither skipped nor expected to fail."""
    assert sentence.endswith(".")
    path = ROOT / module
    assert path.is_file(), f"{threat}: there is no {module}"
    assert path.name.startswith("test_")
    found = marks_of(path)
    assert test in found, f"{threat}: {module} has no {test}"
    assert not any(_LEFT_OUT.search(mark) for mark in found[test])
