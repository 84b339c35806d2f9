"""`iamkit why DECISION_ID`: a recorded decision, explained from the policies as they were then."""

from __future__ import annotations

import json

import click

from iamkit.audit.decision_log import DecisionRecord
from iamkit.cli.options import Command
from iamkit.cli.output import harmless, plain
from iamkit.cli.terminal import Terminal
from iamkit.gate.gate import UNCLASSIFIED
from iamkit.gate.why import Told
from iamkit.management import records
from iamkit.policy.decision import Outcome


@click.command("why", cls=Command)
@click.argument("decision_id")
@click.option("--values", is_flag=True, help="Show what the request's condition keys held.")
@click.pass_obj
def why(terminal: Terminal, decision_id: str, values: bool) -> None:
    """Explain a decision that was taken: which statement decided, and what would make it pass.

    DECISION_ID stands in the refusal, in the audit event and in `iamkit decisions`.
    """
    told = terminal.desk().do(records.get_decision, decision_id=decision_id)
    if terminal.as_json:
        terminal.output.data(data_of(told, values=values))
        return
    record = told.record
    request = f" ({record.request})" if record.request else ""
    if not record.enforced and record.outcome != Outcome.ALLOWED:
        request += ", in report-only mode: it was let through, and would have been refused"
    click.echo(harmless(f"{record.decision_id}, {plain(record.decided_at)}, by {record.principal}{request}"))
    if told.explanation is None:
        if record.action == UNCLASSIFIED:
            click.echo(harmless(f"refused: {record.error}"))
            click.echo("what would make it pass:\n- mark it with `@iam.require(...)` or `@iam.public`")
            return
        click.echo(harmless(f"{record.outcome}: {record.action} on {record.resource}"))
        if told.withheld:
            click.echo("the caller is of another account, whose policies are not shown here")
        else:
            click.echo(harmless(f"deciding could not be finished: {record.error}"))
        return
    for line in told.explanation.lines(show_values=values):
        click.echo(harmless(line))


def data_of(told: Told, *, values: bool) -> dict[str, object]:
    """An explained decision as programs see it."""
    explained = None if told.explanation is None else told.explanation.as_data(show_values=values)
    return {**record_data(told.record), "explanation": explained}


def record_data(record: DecisionRecord) -> dict[str, object]:
    """A recorded decision as programs see it."""
    return {
        "id": record.decision_id,
        "time": record.decided_at,
        "account": record.account,
        "principal": record.principal,
        "caller": json.loads(record.caller)["arn"],
        "outcome": record.outcome,
        "action": record.action,
        "resource": record.resource,
        "request": record.request or None,
        "error": record.error,
        "enforced": record.enforced,
        "revision": record.revision or None,
    }
