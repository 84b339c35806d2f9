"""Planting faults: each is one change that compiles, where behaviour is and not where words are."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.policy.mutation.mutants import Mutant, Source
from tests.policy.mutation.suite import POLICY


def planted(folder: Path, text: str) -> tuple[Source, list[Mutant]]:
    """The faults of a text."""
    path = folder / "subject.py"
    path.write_text(dedent(text), encoding="utf-8")
    source = Source("subject", path)
    return source, source.mutants()


def shown(folder: Path, text: str) -> set[str]:
    """The faults of a text, as what was and what is."""
    return {f"{one.was} -> {one.now}" for one in planted(folder, text)[1]}


def test_relations_bounds_and_branches_are_changed(tmp_path: Path) -> None:
    """Each relation to its nearest, each constant by one, each branch never taken."""
    found = shown(tmp_path, "def f(x):\n    if x < 4 and not x:\n        return x\n    return 'a'\n")

    assert {"x < 4 -> x <= 4", "4 -> 5", "not x -> x", "return x -> return None", "'a' -> 'aX'"} <= found
    assert {"x < 4 and (not x) -> x < 4", "x < 4 and (not x) -> not x"} <= found
    assert any(one.endswith("if False: return x") for one in found)


def test_words_and_types_are_left_alone(tmp_path: Path) -> None:
    """Docstrings, annotations, slots and the messages of errors have no faults."""
    text = '''
        """Words."""
        class C:
            """Words."""
            __slots__ = ("a", "b")
            def f(self, x: "list[int]") -> "None":
                """Words."""
                raise ValueError(f"words {x}" + "words")
    '''

    assert shown(tmp_path, text) == {"raise ValueError(f'words {x}' + 'words') -> pass"}


def test_a_fault_is_in_the_code_and_gone_from_the_next(tmp_path: Path) -> None:
    """Compiled with one fault, a text has that fault and no other."""
    source, found = planted(tmp_path, "def f():\n    return 1\n\nLIMIT = 7\n")
    results = []
    for one in found:
        space: dict[str, object] = {}
        exec(source.compiled(one), space)
        made = space["f"]
        assert callable(made)
        results.append((made(), space["LIMIT"], one.function))

    assert results == [(2, 7, (1, 2)), (1, 8, None)]


@pytest.mark.parametrize("name", ["fold", "operators", "match"])
def test_faults_of_the_engine_have_names_of_their_own(name: str) -> None:
    """No two have the same text, so that each can be told and explained; each compiles."""
    source = Source(name, POLICY / f"{name}.py")
    found = source.mutants()

    assert len({str(one) for one in found}) == len(found) > 50
    for one in found[::7]:
        source.compiled(one)
