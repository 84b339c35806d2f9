"""A directory of accounts to work on, and the command line to work with."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from iamkit.cli.main import root
from iamkit.kit import IAM
from iamkit.sql.records import declared
from iamkit.storage import record_type

PASSWORD = "a quiet harbour at dawn"
# What a run may add without anything having been changed.
_TRACES = ("audit_event", "decision", "last_access", "policy_document")


@dataclass(frozen=True)
class Cli:
    """Runs commands in this process, on one directory."""

    directory: Path

    def __call__(
        self, *args: str, input: str | bytes | None = None, env: Mapping[str, str] | None = None
    ) -> Result:
        """Run a command. A fault that escapes the command line fails the test."""
        result = CliRunner().invoke(
            root(),
            list(args),
            input=input,
            env={"IAMKIT_DIR": str(self.directory), **(env or {})},
            prog_name="iamkit",
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result

    def ok(self, *args: str, input: str | bytes | None = None, env: Mapping[str, str] | None = None) -> str:
        """Run a command that must succeed; its standard output."""
        result = self(*args, input=input, env=env)
        assert result.exit_code == 0, result.output
        return result.stdout

    def data(self, *args: str, input: str | bytes | None = None) -> Any:  # whatever JSON holds
        """Run a command with `--json` that must succeed; what it says."""
        return json.loads(self.ok(*args, "--json", input=input))

    def key_of(self, user: str) -> dict[str, str]:
        """A new key of a user, as the variables that carry it."""
        made = self.data("key", "create", user)
        return {
            "IAMKIT_ACCESS_KEY_ID": made["access_key_id"],
            "IAMKIT_SECRET_ACCESS_KEY": made["secret_access_key"],
        }

    def state(self) -> dict[str, list[str]]:
        """Everything in the store that a command could have changed."""
        with IAM(self.directory) as iam, iam.store.read() as reader:
            return {
                kind.__name__: sorted(repr(item) for item in reader.find(kind))
                for kind in declared()
                if record_type(kind).name not in _TRACES
            }


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands write to a pipe of any width, whatever the terminal that the tests are run in."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of whoever runs the tests takes part."""
    for name in [name for name in os.environ if name.startswith("IAMKIT_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def initialized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that is made once and copied for each test."""
    directory = tmp_path_factory.mktemp("cli") / "iamkit-data"
    with IAM(directory) as iam:
        iam.initialize(account_id="123456789012")
    return directory


@pytest.fixture
def cli(initialized: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on a directory of the test's own, with user `ana`, who may do nothing."""
    shutil.copytree(initialized, tmp_path / "iamkit-data")
    monkeypatch.chdir(tmp_path)
    made = Cli(tmp_path / "iamkit-data")
    made.ok("user", "create", "ana")
    return made


@pytest.fixture
def password() -> str:
    """One that every rule admits."""
    return PASSWORD
