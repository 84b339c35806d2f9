"""Test clients of every framework carry a session, one way or the other, with each request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client as DjangoClient
from flask import Flask, request
from litestar import Litestar, Request, get
from litestar.testing import TestClient as LitestarClient
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from iamkit.credentials.secret import Secret
from iamkit.errors import ConfigurationError
from iamkit.testing.clients import carry, client_of

ONE, OTHER = Secret("iks_one"), Secret("iks_other")


def flask_app() -> Any:
    app = Flask(__name__)
    app.get("/")(lambda: f"{request.headers.get('Authorization')} {request.headers.get('Cookie')}")
    return app


def starlette_app() -> Any:
    async def shown(request: StarletteRequest) -> PlainTextResponse:
        return PlainTextResponse(f"{request.headers.get('Authorization')} {request.headers.get('Cookie')}")

    return Starlette(routes=[Route("/", shown)])


def litestar_app() -> Any:
    @get("/", sync_to_thread=False)
    def shown(request: Request[Any, Any, Any]) -> str:
        return f"{request.headers.get('Authorization')} {request.headers.get('Cookie')}"

    return Litestar([shown], openapi_config=None)


def wsgi_app() -> Any:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [])
        return [f"{environ.get('HTTP_AUTHORIZATION')} {environ.get('HTTP_COOKIE')}".encode()]

    return app


@pytest.mark.parametrize("make", [flask_app, starlette_app, litestar_app, wsgi_app])
def test_a_client_sends_the_session(make: Callable[[], Any]) -> None:
    """As a bearer token or as a cookie, never both; what is carried later replaces what was before."""
    app = make()
    client, untouched = client_of(app), client_of(app)

    first = carry(client, ONE, None).get("/").text
    second = carry(client, OTHER, None).get("/").text
    third = carry(client, ONE, "__Host-iamkit").get("/").text

    assert first == "Bearer iks_one None"
    assert second == "Bearer iks_other None"
    assert third == "None __Host-iamkit=iks_one"
    assert untouched.get("/").text == "None None"


def test_each_framework_has_its_own_client() -> None:
    """The one that its documentation shows."""

    async def plain(scope: Any, receive: Any, send: Any) -> None: ...

    assert type(client_of(flask_app())).__module__.startswith("flask")
    assert isinstance(client_of(starlette_app()), TestClient)
    assert isinstance(client_of(litestar_app()), LitestarClient)
    assert isinstance(client_of(object.__new__(WSGIHandler)), DjangoClient)
    assert isinstance(client_of(plain), httpx2.AsyncClient)


def test_djangos_client_sends_the_session() -> None:
    """It keeps headers as the environment has them."""
    client = carry(DjangoClient(), ONE, None)
    assert client._base_environ()["HTTP_AUTHORIZATION"] == "Bearer iks_one"

    environ = carry(client, OTHER, "iamkit")._base_environ()

    assert "HTTP_AUTHORIZATION" not in environ
    assert environ["HTTP_COOKIE"] == "iamkit=iks_other"


def test_what_is_no_client_or_no_app_is_refused() -> None:
    """With what to do, and without the token."""
    with pytest.raises(ConfigurationError, match=r"iam_as\.headers") as told:
        carry(object(), ONE, None)
    assert "iks_" not in str(told.value)
    with pytest.raises(ConfigurationError, match="iam_app"):
        client_of(None)
