"""`iamkit db`: the database behind the directory."""

from __future__ import annotations

import click

from iamkit import settings
from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal


@click.group("db", cls=Group)
def db() -> None:
    """The database: bring it up to date, or see where it is.

    What is migrated is what `--dir` names: its SQLite file, or the database that the setting `store` gives.
    """


def _target(terminal: Terminal) -> str:
    return settings.load(terminal.opened_directory()).store_url


@db.command("upgrade")
@click.pass_obj
def upgrade(terminal: Terminal) -> None:
    """Bring the tables to this version of iamkit. Safe to run from many processes at once."""
    from iamkit.sql import migrate

    target = _target(terminal)
    if not terminal.as_json:
        click.echo(f"upgrading {shown(target)}", err=True)
    before = migrate.upgrade(target)
    value = {
        "before": before.revision,
        "revision": before.newest,
        "changed": before.revision != before.newest,
    }
    if before.revision == before.newest:
        terminal.output.done(f"nothing to do: the database is at revision {before.newest}", value)
    else:
        terminal.output.done(
            f"the database went from revision {before.revision or 'none'} to {before.newest}", value
        )


@db.command("status")
@click.pass_obj
def status(terminal: Terminal) -> None:
    """Show where the database is and whether it is up to date."""
    from iamkit.sql import migrate

    target = _target(terminal)
    found = migrate.status(target)
    pairs: dict[str, object] = {
        "database": shown(target),
        "revision": found.revision,
        "newest": found.newest,
        "standing": found.standing.value,
    }
    terminal.output.record(pairs, pairs)


def shown(url: str) -> str:
    """A store or key URL without the password that it may hold, before its host or in its query."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme == "sqlite":
        return url.removeprefix("sqlite:///")
    place, question, _query = rest.partition("?")
    credentials, at, host = place.rpartition("@")
    return f"{scheme}://{credentials.partition(':')[0]}{at}{host}" + ("?…" if question else "")
