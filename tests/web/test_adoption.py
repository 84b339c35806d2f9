"""Health endpoints and report-only mode, in front of the real gate, for WSGI and ASGI alike."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from iamkit.client.httpx_auth import SigV4Auth
from iamkit.credentials.secret import Secret
from iamkit.errors import AccessDenied, StoreUnavailable
from iamkit.kit import IAM
from iamkit.management import access_keys, inline, login_profiles, records, users
from iamkit.memory import MemoryStore
from iamkit.web import flask as flask_glue
from iamkit.web import starlette as starlette_glue
from iamkit.web.marker import require

Ask = Callable[..., httpx2.Response]
PASSWORD = "three quiet otters read maps"


class Store(MemoryStore):
    """A store that can go away."""

    away = False
    reads = 0

    def read(self) -> Any:
        type(self).reads += 1
        if self.away:
            raise StoreUnavailable("secret host is away")
        return super().read()

    def epochs(self, scopes: Any) -> Any:
        if self.away:
            raise StoreUnavailable("secret host is away")
        return super().epochs(scopes)


@pytest.fixture
def store() -> Store:
    return Store()


def deployment(tmp_path: Path, store: Store, **settings: Any) -> IAM:
    iam = IAM(tmp_path / "data", store=store, entry_points=False, **settings)
    iam.initialize(account_id="111122223333")
    desk = iam.desk(iam.operator())
    desk.do(users.create_user, user_name="bob")
    desk.do(login_profiles.create_login_profile, user_name="bob", password=Secret(PASSWORD))
    return iam


def key_of(iam: IAM, name: str) -> SigV4Auth:
    made = iam.desk(iam.operator()).do(access_keys.create_access_key, user_name=name)
    return SigV4Auth(made.key.key_id, made.secret)


def in_flask(iam: IAM, ran: list[str]) -> Ask:
    app = flask_glue.protect(flask.Flask("app"), iam)

    @app.route("/notes", methods=["GET", "POST"])
    @require("notes:Read")
    def notes() -> str:
        ran.append("notes")
        return iam.csrf_token()

    app.get("/bare", endpoint="bare")(lambda: "bare")
    app.get("/inner", endpoint="inner")(require("notes:Read")(lambda: str(iam.authorize("notes:Write"))))
    transport = httpx2.WSGITransport(app)
    return httpx2.Client(transport=transport, base_url="http://app").request


def in_starlette(iam: IAM, ran: list[str]) -> Ask:
    @require("notes:Read")
    async def notes(request: Request) -> Response:
        ran.append("notes")
        return PlainTextResponse(iam.csrf_token())

    @require("notes:Read")
    async def inner(request: Request) -> Response:
        return PlainTextResponse(str(iam.authorize("notes:Write")))

    async def bare(request: Request) -> Response:
        return Response("bare")

    routes = [Route("/notes", notes, methods=["GET", "POST"]), Route("/bare", bare), Route("/inner", inner)]
    app = starlette_glue.protect(Starlette(routes=routes), iam)

    def ask(method: str, path: str, **more: Any) -> httpx2.Response:
        async def once() -> httpx2.Response:
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
                return await client.request(method, path, **more)

        return asyncio.run(once())

    return ask


BOTH = pytest.mark.parametrize("make", [in_flask, in_starlette])
Make = Callable[[IAM, list[str]], Ask]


@BOTH
def test_health_tells_strangers_a_word(make: Make, tmp_path: Path, store: Store, ran: list[str]) -> None:
    """Alive without a look at the store; ready or not, without a reason."""
    with deployment(tmp_path, store, live_path="/healthz", ready_path="/readyz") as iam:
        ask = make(iam, ran)
        good = ask("GET", "/readyz")
        before = Store.reads
        alive = ask("GET", "/healthz")
        assert Store.reads == before
        store.away = True
        bad, still = ask("GET", "/readyz"), ask("GET", "/healthz", headers={"cookie": "iamkit=x"})
        store.away = False

    assert (
        (alive.status_code, alive.json()) == (still.status_code, still.json()) == (200, {"status": "alive"})
    )
    assert (good.status_code, good.json()) == (200, {"status": "ready"})
    assert (bad.status_code, bad.json()) == (503, {"status": "unavailable"})
    assert good.headers["cache-control"] == "no-store"


@BOTH
def test_health_tells_operators_more(make: Make, tmp_path: Path, store: Store, ran: list[str]) -> None:
    """Only a caller whom policies allow it; a bad credential is a stranger's."""
    with deployment(tmp_path, store, ready_path="/readyz") as iam:
        ask = make(iam, ran)
        administrator, bob = key_of(iam, "administrator"), key_of(iam, "bob")

        told = ask("GET", "/readyz", auth=administrator).json()
        others = [
            ask("GET", "/readyz", auth=bob),
            ask("GET", "/readyz", headers={"authorization": "Bearer iks_x"}),
            ask("GET", "/readyz"),
        ]

    assert told["details"]["store"] == "ok"
    assert [(answer.status_code, answer.json()) for answer in others] == [(200, {"status": "ready"})] * 3


@BOTH
def test_health_is_off_until_it_has_paths(make: Make, tmp_path: Path, store: Store, ran: list[str]) -> None:
    """And then it takes reads only; the empty setting matches nothing."""
    with deployment(tmp_path, store) as iam:
        ask = make(iam, ran)
        assert [ask("GET", path).status_code for path in ("/healthz", "/readyz", "/")] == [404] * 3
        assert iam.health
    with IAM(tmp_path / "none", store=Store(), entry_points=False) as empty:
        assert not empty.health


@BOTH
def test_report_only_lets_through_what_was_decided_and_nothing_else(
    make: Make, tmp_path: Path, store: Store, ran: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Decision 23 with 21: undeclared, malformed and badly signed requests stay refused, and so do desks."""
    with deployment(tmp_path, store, report_only=True) as iam:
        ask = make(iam, ran)
        assert "REPORT-ONLY" in next(
            entry.message for entry in caplog.records if entry.levelno >= logging.CRITICAL
        )
        bob = key_of(iam, "bob")

        passed = [ask("GET", "/notes"), ask("GET", "/notes", auth=bob)]
        kept = [
            ask("GET", "/bare", auth=bob),
            ask("GET", "/notes", headers={"authorization": "Bearer iks_x"}),
            ask("GET", "/no//tes"),
            ask("GET", "/inner", auth=bob),
        ]
        store.away = True
        away = ask("GET", "/notes")
        store.away = False
        with pytest.raises(AccessDenied):
            iam.desk(iam.find_principal("bob")).do(users.create_user, user_name="eve")
        decided = iam.desk(iam.operator()).do(records.list_decisions, enforced=False).items
        told = iam.why(passed[1].headers["x-iamkit-decision"])

    assert [answer.status_code for answer in passed] == [200, 200]
    assert [answer.status_code for answer in kept] == [403, 401, 400, 403]
    assert away.status_code == 503
    assert ran == ["notes", "notes"]
    # The marks of /notes twice and of /inner; what the code of /inner asked was enforced.
    assert [(item.action, item.outcome) for item in decided] == [("notes:Read", "implicitDeny")] * 3
    assert told.record.enforced is False
    assert caplog.text.count("would have been refused") == 3


@BOTH
def test_no_request_switches_report_only_on(make: Make, tmp_path: Path, store: Store, ran: list[str]) -> None:
    """It is a setting of the process, and off by default."""
    with deployment(tmp_path, store) as iam:
        ask = make(iam, ran)
        answers = [
            ask("GET", "/notes?report_only=1"),
            ask("GET", "/notes", headers={"x-report-only": "1", "report-only": "true"}),
            ask("GET", "/notes", headers={"cookie": "report_only=1"}),
        ]
        decided = iam.desk(iam.operator()).do(records.list_decisions, outcome="denied").items

    assert [answer.status_code for answer in answers] == [401] * 3
    assert all(item.enforced for item in decided)
    assert ran == []


@BOTH
def test_a_cookie_writes_with_origin_or_the_pages_token(
    make: Make, tmp_path: Path, store: Store, ran: list[str]
) -> None:
    """The whole way: sign in, draw a page, send its form as an old browser and as another site."""
    with deployment(tmp_path, store) as iam:
        document = {"Effect": "Allow", "Action": "notes:*", "Resource": "*"}
        text = json.dumps({"Version": "2012-10-17", "Statement": [document]})
        iam.desk(iam.operator()).do(
            inline.put_user_policy, user_name="bob", policy_name="notes", policy_document=text
        )
        ask = make(iam, ran)
        cookie = {"cookie": iam.session_cookie(iam.sign_in("bob", PASSWORD)).partition(";")[0]}
        token = ask("GET", "/notes", headers=cookie).text

        assert len(token) == 97
        assert ask("POST", "/notes", headers=cookie).status_code == 403
        assert ask("POST", "/notes", headers={**cookie, "origin": "http://app"}).status_code == 200
        assert ask("POST", "/notes", headers={**cookie, "origin": "http://evil"}).status_code == 403
        assert ask("POST", "/notes", headers={**cookie, "x-csrf-token": token}).status_code == 200
        assert ask("POST", "/notes", headers=cookie, data={"csrf_token": token}).status_code == 200
        assert ask("POST", "/notes", headers=cookie, data={"csrf_token": "x"}).status_code == 403
        assert ask("POST", "/notes", auth=key_of(iam, "bob")).status_code == 200
        # Whoever signs needs none, and is given none.
        assert ask("GET", "/notes", auth=key_of(iam, "bob")).text == ""
