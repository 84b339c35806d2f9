"""`iamkit sessions`: who is signed in, and ending that."""

from __future__ import annotations

import click

from iamkit.cli.options import Group
from iamkit.cli.terminal import Terminal
from iamkit.errors import InputError
from iamkit.management import sessions as operations


@click.group("sessions", cls=Group)
def sessions() -> None:
    """Sign-in sessions: see them and end them."""


@sessions.command("list")
@click.argument("user", required=False)
@click.pass_obj
def list_(terminal: Terminal, user: str | None) -> None:
    """List the live sessions of USER, or your own."""
    found = terminal.desk().do(operations.list_sessions, user_name=user).items
    terminal.output.table(
        ("SESSION", "NAME", "USER", "KIND", "SINCE", "LAST SEEN", "ENDS", "FROM", "HERE"),
        [
            (
                item.public_id,
                item.name,
                item.user_name,
                item.kind,
                item.created_at,
                item.last_seen_at,
                item.expires_at,
                item.source,
                item.current,
            )
            for item in found
        ],
        [
            {
                "session": item.public_id,
                "user": item.user_name,
                "kind": item.kind,
                "state": item.state,
                "created": item.created_at,
                "last_seen": item.last_seen_at,
                "expires": item.expires_at,
                "source": item.source,
                "device": item.device,
                "name": item.name,
                "current": item.current,
            }
            for item in found
        ],
        empty="there are no live sessions",
    )


@sessions.command("end")
@click.argument("user")
@click.argument("session", required=False)
@click.option("--all", "everything", is_flag=True, help="End every session of the user.")
@click.pass_obj
def end(terminal: Terminal, user: str, session: str | None, everything: bool) -> None:
    """End one session of USER, or all of them. It is refused from the next request on."""
    if (session is None) != everything:
        raise InputError("name one session, as `iamkit sessions list` shows it, or give `--all`")
    if session is None:
        terminal.desk().do(operations.end_sessions, user_name=user)
        terminal.output.done(f"ended every session of user {user}", {"user": user, "ended": "all"})
        return
    terminal.desk().do(operations.end_session, session_id=session, user_name=user)
    terminal.output.done(f"ended session {session} of user {user}", {"user": user, "ended": session})


@sessions.command("rename")
@click.argument("user")
@click.argument("session")
@click.argument("name")
@click.pass_obj
def rename(terminal: Terminal, user: str, session: str, name: str) -> None:
    """Call a session of USER by a NAME that its owner knows it by."""
    terminal.desk().do(operations.rename_session, session_id=session, name=name, user_name=user)
    terminal.output.done(f"session {session} is called {name}", {"session": session, "name": name})
