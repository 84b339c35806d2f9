"""The pytest plugin and `iamkit policy test`: the documented example runs, and a failure explains itself."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iamkit.cli.main import root
from iamkit.errors import InputError
from iamkit.testing.case_files import cases_of

PAGE = (Path(__file__).parents[2] / "docs" / "policy-tests.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, flags=re.DOTALL))


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of the documentation, in the working directory."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def command(*args: str) -> Result:
    return CliRunner().invoke(root(), list(args), prog_name="iamkit")


def under_pytest(directory: Path) -> subprocess.CompletedProcess[str]:
    """A run of pytest of its own, with the plugin as an installation has it."""
    installed = any(entry.value == "iamkit.testing.plugin" for entry in entry_points(group="pytest11"))
    loaded = [] if installed else ["-p", "iamkit.testing.plugin"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *loaded, str(directory)],
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
    )


def test_the_documented_example_passes(example: Path) -> None:
    """Every file of the page, by the documented command."""
    (line,) = re.findall(r"^iamkit (policy test .*)$", PAGE, flags=re.MULTILINE)

    done = command(*line.split())

    assert done.exit_code == 0, done.output
    assert done.output == "5 passed, 0 failed\n"
    assert {name for name in FILES if ".policytest." in name} == set(line.split()[2:])


def test_a_failing_case_exits_with_one_and_explains(example: Path) -> None:
    """Text for people, JSON for programs."""
    wrong = FILES["owner.policytest.toml"].replace('"denied"', '"allowed"')
    (example / "owner.policytest.toml").write_text(wrong, encoding="utf-8")

    done = command("policy", "test", "owner.policytest.toml")
    (told,) = json.loads(command("policy", "test", "owner.policytest.toml", "--json").stdout)

    assert done.exit_code == 1
    assert "expected to be allowed and is implicitDeny" in done.output
    assert "no permissions boundary allows it" in done.output
    assert "0 passed, 1 failed" in done.output
    assert (told["passed"], told["decision"]) == (False, "implicitDeny")
    assert told["explanation"]["missing"] == ["permissions boundary"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.policytest.json", "{", "cannot be read"),
        ("x.policytest.toml", "cases = ", "cannot be read"),
        ("x.policytest.json", "[" * 100_000, "cannot be read"),
        ("x.policytest.json", '{"cases": []}', "has no `cases`"),
        (
            "x.policytest.json",
            FILES["notes.policytest.json"].replace("reader.json", "gone.json"),
            "gone.json",
        ),
    ],
)
def test_a_file_that_is_none_is_refused(example: Path, name: str, text: str, message: str) -> None:
    """With exit code 2, and what is wrong with which file."""
    (example / name).write_text(text, encoding="utf-8")

    done = command("policy", "test", name)

    assert done.exit_code == 2
    assert message in done.stderr
    assert name in done.stderr
    with pytest.raises(InputError, match=re.escape(message)):
        cases_of(example / name)
    assert command("policy", "test", "nowhere.policytest.json").exit_code == 2


def test_pytest_collects_the_files(example: Path) -> None:
    """A test for each case, named by it; nothing else is taken."""
    (example / "notes.json").write_text("{", encoding="utf-8")

    done = under_pytest(example)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout
    assert "readers do not write" in done.stdout


def test_a_failure_under_pytest_is_the_explanation(example: Path) -> None:
    """Without a traceback of iamkit; a file that cannot be read is an error of collection."""
    wrong = FILES["notes.policytest.json"].replace('"implicitDeny"', '"allowed"')
    (example / "notes.policytest.json").write_text(wrong, encoding="utf-8")
    failed = under_pytest(example)
    (example / "owner.policytest.toml").write_text("[[cases]]", encoding="utf-8")
    broken = under_pytest(example)

    assert failed.returncode == 1
    assert "`readers do not write` was expected to be allowed and is implicitDeny" in failed.stdout
    assert "what would make it pass:" in failed.stdout
    assert "Traceback" not in failed.stdout
    assert "runtest" not in failed.stdout
    assert broken.returncode != 0
    assert "owner.policytest.toml" in broken.stdout
    assert "case 1: `expect` is one of" in broken.stdout
