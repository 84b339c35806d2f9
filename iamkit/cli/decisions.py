"""`iamkit decisions`: the last decisions, newest first."""

from __future__ import annotations

import click

from iamkit.cli.options import Command
from iamkit.cli.terminal import Terminal
from iamkit.cli.why import record_data
from iamkit.management import records
from iamkit.policy.decision import Outcome


@click.command("decisions", cls=Command)
@click.option("--limit", type=click.IntRange(1, 1_000), default=20, show_default=True, help="How many.")
@click.option(
    "--outcome",
    type=click.Choice([*(str(outcome) for outcome in Outcome), records.DENIED], case_sensitive=False),
    help=f"Only these; `{records.DENIED}` are both kinds of denial.",
)
@click.option("--principal", metavar="NAME", help="Only those about this principal.")
@click.pass_obj
def decisions(terminal: Terminal, limit: int, outcome: str | None, principal: str | None) -> None:
    """List the last decisions, newest first. `iamkit why ID` explains one."""
    found = (
        terminal.desk()
        .do(records.list_decisions, outcome=outcome, principal=principal, max_items=limit)
        .items
    )
    terminal.output.table(
        ("ID", "TIME", "WHO", "ACTION", "RESOURCE", "OUTCOME"),
        [
            (item.decision_id, item.decided_at, item.principal, item.action, item.resource, item.outcome)
            for item in found
        ],
        [record_data(item) for item in found],
        empty="no decisions are recorded here",
    )
