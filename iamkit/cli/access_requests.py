"""`iamkit request`: ask to be a role for a while, answer those who ask, be it."""

from __future__ import annotations

from typing import Any

import click

from iamkit.cli.options import Group
from iamkit.cli.role_sessions import announce
from iamkit.cli.terminal import Terminal
from iamkit.management import access_requests as operations
from iamkit.management.access_requests import AccessRequestFace


@click.group("request", cls=Group)
def request() -> None:
    """Access for a while: one asks, another approves, and it is over by itself."""


@request.command("ask")
@click.argument("role")
@click.argument("reason")
@click.option("--duration", type=int, default=3600, show_default=True, metavar="SECONDS", help="How long.")
@click.pass_obj
def ask(terminal: Terminal, role: str, reason: str, duration: int) -> None:
    """Ask to be ROLE, and say why."""
    made = terminal.desk().do(
        operations.request_access, role_name=role, reason=reason, duration_seconds=duration
    )
    terminal.output.done(f"asked: request {made.request_id} waits for an answer", _data(made))


@request.command("list")
@click.pass_obj
def list_(terminal: Terminal) -> None:
    """List the requests of the last 90 days."""
    found = terminal.desk().do(operations.list_access_requests).items
    terminal.output.table(
        ("REQUEST", "WHO", "ROLE", "STATE", "ASKED", "ENDS", "REASON"),
        [
            (item.request_id, item.requester, item.role, item.state, item.asked_at, item.ends_at, item.reason)
            for item in found
        ],
        [_data(item) for item in found],
        empty="nobody asked for anything",
    )


@request.command("approve")
@click.argument("request_id")
@click.option("--note", default="", help="What is said with it.")
@click.pass_obj
def approve(terminal: Terminal, request_id: str, note: str) -> None:
    """Say yes to a request. Never to one's own."""
    found = terminal.desk().do(operations.approve_access, request_id=request_id, note=note)
    terminal.output.done(f"{found.requester} may be {found.role} until {found.ends_at}", _data(found))


@request.command("reject")
@click.argument("request_id")
@click.option("--note", default="", help="What is said with it.")
@click.pass_obj
def reject(terminal: Terminal, request_id: str, note: str) -> None:
    """Say no to a request, or take back what was granted, with its sessions."""
    found = terminal.desk().do(operations.reject_access, request_id=request_id, note=note)
    terminal.output.done(f"request {request_id} is refused", _data(found))


@request.command("start")
@click.argument("request_id")
@click.option("--aws", "for_aws", is_flag=True, help="Name the variables as AWS's own tools do.")
@click.option("--process", "as_process", is_flag=True, help="Print what a `credential_process` prints.")
@click.pass_obj
def start(terminal: Terminal, request_id: str, for_aws: bool, as_process: bool) -> None:
    """Be the role that was granted: prints lines to paste into a shell."""
    made = terminal.desk().do(operations.start_approved_session, request_id=request_id)
    announce(terminal, made, for_aws=for_aws, as_process=as_process)


def _data(item: AccessRequestFace) -> dict[str, Any]:
    return {
        "request": item.request_id,
        "requester": item.requester,
        "role": item.role,
        "reason": item.reason,
        "duration": item.duration_seconds,
        "state": item.state,
        "asked": item.asked_at,
        "ends": item.ends_at,
        "decided_by": item.decided_by,
        "decided": item.decided_at,
        "note": item.note,
    }
