"""Flask, FastAPI and Django in front of the real gate: signatures, recorded decisions, revocation at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastapi
import flask
import httpx2
import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path
from django.views import View

from iamkit.client.httpx_auth import SigV4Auth
from iamkit.kit import IAM
from iamkit.management import access_keys, inline, users
from iamkit.memory import MemoryStore
from iamkit.web import fastapi as fastapi_glue
from iamkit.web import flask as flask_glue
from iamkit.web.fastapi import Caller
from iamkit.web.marker import public, require

Ask = Callable[..., httpx2.Response]


@pytest.fixture
def iam(tmp_path: Path) -> Iterator[IAM]:
    """A deployment in memory with the user bob, who may read document 1 and write any."""
    with IAM(tmp_path / "data", store=MemoryStore(), entry_points=False) as iam:
        iam.initialize(account_id="111122223333")
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="bob")
        statement = {
            "Effect": "Allow",
            "Action": ["docs:Read", "docs:Write"],
            "Resource": "arn:aws:docs::111122223333:doc/1",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        desk.do(inline.put_user_policy, user_name="bob", policy_name="docs", policy_document=document)
        yield iam


@pytest.fixture
def bob(iam: IAM) -> SigV4Auth:
    """Signs as bob."""
    made = iam.desk(iam.operator()).do(access_keys.create_access_key, user_name="bob")
    return SigV4Auth(made.key.key_id, made.secret)


def flask_app(iam: IAM, ran: list[str]) -> Ask:
    app = flask_glue.protect(flask.Flask(__name__), iam)

    @app.get("/doc/<doc_id>")
    @require("docs:Read", "doc/{doc_id}")
    def read(doc_id: str) -> str:
        ran.append(f"read {doc_id}")
        return str(flask.g.principal.name)

    @app.put("/doc/<doc_id>")
    @require("docs:Write", "doc/{doc_id}")
    def write(doc_id: str) -> str:
        ran.append(f"write {doc_id}")
        return flask.request.get_data(as_text=True)

    @app.get("/bare")
    def bare() -> str:
        ran.append("bare")
        return "bare"

    @app.get("/open")
    @public
    def opened() -> str:
        return "open"

    client = httpx2.Client(transport=httpx2.WSGITransport(app), base_url="http://app")
    return client.request


def fastapi_app(iam: IAM, ran: list[str]) -> Ask:
    app = fastapi_glue.protect(fastapi.FastAPI(), iam)

    @app.get("/doc/{doc_id}", response_class=fastapi.responses.PlainTextResponse)
    @require("docs:Read", "doc/{doc_id}")
    def read(doc_id: str, caller: Caller) -> str:
        ran.append(f"read {doc_id}")
        return caller.name

    @app.put("/doc/{doc_id}", response_class=fastapi.responses.PlainTextResponse)
    @require("docs:Write", "doc/{doc_id}")
    async def write(doc_id: str, request: fastapi.Request) -> str:
        ran.append(f"write {doc_id}")
        return (await request.body()).decode()

    @app.get("/bare")
    def bare() -> None:
        ran.append("bare")

    @app.get("/open")
    @public
    def opened() -> str:
        return "open"

    def ask(method: str, path: str, **more: object) -> httpx2.Response:
        async def once() -> httpx2.Response:
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
                return await client.request(method, path, **more)  # type: ignore[arg-type]

        return asyncio.run(once())

    return ask


def django_app(iam: IAM, ran: list[str], colour: type[WSGIHandler | ASGIHandler]) -> Ask:
    class Doc(View):
        @require("docs:Read", "doc/{doc_id}")
        def get(self, request: Any, doc_id: str) -> HttpResponse:
            ran.append(f"read {doc_id}")
            return HttpResponse(request.principal.name, content_type="text/plain")

        @require("docs:Write", "doc/{doc_id}")
        def put(self, request: Any, doc_id: str) -> HttpResponse:
            ran.append(f"write {doc_id}")
            return HttpResponse(request.body)

    def bare(request: Any) -> HttpResponse:
        ran.append("bare")
        return HttpResponse("bare")

    urls = (
        path("doc/<doc_id>", Doc.as_view()),
        path("bare", bare),
        path("open", public(lambda request: HttpResponse("open"))),
    )
    # With Django's own cross-site check beside the gate's.
    middleware = ["iamkit.web.django.Middleware", "django.middleware.csrf.CsrfViewMiddleware"]

    def ask(method: str, target: str, **more: Any) -> httpx2.Response:
        with override_settings(ROOT_URLCONF=urls, IAMKIT_IAM=iam, MIDDLEWARE=middleware):
            served = colour()
            if isinstance(served, WSGIHandler):
                transport = httpx2.WSGITransport(served)
                with httpx2.Client(transport=transport, base_url="http://app") as client:
                    return client.request(method, target, **more)
            return asyncio.run(over_asgi(served, method, target, **more))

    return ask


async def over_asgi(app: Any, method: str, target: str, **more: Any) -> httpx2.Response:
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
        return await client.request(method, target, **more)


def django_wsgi(iam: IAM, ran: list[str]) -> Ask:
    return django_app(iam, ran, WSGIHandler)


def django_asgi(iam: IAM, ran: list[str]) -> Ask:
    return django_app(iam, ran, ASGIHandler)


@pytest.fixture(
    params=[flask_app, fastapi_app, django_wsgi, django_asgi],
    ids=["flask", "fastapi", "django-wsgi", "django-asgi"],
)
def ask(request: pytest.FixtureRequest, iam: IAM, ran: list[str]) -> Ask:
    """Sends a request to the same small app, made with each framework."""
    made: Ask = request.param(iam, ran)
    return made


def test_signed_requests_are_decided_by_policy(ask: Ask, bob: SigV4Auth, ran: list[str], iam: IAM) -> None:
    """Allowed runs, denied does not, and the decision id in the answer can be explained."""
    allowed, denied = ask("GET", "/doc/1", auth=bob), ask("GET", "/doc/2", auth=bob)

    assert (allowed.status_code, allowed.text) == (200, "bob")
    assert (denied.status_code, denied.json()["action"]) == (403, "docs:Read")
    assert ran == ["read 1"]
    told = iam.why(denied.headers["x-iamkit-decision"])
    assert "arn:aws:docs::111122223333:doc/2" in str(told)


def test_nobody_the_wrong_key_and_a_broken_signature_are_401(
    ask: Ask, bob: SigV4Auth, ran: list[str], iam: IAM
) -> None:
    """A challenge for each, and no handler."""
    wrong = SigV4Auth("AKIAIOSFODNN7EXAMPLE", "x" * 40)

    answers = [
        ask("GET", "/doc/1"),
        ask("GET", "/doc/1", auth=wrong),
        ask("GET", "/doc/1", headers={"authorization": "Bearer nonsense"}),
        ask("GET", "/open", headers={"authorization": "Basic Ym9iOng="}),
    ]

    assert [answer.status_code for answer in answers] == [401] * 4
    assert all("www-authenticate" in answer.headers for answer in answers)
    assert ran == []


def test_undeclared_is_refused_whoever_asks(ask: Ask, bob: SigV4Auth, ran: list[str]) -> None:
    """403 with a decision id of its own."""
    answer = ask("GET", "/bare", auth=bob)

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:iamkit:error:UnclassifiedRoute")
    assert answer.headers["x-iamkit-decision"]
    assert ran == []


def test_a_signed_body_reaches_the_app_and_a_changed_one_does_not(
    ask: Ask, bob: SigV4Auth, ran: list[str]
) -> None:
    """The signature covers the body, whether or not it is sent along as a hash."""

    class Changed(httpx2.Auth):
        requires_request_body = True

        def auth_flow(self, request: httpx2.Request) -> Iterator[httpx2.Request]:  # type: ignore[override]
            signed = next(bob.auth_flow(request))
            yield httpx2.Request(signed.method, signed.url, headers=signed.headers, content=b"evil")

    assert ask("PUT", "/doc/1", content=b"data", auth=bob).text == "data"
    assert ask("PUT", "/doc/1", content=b"data", auth=Changed()).status_code == 401
    assert ran == ["write 1"]


def test_two_credentials_are_ambiguous(ask: Ask, ran: list[str]) -> None:
    """Two Authorization headers are 400 where the server keeps them apart; neither of them counts."""
    fields = [("authorization", "Bearer a"), ("authorization", "Bearer b")]

    assert ask("GET", "/open", headers=fields).status_code in (400, 401)
    assert ran == []


def test_a_user_who_is_disabled_is_refused_at_once(
    ask: Ask, bob: SigV4Auth, ran: list[str], iam: IAM
) -> None:
    """The very next request."""
    assert ask("GET", "/doc/1", auth=bob).status_code == 200

    iam.desk(iam.operator()).do(users.disable_user, user_name="bob")

    assert ask("GET", "/doc/1", auth=bob).status_code == 401
    assert ran == ["read 1"]
