"""`iamkit init`: everything or nothing, and the key shown once."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iamkit.cli.main import root


def _init(directory: Path, *args: str) -> Result:
    return CliRunner().invoke(root(), ["init", "--dir", str(directory), *args], prog_name="iamkit")


def test_what_init_prints_can_be_pasted(tmp_path: Path) -> None:
    """Standard output is the two `export` lines, and they prove the administrator."""
    result = _init(tmp_path / "accounts", "--admin-name", "jeff", "--path", "/family/")

    assert result.exit_code == 0
    lines = [line.removeprefix("export ").split("=", 1) for line in result.stdout.splitlines()]
    assert [name for name, _value in lines] == ["IAMKIT_ACCESS_KEY_ID", "IAMKIT_SECRET_ACCESS_KEY"]
    who = CliRunner().invoke(
        root(), ["whoami", "--json"], env={**dict(lines), "IAMKIT_DIR": str(tmp_path / "accounts")}
    )
    assert json.loads(who.stdout)["arn"].endswith(":user/family/jeff")
    assert "next:" in result.stderr
    assert "export IAMKIT_DIR=" in result.stderr


def test_only_the_owner_can_read_what_init_makes(tmp_path: Path) -> None:
    """The directory and the key file are closed to everybody else."""
    _init(tmp_path / "accounts")

    assert stat.S_IMODE((tmp_path / "accounts").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "accounts" / "master.key").stat().st_mode) == 0o600


def test_a_directory_is_initialized_once(tmp_path: Path) -> None:
    """A second `init` is refused with code 2, and the first administrator's key goes on working."""
    first = json.loads(_init(tmp_path / "accounts", "--json").stdout)

    again = _init(tmp_path / "accounts", "--account-id", "999999999999")

    assert again.exit_code == 2
    assert "initialized already" in again.stderr
    assert again.stdout == ""
    who = CliRunner().invoke(
        root(),
        ["whoami", "--json", "--dir", str(tmp_path / "accounts")],
        env={
            "IAMKIT_ACCESS_KEY_ID": first["access_key_id"],
            "IAMKIT_SECRET_ACCESS_KEY": first["secret_access_key"],
        },
    )
    assert json.loads(who.stdout)["account"] == first["account"] != "999999999999"


@pytest.mark.parametrize(
    "args",
    [
        ["--admin-name", "a b"],
        ["--admin-name", "a" * 65],
        ["--path", "/family"],
        ["--account-name", ""],
        ["--account-name", "a\nb"],
        ["--account-name", "x" * 51],
        ["--account-id", "12"],
        ["--partition", "AWS!"],
    ],
)
def test_a_refused_init_makes_nothing(tmp_path: Path, args: list[str]) -> None:
    """Bad names are found before a directory, a database or a key file is made."""
    result = _init(tmp_path / "accounts", *args)

    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert not (tmp_path / "accounts").exists()


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    """A path that is a file is refused and left alone."""
    (tmp_path / "accounts").write_text("mine")

    result = _init(tmp_path / "accounts")

    assert result.exit_code == 2
    assert (tmp_path / "accounts").read_text() == "mine"


def test_a_custom_partition_is_in_every_arn(tmp_path: Path) -> None:
    """What `--partition` fixes stands in the administrator's ARN."""
    made = json.loads(_init(tmp_path / "accounts", "--partition", "acme", "--json").stdout)

    assert made["administrator"].startswith("arn:acme:iam::")
