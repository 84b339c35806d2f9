"""`manage.py iam …` runs the command for the project's own deployment."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command, load_command_class
from django.core.management.base import CommandError
from django.test import override_settings

from iamkit.kit import IAM
from iamkit.memory import MemoryStore

if TYPE_CHECKING:
    from tests.web.conftest import MemoryGate


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """The processes that would be started: their words and environment."""
    started: list[tuple[list[str], dict[str, str]]] = []

    def run(words: Sequence[str], *, env: dict[str, str], check: bool) -> subprocess.CompletedProcess[str]:
        started.append((list(words[3:]), env))
        return subprocess.CompletedProcess(words, 3 if "fail" in words else 0)

    monkeypatch.setattr(subprocess, "run", run)
    return started


def test_the_command_is_told_the_deployment(tmp_path: Path, runs: Any) -> None:
    """Directory and settings of the project's IAM, whatever the environment of the shell says."""
    with (
        IAM(tmp_path, entry_points=False, hosts=["a.example", "b.example"]) as iam,
        override_settings(IAMKIT_IAM=iam),
    ):
        call_command("iam", "user", "list")
        load_command_class("iamkit.web.django", "iam").handle(arguments=["routes", "--json"])

    (words, environment), (listed, _) = runs
    assert words == ["user", "list"]
    assert environment["IAMKIT_DIR"] == str(tmp_path)
    assert environment["IAMKIT_HOSTS"] == "a.example,b.example"
    assert listed[:2] == ["routes", "--json"]
    assert len(listed) == 3


def test_exit_codes_are_passed_on(tmp_path: Path, runs: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """To the shell as they are, to Python as an error."""
    with IAM(tmp_path, entry_points=False) as iam, override_settings(IAMKIT_IAM=iam):
        made = load_command_class("iamkit.web.django", "iam")
        with pytest.raises(CommandError, match="exited with 3"):
            call_command("iam", "fail")
        with pytest.raises(SystemExit) as ended:
            made.run_from_argv(["manage.py", "iam", "fail", "--json"])
    assert ended.value.code == 3
    assert runs[-1][0] == ["fail", "--json"]


def test_an_iam_without_a_directory_is_told(
    tmp_path: Path, gate: MemoryGate, runs: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is started for something that the command could not open."""
    with IAM(tmp_path, store=MemoryStore(), entry_points=False) as iam:
        for unknown in (gate, iam):
            with override_settings(IAMKIT_IAM=unknown), pytest.raises(SystemExit) as ended:
                load_command_class("iamkit.web.django", "iam").run_from_argv(["manage.py", "iam", "user"])

            assert (ended.value.code, runs) == (2, [])
            assert "no directory" in capsys.readouterr().err
