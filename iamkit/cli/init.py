"""`iamkit init`: a directory of accounts, its key file and its first administrator."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from iamkit.arn import Arn, root_arn
from iamkit.cli.keys import announce
from iamkit.cli.options import Command
from iamkit.cli.root import announce_setup
from iamkit.cli.terminal import DEFAULT_DIRECTORY, Terminal
from iamkit.credentials.secret import Secret
from iamkit.errors import ConfigurationError, EntityAlreadyExists, InputError, NotInitialized, ValidationError
from iamkit.identity.accounts import NAME_LENGTH
from iamkit.ids import checked_account_id, checked_name, checked_path
from iamkit.kit import IAM


@click.command("init", cls=Command)
@click.option("--account-name", default="main", show_default=True, help="What the account is called.")
@click.option("--account-id", metavar="ID", help="12 digits.  [default: drawn at random]")
@click.option(
    "--admin-name", default="administrator", show_default=True, help="The first administrator's user name."
)
@click.option(
    "--path", default="/", show_default=True, help="Where the administrator stands, such as /family/."
)
@click.option(
    "--partition", default="aws", show_default=True, help="The second part of every ARN. Fixed for good."
)
@click.option(
    "--setup-link", is_flag=True, help="Also print a link by which you become the root user, once, soon."
)
@click.option("--root-email", metavar="ADDRESS", help="With a password file: the root user's mail address.")
@click.option(
    "--root-password-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="For a start that nobody sits by: the root user's first password, which it has to change.",
)
@click.pass_obj
def init(
    terminal: Terminal,
    account_name: str,
    account_id: str | None,
    admin_name: str,
    path: str,
    partition: str,
    setup_link: bool,
    root_email: str | None,
    root_password_file: Path | None,
) -> None:
    """Make a directory of accounts: one account, a root user without any credential, and one administrator.

    The administrator's access key is printed once, as lines to paste into a shell.
    """
    # Everything is checked before anything is made: a refusal leaves no half of a directory behind.
    checked_name("user", admin_name)
    checked_path(path)
    if account_id is not None:
        checked_account_id(account_id)
    if not account_name.isprintable() or not 1 <= len(account_name.strip()) <= NAME_LENGTH:
        raise ValidationError(
            f"account name `{account_name[:80]!a}` must have 1 to {NAME_LENGTH} printable characters"
        )
    Arn.parse(root_arn(partition, account_id or "000000000000"))
    unattended = _unattended(root_email, root_password_file, setup_link=setup_link)
    directory = terminal.directory
    if directory.exists() and not directory.is_dir():
        raise InputError(f"`{directory}` is a file; name a directory")
    with IAM(directory) as iam:
        _check_new(terminal, iam)
        made = iam.initialize(
            partition=partition,
            account_id=account_id,
            account_name=account_name,
            administrator=admin_name,
            administrator_path=path,
            setup_link=setup_link,
            root=unattended,
        )
        setup = None if made.setup is None else iam.setup_url(made.setup)
    shown = {} if setup is None or not terminal.as_json else {"setup_link": setup.reveal()}
    announce(
        terminal,
        made.key,
        made.administrator.name,
        f"made {directory}: account {made.account.account_id}, administrator {made.administrator.arn}",
        {
            "directory": str(directory),
            "account": made.account.account_id,
            "administrator": made.administrator.arn,
            **shown,
        },
    )
    if not terminal.as_json:
        if setup is not None:
            announce_setup(setup, plain=False)
        _say_next(terminal)


def _unattended(email: str | None, file: Path | None, *, setup_link: bool) -> tuple[str, Secret] | None:
    """The root user's address and first password, if given. Raises InputError, ConfigurationError."""
    if email is None and file is None:
        return None
    if email is None or file is None or setup_link:
        raise InputError("`--root-email` and `--root-password-file` go together, and without `--setup-link`")
    if file.stat().st_mode & 0o077:
        raise ConfigurationError(
            f"`{file}` can be read by others; `chmod 600` it, and choose another password"
        )
    return email, Secret(file.read_text(encoding="utf-8").removesuffix("\n"))


def _check_new(terminal: Terminal, iam: IAM) -> None:
    if not terminal.directory.is_dir():
        return
    try:
        deployment = iam.deployment()
    except NotInitialized:
        return
    raise EntityAlreadyExists(
        f"`{terminal.directory}` is initialized already, with account `{deployment.home_account}`;"
        " name another directory with `--dir`"
    )


def _say_next(terminal: Terminal) -> None:
    where = str(terminal.directory)
    lines = ["next:", "  paste the two lines above, so that later commands act as the administrator"]
    if where != DEFAULT_DIRECTORY:
        lines.append(f"  export IAMKIT_DIR={shlex.quote(where)}")
    lines += [
        "  iamkit user create ana --key",
        """  iamkit user put-policy ana readers '{"Version": "2012-10-17", "Statement": [""",
        """    {"Effect": "Allow", "Action": "notes:Read", "Resource": "*"}]}'""",
    ]
    click.echo("\n".join(lines), err=True)
