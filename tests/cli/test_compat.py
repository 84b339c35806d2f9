"""The commands of 2011, line by line as they were shown then (CAP App. J), with their traps refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iamkit.cli.compat.words import path_of

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

ARN = "arn:aws:iam::123456789012:user"
Act = Callable[..., str]


@pytest.fixture
def jeff(cli: Cli, tmp_path: Path) -> dict[str, str]:
    """jeff, who manages /app/, and the file of credentials that his commands read."""
    made = cli.ok("compat", "iam-usercreate", "-u", "jeff", "-p", "/family/", "-k").splitlines()
    assert re.fullmatch("AKIA[A-Z2-7]{16}", made[0])
    assert len(made[1]) == 40
    file = tmp_path / "jeff"
    file.write_text(f"AWSAccessKeyId={made[0]}\nAWSSecretKey={made[1]}\n", encoding="utf-8")
    return {"AWS_CREDENTIAL_FILE": str(file)}


def test_the_transcript_runs_line_by_line(cli: Cli, jeff: dict[str, str], tmp_path: Path) -> None:
    """Each command prints what it printed then; what was a trap is said."""
    names = [line.rpartition("/")[2] for line in cli.ok("compat", "iam-userlistbypath").splitlines()]
    assert "jeff" in names
    assert cli.ok("compat", "iam-groupcreate", "-g", "admins") == ""
    grant = ["iam-groupaddpolicy", "-g", "admins", "-p", "manageusers", "-e", "Allow", "-a", "iam:*"]
    granted = cli("compat", *grant, "-r", f"{ARN}/app/*")
    assert granted.exit_code == 0
    assert granted.stdout == ""
    assert "SELF_ESCALATION" in granted.stderr
    assert cli.ok("compat", "iam-groupadduser", "-g", "admins", "-u", "jeff") == ""

    for name in ("backup", "syndic8"):
        made = cli("compat", "iam-usercreate", "-u", name, "-p", "/app", "-k", env=jeff)
        assert made.exit_code == 0, made.output
        assert len(made.stdout.splitlines()) == 2
        assert "path /app is taken as /app/" in made.stderr
    listed = cli.ok("compat", "iam-userlistbypath", "-p", "/app/", env=jeff)
    assert listed.splitlines() == [f"{ARN}/app/backup", f"{ARN}/app/syndic8"]
    everybody = cli("compat", "iam-userlistbypath", env=jeff)
    assert everybody.exit_code == 1

    allow = ["compat", "iam-useraddpolicy", "-u", "backup", "-p", "dobackup", "-e", "Allow", "-a", "s3:*"]
    mistyped = cli(*allow, "-r", "arn:aws:s3::*", env=jeff)
    assert mistyped.exit_code == 2
    assert "did you mean `arn:aws:s3:::*`" in mistyped.stderr
    assert cli.ok(*allow, "-r", "arn:aws:s3:::*", env=jeff) == ""
    name, text = cli.ok("compat", "iam-userlistpolicies", "-u", "backup", "-v", env=jeff).splitlines()
    assert name == "dobackup"
    assert json.loads(text) == {
        "Version": "2008-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}],
    }

    file = tmp_path / "ec2.json"
    file.write_text(text.replace("s3:*", "ec2:*").replace("arn:aws:s3:::*", "*"), encoding="utf-8")
    assert cli.ok("compat", "iam-useruploadpolicy", "-u", "jeff", "-p", "ec2", "-f", str(file)) == ""
    asked = ["simulate", "--principal", "backup", "--action", "s3:PutObject", "--action", "ec2:RunInstances"]
    outcomes = cli.data(*asked, "--resource", "arn:aws:s3:::photos/cat.jpg")
    assert [item["decision"] for item in outcomes] == ["allowed", "implicitDeny"]


def test_both_spellings_of_a_command_are_one(cli: Cli, jeff: dict[str, str]) -> None:
    """The one that the documentation had and the one that its example had."""
    assert jeff
    assert cli.ok("compat", "iam-userlist") == cli.ok("compat", "iam-userlistbypath")
    assert cli.ok("compat", "iam-listuserpolicies", "-u", "jeff") == ""
    assert "iam-listuserpolicies" not in cli.ok("compat", "--help")


def test_the_other_commands_of_the_time(cli: Cli) -> None:
    """Keys, attributes, roles, aliases, passwords; each is today's operation."""
    cli.ok("compat", "iam-usercreate", "-u", "mona", "-v")
    key_id, _ = cli.ok("compat", "iam-useraddkey", "-u", "mona").splitlines()
    assert cli.ok("compat", "iam-userlistkeys", "-u", "mona").splitlines() == [key_id, "Active"]
    cli.ok("compat", "iam-userdelkey", "-u", "mona", "-k", key_id)
    assert cli.ok("compat", "iam-usergetattributes", "-u", "mona").splitlines()[0] == f"{ARN}/mona"
    cli.ok("compat", "iam-useraddloginprofile", "-u", "mona", "-p", "a quiet harbour at dawn")
    cli.ok("compat", "iam-groupcreate", "-g", "staff", "-p", "staff")
    cli.ok("compat", "iam-groupadduser", "-g", "staff", "-u", "mona")
    cli.ok("compat", "iam-groupremoveuser", "-g", "staff", "-u", "mona")
    cli.ok("compat", "iam-rolecreate", "-r", "worker", "-s", "jobs.example.org")
    role = ["-r", "worker", "-p", "own", "-e", "Allow", "-a", "docs:*", "-c", "*"]
    shown = cli.ok("compat", "iam-roleaddpolicy", *role, "-o")
    assert json.loads(shown)["Statement"][0]["Resource"] == ["*"]
    cli.ok("compat", "iam-roledelpolicy", "-r", "worker", "-p", "own")
    cli.ok("compat", "iam-accountaliascreate", "-a", "example-org")


def test_a_file_of_credentials_that_is_none_is_named_and_nobody_acts(cli: Cli, tmp_path: Path) -> None:
    """It is never taken as no file, which would make the operator act."""
    for content in (None, "AWSAccessKeyId=AKIA", "\x00\xff"):
        file = tmp_path / "credentials"
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_bytes(content.encode("latin-1"))
        told = cli("compat", "iam-userlistbypath", env={"AWS_CREDENTIAL_FILE": str(file)})
        assert told.exit_code == 2
        assert "AWS_CREDENTIAL_FILE" in told.stderr


def test_paths_get_their_slashes_on_the_command_line_only() -> None:
    """What has them stays as it is."""
    assert [path_of(text) for text in ("/", "/app/", "/app", "app")] == ["/", "/app/", "/app/", "/app/"]


def test_a_link_that_is_named_as_a_command_runs_it(cli: Cli, tmp_path: Path) -> None:
    """Scripts of the time need no change; and `python -m iamkit` is the command."""
    link = tmp_path / "iam-userlistbypath"
    link.symlink_to(Path(sys.executable).parent / "iamkit")
    environment = {"IAMKIT_DIR": str(cli.directory), "PATH": "/usr/bin"}
    for command in ([str(link)], [sys.executable, "-m", "iamkit", "compat", "iam-userlistbypath"]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert ARN in done.stdout
