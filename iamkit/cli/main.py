"""The command `iamkit`: the table of its commands, and the one place where faults become exit codes."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from iamkit.cli.lazy import Lazy, LazyGroup
from iamkit.cli.terminal import Terminal

_START: Final = "Start"
_WHO: Final = "Who"
_WHAT: Final = "Policies"
_FILES: Final = "As files"
_UNDERSTAND: Final = "Understand"
_OPERATE: Final = "Operate"

TABLE: Final[Mapping[str, Lazy]] = {
    "init": Lazy("iamkit.cli.init:init", "Make a directory of accounts and its first administrator.", _START),
    "demo": Lazy(
        "iamkit.cli.demo.command:demo", "Watch two protected apps admit and refuse requests.", _START
    ),
    "user": Lazy("iamkit.cli.users:user", "Users: people and programs with credentials of their own.", _WHO),
    "group": Lazy("iamkit.cli.groups:group", "Groups: users that share policies.", _WHO),
    "role": Lazy("iamkit.cli.roles:role", "Roles: identities that others may assume.", _WHO),
    "request": Lazy(
        "iamkit.cli.access_requests:request", "Access for a while, granted by somebody else.", _WHO
    ),
    "instance-profile": Lazy(
        "iamkit.cli.instance_profiles:instance_profile", "Names under which a machine is handed a role.", _WHO
    ),
    "provider": Lazy("iamkit.cli.providers:provider", "Identity providers: OpenID Connect and SAML.", _WHO),
    "key": Lazy("iamkit.cli.keys:key", "Access keys: what programs sign requests with.", _WHO),
    "ssh-key": Lazy("iamkit.cli.ssh_keys:ssh_key", "SSH keys: public halves that sign people in.", _WHO),
    "sign-in": Lazy("iamkit.cli.sign_in:sign_in", "Sign in with an SSH key; prints a token.", _WHO),
    "certificate": Lazy(
        "iamkit.cli.certificates:certificate", "Client certificates: what programs show in TLS.", _WHO
    ),
    "server-certificate": Lazy(
        "iamkit.cli.certificates:server_certificate", "Server certificates, and when they end.", _WHO
    ),
    "service-credential": Lazy(
        "iamkit.cli.service_credentials:service_credential",
        "Names and passwords for tools, for one service each.",
        _WHO,
    ),
    "token": Lazy("iamkit.cli.tokens:token", "Personal tokens: for scripts, with an end.", _WHO),
    "mfa": Lazy("iamkit.cli.mfa:mfa", "Second factors: authenticator apps, recovery codes.", _WHO),
    "password-policy": Lazy(
        "iamkit.cli.password_policy:password_policy", "What passwords have to satisfy.", _WHO
    ),
    "sessions": Lazy("iamkit.cli.sessions:sessions", "Sign-in sessions: see them and end them.", _WHO),
    "root": Lazy("iamkit.cli.root:root", "The root user: its set-up link, and its recovery.", _WHO),
    "whoami": Lazy("iamkit.cli.whoami:whoami", "Show who a command acts as.", _WHO),
    "policy": Lazy("iamkit.cli.policies:policy", "Managed policies: kept once, attached to many.", _WHAT),
    "resource-policy": Lazy(
        "iamkit.cli.resource_policies:resource_policy", "Policies that stand on one resource.", _WHAT
    ),
    "guardrail": Lazy("iamkit.cli.guardrails:guardrail", "Ceilings over whole accounts.", _WHAT),
    "export": Lazy("iamkit.cli.manifest:export", "Write the account into a folder of JSON.", _FILES),
    "plan": Lazy(
        "iamkit.cli.manifest:plan", "Compare a folder with the account; exits 5 if they differ.", _FILES
    ),
    "apply": Lazy("iamkit.cli.manifest:apply", "Make the account what a folder says.", _FILES),
    "import": Lazy(
        "iamkit.cli.manifest:import_command", "Turn a dump of an AWS account into a folder.", _FILES
    ),
    "simulate": Lazy("iamkit.cli.simulate:simulate", "Ask what would be decided.", _UNDERSTAND),
    "who-can": Lazy("iamkit.cli.access:who_can", "List who can do something.", _UNDERSTAND),
    "what-can": Lazy("iamkit.cli.access:what_can", "List what somebody can do.", _UNDERSTAND),
    "why": Lazy("iamkit.cli.why:why", "Explain a decision that was taken.", _UNDERSTAND),
    "decisions": Lazy("iamkit.cli.decisions:decisions", "List the last decisions.", _UNDERSTAND),
    "would-refuse": Lazy(
        "iamkit.cli.would_refuse:would_refuse", "List what report-only mode let through.", _UNDERSTAND
    ),
    "events": Lazy("iamkit.cli.events:events", "List the last audit events.", _UNDERSTAND),
    "report": Lazy(
        "iamkit.cli.reports:report", "Credentials, permissions that were used, counts.", _UNDERSTAND
    ),
    "routes": Lazy(
        "iamkit.cli.routes:routes", "List an app's routes; exits 1 if one is unprotected.", _UNDERSTAND
    ),
    "matrix": Lazy(
        "iamkit.cli.matrix:matrix",
        "List who may use which route; exits 1 if a snapshot differs.",
        _UNDERSTAND,
    ),
    "serve": Lazy(
        "iamkit.cli.serve:serve", "The management API, for AWS's clients and for plain JSON.", _OPERATE
    ),
    "db": Lazy("iamkit.cli.db:db", "The database: bring it up to date, or see where it is.", _OPERATE),
    "compat": Lazy(
        "iamkit.cli.compat.command:compat", "The commands of 2011: iam-usercreate and its like.", _OPERATE
    ),
    "config": Lazy("iamkit.cli.config:config", "Settings: see each and where it came from.", _OPERATE),
}

_HELP: Final = "iamkit: users, groups, roles and policies for your web app."
_EPILOG: Final = """
Exit codes: 0 done; 1 refused, or a route is unprotected; 2 bad input, nothing was changed; 3 a part is
missing, such as the directory or the store; 4 a fault of iamkit; 5 `iamkit plan` found differences.

Completion: put `eval "$(_IAMKIT_COMPLETE=bash_source iamkit)"` into ~/.bashrc (zsh_source and
fish_source are there too).
"""


class Root(LazyGroup):
    """The outermost group: opens and closes the terminal, and turns faults into messages and exit codes."""

    def invoke(self, ctx: click.Context) -> object:
        terminal = ctx.ensure_object(Terminal)
        try:
            with terminal:
                return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as fault:  # noqa: BLE001  # the last place that can say something better than a traceback
            from iamkit.cli import faults

            ctx.exit(faults.report(terminal, fault))


def _plugin_commands() -> Mapping[str, click.Command]:
    from iamkit.cli.extensions import plugin_commands

    return plugin_commands(TABLE)


def _print_version(ctx: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    if not asked or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    click.echo(f"iamkit {version('iamkit')}")
    ctx.exit()


def root() -> Root:
    """The command, as tests and completion need it."""
    group = Root("iamkit", table=TABLE, plugin_commands=_plugin_commands, help=_HELP, epilog=_EPILOG)
    group.params.append(
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Show the version.",
        )
    )
    return group


def run() -> None:
    """Run the command with the arguments of this process; does not return."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal or pipe that cannot show a letter gets its code, not an error in the middle of a table.
        sys.stdout.reconfigure(errors="backslashreplace")
    called = Path(sys.argv[0]).name
    if called.startswith("iam-"):
        root()(["compat", called, *sys.argv[1:]], prog_name="iamkit")
    root()(prog_name="iamkit")
