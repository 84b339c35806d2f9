"""Of many clients in several processes one is let in; without the condition the script notices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.proofs.conftest import Run

SMALL = ("--rounds", "2", "--clients", "16", "--processes", "4")


def test_one_is_let_in_on_sqlite(run: Run) -> None:
    """Codes, links, tokens and challenges, sixteen clients each (THR-M3, M11, P13)."""
    done = run("one_winner", *SMALL)

    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 rounds with other than one winner" in done.stdout


def test_one_is_let_in_on_postgresql(run: Run, postgres_url: str) -> None:
    """The same, where writers do not wait for each other's turn."""
    done = run("one_winner", *SMALL, "--database", "postgresql", "--store", postgres_url)

    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 rounds with other than one winner" in done.stdout


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_write_without_its_condition_is_noticed(
    run: Run, database: str, request: pytest.FixtureRequest
) -> None:
    """Of each kind, so the proof can tell."""
    kinds = run("one_winner", "--list").stdout.split()
    store = ("--store", request.getfixturevalue("postgres_url")) if database == "postgresql" else ()
    done = run("one_winner", *SMALL, "--database", database, *store, "--sabotage")

    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{len(kinds)} of {len(kinds)} kinds were noticed" in done.stdout
