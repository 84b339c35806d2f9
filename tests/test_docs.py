"""The quickstarts do what they say: their examples are run, top to bottom, and asked over HTTP."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from iamkit import IAM
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind
from iamkit.management import inline, login_profiles, users

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


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_links_lead_somewhere(page: str) -> None:
    """A relative link names a file that is there."""
    text = (DOCS / page).read_text(encoding="utf-8")

    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (DOCS / target).exists(), f"{page} links to {target}"
