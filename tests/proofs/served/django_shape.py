"""The Django project of the matrix, in both colours: functions, classes, includes, stock middleware.

Without `CsrfViewMiddleware`: it refuses, rightly, after iamkit allowed, and nothing here tells the two apart.
"""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views import View

from iamkit import IAM
from iamkit.web.scopes import Receive, Scope, Send
from tests.proofs.served.marks import Mark


def _urls(iam: IAM, mark: Mark, *, asynchronous: bool) -> tuple[Any, ...]:
    def say(name: str, request: HttpRequest, number: str = "") -> HttpResponse:
        mark(name, request.headers.get("X-Probe"), number)
        return HttpResponse("ok")

    class Docs(View):
        @iam.require("docs:Read", "doc/{id}")
        def get(self, request: HttpRequest, id: str) -> HttpResponse:
            return say("read", request, id)

        @iam.require("docs:Write", "doc/{id}")
        def put(self, request: HttpRequest, id: str) -> HttpResponse:
            return say("write", request, id)

    @iam.require("docs:Admin")
    def admin(request: HttpRequest) -> HttpResponse:
        return say("admin", request)

    @iam.require("docs:Admin")
    async def admin_async(request: HttpRequest) -> HttpResponse:
        return say("admin", request)

    @iam.require("docs:Item", "item/{id}")
    def item(request: HttpRequest, id: str) -> HttpResponse:
        return say("item", request, id)

    class Form(View):
        @iam.require("docs:Form")
        async def post(self, request: HttpRequest) -> HttpResponse:
            return say("form", request)

    @iam.public
    def opened(request: HttpRequest) -> HttpResponse:
        return say("open", request)

    def bare(request: HttpRequest) -> HttpResponse:
        return say("bare", request)

    inner = [path("items/<id>", item)]
    return (
        path("docs/<id>", Docs.as_view()),
        path("admin", admin_async if asynchronous else admin),
        path("api/", include([path("v1/", include(inner))])),
        path("form", Form.as_view()),
        path("open", opened),
        path("bare", bare),
    )


def _made(iam: IAM, mark: Mark, *, asynchronous: bool) -> None:
    settings.configure(
        SECRET_KEY="only for tests",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=_urls(iam, mark, asynchronous=asynchronous),
        INSTALLED_APPS=["iamkit.web.django"],
        MIDDLEWARE=[
            "iamkit.web.django.Middleware",
            "django.middleware.security.SecurityMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        IAMKIT_IAM=iam,
        # The logs are read for exceptions; they are written by the root handler.
        LOGGING_CONFIG=None,
        USE_TZ=True,
    )
    django.setup()


def wsgi(iam: IAM, mark: Mark) -> Any:
    """The project under WSGI."""
    from django.core.handlers.wsgi import WSGIHandler

    _made(iam, mark, asynchronous=False)
    return WSGIHandler()


def asgi(iam: IAM, mark: Mark) -> Any:
    """The project under ASGI. Django's own handler raises for a WebSocket, so they are closed before it."""
    from django.core.handlers.asgi import ASGIHandler

    _made(iam, mark, asynchronous=True)
    project: Any = ASGIHandler()

    async def without_sockets(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4404})
        elif scope["type"] == "http":
            await project(scope, receive, send)

    return without_sockets
