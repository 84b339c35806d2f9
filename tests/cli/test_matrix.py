"""`iamkit matrix APP`, and `iam.matrix(app)`: a snapshot of who may use which route."""

from __future__ import annotations

import difflib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import flask
import pytest

from iamkit.errors import ConfigurationError
from iamkit.testing.actors import Actors
from iamkit.testing.stand_in import in_memory
from iamkit.web.flask import protect
from iamkit.web.marker import require

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

APP = """
from flask import Flask
from iamkit import IAM
from iamkit.web.flask import protect

iam = IAM("iamkit-data")
app = Flask(__name__, static_folder=None)
protect(app, iam)

@app.get("/notes/<note_id>")
@iam.require("notes:Read", "note/{note_id}")
def read(note_id): ...

@app.get("/notes")
@iam.require("notes:List")
def index(): ...

@app.get("/healthz")
@iam.public
def healthz(): ...
"""
READERS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "notes:Read",
            "Resource": "arn:aws:notes::123456789012:note/7",
        },
    }
)


@pytest.fixture
def app(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app in the working directory, and a group with a grant."""
    monkeypatch.syspath_prepend(str(Path.cwd()))
    monkeypatch.delitem(sys.modules, "matrixed", raising=False)
    Path("matrixed.py").write_text(APP, encoding="utf-8")
    Path("read.json").write_text(READERS, encoding="utf-8")
    cli.ok("group", "create", "readers")
    cli.ok("group", "put-policy", "readers", "read", "@read.json")


@pytest.mark.usefixtures("app")
def test_a_snapshot_is_made_and_compared(cli: Cli) -> None:
    """The same twice; a grant is one more line, told and exit code 1."""
    text = cli.ok("matrix", "matrixed:app")
    Path("access.matrix").write_text(text, encoding="utf-8")
    same = cli("matrix", "matrixed:app", "--check", "access.matrix")
    cli.ok("group", "add-user", "readers", "ana")
    drifted = cli("matrix", "matrixed:app", "--check", "access.matrix")

    assert "GET,HEAD /healthz  public\n" in text
    assert "GET,HEAD /notes/<note_id>  notes:Read on note/{note_id}\n    group/readers  on note/7\n" in text
    assert "    user/administrator  yes\n" in text
    assert "    user/ana  " not in text
    assert same.exit_code == 0
    assert drifted.exit_code == 1
    added = [line for line in drifted.stdout.splitlines() if line.startswith("+") and "+++" not in line]
    assert added == ["+    user/ana  on note/7"]
    assert "has changed" in drifted.stderr


@pytest.mark.usefixtures("app")
def test_it_is_data_for_programs_and_for_chosen_principals(cli: Cli) -> None:
    """JSON compares too; a file that is not there is bad input, with what makes it."""
    data = cli.data("matrix", "matrixed:app", "--principal", "group/readers")
    missing = cli("matrix", "matrixed:app", "--check", "nothing.matrix")
    Path("access.json").write_text(cli.ok("matrix", "matrixed:app", "--json"), encoding="utf-8")

    assert data["principals"] == ["group/readers"]
    assert [route["who"] for route in data["routes"]] == [{}, {}, {"group/readers": "on note/7"}]
    assert missing.exit_code == 2
    assert "iamkit matrix APP > nothing.matrix" in missing.stderr
    assert cli("matrix", "matrixed:app", "--json", "--check", "access.json").exit_code == 0


@pytest.mark.usefixtures("app")
def test_whoever_may_not_ask_is_told_nothing(cli: Cli) -> None:
    """The command is the caller's, like every other."""
    refused = cli("matrix", "matrixed:app", env=cli.key_of("ana"))

    assert refused.exit_code == 1
    assert "readers" not in refused.output


def test_iam_matrix_in_a_test(tmp_path: Path) -> None:
    """For snapshots in an app's own tests; a dropped mark shows as UNPROTECTED."""
    with in_memory(tmp_path) as iam, Actors(iam) as actors:
        app = protect(flask.Flask(__name__, static_folder=None), iam)
        app.get("/a")(require("a:Get")(lambda: "a"))
        actors.headers("ana", allow=["a:Get"])
        before = str(iam.matrix(app))
        app.get("/b", endpoint="b")(lambda: "b")
        after = str(iam.matrix(app))

        assert "GET,HEAD /a  a:Get\n    user/administrator  yes\n    user/ana  yes\n" in before
        changes = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
        assert changes == ["+ GET,HEAD /b  UNPROTECTED"]
        assert "UNPROTECTED" in str(iam.matrix(flask.Flask(__name__)))
        with pytest.raises(ConfigurationError, match="no app"):
            iam.matrix(object())
