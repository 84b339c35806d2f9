"""A group whose commands are imported when they are run; their one-line helps stand in a table."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import click

from iamkit.cli.options import Group
from iamkit.errors import ConfigurationError, IamkitError

# Gives the commands of plugins, by name.
PluginCommands = Callable[[], Mapping[str, click.Command]]


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command that is not imported yet: `home` is `module:attribute`, `section` its heading in the help."""

    home: str
    help: str
    section: str

    def load(self) -> click.Command:
        """Import the command."""
        module, _, attribute = self.home.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise ConfigurationError(f"`{self.home}` is not a command")
        return command


class LazyGroup(Group):
    """See the module. Plugins are asked only for the list and for a name that the table lacks."""

    def __init__(
        self, name: str, *, table: Mapping[str, Lazy], plugin_commands: PluginCommands, help: str, epilog: str
    ) -> None:
        super().__init__(name, help=help, epilog=epilog)
        self._table = table
        self._ask_plugins = plugin_commands
        self._asked: Mapping[str, click.Command] | None = None

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [*self._table, *sorted(self._from_plugins())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = self._table.get(cmd_name)
        if entry is not None:
            return entry.load()
        return self._plugin_commands().get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, entry in self._table.items():
            sections.setdefault(entry.section, []).append((name, entry.help))
        for name, command in sorted(self._from_plugins().items()):
            sections.setdefault("Plugins", []).append((name, command.get_short_help_str(80)))
        for title, lines in sections.items():
            with formatter.section(title):
                formatter.write_dl(lines)

    def _plugin_commands(self) -> Mapping[str, click.Command]:
        if self._asked is None:
            self._asked = self._ask_plugins()
        return self._asked

    def _from_plugins(self) -> Mapping[str, click.Command]:
        # Help and completion must work also while a plugin is broken; running its command says why.
        try:
            return self._plugin_commands()
        except IamkitError as fault:
            click.echo(f"warning: {fault}", err=True)
            return {}
