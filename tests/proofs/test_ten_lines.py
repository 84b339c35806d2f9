"""A new app in any of the five frameworks: ten added lines, and it is closed but for what it says."""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FRAMEWORKS = ("flask", "fastapi", "starlette", "django", "litestar")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_ten_added_lines_are_enough(framework: str) -> None:
    """Nothing but added lines and changed ones, which count as added; blank lines do not."""
    bare, guarded = (
        (HERE / "ten_lines" / f"{framework}_{kind}.py").read_text().splitlines()
        for kind in ("bare", "guarded")
    )

    changes = [line for line in difflib.ndiff(bare, guarded) if line[0] in "+-" and line[2:].strip()]

    added = [line for line in changes if line[0] == "+"]
    assert 4 <= len(added) <= 10, added
    assert len(changes) - len(added) <= 1, changes


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_it_is_closed_but_for_what_it_says(framework: str, tmp_path: Path) -> None:
    """One route for whom a policy allows, one for everybody, and one that says nothing for nobody."""
    command = [sys.executable, "-W", "error", str(HERE / "ten_lines.py"), f"{framework}_guarded"]
    environment = {"PYTHONPATH": str(HERE.parents[1]), "PATH": ""}

    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment, timeout=120
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "/notes/7": {"nobody": 401, "ana": 200, "ben": 403},
        "/healthz": {"nobody": 200, "ana": 200, "ben": 200},
        "/forgotten": {"nobody": 403, "ana": 403, "ben": 403},
    }
