"""`iamkit role assume`, `sessions` and `revoke`, with botocore as who reads what is printed."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.credentials import ProcessProvider

from iamkit.arn import Arn

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli


def allow(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.fixture
def worker(cli: Cli) -> str:
    """A role that `ana` may be."""
    account = Arn.parse(cli.data("user", "show", "ana")["arn"]).account
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:user/ana"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": trust})
    made = cli.data("role", "create", "worker", text, "--path", "/app/")
    cli.ok("role", "put-policy", "worker", "own", allow("iam:GetUser", "iam:ListUsers"))
    return str(made["arn"])


def exported(text: str) -> dict[str, str]:
    return dict(line.removeprefix("export ").split("=", 1) for line in text.splitlines())


def test_lines_are_pasted_and_one_is_the_role(cli: Cli, worker: str) -> None:
    """With the variables of this command line, or with those of AWS's tools."""
    lines = exported(cli.ok("role", "assume", "worker", "--tag", "team=x", env=cli.key_of("ana")))

    told = json.loads(cli.ok("whoami", "--json", env=lines))
    assert told["arn"].endswith(":assumed-role/worker/ana")
    cli.ok("user", "list", env=lines)
    assert cli("user", "create", "eve", env=lines).exit_code == 1
    assert cli("user", "list", env={**lines, "IAMKIT_SESSION_TOKEN": "x"}).exit_code != 0
    aws = cli.ok("--as", "ana", "role", "assume", worker, "--session", "job", "--aws")
    assert set(exported(aws)) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}


def test_a_program_is_told_the_same(cli: Cli, worker: str) -> None:
    """As JSON, with when it ends."""
    made = cli.data("--as", "ana", "role", "assume", "worker", "--duration", "900", "--session", "job")

    assert made["arn"].endswith("/worker/job")
    assert made["access_key_id"].startswith("ASIA")
    left = datetime.fromisoformat(made["expires"]) - datetime.now(UTC)
    assert 800 < left.total_seconds() <= 900


def test_botocore_reads_what_a_process_prints(cli: Cli, worker: str) -> None:
    """Its own provider runs the command and takes the credentials."""
    opened = [sys.executable, "-m", "iamkit", "--dir", str(cli.directory)]
    command = shlex.join([*opened, "--as", "ana", "role", "assume", worker, "--process"])
    profile = {"profiles": {"job": {"credential_process": command}}}

    found = ProcessProvider("job", lambda: profile).load()

    assert found is not None
    assert found.method == "custom-process"
    frozen = found.get_frozen_credentials()
    assert frozen.access_key.startswith("ASIA")
    assert frozen.token


def test_sessions_are_seen_and_ended(cli: Cli, worker: str) -> None:
    """One by one, and all at once."""
    env = cli.key_of("ana")
    first = exported(cli.ok("role", "assume", "worker", "--session", "one", env=env))
    second = exported(cli.ok("role", "assume", "worker", "--session", "two", env=env))
    listed = {item["name"]: item for item in cli.data("role", "sessions", "worker")}
    assert set(listed) == {"one", "two"}
    assert listed["one"]["chain"][0].endswith(":user/ana")

    cli.ok("role", "revoke", "worker", listed["one"]["session"])
    assert cli("whoami", env=first).exit_code != 0
    cli.ok("whoami", env=second)
    assert cli.data("role", "revoke", "worker") == {"role": "worker", "ended": 1}
    assert cli("whoami", env=second).exit_code != 0
    assert "nobody" in cli("role", "sessions", "worker").stderr
    assert cli("role", "revoke", "worker", "ASIANOTHING").exit_code == 2


def test_who_may_not_is_refused(cli: Cli, worker: str, tmp_path: Path) -> None:
    """Nobody but whom the role trusts, and not the operator, who is root; a bad policy is shown."""
    cli.ok("user", "create", "mia")
    assert cli("--as", "mia", "role", "assume", "worker").exit_code == 1
    assert cli("role", "assume", "worker").exit_code == 1
    assert cli("--as", "ana", "role", "assume", "nothing").exit_code == 1
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    assert cli("--as", "ana", "role", "assume", "worker", "--file", str(bad)).exit_code != 0
    assert cli("--as", "ana", "role", "assume", "worker", "--duration", "1").exit_code != 0


CHILD = """
import json, os
from botocore.credentials import ContainerProvider
found = ContainerProvider().load().get_frozen_credentials()
print(json.dumps({"key": found.access_key, "token": bool(found.token), "names": sorted(os.environ)}))
raise SystemExit(7)
"""


def run(cli: Cli, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run(  # our own command
        [sys.executable, "-m", "iamkit", "--dir", str(cli.directory), "role", "run", *args],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_command_runs_as_a_role_without_a_secret(cli: Cli, tmp_path: Path) -> None:
    """botocore in it finds credentials of the role; its status is ours; nothing that lasts is inherited."""
    trust = {"Effect": "Allow", "Principal": {"Service": "workload.iamkit"}, "Action": "sts:AssumeRole"}
    cli.ok("role", "create", "job", json.dumps({"Version": "2012-10-17", "Statement": trust}))
    kept = {"AWS_SECRET_ACCESS_KEY": "x", "AWS_ACCESS_KEY_ID": "AKIAX", "AWS_WEB_IDENTITY_TOKEN_FILE": "x"}
    # Files that an SDK looks into before it asks anybody.
    files = tmp_path / "credentials"
    files.write_text("[default]\naws_access_key_id = AKIAX\naws_secret_access_key = x\n", encoding="utf-8")
    file = {"AWS_SHARED_CREDENTIALS_FILE": str(files)}

    done = run(cli, "job", "--session", "host", "--", sys.executable, "-c", CHILD, **kept, **file)

    assert done.returncode == 7, done.stderr
    told = json.loads(done.stdout)
    assert told["key"].startswith("ASIA")
    assert told["token"]
    assert not set(kept) & set(told["names"])
    chain = [item["chain"] for item in cli.data("role", "sessions", "job")]
    assert chain == [["workload.iamkit"]] * 2
    refused = run(cli, "job", "--component", "other.part", "--", sys.executable, "-c", "print('ran')")
    assert refused.returncode == 1
    assert "ran" not in refused.stdout
    assert run(cli, "job", "--", "no-such-command").returncode == 2
    assert run(cli, "gone", "--profile", "--", sys.executable).returncode != 0


def test_access_is_asked_for_granted_and_over(cli: Cli) -> None:
    """By one, by another, and taken back."""
    trust = {"Effect": "Allow", "Principal": {"Service": "jobs.myapp"}, "Action": "sts:AssumeRole"}
    cli.ok("role", "create", "admin", json.dumps({"Version": "2012-10-17", "Statement": trust}))
    cli.ok("user", "create", "boss")
    for name in ("ana", "boss"):
        cli.ok("user", "put-policy", name, "own", allow("iamkit:*"))
    made = cli.data("--as", "ana", "request", "ask", "admin", "the release")["request"]

    assert cli("--as", "ana", "request", "approve", made).exit_code == 1
    cli.ok("--as", "boss", "request", "approve", made, "--note", "go")
    (listed,) = cli.data("request", "list")
    assert (listed["state"], listed["note"]) == ("ACCEPTED", "go")
    lines = exported(cli.ok("--as", "ana", "request", "start", made))
    assert "/admin/" in cli.ok("whoami", env=lines)
    assert "admin" in cli.ok("request", "list")
    cli.ok("request", "reject", made)
    assert cli("whoami", env=lines).exit_code != 0
