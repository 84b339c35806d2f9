"""What people first do with it, each as one small story over a real deployment, the same in every framework.

Other stories are shown elsewhere: lists and decisions agree in `tests/rows/test_agreement.py`, the fixtures
for the tests of apps in `tests/testing`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import httpx2
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path as url
from fastapi import FastAPI
from litestar import Litestar, asgi, get
from litestar.params import FromPath
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from iamkit.client.httpx_auth import SigV4Auth
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.kit import IAM
from iamkit.management import access_keys, inline, login_profiles, users
from iamkit.web import fastapi as fastapi_glue
from iamkit.web import flask as flask_glue
from iamkit.web import litestar as litestar_glue

SPA = "https://spa.example"
PASSWORD = "three quiet otters read maps"
READ = (
    '{"Version": "2012-10-17",'
    ' "Statement": {"Effect": "Allow", "Action": "docs:Read", "Resource": "arn:aws:docs:*:*:doc/1"}}'
)
Ask = Callable[..., httpx2.Response]


@pytest.fixture
def iam(tmp_path: Path) -> Iterator[IAM]:
    with IAM(
        tmp_path / "iam",
        entry_points=False,
        password_cost=CHEAPEST,
        sign_in_path="/sign-in",
        cors=(SPA,),
    ) as made:
        made.initialize(account_id="111122223333")
        desk = made.desk(made.operator())
        desk.do(users.create_user, user_name="bob")
        desk.do(inline.put_user_policy, user_name="bob", policy_name="own", policy_document=READ)
        desk.do(login_profiles.create_login_profile, user_name="bob", password=Secret(PASSWORD))
        yield made


@pytest.fixture
def bob(iam: IAM) -> SigV4Auth:
    made = iam.desk(iam.operator()).do(access_keys.create_access_key, user_name="bob")
    return SigV4Auth(made.key.key_id, made.secret)


def over_wsgi(app: Any) -> Ask:
    return httpx2.Client(transport=httpx2.WSGITransport(app), base_url="http://app").request


def over_asgi(app: Any) -> Ask:
    def ask(method: str, path: str, **more: Any) -> httpx2.Response:
        async def once() -> httpx2.Response:
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
                return await client.request(method, path, **more)

        return asyncio.run(once())

    return ask


def in_flask(iam: IAM) -> Iterator[Ask]:
    app = flask.Flask("app")
    flask_glue.protect(app, iam)

    @app.get("/docs/<doc_id>")
    @iam.require("docs:Read", "doc/{doc_id}")
    def read(doc_id: str) -> str:
        return doc_id

    @iam.require("docs:Read", "doc/{doc_id}")
    @app.get("/swapped/<doc_id>")
    def swapped(doc_id: str) -> str:
        return doc_id

    app.get("/bare")(lambda: "bare")
    other = flask.Flask("other")
    other.get("/page")(lambda: "mounted")
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/inner": other})  # type: ignore[method-assign]
    yield over_wsgi(app)


def in_fastapi(iam: IAM) -> Iterator[Ask]:
    app = FastAPI()
    fastapi_glue.protect(app, iam, public={"docs"})

    @app.get("/docs/{doc_id}")
    @iam.require("docs:Read", "doc/{doc_id}")
    def read(doc_id: str) -> str:
        return doc_id

    @iam.require("docs:Read", "doc/{doc_id}")
    @app.get("/swapped/{doc_id}")
    def swapped(doc_id: str) -> str:
        return doc_id

    app.get("/bare")(lambda: "bare")

    def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse("mounted")

    app.mount("/inner", Starlette(routes=[Route("/page", page)]))
    yield over_asgi(app)


def in_litestar(iam: IAM) -> Iterator[Ask]:
    @get("/docs/{doc_id:str}", sync_to_thread=False)
    @iam.require("docs:Read", "doc/{doc_id}")
    def read(doc_id: FromPath[str]) -> str:
        return doc_id

    @iam.require("docs:Read", "doc/{doc_id}")
    @get("/swapped/{doc_id:str}", sync_to_thread=False)
    def swapped(doc_id: FromPath[str]) -> str:
        return doc_id

    @get("/bare", sync_to_thread=False)
    def bare() -> str:
        return "bare"

    @get("/page", sync_to_thread=False)
    def page() -> str:
        return "mounted"

    inner = asgi("/inner", is_mount=True, copy_scope=True)(Litestar([page]))
    yield over_asgi(litestar_glue.protect(Litestar([read, swapped, bare, inner]), iam, public={"docs"}))


def in_django(iam: IAM) -> Iterator[Ask]:
    @iam.require("docs:Read", "doc/{doc_id}")
    def read(request: HttpRequest, doc_id: str) -> HttpResponse:
        return HttpResponse(doc_id)

    def bare(request: HttpRequest) -> HttpResponse:
        return HttpResponse("bare")

    patterns = (
        url("docs/<doc_id>", read),
        url("swapped/<doc_id>", read),
        url("bare", bare),
        url("inner/page", bare),
    )
    with override_settings(ROOT_URLCONF=patterns, IAMKIT_IAM=iam):
        yield over_wsgi(WSGIHandler())


@pytest.fixture(params=[in_flask, in_fastapi, in_litestar, in_django], ids=lambda made: made.__name__)
def ask(request: pytest.FixtureRequest, iam: IAM) -> Iterator[Ask]:
    yield from request.param(iam)


def test_a_new_app_is_guarded(ask: Ask, bob: SigV4Auth) -> None:
    """One protected route works; one without a mark and a mounted one are refused to everybody (U1)."""
    assert ask("GET", "/docs/1", auth=bob).status_code == 200
    assert ask("GET", "/docs/2", auth=bob).status_code == 403
    assert ask("GET", "/docs/1").status_code == 401
    for path in ("/bare", "/inner/page"):
        assert ask("GET", path).status_code in (401, 403)
        assert ask("GET", path, auth=bob).status_code == 403


def test_the_order_of_decorators_does_not_matter(ask: Ask, bob: SigV4Auth) -> None:
    """The mark above the route's own decorator guards as well (U2)."""
    assert ask("GET", "/swapped/1", auth=bob).status_code == 200
    assert ask("GET", "/swapped/2", auth=bob).status_code == 403
    assert ask("GET", "/swapped/1").status_code == 401


@pytest.mark.parametrize(
    ("made", "schema"), [(in_fastapi, "/openapi.json"), (in_litestar, "/schema/openapi.json")]
)
def test_the_docs_show_the_lock(made: Callable[[IAM], Iterator[Ask]], schema: str, iam: IAM) -> None:
    """On the protected operation, and on no other (U1)."""
    for ask in made(iam):
        paths = ask("GET", schema).json()["paths"]
        assert {"iamkit_session": []} in paths["/docs/{doc_id}"]["get"]["security"]
        assert "security" not in paths["/bare"]["get"]


def test_a_401_can_be_met_and_read(ask: Ask) -> None:
    """It has challenges, no error where nothing was wrong, and pages of a named origin read it (U3)."""
    origin = {"origin": SPA}
    nobody = ask("GET", "/docs/1", headers=origin)
    wrong = ask("GET", "/docs/1", headers={**origin, "authorization": "Bearer iks_wrong"})
    asked = ask("OPTIONS", "/docs/1", headers={**origin, "access-control-request-method": "GET"})

    for answer in (nobody, wrong):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"]
        assert answer.headers["access-control-allow-origin"] == SPA
    assert "error=" not in nobody.headers["www-authenticate"]
    assert asked.status_code == 204
    assert "www-authenticate" not in asked.headers


def test_a_403_can_be_read(ask: Ask, bob: SigV4Auth) -> None:
    """By pages of a named origin as well (U3)."""
    answer = ask("GET", "/docs/2", headers={"origin": SPA}, auth=bob)

    assert answer.status_code == 403
    assert answer.headers["access-control-allow-origin"] == SPA


def test_everybody_is_answered_in_kind(ask: Ask) -> None:
    """HTMX is redirected as a whole, a navigation goes to sign in, programs get a problem (U4)."""
    htmx = ask("GET", "/docs/1", headers={"hx-request": "true", "hx-current-url": "http://app/docs"})
    page = ask("GET", "/docs/1", headers={"accept": "text/html", "sec-fetch-mode": "navigate"})
    fetch = ask("GET", "/docs/1", headers={"accept": "*/*", "sec-fetch-mode": "cors"})
    curl = ask("GET", "/docs/1", headers={"accept": "*/*"})

    assert htmx.headers["hx-redirect"] == "/sign-in?next=%2Fdocs"
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=%2Fdocs%2F1")
    for answer in (fetch, curl):
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == 401
