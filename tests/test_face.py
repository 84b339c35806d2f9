"""The public face: every promised name is there, and nowhere promised twice."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import iamkit

SOURCE = Path(iamkit.__file__)


def _shown_to_type_checkers() -> dict[str, str]:
    """Each name that is imported under TYPE_CHECKING, with the module it comes from."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    (guarded,) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    )
    found = {}
    for node in guarded.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            assert alias.asname == alias.name, f"`{alias.name}` is not handed on (`import x as x`)"
            found[alias.name] = node.module or ""
    return found


@pytest.mark.parametrize("name", iamkit.__all__)
def test_every_promised_name_resolves(name: str) -> None:
    """What `__all__` names can be had, and is what its home calls by that name."""
    value = getattr(iamkit, name)

    home = importlib.import_module(iamkit._HOMES[name])
    assert value is getattr(home, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert value.__module__ == home.__name__


def test_type_checkers_see_the_same_face() -> None:
    """The imports for type checkers agree with the table, name by name and home by home."""
    assert _shown_to_type_checkers() == iamkit._HOMES


def test_the_face_is_its_table() -> None:
    """`__all__`, the table and `dir` promise the same names."""
    assert list(iamkit.__all__) == list(iamkit._HOMES)
    assert set(iamkit._HOMES) <= set(dir(iamkit))
    assert len(iamkit.__all__) <= 40


def test_a_name_that_is_not_promised_is_missing() -> None:
    """Other names are an AttributeError, as of any module."""
    with pytest.raises(AttributeError, match="Secret"):
        getattr(iamkit, "Secret")  # noqa: B009  # that it is missing is the point
    with pytest.raises(ImportError):
        exec("from iamkit import Secret")


def test_a_name_is_loaded_when_it_is_used() -> None:
    """Importing the package imports none of its rooms, and using a name imports its home."""
    script = (
        "import sys, iamkit\n"
        "print(sorted(m for m in sys.modules if m.startswith('iamkit')))\n"
        "iamkit.Arn\n"
        "print('iamkit.arn' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "['iamkit']\nTrue\n"
