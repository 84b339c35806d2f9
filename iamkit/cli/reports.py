"""`iamkit report`: the credential report, what permissions were used, and what an account holds."""

from __future__ import annotations

import click

from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal
from iamkit.management import access_reports, accounts
from iamkit.management import reports as operations
from iamkit.reports.access_report import LEVELS


@click.group("report", cls=Group)
def report() -> None:
    """Reports: credentials, permissions that were used, what an account holds."""


@report.command("credentials")
@click.pass_obj
def credentials(terminal: Terminal) -> None:
    """Print every user and the state of their credentials, as AWS's CSV. Made anew after four hours."""
    desk = terminal.desk()
    desk.do(operations.generate_credential_report)
    found = desk.do(operations.get_credential_report)
    text = found.content.decode()
    if terminal.as_json:
        terminal.output.data({"generated": found.generated_at, "csv": text})
    else:
        click.echo(text, nl=False)


@report.command("last-accessed")
@click.argument("arn")
@click.option("--actions", is_flag=True, help="Each action, not only each service.")
@click.pass_obj
def last_accessed(terminal: Terminal, arn: str, actions: bool) -> None:
    """List the services that a user, group, role or policy gives, with their last use."""
    desk = terminal.desk()
    job = desk.do(access_reports.generate_service_last_accessed_details, arn=arn, granularity=LEVELS[actions])
    found = desk.do(access_reports.get_service_last_accessed_details, job_id=job.job_id).services.items
    rows: list[tuple[object, ...]] = []
    for item in found:
        rows.append((item.service, item.last_at, item.entity, item.entities))
        rows += [(f"{item.service}:{each.action}", each.last_at, each.entity, "") for each in item.actions]
    terminal.output.table(
        ("SERVICE", "LAST USE", "BY", "USED BY HOW MANY"),
        rows,
        list(found),
        empty="its policies give nothing",
    )


@report.command("granting")
@click.argument("arn")
@click.argument("services", nargs=-1, required=True)
@click.pass_obj
def granting(terminal: Terminal, arn: str, services: tuple[str, ...]) -> None:
    """List the policies of a user, group or role that give something of SERVICES."""
    found = (
        terminal.desk()
        .do(access_reports.list_policies_granting_service_access, arn=arn, service_namespaces=services)
        .items
    )
    terminal.output.table(
        ("SERVICE", "POLICY", "ON"),
        [(item.service, policy.name, policy.holder) for item in found for policy in item.policies],
        list(found),
        empty="no policy gives any of that",
    )


@report.command("summary")
@click.pass_obj
def summary(terminal: Terminal) -> None:
    """Show how much of everything an account holds, beside its quotas."""
    data = terminal.desk().do(accounts.get_account_summary)
    terminal.output.record(data, data)
