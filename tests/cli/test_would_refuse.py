"""`iamkit would-refuse`: the sum of what report-only mode let through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iamkit.kit import IAM

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def test_what_was_let_through_is_summed_up(cli: Cli) -> None:
    """By who and what, the commonest first; enforced denials and allows are not in it."""
    assert cli.ok("would-refuse") == ""
    with IAM(cli.directory) as iam:
        ana = iam.find_principal("ana")
        for action in ("notes:Read", "notes:Write", "notes:Read"):
            last = iam.gate.authorize(ana, action, "*", enforced=False)
        iam.gate.authorize(ana, "notes:Delete", "*")
        iam.gate.authorize(iam.find_principal("administrator"), "notes:Read", "*", enforced=False)

    found = cli.data("would-refuse")

    assert [(item["times"], item["principal"], item["action"]) for item in found] == [
        (2, "ana", "notes:Read"),
        (1, "ana", "notes:Write"),
    ]
    assert found[0]["id"] == last.id
    assert "would have been refused" in cli.ok("why", last.id)
    assert cli.data("would-refuse", "--principal", "administrator") == []
