"""What the demo prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from iamkit.cli.demo import pages
from iamkit.cli.demo.cast import Cast
from iamkit.cli.demo.servers import Server
from iamkit.cli.demo.tour import Row
from iamkit.kit import IAM

_COLOURS = {"allowed": "green", "public": "green", "implicit deny": "yellow", "explicit deny": "red"}


def _console() -> Console:
    # Wide enough for an id to stay whole where there is no terminal to measure.
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=200)


def opening(folder: Path) -> None:
    """Say what is about to happen."""
    _console().print(
        f"One directory of users and policies in {folder},\n"
        "and one small document app over it, twice: Flask under WSGI, FastAPI under ASGI.\n"
    )


def show(iam: IAM, cast: Cast, rows: Sequence[Row]) -> None:
    """The table of what happened, and two denials explained."""
    console = _console()
    delegated = Table(title="What jeff, who may manage /app/ only, did through the management operations")
    for column in ("attempt", "outcome"):
        delegated.add_column(column, overflow="fold")
    for attempt, outcome in cast.notes:
        delegated.add_row(attempt, outcome)
    console.print(delegated)

    table = Table(title="What came of each request")
    for column in ("app", "who", "what", "status", "outcome", "decided by", "decision id"):
        table.add_column(column, overflow="fold", no_wrap=column == "decision id")
    for row in rows:
        colour = _COLOURS.get(row.outcome, "magenta")
        outcome = f"[{colour}]{row.outcome}[/]"
        if not row.as_expected:
            outcome += f" [bold red](expected: {row.step.expected})[/]"
        table.add_row(
            row.app,
            row.step.who,
            f"{row.step.method} {row.step.path}",
            str(row.status),
            outcome,
            row.decided_by or row.step.why,
            row.decision_id,
        )
    console.print(table)
    wrong = sum(not row.as_expected for row in rows)
    console.print(f"{len(rows)} requests, {len(rows) - wrong} as expected, {wrong} not.\n")
    for kind in ("implicit deny", "explicit deny"):
        found = next((row for row in rows if row.outcome == kind and row.decision_id), None)
        if found is not None:
            console.print(f"[bold]iamkit why {found.decision_id}[/]")
            told = iam.why(found.decision_id)
            if told.explanation is not None:
                for line in told.explanation.lines():
                    console.print(line, markup=False)
            console.print()


def next_steps(folder: Path, servers: Sequence[Server], cast: Cast) -> None:
    """The commands to try while the apps are up. The key is the demo's own and ends with it."""
    console = _console()
    signer = cast.signers["backup"]
    console.print("Both apps are up until you press Ctrl-C. Try, in another terminal:\n")
    for server in servers:
        console.print(
            f"  curl -i {server.url}/documents/notice      # {server.kind}: anybody here may", markup=False
        )
        console.print(
            f"  curl -i --aws-sigv4 aws:amz:global:iamkit --user {signer.key_id}:{signer.secret.reveal()}"
            f" {server.url}/documents/plan",
            markup=False,
        )
    if pages.there():
        console.print(f"\nSign in as ana, password `{cast.ana_password.reveal()}`:", markup=False)
        found = next(server.url for server in servers if server.kind == "flask")
        console.print(f"  {found}{pages.PREFIX}/", markup=False)
    console.print(f"\n  iamkit --dir {folder} user list", markup=False)
    console.print(f"  iamkit --dir {folder} user show backup", markup=False)
    console.print(f"  iamkit --dir {folder} decisions\n", markup=False)


def as_data(cast: Cast, rows: Sequence[Row]) -> dict[str, object]:
    """The same for programs; no secret is in it."""
    return {
        "delegated": [{"attempt": attempt, "outcome": outcome} for attempt, outcome in cast.notes],
        "requests": [
            {
                "app": row.app,
                "who": row.step.who,
                "method": row.step.method,
                "path": row.step.path,
                "status": row.status,
                "outcome": row.outcome,
                "expected": row.step.expected,
                "as_expected": row.as_expected,
                "decided_by": row.decided_by,
                "decision_id": row.decision_id,
            }
            for row in rows
        ],
    }
