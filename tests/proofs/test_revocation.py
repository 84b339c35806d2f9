"""What is taken back is refused by every process from then on, and the proof can tell when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.proofs.conftest import Run

SMALL = ("--rounds", "14", "--processes", "3")


def test_nobody_is_let_in_after_the_call_on_sqlite(run: Run) -> None:
    """Sessions, keys, tokens, users and policies, a round each."""
    done = run("revocation", *SMALL)

    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 accepted after the call had returned" in done.stdout


def test_nobody_is_let_in_after_the_call_on_postgresql(run: Run, postgres_url: str) -> None:
    """The same over a server."""
    done = run("revocation", *SMALL, "--postgres", "--store", postgres_url)

    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 accepted after the call had returned" in done.stdout


def test_a_process_that_believes_its_first_look_is_noticed(run: Run) -> None:
    """Of each kind, so the proof can tell."""
    done = run("revocation", *SMALL, "--sabotage")

    assert done.returncode == 1, done.stdout + done.stderr
    assert "14 of 14 kinds were noticed" in done.stdout
