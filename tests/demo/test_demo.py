"""`iamkit demo --once`: a tour with every outcome, each decision explained; it notices an altered policy."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

POLICIES = resources.files("iamkit.cli.demo") / "policies"
# By hand, one policy at a time: what it granted is gone, what it denied is allowed, its network is another.
ALTERED: dict[str, Callable[[str], str]] = {
    "dobackup": lambda text: re.sub(r',\s*\{"Sid": "KeepLedger".*?\}', "", text),
    "manageusers": lambda text: text.replace("arn:aws:iam::*:user/app/*", "*"),
    "office-only": lambda text: text.replace("203.0.113.0/24", "127.0.0.0/8"),
    "readers-only": lambda text: text.replace('"docs:List"', '"docs:List", "docs:Put"'),
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The tour in a process of its own."""
    command = [sys.executable, "-c", "from iamkit.cli import main; main()"]
    command += ["demo", "--once", "--json", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def tour() -> dict[str, Any]:  # what JSON holds
    """What the demo says of its tour, with the story's own policies."""
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_the_tour_has_every_outcome_over_both_apps(tour: dict[str, Any]) -> None:
    """At least 20 requests, and at least 4 of each outcome, each the expected one."""
    requests = tour["requests"]
    outcomes = Counter(row["outcome"] for row in requests)

    assert len(requests) >= 20
    for outcome in ("allowed", "implicit deny", "explicit deny", "401", "undeclared"):
        assert outcomes[outcome] >= 4, outcomes
    for app in ("flask", "fastapi"):
        assert {row["outcome"] for row in requests if row["app"] == app} >= set(outcomes)
    assert all(row["as_expected"] for row in requests)


def test_both_apps_answer_alike(tour: dict[str, Any]) -> None:
    """The same status and the same deciding statement for each request."""
    rows = [
        [
            (row["who"], row["method"], row["path"], row["status"], row["outcome"], row["decided_by"])
            for row in tour["requests"]
            if row["app"] == app
        ]
        for app in ("flask", "fastapi")
    ]

    assert rows[0] == rows[1]


def test_every_decision_was_explained(tour: dict[str, Any]) -> None:
    """Whatever was decided has an id of its own, and `why` knew what decided it."""
    ids = []
    for row in tour["requests"]:
        if row["outcome"] in ("allowed", "implicit deny", "explicit deny", "undeclared"):
            assert row["decision_id"].startswith("d_"), row
        if row["decision_id"]:
            ids.append(row["decision_id"])
            assert row["outcome"] != "not recorded"
            assert row["decided_by"], row

    assert len(set(ids)) == len(ids) >= 20


def test_the_delegate_is_kept_to_his_path(tour: dict[str, Any]) -> None:
    """What jeff tried beyond `/app/`, and with the launch post's malformed ARN, was refused with a hint."""
    told = {row["attempt"]: row["outcome"] for row in tour["delegated"]}

    assert told["jeff lists everybody"] == "denied"
    assert "`/app/`" in told["jeff creates a user on the path `/app`"]
    assert "arn:aws:s3:::*" in told["jeff gives backup the launch post's own policy"]


def test_no_secret_is_printed(tour: dict[str, Any]) -> None:
    """Not ana's password, nor anything that has the length of a key's secret."""
    text = json.dumps(tour)

    assert "otters" not in text
    assert not re.search(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/_-])", text)


@pytest.mark.parametrize("name", ALTERED)
def test_an_altered_policy_is_noticed(name: str, tmp_path: Path) -> None:
    """One policy of the story is another: the tour ends with 1."""
    text = (POLICIES / f"{name}.json").read_text(encoding="utf-8")
    altered = ALTERED[name](text)
    assert json.loads(altered) != json.loads(text)
    (tmp_path / f"{name}.json").write_text(altered, encoding="utf-8")

    done = run("--policies", str(tmp_path))

    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["requests"]
