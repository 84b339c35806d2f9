"""What botocore signs verifies, and nothing that was altered; a verifier that looks away is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iamkit.credentials import sigv4

if TYPE_CHECKING:
    from types import ModuleType

    from tests.proofs.conftest import Run


def test_what_is_signed_verifies_and_nothing_that_was_altered(run: Run) -> None:
    """In the header and in the query, on WSGI and ASGI; every byte of two requests in turn."""
    done = run("signatures", "--requests", "400", "--whole", "2", "--seed", "7")

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("0 answers")


def test_a_verifier_that_leaves_the_query_out_is_noticed(
    signatures: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof can fail."""
    monkeypatch.setattr(sigv4, "canonical_query", lambda query: "")

    assert signatures.run(50, 1, seed=7).counts["surprises"] > 0
