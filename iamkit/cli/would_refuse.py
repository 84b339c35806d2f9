"""`iamkit would-refuse`: what report-only mode let through, and enforcement would not."""

from __future__ import annotations

import click

from iamkit.audit.decision_log import DecisionRecord
from iamkit.cli.options import Command
from iamkit.cli.terminal import Terminal
from iamkit.management import records


@click.command("would-refuse", cls=Command)
@click.option(
    "--limit", type=click.IntRange(1, 1_000), default=1_000, show_default=True, help="How many decisions."
)
@click.option("--principal", metavar="NAME", help="Only those about this principal.")
@click.pass_obj
def would_refuse(terminal: Terminal, limit: int, principal: str | None) -> None:
    """Sum up the last decisions that `report_only` let through, the commonest first.

    Each line is one action of one principal, with its last resource and decision. `iamkit why ID` says what
    would make it pass. When nothing is left that should pass, set `report_only` to false.
    """
    found = (
        terminal.desk()
        .do(
            records.list_decisions,
            outcome=records.DENIED,
            principal=principal,
            enforced=False,
            max_items=limit,
        )
        .items
    )
    groups: dict[tuple[str, str], list[DecisionRecord]] = {}
    for item in found:
        groups.setdefault((item.principal, item.action), []).append(item)
    # Newest first within each, as they came.
    rows = sorted(groups.values(), key=len, reverse=True)
    terminal.output.table(
        ("TIMES", "WHO", "ACTION", "LAST RESOURCE", "LAST TIME", "ID"),
        [
            (len(group), last.principal, last.action, last.resource, last.decided_at, last.decision_id)
            for group in rows
            for last in group[:1]
        ],
        [
            {
                "times": len(group),
                "principal": last.principal,
                "action": last.action,
                "resources": sorted({item.resource for item in group}),
                "last": last.decided_at,
                "id": last.decision_id,
            }
            for group in rows
            for last in group[:1]
        ],
        empty="nothing that was let through would have been refused",
    )
