"""The operator's page does not drift from the code: settings, files, backup, a lost key, logs."""

from __future__ import annotations

import dataclasses
import json
import logging
import re
import sqlite3
import stat
from pathlib import Path

import pytest

from iamkit import IAM, ConfigurationError, Settings
from iamkit.audit.decision_log import CAPACITY
from iamkit.settings import load

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A deployment that was set up."""
    with IAM(tmp_path / "iamkit-data") as iam:
        iam.initialize()
    return tmp_path / "iamkit-data"


def test_the_table_of_settings_is_the_tree_of_settings() -> None:
    """Every setting is there with its default and its variable, and nothing else is."""
    section = PAGE.partition("## Settings")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| `([^`]*)` \| `(\w+)` \|", section, flags=re.MULTILINE)

    fields = [field for field in dataclasses.fields(Settings) if field.name not in ("directory", "plugins")]

    assert [name for name, _, _ in rows] == [field.name for field in fields]
    for (name, default, variable), field in zip(rows, fields, strict=True):
        told = json.loads(default)
        assert (tuple(told) if isinstance(told, list) else told) == field.default
        assert variable == f"IAMKIT_{name.upper()}"


def test_the_shown_settings_file_is_one(tmp_path: Path) -> None:
    """What the page shows of `iamkit.toml` is accepted."""
    (shown,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "iamkit.toml").write_text(shown, encoding="utf-8")

    assert load(tmp_path, environment={}).trusted_proxies == ("10.0.0.7", "10.1.0.0/16")


def test_the_files_and_modes_are_as_told(directory: Path) -> None:
    """The directory, the database and the key are their owner's alone."""
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    files = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in directory.iterdir()}
    assert {name: mode for name, mode in files.items() if name != ".gitignore"} == {
        "iamkit.db": 0o600,
        "master.key": 0o600,
    }
    assert (directory / ".gitignore").read_text() == "*\n"


def test_a_backup_of_an_open_database_restores(directory: Path, tmp_path: Path) -> None:
    """SQLite's backup, taken while it is in use, and the key file make a working deployment again."""
    copy = tmp_path / "copy"
    copy.mkdir()
    with IAM(directory) as iam:
        account = iam.deployment().home_account
        source, target = sqlite3.connect(directory / "iamkit.db"), sqlite3.connect(copy / "iamkit.db")
        source.backup(target)
        source.close()
        target.close()
    (copy / "master.key").write_bytes((directory / "master.key").read_bytes())
    (copy / "master.key").chmod(0o600)

    with IAM(copy) as restored:
        assert restored.operator().account == account


def test_a_lost_key_is_told_and_never_replaced(directory: Path) -> None:
    """A store in use says to restore the key; setting up again makes no other one, and the old one works."""
    key = directory / "master.key"
    kept = key.read_bytes()
    key.unlink()

    for lost in (IAM.operator, IAM.initialize):
        with IAM(directory) as iam, pytest.raises(ConfigurationError, match="restore it from a backup"):
            lost(iam)
    assert not key.exists()

    key.write_bytes(kept)
    key.chmod(0o600)
    with IAM(directory) as iam:
        iam.operator()


def test_every_logger_is_named_on_the_page() -> None:
    """The table of loggers is what the code asks for."""
    used = {
        name
        for path in (ROOT / "iamkit").rglob("*.py")
        for name in re.findall(r'getLogger\("(iamkit[.\w]*)"\)', path.read_text(encoding="utf-8"))
    }

    section = PAGE.partition("## Logs")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(iamkit\.\w+)` \|", section, flags=re.MULTILINE)) == used


def test_a_kept_decision_is_logged_and_the_queue_is_as_long_as_told(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """INFO, with the id by which it can be explained."""
    caplog.set_level(logging.INFO, "iamkit.decision")
    with IAM(directory) as iam:
        verdict = iam.check("notes:Read", "note/1", principal=iam.find_principal("administrator"))

        assert verdict.id in caplog.text
        assert iam.why(verdict.id).record.decision_id == verdict.id
    assert f"{CAPACITY:,}" in PAGE
