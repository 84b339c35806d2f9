"""The 2011 command-line story of AWS IAM, line by line (CAP App. J), with today's commands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def _policy(action: str, resource: str) -> str:
    statement = {"Effect": "Allow", "Action": [action], "Resource": [resource]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_the_launch_day_story(cli: Cli) -> None:
    """An administrator of /app/ only: the users it makes, the ARN it mistypes, what stays closed to it."""
    lines = cli.ok("user", "create", "jeff", "--path", "/family/", "--key").splitlines()
    jeff = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    cli.ok("group", "create", "admins")
    cli.ok(
        "group",
        "put-policy",
        "admins",
        "manageusers",
        _policy("iam:*", "arn:aws:iam::123456789012:user/app/*"),
    )
    cli.ok("group", "add-user", "admins", "jeff")

    raw = cli("user", "create", "backup", "--path", "/app", "--key", env=jeff)
    assert raw.exit_code == 2
    assert "`/app/`" in raw.stderr
    for name in ("backup", "syndic8"):
        cli.ok("user", "create", name, "--path", "/app/", "--key", env=jeff)
    found = json.loads(cli.ok("user", "list", "--path-prefix", "/app/", "--json", env=jeff))
    assert [item["arn"] for item in found] == [
        "arn:aws:iam::123456789012:user/app/backup",
        "arn:aws:iam::123456789012:user/app/syndic8",
    ]
    assert cli("user", "list", env=jeff).exit_code == 1
    malformed = cli("user", "put-policy", "backup", "dobackup", _policy("s3:*", "arn:aws:s3::*"), env=jeff)
    assert malformed.exit_code == 2
    assert "did you mean `arn:aws:s3:::*`" in malformed.stderr
    cli.ok("user", "put-policy", "backup", "dobackup", _policy("s3:*", "arn:aws:s3:::*"), env=jeff)
    asked = ["simulate", "--principal", "backup", "--action", "s3:GetObject", "--action", "docs:Get"]
    outcomes = cli.data(*asked, "--resource", "arn:aws:s3:::photos/cat.jpg")
    assert [item["decision"] for item in outcomes] == ["allowed", "implicitDeny"]
    assert cli("user", "create", "cousin", "--path", "/family/", env=jeff).exit_code == 1
