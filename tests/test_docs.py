"""The quickstarts do what they say: their examples are run, top to bottom, and asked over HTTP."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from flask import Flask
from starlette.testclient import TestClient
from werkzeug.serving import make_server

from iamkit import IAM, current_principal
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind
from iamkit.management import access_keys, inline, login_profiles, roles, users
from iamkit.web.flask import protect

pytest_plugins = ["pytester"]

DOCS = Path(__file__).parent.parent / "docs"
PASSWORD = "three quiet otters read maps"
EVERYTHING = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["notes:List", "notes:Read", "docs:*"], "Resource": "*"}]}"""


def _run(page: str) -> dict[str, Any]:
    """The names that a page's Python blocks define."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    names: dict[str, Any] = {"__name__": page}
    for block in blocks:
        # The future import would turn FastAPI's annotations into texts of names that only exist here.
        exec(compile(block, page, "exec", dont_inherit=True), names)
    return names


@contextmanager
def _served(app: Flask) -> Iterator[str]:
    """The address of `app` on a server of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A deployment in the working directory, with ana, who has a password and permissions."""
    monkeypatch.chdir(tmp_path)
    with IAM("iamkit-data") as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))
        desk.do(inline.put_user_policy, user_name="ana", policy_name="all", policy_document=EVERYTHING)
        yield


@pytest.mark.usefixtures("directory")
def test_the_page_about_federation_runs() -> None:
    """A provider, a role that trusts it, and a provider for tests."""
    names = _run("federation.md")

    assert names["provider"].arn.endswith(":oidc-provider/token.actions.githubusercontent.com")


@pytest.mark.usefixtures("directory")
def test_the_flask_quickstart_runs() -> None:
    """Sign-in, a note, a list with what may be done, a job, and the management part."""
    names = _run("quickstart-flask.md")
    client = names["app"].test_client()

    assert client.get("/healthz").status_code == 200
    assert client.get("/notes/7").status_code == 401
    assert client.post("/sign-in", data={"name": "ana", "password": "wrong words indeed"}).status_code == 401
    assert client.post("/sign-in", data={"name": "ana"}).status_code == 400
    assert client.post("/sign-in", data={"name": "ana", "password": PASSWORD}).status_code == 200
    assert client.get("/notes/7").get_json() == {"text": "buy milk", "reader": "ana"}
    assert client.get("/notes").get_json() == {"notes": ["7"], "may_write": False}
    assert names["nightly"]()
    # Browsers send it by themselves.
    assert client.post("/sign-out").status_code == 403
    assert client.post("/sign-out", headers={"Origin": "http://localhost"}).status_code == 200
    assert client.get("/notes/7").status_code == 401
    names["seed"]()
    assert names["iam"].find_principal("ben").can("notes:Read", "note/7")
    names["iam"].close()


@pytest.mark.usefixtures("directory")
def test_the_fastapi_quickstart_runs() -> None:
    """Docs, routers, a socket and sign-in."""
    names = _run("quickstart-fastapi.md")
    with TestClient(names["app"]) as client:
        assert client.get("/docs").status_code == 200
        assert client.get("/documents/7").status_code == 401
        assert client.post("/sign-in", json={"name": "ana", "password": "wrong words"}).status_code == 401
        assert client.post("/sign-in", json={"name": "ana", "password": PASSWORD}).status_code == 200
        assert client.get("/documents/7").json() == {"text": "Ship on Friday.", "reader": "ana"}
        assert client.get("/documents").json() == ["7"]
        with client.websocket_connect("/documents/7/live") as socket:
            assert socket.receive_text() == "Ship on Friday."
    names["iam"].close()


@pytest.mark.usefixtures("directory")
def test_the_litestar_quickstart_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Docs, a controller, a socket and sign-in."""
    # Litestar looks there for the names of annotations.
    monkeypatch.setitem(sys.modules, "quickstart-litestar.md", ModuleType("quickstart"))
    names = _run("quickstart-litestar.md")
    with TestClient(names["app"]) as client:
        assert client.get("/schema").status_code == 200
        assert client.get("/healthz").text == "ok"
        assert client.get("/notes/7").status_code == 401
        assert client.post("/sign-in", json={"name": "ana", "password": "wrong words"}).status_code == 401
        assert client.post("/sign-in", json={"name": "ana", "password": PASSWORD}).status_code == 200
        assert client.get("/notes/7").json() == {"text": "buy milk", "reader": "ana"}
        assert client.get("/notes").json() == ["7"]
        with client.websocket_connect("/notes/7/live") as socket:
            assert socket.receive_text() == "buy milk"
    names["iam"].close()


@pytest.mark.usefixtures("directory")
def test_the_page_of_roles_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """A role is assumed, an agent may do less, and a job needs both permission and trust."""
    with IAM("iamkit-data") as iam:
        account = iam.deployment().home_account
        desk = iam.desk(iam.operator())
        ana = {"AWS": f"arn:aws:iam::{account}:user/ana"}
        for name, trusted in (("reader", ana), ("worker", {"Service": "jobs.myapp"})):
            statement = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
            text = json.dumps({"Version": "2012-10-17", "Statement": statement})
            desk.do(roles.create_role, role_name=name, assume_role_policy_document=text)

    names = _run("roles.md")

    assert names["agent"].can("notes:Read", "note/7")
    assert "iam:PassRole" in capsys.readouterr().out
    names["iam"].close()


def test_the_clients_of_their_page_are_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each client of the page against the app of the README, over a real server."""
    with IAM(tmp_path / "iamkit-data") as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(inline.put_user_policy, user_name="ana", policy_name="all", policy_document=EVERYTHING)
        key = desk.do(access_keys.create_access_key, user_name="ana")
        app = Flask("clients")
        protect(app, iam)

        @app.route("/notes/<note_id>", methods=["GET", "DELETE"])
        @iam.require("notes:Read", "note/{note_id}")
        def read(note_id: str) -> dict[str, str]:
            return {"note": note_id, "reader": current_principal().name}

        with _served(app) as url:
            monkeypatch.setenv("APP_URL", url)
            monkeypatch.setenv("IAMKIT_ACCESS_KEY_ID", key.key.key_id)
            monkeypatch.setenv("IAMKIT_SECRET_ACCESS_KEY", key.secret.reveal())
            names = _run("clients.md")
    assert key.secret.reveal() not in names["link"]


@pytest.mark.usefixtures("directory")
def test_the_route_table_of_its_page_works() -> None:
    """The file of the page before the app of the page."""
    (table,) = re.findall(
        r"```toml\n(.*?)```", (DOCS / "route-table.md").read_text(encoding="utf-8"), flags=re.DOTALL
    )
    Path("routes.toml").write_text(table, encoding="utf-8")
    names = _run("route-table.md")
    token = names["iam"].sign_in("ana", PASSWORD, kind=SessionKind.BEARER).token.reveal()
    client = httpx2.Client(transport=httpx2.WSGITransport(names["app"]), base_url="http://app")
    ana = {"Authorization": f"Bearer {token}"}

    assert client.get("/healthz").text == "/healthz"
    assert client.get("/docs/7").status_code == 401
    assert client.get("/docs/7", headers=ana).text == "/docs/7"
    assert [client.get(path, headers=ana).status_code for path in ("/docs/7/", "/docs/007", "/x")] == [
        403
    ] * 3
    names["iam"].close()


DJANGO = """
import json, os, sys, warnings
warnings.simplefilter("error")
sys.path.insert(0, os.getcwd())
os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
import django
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("check", fail_level="WARNING")
client = Client()
told = [client.get(path).status_code for path in ("/healthz", "/notes/7", "/nothing")]
told.append(client.post("/sign-in", {"name": "ana", "password": "wrong words indeed"}).status_code)
told.append(client.post("/sign-in", {"name": "ana", "password": PASSWORD}).status_code)
told.append(client.get("/notes/7").json())
told.append(client.post("/notes/7/edit", {"text": "x"}).status_code)
told.append("".join(client.get("/notes/7/edit").text.split()))
told.append(client.post("/sign-out", headers={"Sec-Fetch-Site": "same-origin"}).status_code)
told.append(client.get("/notes/7").status_code)
from mysite import api, views_of_others
from iamkit.web.django.options import Declarations
Declarations(views_of_others.IAMKIT_VIEWS)
print(json.dumps(told))
"""


@pytest.mark.usefixtures("directory")
def test_the_django_quickstart_runs(tmp_path: Path) -> None:
    """The project as the page shows it, in a process of its own: a process has one Django."""
    page = (DOCS / "quickstart-django.md").read_text(encoding="utf-8")
    (tmp_path / "mysite").mkdir()
    (tmp_path / "templates").mkdir()
    for name, block in re.findall(r"```python\n# (mysite/\w+\.py)\n(.*?)```", page, flags=re.DOTALL):
        (tmp_path / name).write_text(block, encoding="utf-8")
    (template,) = re.findall(r"```html\n(.*?)```", page, flags=re.DOTALL)
    (tmp_path / "templates" / "note.html").write_text(template, encoding="utf-8")
    (tmp_path / "drive.py").write_text(DJANGO.replace("PASSWORD", repr(PASSWORD)), encoding="utf-8")

    done = subprocess.run([sys.executable, "drive.py"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [
        200,
        401,
        404,
        401,
        200,
        {"text": "buy milk", "reader": "ana"},
        403,
        '<ahref="/notes/7">read</a>',
        200,
        401,
    ]


@pytest.mark.usefixtures("directory")
def test_the_page_on_app_users_runs() -> None:
    """Join, be known both ways, be tied after an import, leave; and buttons that tell the truth."""
    names = _run("app-users.md")
    iam: IAM = names["iam"]
    desk = iam.desk(iam.operator())
    row = names["join"]("ben", "ben@example.org")
    desk.do(login_profiles.create_login_profile, user_name="ben", password=Secret(PASSWORD))
    allow = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": %s}]}'
    actions = '["people:ReadSelf", "people:List", "people:Rename"]'
    desk.do(inline.put_user_policy, user_name="ben", policy_name="p", policy_document=allow % actions)
    row.motto = "onwards"
    names["session"].commit()
    client = names["app"].test_client()
    client.set_cookie(iam.cookie_name, iam.sign_in("ben", PASSWORD).token.reveal())

    assert client.get("/me").get_json() == {"motto": "onwards"}
    assert names["may_read"](row)
    page = client.get("/people").text
    assert "Rename" in page
    assert "Delete" not in page
    names["session"].add(names["User"](username="ana"))
    names["tie_all"]()
    assert names["session"].query(names["User"]).where(names["User"].iam_id.is_(None)).count() == 0
    names["leave"](row)
    assert client.get("/me").status_code == 401
    names["session"].remove()
    names["engine"].dispose()
    iam.close()


@pytest.mark.usefixtures("directory")
def test_the_page_on_adopting_runs() -> None:
    """The old login says who calls: ana may, who is no user here is 401, another site's form is refused."""
    names = _run("adopting.md")
    policy = EVERYTHING.replace("notes:List", "blog:Write")
    desk = names["iam"].desk(names["iam"].operator())
    desk.do(inline.put_user_policy, user_name="ana", policy_name="blog", policy_document=policy)
    ana, bob, stranger = (names["app"].test_client() for _ in range(3))
    ours = {"Sec-Fetch-Site": "same-origin"}
    ana.post("/login/1")
    bob.post("/login/2")

    assert stranger.get("/posts").status_code == 401
    assert bob.get("/posts").status_code == 401
    assert ana.get("/posts").status_code == 200
    assert ana.post("/posts", headers=ours).status_code == 200
    assert ana.post("/posts", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert ana.post("/posts").status_code == 403

    desk.do(users.create_user, user_name="bob")

    assert bob.get("/posts").status_code == 403


def test_the_page_on_testing_runs(pytester: pytest.Pytester) -> None:
    """Its files are a project whose tests pass."""
    page = (DOCS / "testing.md").read_text(encoding="utf-8")
    for name, text in re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", page, flags=re.DOTALL):
        (pytester.path / name).write_text(text, encoding="utf-8")
    pytester.syspathinsert()

    pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider").assert_outcomes(passed=5)


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_links_lead_somewhere(page: str) -> None:
    """A relative link names a file that is there."""
    text = (DOCS / page).read_text(encoding="utf-8")

    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (DOCS / target).exists(), f"{page} links to {target}"
