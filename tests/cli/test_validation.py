"""`iamkit policy validate`, and the words after a policy was saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

GOOD = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "doc:Get", "Resource": "*"}]}'
BAD = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["iam:PassRole"], "Resource": "*"},
    {"Effect": "allow", "Action": "doc:Get", "Resource": "*"}
  ]
}"""
WARNED = GOOD.replace("doc:Get", "iam:PassRole")


def _one(statement: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.fixture
def bad(tmp_path: Path) -> str:
    """A file with an error, as it was not saved in this one."""
    path = tmp_path / "bad.json"
    path.write_text(BAD, encoding="utf-8")
    return str(path)


def test_a_good_document_passes_without_a_directory(cli: Cli) -> None:
    """No store is opened, and the exit code is 0."""
    result = cli("policy", "validate", "-", input=GOOD, env={"IAMKIT_DIR": "nowhere"})

    assert result.exit_code == 0
    assert result.stdout == "1 document: no findings\n"


def test_an_error_is_quoted_and_ends_with_1(cli: Cli, bad: str) -> None:
    """The line stands there with carets under exactly the element."""
    result = cli("policy", "validate", bad)

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    (error,) = [index for index, line in enumerate(lines) if "INVALID_EFFECT" in line]
    assert lines[error].startswith(f"{bad}:5:16: error INVALID_EFFECT at `Statement[1].Effect`:")
    assert lines[error + 2].index("^") == lines[error + 1].index('"allow"')
    assert lines[error + 2].count("^") == len('"allow"')
    assert lines[-1] == "1 document: 1 error"


def test_what_can_be_saved_passes_with_its_warnings(cli: Cli) -> None:
    """A security warning shows its request; warnings alone end with 0."""
    result = cli("policy", "validate", "-", input=WARNED)

    assert result.exit_code == 0
    assert "security warning PASS_ROLE_WITH_STAR_IN_RESOURCE" in result.stdout
    assert "for instance, arn:aws:iam::123456789012:user/somebody may iam:PassRole" in result.stdout


def test_the_kind_decides(cli: Cli) -> None:
    """The same document is good as one kind and bad as another."""
    assert cli("policy", "validate", "-", "--kind", "guardrail", input=GOOD).exit_code == 0
    assert cli("policy", "validate", "-", "--kind", "resource", input=GOOD).exit_code == 1
    assert cli("policy", "validate", "-", "--kind", "nonsense", input=GOOD).exit_code == 2


def test_programs_are_told_in_json(cli: Cli, bad: str) -> None:
    """Each finding has its file, code and exact positions."""
    result = cli("policy", "validate", bad, "--json")

    (finding,) = [item for item in json.loads(result.stdout) if item["type"] == "ERROR"]
    (place,) = finding["locations"]
    start, end = place["start"], place["end"]
    assert (finding["file"], finding["code"]) == (bad, "INVALID_EFFECT")
    assert place["path"] == "Statement[1].Effect"
    assert BAD[start["offset"] : end["offset"]] == '"allow"'
    assert (start["line"], start["column"], end["line"], end["column"]) == (5, 16, 5, 23)


def test_review_tools_are_told_in_sarif(cli: Cli, bad: str, tmp_path: Path) -> None:
    """Every result refers to its rule, and has a region."""
    other = tmp_path / "other.json"
    other.write_text(WARNED, encoding="utf-8")

    log = json.loads(cli("policy", "validate", bad, str(other), "--sarif").stdout)

    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    rules = run["tool"]["driver"]["rules"]
    levels = {}
    for item in run["results"]:
        assert rules[item["ruleIndex"]]["id"] == item["ruleId"]
        region = item["locations"][0]["physicalLocation"]["region"]
        assert region["charLength"] > 0
        assert region["startLine"] >= 1
        levels[item["ruleId"]] = item["level"]
    assert levels["INVALID_EFFECT"] == "error"
    assert levels["PASS_ROLE_WITH_STAR_IN_RESOURCE"] == "warning"


def test_a_file_that_cannot_be_read_is_bad_input(cli: Cli) -> None:
    """That is no finding, and so another exit code."""
    assert cli("policy", "validate", "missing.json").exit_code == 2


def test_saving_tells_warnings_on_standard_error(cli: Cli) -> None:
    """Standard output stays the answer; what is likely not meant is said beside it."""
    result = cli("policy", "create", "wide", WARNED)

    assert result.exit_code == 0
    assert result.stdout == "created policy arn:aws:iam::123456789012:policy/wide\n"
    assert "security warning PASS_ROLE_WITH_STAR_IN_RESOURCE" in result.stderr
    assert cli("policy", "create", "narrow", GOOD).stderr == ""


def test_every_way_to_save_tells_them(cli: Cli) -> None:
    """Users, roles, guardrails and resources, each with what its kind of policy has."""
    trust = _one({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "210987654321"}})
    no_mfa = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    deny = _one({"Effect": "Deny", "Action": "doc:*", "Resource": "*", "Condition": no_mfa})
    open_door = _one({"Effect": "Allow", "Action": "doc:Get", "Principal": {"Service": "mailer.example.com"}})
    note = "arn:aws:doc::123456789012:note/1"

    assert "PASS_ROLE" in cli("user", "put-policy", "ana", "wide", WARNED).stderr
    assert "CROSS_ACCOUNT_WITHOUT_EXTERNAL_ID" in cli("role", "create", "guest", trust).stderr
    assert "CROSS_ACCOUNT_WITHOUT_EXTERNAL_ID" in cli("role", "trust", "guest", trust).stderr
    assert "MFA_DENY_WITHOUT_IF_EXISTS" in cli("guardrail", "create", "mfa", deny).stderr
    assert "RESTRICT_ACCESS" in cli("resource-policy", "put", note, open_door).stderr


def test_warnings_for_programs_are_json(cli: Cli) -> None:
    """With `--json` standard error is JSON too."""
    result = cli("policy", "create", "wide", WARNED, "--json")

    assert json.loads(result.stdout)["name"] == "wide"
    assert {item["code"] for item in json.loads(result.stderr)["findings"]} == {
        "PASS_ROLE_WITH_STAR_IN_RESOURCE"
    }
