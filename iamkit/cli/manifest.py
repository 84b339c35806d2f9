"""`iamkit export`, `plan`, `apply` and `import`: the account as a folder of JSON under version control."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from iamkit.cli import faults
from iamkit.cli.options import Command
from iamkit.cli.output import harmless
from iamkit.cli.terminal import Terminal
from iamkit.errors import IamkitError, InputError
from iamkit.manifest import dump as dumps
from iamkit.manifest import report
from iamkit.manifest.entries import SECTIONS
from iamkit.manifest.folder import Folder
from iamkit.manifest.steps import Step
from iamkit.manifest.workshop import Prepared, Workshop

_folder = click.argument("folder")
_prune = click.option("--prune", is_flag=True, help="Delete what the account has and the folder does not.")
_rehome = click.option(
    "--rehome", is_flag=True, help="Take a folder of another account: its ARNs become this account's."
)
_no_new_access = click.option(
    "--no-new-access", is_flag=True, help="Exit 1, changing nothing, if anybody could do more than before."
)


@click.command("export", cls=Command)
@_folder
@click.option(
    "--only", "only", multiple=True, type=click.Choice(tuple(SECTIONS)), help="Write these sections only."
)
@click.pass_obj
def export(terminal: Terminal, folder: str, only: tuple[str, ...]) -> None:
    """Write the account into FOLDER: a JSON file for each user, group, role and policy.

    No credential and no secret is written. A folder that was written before is brought up to date; files of
    what is no more are removed.
    """
    counts = _workshop(terminal).export(Folder(Path(folder)), only)
    terminal.output.done(f"wrote {folder}: {_listed(counts)}", {"folder": folder, "written": counts})


@click.command("plan", cls=Command)
@_folder
@_prune
@_rehome
@_no_new_access
@click.option("--documents", is_flag=True, help="Show how the text of each document changes.")
@click.pass_obj
def plan(
    terminal: Terminal, folder: str, prune: bool, rehome: bool, no_new_access: bool, documents: bool
) -> None:
    """Show what `iamkit apply` would do, and who could do what afterwards.

    The steps are tried on a copy in memory, and the engine is asked before and after. Exits 0 if FOLDER and
    the account say the same, 5 if they differ.
    """
    prepared = _workshop(terminal).prepare(Folder(Path(folder)), prune=prune, rehome=rehome)
    if terminal.as_json:
        terminal.output.data(report.as_data(prepared.plan, prepared.rehearsal, withheld=prepared.withheld))
    else:
        flags = " --prune" * prune + " --rehome" * rehome
        _show(prepared, folder, flags, documents=documents)
    context = click.get_current_context()
    if no_new_access and prepared.widens:
        click.echo("somebody could do more than before", err=True)
        context.exit(faults.REFUSED)
    if not prepared.plan.is_empty:
        context.exit(faults.DIFFERENT)


@click.command("apply", cls=Command)
@_folder
@_prune
@_rehome
@_no_new_access
@click.pass_obj
def apply(terminal: Terminal, folder: str, prune: bool, rehome: bool, no_new_access: bool) -> None:
    """Make the account what FOLDER says.

    Each step is done as whoever acts, authorised and recorded. It stops at the first refusal; run again, it
    goes on from there. What the account has beyond the folder stays, unless with --prune.
    """
    workshop = _workshop(terminal)
    prepared = workshop.prepare(Folder(Path(folder)), prune=prune, rehome=rehome)
    _refuse(prepared, no_new_access=no_new_access)
    done: list[Step] = []

    def tell(step: Step) -> None:
        done.append(step)
        if not terminal.as_json:
            click.echo(harmless(step.summary))

    try:
        workshop.apply(prepared.plan, tell)
    except IamkitError:
        _stopped(terminal, prepared, done)
        raise
    if terminal.as_json:
        terminal.output.data(_applied(prepared, done))
        return
    _surplus(prepared)
    same = prepared.plan.is_empty
    click.echo(harmless(f"the account is what `{folder}` says" if same else f"{_counted(len(done))} done"))


@click.command("import", cls=Command)
@click.argument("dump")
@_folder
@click.option(
    "--adopt", is_flag=True, help="Make AWS's policies that are in the dump policies of the account's own."
)
@click.pass_obj
def import_command(terminal: Terminal, dump: str, folder: str, adopt: bool) -> None:
    """Write into FOLDER what DUMP describes, for `iamkit plan` and `apply`.

    DUMP is a file that `aws iam get-account-authorization-details` printed. Ids, dates and secrets are not
    taken over; ARNs of that account become this account's.
    """
    iam = terminal.iam()
    target = Folder(Path(folder))
    if not target.is_new():
        raise InputError(f"`{folder}` holds something already; name a new folder")
    taken = dumps.taken(
        dumps.read(Path(dump)),
        partition=iam.deployment().partition,
        account=terminal.account(),
        shipped=iam.house.shipped,
        adopt=adopt,
    )
    counts = {
        section: target.write_section(section, iter(entries)) for section, entries in taken.entries.items()
    }
    target.write_account(taken.account)
    terminal.output.done(
        f"wrote {folder} from account {taken.source}: {_listed(counts)}",
        {"folder": folder, "written": counts, "account": taken.source, "notes": list(taken.notes)},
    )
    for note in taken.notes:
        click.echo(harmless(f"note: {note}"), err=True)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{section} {count}" for section, count in counts.items())


def _workshop(terminal: Terminal) -> Workshop:
    return Workshop(terminal.iam(), terminal.principal(), terminal.desk())


def _refuse(prepared: Prepared, *, no_new_access: bool) -> None:
    """Raise before anything is done, if the plan is known not to end well."""
    if prepared.plan.obstacles:
        raise InputError(f"nothing was changed: {'; '.join(prepared.plan.obstacles)}")
    if prepared.rehearsal.fault is not None and prepared.rehearsal.stopped is not None:
        click.echo(
            harmless(
                f"nothing was changed: this step would be refused: {prepared.rehearsal.stopped.summary}"
            ),
            err=True,
        )
        raise prepared.rehearsal.fault
    if no_new_access and prepared.widens:
        click.echo(
            "nothing was changed: somebody could do more than before; `iamkit plan` says who", err=True
        )
        click.get_current_context().exit(faults.REFUSED)


def _show(prepared: Prepared, folder: str, flags: str, *, documents: bool) -> None:
    plan, rehearsal = prepared.plan, prepared.rehearsal
    if plan.is_empty:
        click.echo(harmless(f"`{folder}` and the account say the same"))
        return
    for line in report.step_lines(plan, documents=documents):
        click.echo(harmless(line))
    for obstacle in plan.obstacles:
        click.echo(harmless(f"  ! {obstacle}"))
    _surplus(prepared)
    if rehearsal.fault is not None and rehearsal.stopped is not None:
        click.echo(
            harmless(f"would be refused: {rehearsal.stopped.summary}: {rehearsal.fault.message}"), err=True
        )
        click.echo(harmless(f"{_counted(len(plan.steps))}; `iamkit apply {folder}{flags}` takes none"))
    elif plan.steps:
        _show_access(prepared)
        click.echo(harmless(f"{_counted(len(plan.steps))}; `iamkit apply {folder}{flags}` takes them"))


def _show_access(prepared: Prepared) -> None:
    rehearsal = prepared.rehearsal
    if prepared.withheld:
        click.echo(harmless(f"access: not told, for {prepared.withheld}"))
        return
    lines = report.change_lines(rehearsal.changes)
    click.echo("access:" if lines else "access: nobody can do more or less than before")
    for line in lines:
        click.echo(harmless(f"  {line}"))
    if rehearsal.unasked:
        click.echo(f"  and {rehearsal.unasked} more principals, whose policies change, were not looked at")
    if rehearsal.unasked_places:
        click.echo(
            f"  and {rehearsal.unasked_places} more resources, whose policies change, were not looked at"
        )


def _surplus(prepared: Prepared) -> None:
    for label in prepared.plan.surplus:
        click.echo(harmless(f"  ? {label} is in the account only; `--prune` deletes it"))


def _applied(prepared: Prepared, done: list[Step]) -> dict[str, object]:
    return {
        "done": [report.step_data(step) for step in done],
        "left": [report.step_data(step) for step in prepared.plan.steps[len(done) :]],
        "not_in_folder": list(prepared.plan.surplus),
    }


def _stopped(terminal: Terminal, prepared: Prepared, done: list[Step]) -> None:
    if terminal.as_json:
        terminal.output.data(_applied(prepared, done))
        return
    steps = prepared.plan.steps
    click.echo(
        harmless(
            f"stopped at: {steps[len(done)].summary}; {len(done)} of {len(steps)} steps were done, and stay."
            " apply again to go on"
        ),
        err=True,
    )


def _counted(count: int) -> str:
    return f"{count} step" + "s" * (count != 1)
