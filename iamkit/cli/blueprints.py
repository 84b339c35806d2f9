"""`iamkit export`, `plan` and `apply`: the account as a folder of JSON files under version control."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import click

from iamkit.cli import blueprint_folder
from iamkit.cli.options import Command
from iamkit.cli.output import plain
from iamkit.cli.terminal import Terminal
from iamkit.errors import InputError
from iamkit.identity import blueprint_dump
from iamkit.management import plan as planning
from iamkit.management.access_changes import access_changes
from iamkit.management.blueprints import blueprint, plans
from iamkit.management.plan import ChangePlan

if TYPE_CHECKING:
    from iamkit.analysis.differences import Difference

_SIGNS: Final = {"create": "+", "change": "~", "delete": "-"}
# So many actions of one service are told as their number.
_MANY: Final = 6

_FOLDER: Final = click.Path(file_okay=False, path_type=Path)


@click.command("export", cls=Command)
@click.argument("folder", type=_FOLDER)
@click.option(
    "--from-dump",
    "dump",
    type=click.File("rb"),
    help="Write what `aws iam get-account-authorization-details` told, not this account.",
)
@click.pass_obj
def export(terminal: Terminal, folder: Path, dump: IO[bytes] | None) -> None:
    """Write users, groups, roles, policies and providers into FOLDER, a file each; no credentials."""
    if dump is None:
        count = blueprint_folder.write(folder, plans(terminal.desk()))
    else:
        try:
            text = dump.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InputError("the dump is not UTF-8 text") from None
        found = blueprint_dump.blueprint_of(text, terminal.account())
        count = blueprint_folder.write(folder, found.plans())
    terminal.output.done(f"wrote {count} files into {folder}", {"folder": str(folder), "files": count})


@click.command("plan", cls=Command)
@click.argument("folder", type=_FOLDER)
@click.option("--delete", is_flag=True, help="What is in no file would be deleted.")
@click.option("--check", is_flag=True, help="Exit 1 if there is anything to change: for finding drift.")
@click.pass_context
def plan(ctx: click.Context, folder: Path, delete: bool, check: bool) -> None:
    """Show what `iamkit apply` would do, and who would gain or lose which access. Changes nothing."""
    terminal = ctx.ensure_object(Terminal)
    made, changes = _planned(terminal, folder, delete)
    _show(terminal, made, changes)
    if check and (made.steps or made.unlisted):
        ctx.exit(1)


@click.command("apply", cls=Command)
@click.argument("folder", type=_FOLDER)
@click.option("--delete", is_flag=True, help="Delete what is in no file.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def apply(terminal: Terminal, folder: Path, delete: bool, yes: bool) -> None:
    """Make the account as FOLDER says: step by step, each allowed and recorded like any other change."""
    made, changes = _planned(terminal, folder, delete)
    if not yes:
        if terminal.as_json:
            raise InputError("`--json` asks nobody; add `--yes`")
        _show(terminal, made, changes)
        if made.steps:
            click.confirm("apply this?", abort=True)
    desk = terminal.desk()
    for number, step in enumerate(made.steps):
        try:
            step.run(desk)
        except Exception:
            click.echo(
                f"{number} of {len(made.steps)} steps were done; not done: {plain(step.subject)}"
                f" {plain(step.what)}. Apply again when it is mended",
                err=True,
            )
            raise
    terminal.output.done(
        f"did {len(made.steps)} steps" if made.steps else "nothing to do", _data(made, changes)
    )


def _planned(terminal: Terminal, folder: Path, delete: bool) -> tuple[ChangePlan, list[Difference] | None]:
    wanted = blueprint_folder.read(folder)
    iam = terminal.iam()
    now = blueprint(terminal.desk())
    made = planning.plan(now, wanted, partition=iam.house.partition, quotas=iam.house.quotas, delete=delete)
    if not made.steps:
        return made, []
    return made, access_changes(iam.store, iam.house, iam.services, now, made.after)


def _show(terminal: Terminal, made: ChangePlan, changes: list[Difference] | None) -> None:
    if terminal.as_json:
        terminal.output.data(_data(made, changes))
        return
    for step in made.steps:
        click.echo(f"{_SIGNS[step.verb]} {plain(step.subject)}" + (f": {plain(step.what)}" * bool(step.what)))
    if changes is None:
        click.echo("access: too much changes to be worked out")
    elif made.steps:
        click.echo("access:" if changes else "access: nobody gains or loses any")
        for line in _lines(changes):
            click.echo(f"  {line}")
    if made.unlisted:
        click.echo(f"in no file: {plain(made.unlisted)}")
    if not made.steps:
        click.echo("nothing to change")


def _data(made: ChangePlan, changes: Sequence[Difference] | None) -> dict[str, object]:
    return {
        "steps": [{"verb": step.verb, "subject": step.subject, "what": step.what} for step in made.steps],
        "unlisted": made.unlisted,
        "access": None if changes is None else list(changes),
    }


def _lines(changes: Sequence[Difference]) -> Iterator[str]:
    """A line for each who, direction, service, resources and keys."""
    same: dict[tuple[str, bool, str, tuple[str, ...], tuple[str, ...]], list[str]] = defaultdict(list)
    for item in changes:
        service, _, action = item.action.partition(":")
        same[item.who, item.gains, service, item.resources, item.keys].append(action)
    for (who, gains, service, resources, keys), actions in same.items():
        what = f"{len(actions)} actions of {service}"
        if len(actions) <= _MANY:
            what = ", ".join(f"{service}:{action}" for action in actions)
        under = f" under {plain(keys)}" if keys else ""
        yield f"{plain(who)} {'gains' if gains else 'loses'} {plain(what)} on {plain(resources)}{under}"
