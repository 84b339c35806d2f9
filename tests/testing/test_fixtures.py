"""The fixtures for the tests of apps, as pytest runs them in a project of somebody's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

FLASK = """
from flask import Flask
from iamkit import IAM, current_principal
from iamkit.web.flask import protect

iam = IAM("nowhere/iamkit-data")
app = Flask(__name__)
protect(app, iam)

@app.get("/notes/<note_id>")
@iam.require("notes:Read", "note/{note_id}")
def read(note_id):
    # What the view asks of the module's own `iam` is asked of the test's deployment.
    may_write = bool(iam.check("notes:Write", f"note/{note_id}"))
    return {"reader": current_principal().name, "may_write": may_write}

@app.post("/notes/<note_id>")
@iam.require("notes:Write", "note/{note_id}")
def write(note_id):
    return {"writer": current_principal().name}
"""
STARLETTE = """
from fastapi import FastAPI
from iamkit import IAM
from iamkit.web.fastapi import Caller, protect

iam = IAM("nowhere/iamkit-data")
app = FastAPI()
protect(app, iam)

@app.get("/notes/{note_id}")
@iam.require("notes:Read", "note/{note_id}")
def read(note_id: str, me: Caller):
    return {"reader": me.name, "may_write": me.can("notes:Write", f"note/{note_id}")}

@app.post("/notes/{note_id}")
@iam.require("notes:Write", "note/{note_id}")
async def write(note_id: str, me: Caller):
    return {"writer": me.name}
"""
CONFTEST = """
import pytest

@pytest.fixture
def iam_app():
    from notes import app
    return app
"""
TESTS = """
from datetime import timedelta
import pytest

def test_be_alice(iam_as):
    alice = iam_as("alice", allow=["notes:Read"])
    answer = alice.get("/notes/7")
    assert answer.status_code == 200
    assert JSON(answer) == {"reader": "alice", "may_write": False}
    assert alice.post("/notes/7").status_code == 403
    assert iam_as(None).get("/notes/7").status_code == 401

def test_two_at_once(iam_as):
    alice = iam_as("alice", allow=["notes:*"])
    bob = iam_as("bob", allow=[("notes:Write", "note/7")], deny=["notes:Read"])
    assert JSON(alice.post("/notes/1")) == {"writer": "alice"}
    assert JSON(bob.post("/notes/7")) == {"writer": "bob"}
    assert (bob.post("/notes/1").status_code, bob.get("/notes/7").status_code) == (403, 403)
    assert alice.get("/notes/1").status_code == 200

def test_by_cookie(iam_as):
    alice = iam_as("alice", allow=["notes:Write"], cookie=True)
    assert alice.post("/notes/7").status_code == 200
    assert alice.post("/notes/7", headers={"Origin": "https://evil.example"}).status_code == 403

def test_mfa_and_tags(iam_as):
    fresh = {"Action": "notes:Write", "Resource": "*", "Condition": {
        "NumericLessThan": {"aws:MultiFactorAuthAge": "300"},
        "StringEquals": {"aws:PrincipalTag/team": "red"}}}
    def status(**how):
        return iam_as("alice", allow=[fresh], **how).post("/notes/7").status_code
    assert status(tags={"team": "red"}) == 401
    assert status(mfa=True) == 200
    assert status(mfa=timedelta(hours=1)) == 401

def test_a_grant_is_replaced_and_taken_away(iam_as):
    assert iam_as("alice", allow=["notes:Read"]).get("/notes/7").status_code == 200
    assert iam_as("alice").get("/notes/7").status_code == 200
    assert iam_as("alice", allow=[]).get("/notes/7").status_code == 403

def test_groups_and_the_desk(iam, iam_as):
    from iamkit.management import inline
    alice = iam_as("alice", groups=["readers"])
    assert alice.get("/notes/7").status_code == 403
    statement = '{"Effect": "Allow", "Action": "notes:Read", "Resource": "*"}'
    document = '{"Version": "2012-10-17", "Statement": %s}' % statement
    iam.desk(iam.operator()).do(
        inline.put_group_policy, group_name="readers", policy_name="read", policy_document=document)
    assert alice.get("/notes/7").status_code == 200

def test_the_clock(iam_as, iam_clock):
    alice = iam_as("alice", allow=["notes:Read"])
    iam_clock.advance(timedelta(days=2))
    assert alice.get("/notes/7").status_code == 401

def test_assertions(iam_as, assert_allowed, assert_denied):
    iam_as("alice", allow=["notes:Read"], deny=[{"Sid": "Closed", "Action": "notes:*", "Resource": "note/9"}])
    assert_allowed("alice", "notes:Read", "note/7")
    assert_denied("alice", "notes:Write", "note/7", reason="implicitDeny")
    assert_denied("alice", "notes:Read", "note/9", reason="Closed")

def test_a_client_of_ones_own(iam_as):
    client = iam_as(None)
    client.headers = {} if not hasattr(client, "headers") else client.headers
    assert iam_as("alice", allow=["notes:Read"], client=client) is client
    assert client.get("/notes/7").status_code == 200
    headers = iam_as.headers("bob", allow=["notes:Write"])
    assert iam_as(None).post("/notes/7", headers=headers).status_code == 200
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project whose `notes.py` is the app."""
    pytester.makeconftest(CONFTEST)
    pytester.syspathinsert()
    sys.modules.pop("notes", None)
    return pytester


@pytest.mark.parametrize(
    ("app", "json"), [(FLASK, "answer.get_json()"), (STARLETTE, "answer.json()")], ids=["flask", "fastapi"]
)
def test_an_app_is_tested_as_somebody(project: pytest.Pytester, app: str, json: str) -> None:
    """U9: the app's own client, signed in by a real session; the app's own deployment is never opened."""
    project.makepyfile(notes=app, test_app=f"def JSON(answer): return {json}\n{TESTS}")

    done = project.runpytest_subprocess("-q", "-p", "no:cacheprovider")

    done.assert_outcomes(passed=9)
    assert not (project.path / "nowhere").exists()


def test_a_failed_assertion_is_the_explanation(project: pytest.Pytester) -> None:
    """Which statement, which layer, what would make it pass; and a wrong reason is told the right ones."""
    project.makepyfile(
        notes=FLASK,
        test_app="""
def test_allowed(iam_as, assert_allowed):
    iam_as("alice", allow=["notes:Read"])
    assert_allowed("alice", "notes:Write", "note/7")

def test_reason(iam_as, assert_denied):
    iam_as("alice", deny=[{"Sid": "Closed", "Action": "notes:*", "Resource": "*"}])
    assert_denied("alice", "notes:Write", "note/7", reason="NotThis")

def test_denied(iam_as, assert_denied):
    iam_as("alice", allow=["notes:Read"])
    assert_denied("alice", "notes:Read")
""",
    )

    done = project.runpytest_subprocess("-q", "-p", "no:cacheprovider")

    done.assert_outcomes(failed=3)
    text = done.stdout.str()
    assert "expected to be allowed:" in text
    assert "what would make it pass:" in text
    assert "expected `NotThis` among the reasons" in text
    assert "Closed" in text
    assert "expected to be denied:" in text
    assert "assertions.py" not in text


def test_the_apps_own_iam_is_back_after_the_test(project: pytest.Pytester) -> None:
    """Nobody is let in by what a test made: the sessions were of the test's deployment, which is gone."""
    project.makepyfile(
        notes=FLASK,
        test_app="""
kept = {}

def test_one(iam_as):
    kept.update(iam_as.headers("alice", allow=["notes:Read"]))
    assert iam_as(None).get("/notes/7", headers=kept).status_code == 200

def test_two():
    from notes import app, iam
    assert str(iam.settings.directory).endswith("nowhere/iamkit-data")
    assert app.test_client().get("/notes/7", headers=kept).status_code == 503

def test_three(iam_as):
    assert iam_as(None).get("/notes/7", headers=kept).status_code == 401
""",
    )

    project.runpytest_subprocess("-q", "-p", "no:cacheprovider").assert_outcomes(passed=3)


def test_an_app_that_nothing_guards_is_an_error_that_says_what_to_do(project: pytest.Pytester) -> None:
    """As is a test that never named its app."""
    project.makepyfile(
        notes="from flask import Flask\napp = Flask(__name__)",
        test_app="def test_one(iam_as): pass",
    )
    bare = project.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    project.makeconftest("")
    project.makepyfile(test_app="def test_one(iam_as): iam_as('alice')")
    missing = project.runpytest_subprocess("-q", "-p", "no:cacheprovider")

    bare.assert_outcomes(errors=1)
    bare.stdout.fnmatch_lines(["*call `protect(app, iam)`*"])
    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines(["*override the fixture `iam_app`*"])


def test_the_plugin_is_cheap_while_it_is_not_used(tmp_path: Path) -> None:
    """Loading it imports nothing else of iamkit, and says nothing."""
    code = "import iamkit.testing.plugin, sys; print([n for n in sys.modules if n.startswith('iamkit.')])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['iamkit.testing', 'iamkit.testing.plugin']"
