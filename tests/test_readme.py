"""The README shows what the examples are, and its commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from iamkit.cli.main import root

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"<!-- example: (\w+) -->\n```python\n(.*?)```", README, flags=re.DOTALL)
SHELL = "".join(re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL))
COMMANDS = re.findall(r"^iamkit ([a-z].*?)(?: '.*| +#.*)?$", SHELL, flags=re.MULTILINE)


@pytest.mark.parametrize(("name", "shown"), EXAMPLES)
def test_the_readme_shows_the_example_that_is_tested(name: str, shown: str) -> None:
    """What a reader copies is, letter by letter, the app that the example's test runs."""
    assert shown == (ROOT / "examples" / name / "app.py").read_text(encoding="utf-8")


def test_both_frameworks_are_shown() -> None:
    """There is an example of each."""
    assert {name for name, _ in EXAMPLES} == {"flask_notes", "fastapi_documents"}


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_exists(line: str) -> None:
    """Each `iamkit …` line names commands that there are."""
    found: click.Command = root()
    context = click.Context(found)
    for word in shlex.split(line):
        if not isinstance(found, click.Group):
            break
        child = found.get_command(context, word)
        assert child is not None, f"`iamkit {line}` does not exist"
        found = child


def test_the_two_commands_need_python_only() -> None:
    """The set-up lines are the portable form, for the demo and for the tests."""
    start = "python3 -m venv .venv && .venv/bin/pip install -q uv && .venv/bin/uv run"

    assert f"{start} iamkit demo\n" in README
    assert f"{start} pytest\n" in README
