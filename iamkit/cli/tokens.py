"""`iamkit token`: personal tokens, which are shown when they are made and never again."""

from __future__ import annotations

import click

from iamkit.cli import documents
from iamkit.cli.options import Group
from iamkit.cli.output import plain
from iamkit.cli.terminal import Terminal
from iamkit.management import tokens as operations
from iamkit.management.tokens import CreatedToken, TokenFace


@click.group("token", cls=Group)
def token() -> None:
    """Personal tokens: `Authorization: Bearer ikt_…` for scripts, with an end and a policy of their own."""


@token.command("create")
@click.argument("name")
@click.option("--user", help="Whose token it is.  [default: yours]")
@click.option("--policy", help="A policy that narrows it: JSON, `@FILE`, or `-` for standard input.")
@click.option("--days", type=int, default=90, show_default=True, help="How long it is good.")
@click.option("--endless", is_flag=True, help="Good until it is deleted; say why to yourself first.")
@click.pass_obj
def create(
    terminal: Terminal, name: str, user: str | None, policy: str | None, days: int, endless: bool
) -> None:
    """Make a token called NAME. It is shown once, alone on standard output."""
    text = None if policy is None else documents.kept(terminal, documents.from_argument(policy))
    made = terminal.desk().do(
        operations.create_personal_token,
        name=name,
        user_name=user,
        policy_document=text,
        days=None if endless else days,
    )
    _announce(terminal, made)


@token.command("list")
@click.argument("user", required=False)
@click.pass_obj
def list_(terminal: Terminal, user: str | None) -> None:
    """List the tokens of USER, or your own."""
    found = terminal.desk().do(operations.list_personal_tokens, user_name=user).items
    terminal.output.table(
        ("TOKEN", "NAME", "USER", "STATUS", "NARROWED", "ENDS", "LAST USED"),
        [
            (
                item.token_id,
                item.name,
                item.user_name,
                item.status,
                item.narrowed,
                item.expires_at,
                item.last_used_at,
            )
            for item in found
        ],
        [_data(item) for item in found],
        empty="there are no tokens here",
    )


@token.command("reset")
@click.argument("token_id")
@click.option("--user", help="Whose token it is.  [default: yours]")
@click.pass_obj
def reset(terminal: Terminal, token_id: str, user: str | None) -> None:
    """Put a new secret in the place of the old, which is refused from the next request on."""
    _announce(
        terminal, terminal.desk().do(operations.reset_personal_token, token_id=token_id, user_name=user)
    )


@token.command("delete")
@click.argument("token_id")
@click.option("--user", help="Whose token it is.  [default: yours]")
@click.pass_obj
def delete(terminal: Terminal, token_id: str, user: str | None) -> None:
    """Delete a token for good; it is refused from the next request on."""
    terminal.desk().do(operations.delete_personal_token, token_id=token_id, user_name=user)
    terminal.output.done(f"deleted token {token_id}", {"token": token_id})


def _announce(terminal: Terminal, made: CreatedToken) -> None:
    text = made.token.reveal()
    if terminal.as_json:
        terminal.output.data({**_data(made.face), "secret": text})
        return
    ends = "it is deleted" if made.face.expires_at is None else plain(made.face.expires_at)
    click.echo(f"made token {made.face.token_id}, good until {ends}", err=True)
    click.echo(text)
    click.echo("keep it now: it is not shown again", err=True)


def _data(face: TokenFace) -> dict[str, object]:
    return {
        "token": face.token_id,
        "name": face.name,
        "user": face.user_name,
        "status": face.status,
        "narrowed": face.narrowed,
        "created": face.created_at,
        "expires": face.expires_at,
        "last_used": face.last_used_at,
    }
