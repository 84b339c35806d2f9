"""What people get wrong: a clear message, the right exit code, nothing changed, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iamkit.kit import IAM

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

S3 = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3::*"}],
    },
    indent=2,
)
GOOD = S3.replace("arn:aws:s3::*", "arn:aws:s3:::*")

# Arguments, and what the message has to hold.
CASES = [
    (["user", "create", "x", "--path", "/app"], "did you mean `/app/`"),
    (["user", "create", "x", "--path", "app/"], "did you mean `/app/`"),
    (["user", "create", "x", "--path", "/a//b/"], "empty part"),
    (["user", "create", "x" * 65], "1 to 64 characters"),
    (["user", "create", ""], "1 to 64 characters"),
    (["user", "create", "a b"], "may hold only"),
    (["user", "create", "ANA"], "exists already; names are unique whatever their case"),
    (["users"], "there is no command `users`; did you mean `user`?"),
    (["user", "creat", "x"], "there is no command `creat`; did you mean `create`?"),
    (["zzzzzz"], "there is no command `zzzzzz`; `iamkit --help` lists them"),
    (["user", "attach", "ana", "readonlyacces"], "did you mean `ReadOnlyAccess`"),
    (["user", "create", "x", "--boundary", "AdministratorAcces"], "did you mean `AdministratorAccess`"),
    (["resource-policy", "put", "doc/1", GOOD], "write `arn:aws:SERVICE::123456789012:doc/1`"),
    (["resource-policy", "delete", "doc/1"], "write `arn:aws:SERVICE::123456789012:doc/1`"),
    (["decisions", "--outcome", "refused"], "Invalid value"),
    (["user", "create", "x", "--tag", "novalue"], "`key=value`"),
    (["user", "create", "x", "--tag", "a=1", "--tag", "a=2"], "given twice"),
    (["user", "create", "x", "--tag", "aws:a=1"], "reserved"),
    (["user", "create", "x", "--boundary", "nobody-s"], "there is no policy"),
    (["user", "create", "x", "--stdin"], "`--password`"),
    (["user", "create", "x\0y"], "NUL byte"),
    (["user", "create", "x\udcff"], "UTF-8"),
    (["user", "show", "nobody"], "there is no user named `nobody`"),
    (["user", "update", "ana"], "nothing to change"),
    (["user", "update", "ana", "--path", "/app"], "did you mean `/app/`"),
    (["user", "boundary", "ana"], "`--remove`"),
    (["user", "boundary", "ana", "ReadOnlyAccess", "--remove"], "`--remove`"),
    (["user", "attach", "ana", "nope"], "there is no policy"),
    (["user", "attach", "ana", "arn:aws:iam::aws:policy/Nope"], "there is no policy"),
    (["user", "attach", "ana", "a b"], "policy name"),
    (["user", "detach", "ana", "ReadOnlyAccess"], "not attached"),
    (["user", "put-policy", "ana", "p", "@missing.json"], "cannot be read"),
    (["user", "put-policy", "ana", "p", "@."], "cannot be read"),
    (["user", "put-policy", "ana", "p", "--file", "missing.json"], "cannot be read"),
    (["user", "put-policy", "ana", "p"], "give one policy document"),
    (["user", "put-policy", "ana", "p", GOOD, "--file", "/dev/null"], "give one policy document"),
    (["user", "put-policy", "ana", "p", "allow everything"], "is no policy document"),
    (["user", "put-policy", "ana", "p", "{"], "1 problem"),
    (["user", "put-policy", "ana", "p", "[" * 5000], "problem"),
    (["user", "put-policy", "ana", "p", '{"Version": "2012-10-17", "Version": "2012-10-17"}'], "problem"),
    (["user", "put-policy", "ana", "p", S3], "did you mean `arn:aws:s3:::*`"),
    (["user", "put-policy", "ana", "x" * 129, GOOD], "1 to 128 characters"),
    (["user", "put-policy", "ana", "p", GOOD.replace("s3:*", "s3:" + "x" * 3000)], "quota"),
    (["user", "put-policy", "nobody", "p", GOOD], "there is no user"),
    (["user", "get-policy", "ana", "p"], "no inline policy"),
    (["user", "password", "ana", "--remove"], "no password"),
    (["user", "password", "ana", "--remove", "--stdin"], "no other option"),
    (["group", "create", "x" * 129], "1 to 128 characters"),
    (["group", "add-user", "nope", "ana"], "there is no group"),
    (["group", "update", "nope"], "nothing to change"),
    (["role", "create", "r", GOOD], "problem"),
    (["role", "create", "r"], "give one policy document"),
    (["role", "update", "r"], "nothing to change"),
    (["policy", "create", "p", S3], "did you mean `arn:aws:s3:::*`"),
    (["policy", "update", "AdministratorAccess", GOOD], "shipped"),
    (["policy", "delete", "AdministratorAccess"], "shipped"),
    (["policy", "get", "AdministratorAccess", "--version", "two"], "no version"),
    (["policy", "list", "--scope", "everything"], "Invalid value"),
    (["key", "create", "nobody"], "there is no user"),
    (["key", "create"], "no user"),
    (["key", "disable", "AKIANOTHING"], "no access key"),
    (["resource-policy", "put", "arn:aws:s3::*", GOOD], "did you mean"),
    (["resource-policy", "show", "note/1"], "is not an ARN"),
    (["guardrail", "create", "g", S3], "did you mean `arn:aws:s3:::*`"),
    (["guardrail", "attach", "nope"], "there is no guardrail"),
    (["guardrail", "attach", "nope", "000000000000"], "there is no account"),
    (["guardrail", "update", "g"], "nothing to change"),
    (["sessions", "end", "ana"], "`--all`"),
    (["sessions", "end", "ana", "nope"], "no session"),
    (["simulate", "--principal", "nobody", "--action", "a:B"], "there is no user"),
    (["simulate", "--principal", "team/x", "--action", "a:B"], "must be a user's name"),
    (["simulate", "--principal", "ana", "--action", "a:B", "--context", "x"], "must be written as"),
    (["simulate", "--principal", "ana", "--action", "a:B", "--resource", "arn:aws:s3::*"], "did you mean"),
    (["why", "d_nothing"], "no decision `d_nothing`"),
    (["decisions", "--limit", "0"], "Invalid value"),
    (["events", "--limit", "many"], "Invalid value"),
    (["--dir", "~nobody-here/x", "user", "list"], "home directory"),
    (["--as", "nobody", "user", "list"], "there is no user named `nobody`"),
    (["--as", "arn:aws:iam::123456789012:user/nobody", "user", "list"], "there is no"),
]


@pytest.mark.parametrize(("args", "message"), CASES, ids=[" ".join(args)[:60] for args, _ in CASES])
def test_bad_input_is_refused_and_changes_nothing(cli: Cli, args: list[str], message: str) -> None:
    """Exit code 2, a message that says what is wrong, and the store as it was."""
    before = cli.state()

    result = cli(*args)

    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert result.stdout == ""
    assert cli.state() == before


def test_a_malformed_policy_is_quoted_with_its_place(cli: Cli, tmp_path: Path) -> None:
    """File, line, column, JSON path, carets under the fault, and the corrected ARN."""
    (tmp_path / "dobackup.json").write_text(S3)

    said = cli("user", "put-policy", "ana", "dobackup", "@dobackup.json").stderr.splitlines()

    assert said[0] == "error: the policy document has 1 problem (MalformedPolicyDocument)"
    assert said[1].startswith("  dobackup.json:7:19 at `Statement[0].Resource`: ")
    assert said[2].index('"arn:aws:s3::*"') == said[3].index("^^^^")
    assert said[3].strip() == "^" * len('"arn:aws:s3::*"')
    assert said[4] == "    did you mean `arn:aws:s3:::*`"


def test_every_problem_of_a_policy_is_told(cli: Cli) -> None:
    """Two faults are two places, for people and for programs."""
    text = S3.replace('"Allow"', '"Maybe"')

    people = cli("policy", "create", "p", text)
    programs = cli("policy", "create", "p", text, "--json")

    assert people.stderr.count("argument:") == 2
    error = json.loads(programs.stderr)["error"]
    assert error["code"] == "MalformedPolicyDocument"
    assert [problem["path"] for problem in error["problems"]] == [
        "Statement[0].Effect",
        "Statement[0].Resource",
    ]
    assert error["problems"][1]["suggestion"] == "arn:aws:s3:::*"


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\xff\xfe{}", "not UTF-8"), (b" " * 1_000_001, "larger than"), (b"", "problem"), (b"\0", "problem")],
)
def test_files_that_hold_no_document_are_refused(
    cli: Cli, tmp_path: Path, content: bytes, message: str
) -> None:
    """Another encoding, a huge file, an empty one, and binary rubbish; by file and by pipe."""
    (tmp_path / "rubbish").write_bytes(content)
    before = cli.state()

    for result in (
        cli("policy", "create", "p", "@rubbish"),
        cli("policy", "create", "p", "-", input=content),
    ):
        assert result.exit_code == 2, result.output
        assert message in result.stderr
    assert cli.state() == before


def test_a_byte_order_mark_is_no_part_of_a_document(cli: Cli, tmp_path: Path) -> None:
    """Files from editors that write one are taken."""
    (tmp_path / "good.json").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())

    cli.ok("policy", "create", "p", "--file", "good.json")

    assert cli.ok("policy", "get", "p") == GOOD + "\n"


def test_a_missing_directory_and_an_empty_one_say_what_to_do(cli: Cli, tmp_path: Path) -> None:
    """Exit code 3, and `iamkit init` in the message."""
    (tmp_path / "empty").mkdir()
    for name in ("empty", "nowhere"):
        for words in (["user", "list"], ["whoami"], ["why", "d_x"], ["db", "status"]):
            result = cli("--dir", str(tmp_path / name), *words)

            assert result.exit_code == 3, result.output
            assert "iamkit init" in result.stderr
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_broken_database_is_no_traceback(cli: Cli) -> None:
    """A file that is no database ends with code 3 and its name."""
    for extra in cli.directory.glob("iamkit.db-*"):
        extra.unlink()
    (cli.directory / "iamkit.db").write_bytes(b"not a database at all" * 100)

    result = cli("user", "list")

    assert result.exit_code == 3, result.output


def test_a_missing_key_file_is_told(cli: Cli) -> None:
    """Nobody is the host operator without the key file."""
    (cli.directory / "master.key").unlink()

    result = cli("user", "list")

    assert result.exit_code == 2
    assert "master.key" in result.stderr
    assert "restore it from a backup" in result.stderr


def test_a_misspelt_policy_of_the_accounts_own_is_suggested_with_its_path(cli: Cli) -> None:
    """To those who may ask only: who is refused learns no name."""
    cli.ok("policy", "create", "editors", GOOD, "--path", "/app/")

    assert "did you mean `app/editors`" in cli("policy", "show", "editor").stderr
    assert "did you mean" not in cli("policy", "show", "zzzz").stderr
    refused = cli("policy", "show", "editor", env=cli.key_of("ana"))
    assert refused.exit_code == 1
    assert "did you mean" not in refused.stderr


def test_a_suggestion_belongs_to_its_own_fault(cli: Cli) -> None:
    """If it is the user that is missing, nothing is said of the policy."""
    result = cli("user", "attach", "nobody", "ReadOnlyAcces")

    assert "there is no user named `nobody`" in result.stderr
    assert "did you mean" not in result.stderr


def test_who_acts_by_the_environment_is_told(cli: Cli) -> None:
    """A refusal names the variable and its owner; with `--as` there is nothing to say."""
    key = cli.key_of("ana")

    by_key = cli("user", "list", env=key)
    by_name = cli("user", "list", "--as", "ana")

    assert by_key.exit_code == by_name.exit_code == 1
    assert "acting as ana, by IAMKIT_ACCESS_KEY_ID" in by_key.stderr
    assert "IAMKIT_ACCESS_KEY_ID" not in by_name.stderr
    assert "`iamkit why d_" in by_key.stderr
    assert key["IAMKIT_SECRET_ACCESS_KEY"] not in by_key.output


def test_who_may_not_explain_is_not_sent_to_why(cli: Cli) -> None:
    """A refused `iamkit why` does not advise `iamkit why`."""
    result = cli("why", "d_x", "--as", "ana")

    assert result.exit_code == 1
    assert "iamkit:GetDecision" in result.stderr
    assert "`iamkit why" not in result.stderr


def test_a_key_of_another_directory_is_told_with_both(cli: Cli) -> None:
    """An unknown key names the variable and the directory that it was tried on."""
    env = {"IAMKIT_ACCESS_KEY_ID": "AKIAABCDEFGHIJKLMNOP", "IAMKIT_SECRET_ACCESS_KEY": "canary" * 7}

    result = cli("whoami", env=env)

    assert result.exit_code == 1
    assert "IAMKIT_ACCESS_KEY_ID" in result.stderr
    assert f"`{cli.directory}`" in result.stderr
    assert "canary" not in result.output


def test_denied_lists_both_kinds_of_denial(cli: Cli) -> None:
    """Newest first, no more than asked for, and no allow among them."""
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "a:B", "Resource": "*"}]}
    cli.ok("user", "put-policy", "ana", "no", json.dumps(deny))
    with IAM(cli.directory) as iam:
        ana = iam.find_principal("ana")
        for action in ("a:B", "a:C", "a:B"):
            iam.check(action, principal=ana)

    found = cli.data("decisions", "--outcome", "denied")
    assert [item["action"] for item in found] == ["a:B", "a:C", "a:B"]
    assert {item["outcome"] for item in found} == {"explicitDeny", "implicitDeny"}
    assert [item["action"] for item in cli.data("decisions", "--outcome", "denied", "--limit", "2")] == [
        "a:B",
        "a:C",
    ]


def test_unknown_settings_are_told(cli: Cli) -> None:
    """A misspelt setting stops the command and says where it stands."""
    (cli.directory / "iamkit.toml").write_text("allow_samplng = 1\n")

    result = cli("user", "list")

    assert result.exit_code == 2
    assert "allow_samplng" in result.stderr
    assert "iamkit.toml" in result.stderr


def test_an_unexpected_fault_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 4 and advice; `--debug` shows the traceback; the fault's own text is not told."""

    def broken(_terminal: object) -> None:
        raise RuntimeError("holds hunter2")

    monkeypatch.setattr("iamkit.cli.terminal.Terminal.iam", broken)

    result = cli("user", "list")

    assert result.exit_code == 4
    assert result.stderr.startswith("error: unexpected RuntimeError")
    assert "--debug" in result.stderr
    assert "hunter2" not in result.output


def test_debug_shows_the_traceback(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """For whoever asks for it."""
    from click.testing import CliRunner

    from iamkit.cli.main import root

    def broken(_terminal: object) -> None:
        raise RuntimeError("here")

    monkeypatch.setattr("iamkit.cli.terminal.Terminal.iam", broken)

    result = CliRunner().invoke(root(), ["user", "list", "--debug"])

    assert result.exit_code == 4
    assert "Traceback" in result.stderr


def test_errors_for_programs_are_json(cli: Cli) -> None:
    """With `--json` standard error holds one object with a code and a message."""
    error = json.loads(cli("user", "show", "nobody", "--json").stderr)["error"]

    assert error == {"code": "NoSuchEntity", "message": "there is no user named `nobody`"}
