"""`iamkit events`: the last audit events, newest first, in CloudTrail's fields."""

from __future__ import annotations

from collections.abc import Mapping

import click

from iamkit.audit.event import CRITICAL, Event
from iamkit.cli.options import Command
from iamkit.cli.terminal import Terminal
from iamkit.management import records


@click.command("events", cls=Command)
@click.option("--limit", type=click.IntRange(1, 1_000), default=20, show_default=True, help="How many.")
@click.option("--name", help="Only events of this name, such as CreateUser.")
@click.option("--user", help="Only what this user did.")
@click.option("--critical", is_flag=True, help="Only what root users did, and what was done to them.")
@click.pass_obj
def events(terminal: Terminal, limit: int, name: str | None, user: str | None, critical: bool) -> None:
    """List the last audit events: who did what, and with which result."""
    severity = CRITICAL if critical else None
    looked_up = terminal.desk().do(
        records.lookup_events, event_name=name, user_name=user, severity=severity, max_items=limit
    )
    found = looked_up.items
    terminal.output.table(
        ("TIME", "SEVERITY", "EVENT", "WHO", "RESULT", "RESOURCES"),
        [_row(event) for event in found],
        [event.as_data() for event in found],
        empty="no events are recorded here",
    )


def _row(event: Event) -> tuple[object, ...]:
    data = event.as_data()
    resources = data.get("resources")
    arns = [item.get("ARN") for item in resources] if isinstance(resources, list) else []
    return (
        event.event_time,
        event.severity,
        event.event_name,
        _who(data.get("userIdentity")),
        event.error_code or "ok",
        arns,
    )


def _who(identity: object) -> str:
    if not isinstance(identity, Mapping):
        return "-"
    who = identity.get("userName") or identity.get("arn") or identity.get("type")
    operator = identity.get("invokedBy")
    return f"{who} ({operator})" if operator else str(who)
