"""`iamkit export`, `plan` and `apply`: a folder that is the account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

ACCOUNT = "123456789012"
READ = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "notes:Read", "Resource": "*"}]}
)


def test_a_folder_is_written_compared_and_applied(cli: Cli, tmp_path: Path) -> None:
    """An edit is a step and a difference of access; after it is applied nothing is left to do."""
    folder = tmp_path / "account"
    cli.ok("user", "put-policy", "ana", "own", READ)
    assert cli.data("export", str(folder))["files"] == 3
    assert "nothing to change" in cli.ok("plan", str(folder), "--check")

    ana = folder / "users" / "ana.json"
    ana.write_text(ana.read_text().replace("notes:Read", "notes:Write"))
    (folder / "users" / "ben.json").write_text('{"name": "ben"}')
    (folder / "users" / "administrator.json").unlink()
    before = cli.state()
    shown = cli.ok("plan", str(folder))
    assert cli.state() == before
    assert "~ user ana: policy own" in shown
    assert "+ user ben: on /" in shown
    assert "user/ana gains notes:Write on *" in shown
    assert "user/ana loses notes:Read on *" in shown
    assert "in no file: user administrator" in shown
    assert cli("plan", str(folder), "--check").exit_code == 1
    data = cli.data("plan", str(folder))
    assert {item["who"] for item in data["access"]} == {"user/ana"}

    assert cli("apply", str(folder), input="n\n").exit_code == 1
    assert cli.state() == before
    assert cli("apply", str(folder), "--json").exit_code == 2
    cli.ok("apply", str(folder), "--yes")
    assert "nothing to change" in cli.ok("plan", str(folder))
    assert [item["name"] for item in cli.data("user", "list")] == ["administrator", "ana", "ben"]


def test_what_failed_is_told_with_how_far_it_got(cli: Cli, tmp_path: Path) -> None:
    """And applying again goes on from there."""
    folder = tmp_path / "account"
    cli.ok("export", str(folder))
    (folder / "users" / "ben.json").write_text('{"name": "ben", "attached": ["arn:aws:iam::aws:policy/No"]}')
    failed = cli("apply", str(folder), "--yes")
    assert failed.exit_code == 2
    assert "1 of 2 steps were done; not done: user ben with arn:aws:iam::aws:policy/No" in failed.output
    (folder / "users" / "ben.json").write_text('{"name": "ben"}')
    assert "nothing to change" in cli.ok("plan", str(folder))


def test_an_export_leaves_no_file_of_what_is_gone(cli: Cli, tmp_path: Path) -> None:
    """And touches nothing else in the folder."""
    folder = tmp_path / "account"
    cli.ok("export", str(folder))
    (folder / "README.md").write_text("ours")
    cli.ok("user", "delete", "ana")
    cli.ok("export", str(folder))
    assert not (folder / "users" / "ana.json").exists()
    assert (folder / "README.md").exists()


def test_a_folder_that_is_none_is_refused(cli: Cli, tmp_path: Path) -> None:
    """Empty, with a folder of another name, or with letters that are none."""
    folder = tmp_path / "account"
    folder.mkdir()
    assert cli("plan", str(folder)).exit_code == 2
    cli.ok("export", str(folder))
    (folder / "user").mkdir()
    (folder / "user" / "ben.json").write_text("{}")
    assert "`user` is no folder" in cli("plan", str(folder)).output
    (folder / "user" / "ben.json").unlink()
    (folder / "users" / "ben.json").write_bytes(b"\xff")
    assert "not UTF-8" in cli("plan", str(folder)).output


def test_a_dump_becomes_a_folder(cli: Cli, tmp_path: Path) -> None:
    """Of AWS's own making."""
    dump, folder = tmp_path / "dump.json", tmp_path / "account"
    dump.write_text(
        json.dumps(
            {
                "UserDetailList": [{"UserName": "eve", "Path": "/"}],
                "GroupDetailList": [],
                "RoleDetailList": [],
                "Policies": [],
            }
        )
    )
    assert cli.data("export", str(folder), "--from-dump", str(dump))["files"] == 2
    assert "+ user eve" in cli.ok("plan", str(folder))
    dump.write_text("x")
    assert cli("export", str(folder), "--from-dump", str(dump)).exit_code == 2


def test_whoever_may_not_read_exports_nothing(cli: Cli, tmp_path: Path) -> None:
    """The operations of an export are asked for like any other."""
    assert cli("--as", "ana", "export", str(tmp_path / "account")).exit_code == 1
