"""The command as a whole: helps, version, lightness, the shared options."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from iamkit.cli.main import TABLE, root

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

_HEAVY = (
    "rich",
    "sqlalchemy",
    "sqlmodel",
    "alembic",
    "flask",
    "fastapi",
    "cryptography",
    "argon2",
    "pydantic",
)


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _commands(found, (*path, name))


def test_every_command_has_a_help_with_text() -> None:
    """`--help` of each command says what it does, and shows the options that every command takes."""
    for path in _commands(root()):
        result = CliRunner().invoke(root(), [*path, "--help"])

        assert result.exit_code == 0, path
        said = result.output.split("\n\n")
        assert len(said[1].strip()) > 10, path
        assert "--json" in result.output


def test_table_tells_the_same_as_the_commands() -> None:
    """Each row of the lazy table loads a command of that name."""
    for name, entry in TABLE.items():
        assert entry.load().name == name
        assert entry.help.endswith(".")


def test_start_is_light() -> None:
    """Neither help nor version imports a framework, a database or a renderer."""
    program = (
        "import sys\n"
        "from iamkit.cli.main import root\n"
        "for argument in ('--help', '--version'):\n"
        "    try:\n"
        "        root()([argument], prog_name='iamkit')\n"
        "    except SystemExit as done:\n"
        "        assert done.code == 0\n"
        f"print(sorted(set({_HEAVY!r}) & {{name.split('.')[0] for name in sys.modules}}))\n"
        "print(sorted(name for name in sys.modules if name.startswith(('iamkit.kit', 'iamkit.policy'))))\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-2:] == ["[]", "[]"]


def test_version_is_the_distribution_s() -> None:
    """`--version` names the program and its version."""
    from importlib.metadata import version

    result = CliRunner().invoke(root(), ["--version"])

    assert result.output.strip() == f"iamkit {version('iamkit')}"


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_shared_options_may_stand_anywhere(cli: Cli, place: int) -> None:
    """`--json` counts before the noun, between noun and verb, and after them."""
    words = ["user", "show", "ana"]
    words.insert(place, "--json")

    assert cli(*words).stdout.startswith("{")


def test_unknown_commands_and_options_are_bad_input() -> None:
    """A word that is no command or option ends with code 2."""
    for words in (["nope"], ["user", "nope"], ["user", "list", "--nope"], ["group", "show"]):
        assert CliRunner().invoke(root(), words).exit_code == 2


def test_epilog_tells_exit_codes_and_completion() -> None:
    """The outermost help says what exit codes mean and how to get completion."""
    output = CliRunner().invoke(root(), ["--help"]).output

    assert "Exit codes" in output
    assert "_IAMKIT_COMPLETE=bash_source" in output


def test_completion_lists_the_commands() -> None:
    """Click's own completion knows the lazy commands."""
    result = CliRunner().invoke(
        root(),
        [],
        prog_name="iamkit",
        env={"_IAMKIT_COMPLETE": "bash_complete", "COMP_WORDS": "iamkit gu", "COMP_CWORD": "1"},
    )

    assert "guardrail" in result.output


def test_letters_that_cannot_be_shown_are_spelt_out(cli: Cli) -> None:
    """A pipe in a narrow encoding gets the whole answer, through the real entry point."""
    cli.ok("user", "tag", "ana", "city=\u0391\u03b8")

    done = subprocess.run(
        [sys.executable, "-c", "from iamkit.cli import main; main()", "user", "show", "ana"],
        env={"PYTHONIOENCODING": "latin-1", "IAMKIT_DIR": str(cli.directory), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "city=\\u0391\\u03b8" in done.stdout
