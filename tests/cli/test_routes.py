"""`iamkit routes APP`, on real Flask and FastAPI apps."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iamkit.cli.main import root

FLASK = """
from flask import Flask
from iamkit import IAM
from iamkit.web.flask import protect

iam = IAM("iamkit-data")

def create_app():
    print("made an app")
    app = Flask(__name__, static_folder=None)
    GUARD
    app.get("/notes/<note_id>")(iam.require("notes:Read", "note/{note_id}")(lambda note_id: note_id))
    app.get("/healthz", endpoint="healthz")(iam.public(lambda: "ok"))
    MORE
    return app

app = create_app()
"""
FASTAPI = """
from fastapi import FastAPI
from iamkit import IAM
from iamkit.web.fastapi import protect

iam = IAM("iamkit-data")

def create_app():
    app = FastAPI(openapi_url=None)
    GUARD

    @app.get("/notes/{note_id}")
    @iam.require("notes:Read", "note/{note_id}")
    def read(note_id: str) -> str:
        return note_id

    @app.get("/healthz")
    @iam.public
    def healthz() -> str:
        return "ok"

    MORE
    return app

app = create_app()
"""
FORGOTTEN = {
    FLASK: 'app.get("/forgotten", endpoint="forgotten")(lambda: "open")',
    FASTAPI: 'app.get("/forgotten")(lambda: "open")',
}

Write = Callable[..., str]
_numbers = itertools.count()


@pytest.fixture
def write(initialized: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes an app into the current directory and gives its module's name, which no other test has."""
    shutil.copytree(initialized, tmp_path / "iamkit-data")
    monkeypatch.chdir(tmp_path)
    before, path = set(sys.modules), list(sys.path)

    def made(source: str, *, guard: str = "protect(app, iam)", more: str = "") -> str:
        name = f"app_under_test_{next(_numbers)}"
        (tmp_path / f"{name}.py").write_text(source.replace("GUARD", guard).replace("MORE", more))
        return name

    yield made
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if name.startswith("app_under_test_"):
            del sys.modules[name]


def _routes(*args: str) -> Result:
    result = CliRunner().invoke(root(), ["routes", *args], prog_name="iamkit")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.parametrize("source", [FLASK, FASTAPI], ids=["flask", "fastapi"])
def test_every_route_is_listed_with_its_action(write: Write, source: str) -> None:
    """Exit 0 where each route declares an action or is public; what the app prints is no part of it."""
    name = write(source)

    result = _routes(f"{name}:app", "--json")

    assert result.exit_code == 0, result.output
    rows = {row["path"].replace("<", "{").replace(">", "}"): row for row in json.loads(result.stdout)}
    assert rows["/notes/{note_id}"]["action"] == "notes:Read"
    assert rows["/notes/{note_id}"]["resource"] == "note/{note_id}"
    assert rows["/healthz"]["public"] is True
    assert all(row["protected"] for row in rows.values())


@pytest.mark.parametrize("source", [FLASK, FASTAPI], ids=["flask", "fastapi"])
@pytest.mark.parametrize("attribute", ["app", "create_app()"])
def test_an_undeclared_route_is_unprotected(write: Write, source: str, attribute: str) -> None:
    """Exit 1, the route by name, and what to write; by variable and by factory."""
    name = write(source, more=FORGOTTEN[source])

    result = _routes(f"{name}:{attribute}")

    assert result.exit_code == 1, result.output
    line = next(line for line in result.stdout.splitlines() if "/forgotten" in line)
    assert "UNPROTECTED" in line
    assert "1 of 3 routes is UNPROTECTED" in result.stderr
    assert "@iam.public" in result.stderr


@pytest.mark.parametrize("source", [FLASK, FASTAPI], ids=["flask", "fastapi"])
def test_marks_without_a_guard_protect_nothing(write: Write, source: str) -> None:
    """An app that was never protected does not pass, whatever its endpoints declare."""
    name = write(source, guard="pass")

    result = _routes(f"{name}:app")

    assert result.exit_code == 1
    assert "UNPROTECTED (notes:Read)" in result.stdout
    assert "call `protect(app, iam)`" in result.stderr


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import iamkit_nowhere", "No module named 'iamkit_nowhere'"),
        ("raise RuntimeError('no database')", "no database"),
        ("raise SystemExit(0)", "SystemExit"),
        ("def app(:", "SyntaxError"),
        ("app = 1", "no app whose routes can be listed"),
        ("", "has no `app`"),
        ("from iamkit import require\nrequire('nonsense')", "is not an action"),
    ],
)
def test_an_app_that_cannot_be_imported(write: Write, source: str, message: str) -> None:
    """Exit 2, and what stopped it."""
    result = _routes(f"{write(source)}:app")

    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("iamkit_nowhere:app", "there is no module `iamkit_nowhere`"),
        ("iamkit_nowhere.web:app", "there is no module"),
        ("app.py", "such as `app:app`"),
        ("src/web.py:app", "such as `src.web:app`"),
        ("app", "such as `app:app`"),
        ("", "names no app"),
        ("a:b:c", "names no app"),
        ("json:dumps()", "TypeError"),
        ("json:JSONDecodeError.__doc__()", "cannot be called"),
    ],
)
def test_a_name_that_names_no_app(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 2, and how to write it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    result = _routes(name)

    assert result.exit_code == 2, result.output
    assert message in result.stderr
