"""What every command shares: the options that may stand before or after it, and how help shows them."""

from __future__ import annotations

from typing import Final

import click

from iamkit.cli.terminal import Terminal

_DIRECTORY_HELP: Final = "Where the accounts live.  [env: IAMKIT_DIR; default: iamkit-data]"
_ENDPOINT_HELP: Final = (
    "A running `iamkit serve` that does it, as the key or token of the environment.  [env: IAMKIT_ENDPOINT]"
)
_AS_HELP: Final = (
    "Act as this user: a name or an ARN.  [default: the key in IAMKIT_ACCESS_KEY_ID and"
    " IAMKIT_SECRET_ACCESS_KEY, the token in IAMKIT_TOKEN, else the operator of this host]"
)


def _keep(ctx: click.Context, option: click.Parameter, value: object) -> None:
    # An option that was not given here must not undo what was given before the command.
    if value is None or value is False:
        return
    terminal = ctx.ensure_object(Terminal)
    match option.name:
        case "everywhere_dir":
            terminal.chosen_directory = str(value)
        case "everywhere_endpoint":
            terminal.chosen_endpoint = str(value)
        case "everywhere_plain":
            terminal.plain_http = True
        case "everywhere_as":
            terminal.acting_as = str(value)
        case "everywhere_json":
            terminal.as_json = True
        case "everywhere_debug":
            terminal.debug = True
        case _:
            raise ValueError(f"no shared option {option.name}")


class Everywhere(click.Option):
    """An option that every command takes. It is kept in the terminal, not handed to the command."""


def _everywhere() -> list[click.Parameter]:
    return [
        Everywhere(
            ["--dir", "everywhere_dir"],
            metavar="PATH",
            help=_DIRECTORY_HELP,
            expose_value=False,
            callback=_keep,
        ),
        Everywhere(
            ["--endpoint", "everywhere_endpoint"],
            metavar="URL",
            help=_ENDPOINT_HELP,
            expose_value=False,
            callback=_keep,
        ),
        Everywhere(
            ["--plain-http", "everywhere_plain"],
            is_flag=True,
            help="Let --endpoint be http:// to another host, unencrypted.",
            expose_value=False,
            callback=_keep,
        ),
        Everywhere(
            ["--as", "everywhere_as"], metavar="PRINCIPAL", help=_AS_HELP, expose_value=False, callback=_keep
        ),
        Everywhere(
            ["--json", "everywhere_json"],
            is_flag=True,
            help="Print JSON, for programs.",
            expose_value=False,
            callback=_keep,
        ),
        Everywhere(
            ["--debug", "everywhere_debug"],
            is_flag=True,
            help="Show the traceback of an unexpected fault.",
            expose_value=False,
            callback=_keep,
        ),
    ]


def _check_text(ctx: click.Context, args: list[str]) -> None:
    """Refuse arguments that no name, path or document can hold, before anything looks at them."""
    for arg in args:
        if "\0" in arg:
            raise click.UsageError(f"an argument holds a NUL byte: `{arg[:80]!a}`", ctx)
        try:
            arg.encode("utf-8")
        except UnicodeEncodeError:
            raise click.UsageError(f"an argument is not UTF-8 text: `{arg[:80]!a}`", ctx) from None


def _write_options(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    own: list[tuple[str, str]] = []
    shared: list[tuple[str, str]] = []
    for parameter in command.get_params(ctx):
        line = parameter.get_help_record(ctx)
        if line is not None:
            (shared if isinstance(parameter, Everywhere) else own).append(line)
    for title, lines in (("Options", own), ("Options of every command", shared)):
        if lines:
            with formatter.section(title):
                formatter.write_dl(lines)


class Command(click.Command):
    """A command that also takes the shared options."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        if not any(isinstance(parameter, Everywhere) for parameter in self.params):
            self.params.extend(_everywhere())
        return super().get_params(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _check_text(ctx, args)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_options(self, ctx, formatter)


class Group(click.Group):
    """A noun: commands that also take the shared options, which may stand before them as well."""

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            wanted = args[0]
        from difflib import get_close_matches

        near = get_close_matches(wanted, self.list_commands(ctx), n=1)
        hint = f"; did you mean `{near[0]}`?" if near else f"; `{ctx.command_path} --help` lists them"
        raise click.UsageError(f"there is no command `{wanted[:80]}`{hint}", ctx)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        if not any(isinstance(parameter, Everywhere) for parameter in self.params):
            self.params.extend(_everywhere())
        return super().get_params(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _check_text(ctx, args)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)
