"""Every rule of the policy semantics has its tests; this module lists those that have not.

A test says which rule it is for by its name: `test_<rule>_holds_<words>` where the rule's case is met, and
`test_<rule>_near_<words>` for the nearest input where it is not. The rule is written without its hyphen
(`C14`), and one test may be for several (`test_R6_R8_holds_...`). The rules are listed in `rules.json`. Tests
of condition keys (`test_K7_<words>`) need no polarity; a key that no test names must say which capability
will supply it.

Test names are read from the source, in this folder and in every other folder of tests: some rules are kept by
the rooms that build a request.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
TESTS: Final = FOLDER.parents[1]
_DATA = json.loads((FOLDER / "rules.json").read_text(encoding="utf-8"))
RULES: Final[Mapping[str, list[str]]] = _DATA["rules"]
KEYS: Final[Mapping[str, str]] = _DATA["keys"]
POLARITIES: Final = ("holds", "near")

_NAME: Final = re.compile(r"test_((?:[FGARPVCEK][0-9]+_)+)([a-z]+)")


def names_below(root: Path) -> list[str]:
    """The names of all test functions below a folder, methods included."""
    names: list[str] = []
    for path in sorted(root.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names += [
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        ]
    return names


def covered(names: Iterable[str]) -> dict[str, set[str]]:
    """For each rule that a name carries, the first words after it."""
    found: dict[str, set[str]] = {}
    for name in names:
        if match := _NAME.match(name):
            for rule in match[1].split("_")[:-1]:
                found.setdefault(f"{rule[0]}-{rule[1:]}", set()).add(match[2])
    return found


def lacking(rules: Mapping[str, list[str]], names: Iterable[str]) -> list[str]:
    """The rules without a test of either polarity, each with what it lacks."""
    found = covered(names)
    return [
        f"{rule} lacks {polarity}"
        for family in rules.values()
        for rule in family
        for polarity in POLARITIES
        if polarity not in found.get(rule, set())
    ]


def test_every_rule_has_a_matching_and_a_nearest_non_matching_test() -> None:
    """A rule without both is listed."""
    assert lacking(RULES, names_below(TESTS)) == []


def test_every_condition_key_is_tested_or_says_what_will_supply_it() -> None:
    """A key marked as tested has a test, and one with a test is marked so."""
    found = covered(names_below(TESTS))

    untested = [row for row, by in KEYS.items() if by == "tests" and row not in found]
    unmarked = [row for row, by in KEYS.items() if not re.fullmatch(r"tests|supplied with: \S.*", by)]
    stale = [row for row, by in KEYS.items() if by != "tests" and row in found]
    assert (untested, unmarked, stale) == ([], [], [])


def test_no_test_names_a_rule_that_does_not_exist() -> None:
    """A mistyped rule number is found, and so is a mistyped polarity."""
    known = {rule for family in RULES.values() for rule in family}
    found = covered(names_below(TESTS))

    assert sorted(set(found) - known - set(KEYS)) == []
    assert {rule: words - {*POLARITIES} for rule, words in found.items() if rule in known} == {
        rule: set() for rule in found if rule in known
    }


def test_the_list_is_whole() -> None:
    """Families are numbered from one without gaps, to the last rule of each."""
    last = {"F": 3, "G": 18, "A": 7, "R": 11, "P": 17, "V": 11, "C": 38, "E": 27}

    assert {family: rules[-1] for family, rules in RULES.items()} == {f: f"{f}-{n}" for f, n in last.items()}
    assert all(rules == [f"{f}-{n}" for n in range(1, last[f] + 1)] for f, rules in RULES.items())
    assert list(KEYS) == [f"K-{n}" for n in range(1, 31)]


def test_a_rule_without_tests_is_listed() -> None:
    """The check itself fails for a rule that has one test, or none."""
    names = ["test_C1_holds_x", "test_C1_C2_near_y", "test_C3_other"]

    assert lacking({"C": ["C-1", "C-2", "C-3"]}, names) == [
        "C-2 lacks holds",
        "C-3 lacks holds",
        "C-3 lacks near",
    ]
