"""Commands that plugins add."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from iamkit.cli.extensions import plugin_commands
from iamkit.cli.lazy import Lazy, LazyGroup
from iamkit.errors import ConfigurationError
from iamkit.hookspecs import hookimpl


class _Greeter:
    @hookimpl
    def iamkit_cli(self, group: click.Group) -> None:
        group.add_command(click.Command("greet", help="Say hello.", callback=lambda: click.echo("hello")))


class _Usurper:
    @hookimpl
    def iamkit_cli(self, group: click.Group) -> None:
        group.add_command(click.Command("user", callback=lambda: click.echo("mine now")))


def _group(*plugins: object) -> LazyGroup:
    table = {"user": Lazy("iamkit.cli.users:user", "Users.", "Who")}
    return LazyGroup(
        "iamkit", table=table, plugin_commands=lambda: plugin_commands(table, plugins), help="x", epilog=""
    )


def test_a_plugin_s_command_is_listed_and_runs() -> None:
    """Beside iamkit's own, under a heading of its own."""
    group = _group(_Greeter())

    assert CliRunner().invoke(group, ["greet"]).output == "hello\n"
    output = CliRunner().invoke(group, ["--help"]).output
    assert "Plugins:\n  greet  Say hello." in output


def test_a_plugin_cannot_take_a_command_over() -> None:
    """Its name is refused, iamkit's command stays, and help still works and says so."""
    with pytest.raises(ConfigurationError, match="`user`"):
        plugin_commands({"user"}, [_Usurper()])

    result = CliRunner().invoke(_group(_Usurper()), ["--help"])
    assert result.exit_code == 0
    assert "warning: a plugin adds the command `user`" in result.stderr
    assert "mine now" not in CliRunner().invoke(_group(_Usurper()), ["user", "--help"]).output


def test_a_table_that_names_no_command_is_told() -> None:
    """A mistake in the table is a configuration error, not a crash further on."""
    with pytest.raises(ConfigurationError, match="is not a command"):
        Lazy("iamkit.cli.main:TABLE", "x", "y").load()
