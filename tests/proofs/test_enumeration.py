"""Somebody and nobody get the same bytes; the script notices when times give people away."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.proofs.conftest import Run


def test_somebody_and_nobody_get_the_same_bytes(run: Run) -> None:
    """At every door where a name is said, for every kind of people (THR-P3)."""
    done = run("enumeration", "--samples", "13", "--people", "1", "--seed", "1", "--bytes-only")

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "5 doors: 0 ways to tell somebody from nobody"


def test_the_script_notices_who_is_given_away(run: Run) -> None:
    """Where a failure takes as long as the hash that was looked at, dear ones show (THR-P2)."""
    done = run(
        "enumeration", "--samples", "52", "--people", "1", "--seed", "1", "--only", "sign-in", "--leak"
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert "sign-in: from Django, PBKDF2 is told from nobody" in done.stdout
