"""Under every framework: two lines put the pages before an app, and open or close nothing of it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import pytest
from fastapi import FastAPI
from flask import Flask
from litestar import Litestar, get
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from iamkit import IAM, current_principal
from iamkit.errors import ConfigurationError
from iamkit.management import inline
from iamkit.web.litestar import IAMPlugin
from iamkit_pages import Pages
from iamkit_pages.plugin import plugin

if TYPE_CHECKING:
    from tests.conftest import Browser, Make, World

PASSWORD: Final = "correct horse battery"
NOTES: Final = """{"Version": "2012-10-17", "Statement":
  {"Effect": "Allow", "Action": "notes:Read", "Resource": "*"}}"""


def _flask(iam: IAM, pages: Pages) -> Any:
    app = Flask("notes")
    iam.protect(app)

    @app.get("/notes")
    @iam.require("notes:Read")
    def notes() -> str:
        return current_principal().name

    @app.get("/forgotten")
    def forgotten() -> str:
        return "open"

    app.wsgi_app = pages.wsgi(app.wsgi_app)  # type: ignore[method-assign]
    return app


def _dispatched(iam: IAM, pages: Pages) -> Any:
    app = Flask("notes")
    iam.protect(app)
    app.add_url_rule("/notes", "notes", iam.require("notes:Read")(lambda: current_principal().name))
    app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    return DispatcherMiddleware(app, {"/account": pages.wsgi()})


def _fastapi(iam: IAM, pages: Pages) -> Any:
    app = FastAPI()
    iam.protect(app)

    @app.get("/notes")
    @iam.require("notes:Read")
    async def notes() -> str:
        return current_principal().name

    @app.get("/forgotten")
    async def forgotten() -> str:
        return "open"

    app.add_middleware(pages.asgi)
    return _as_wsgi(app)


def _mounted(iam: IAM, pages: Pages) -> Any:
    app = FastAPI()

    @app.get("/notes")
    @iam.require("notes:Read")
    async def notes() -> str:
        return current_principal().name

    @app.get("/forgotten")
    async def forgotten() -> str:
        return "open"

    app.mount("/account", pages.asgi())
    iam.protect(app)
    return _as_wsgi(app)


def _litestar(iam: IAM, pages: Pages) -> Any:
    @get("/notes")
    @iam.require("notes:Read")
    async def notes() -> str:
        return current_principal().name

    @get("/forgotten")
    async def forgotten() -> str:
        return "open"

    return _as_wsgi(pages.asgi(Litestar([notes, forgotten], plugins=[IAMPlugin(iam)])))


def _table(iam: IAM, pages: Pages) -> Any:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [current_principal().name.encode()]

    return pages.wsgi(iam.wsgi(app, routes=[{"path": "/notes", "action": "notes:Read"}]))


def _as_wsgi(app: Any) -> Callable[[dict[str, Any], Any], list[bytes]]:
    """An ASGI app, as the browser of these tests asks."""

    def asked(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        headers = [
            (name[5:].replace("_", "-").lower().encode(), value.encode())
            for name, value in environ.items()
            if name.startswith("HTTP_")
        ]
        for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            if environ.get(name):
                headers.append((name.replace("_", "-").lower().encode(), environ[name].encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": environ["REQUEST_METHOD"],
            "scheme": environ["wsgi.url_scheme"],
            "path": environ["PATH_INFO"],
            "raw_path": environ["PATH_INFO"].encode(),
            "root_path": "",
            "query_string": environ["QUERY_STRING"].encode(),
            "headers": headers,
            "client": (environ["REMOTE_ADDR"], 1),
            "server": ("app.example.org", 443),
            "state": {},
        }
        sent: list[Any] = []

        async def run() -> None:
            waiting = [{"type": "http.request", "body": environ["wsgi.input"].read()}]

            async def receive() -> Any:
                return waiting.pop() if waiting else {"type": "http.disconnect"}

            async def send(message: Any) -> None:
                sent.append(message)

            await app(scope, receive, send)

        asyncio.run(run())
        start = sent[0]
        fields = [(name.decode().title(), value.decode()) for name, value in start["headers"]]
        start_response(f"{start['status']} {HTTPStatus(start['status']).phrase}", fields)
        return [message.get("body", b"") for message in sent[1:]]

    return asked


WAYS: Final = [_flask, _dispatched, _fastapi, _mounted, _litestar, _table]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: str(way.__name__).strip("_"))
def test_the_pages_stand_before_an_app(
    world: World, browse: type[Browser], way: Callable[[IAM, Pages], Any]
) -> None:
    """A stranger is sent to sign in, comes back to where they were, and the app's guard is as it was."""
    browser = browse(way(world.iam, world.pages))
    world.do(inline.put_user_policy, user_name="ana", policy_name="notes", policy_document=NOTES)

    assert browser.send("GET", "/forgotten").status in (403, 404)
    browser.get("/notes")
    assert browser.page.url.endswith("/account/sign-in?next=%2Fnotes")
    browser.submit("/sign-in", user="ana", password=PASSWORD)
    assert (browser.page.status, browser.page.text.strip('"')) == (200, "ana")
    assert browser.send("GET", "/forgotten").status in (403, 404)
    assert browser.send("GET", "/accounts").status in (403, 404)
    assert "Signed in as ana" in browser.get("/account/").text
    browser.submit("/sign-out")
    assert browser.send("GET", "/notes").status == 303


def test_an_old_browser_is_served_in_both_colours(world: World, browse: type[Browser]) -> None:
    """Its form is read for the token before its sender is known, and once more by the page."""
    for app in (world.pages.wsgi(), _as_wsgi(world.pages.asgi())):
        browser = browse(app, fetch_metadata=False)
        browser.sign_in()
        browser.get("/account/tokens")
        browser.submit("/tokens", name=f"ci {len(browser.cookies)} {app!r}"[:40])
        assert "Your new token" in browser.page.text
        browser.get("/account/tokens")
        browser.submit("/tokens/delete")
        assert browser.post("/account/tokens", {"name": "x"}).status == 403


def test_a_body_that_is_too_long_is_refused_in_both_colours(world: World, browse: type[Browser]) -> None:
    """413, and nothing of it is kept."""
    kind = "application/x-www-form-urlencoded"
    for app in (world.pages.wsgi(), _as_wsgi(world.pages.asgi())):
        answer = browse(app).send("POST", "/account/sign-in", b"user=" + b"a" * 70_000, kind)
        assert answer.status == 413


def test_before_the_first_start_nothing_is_served(browse: type[Browser], tmp_path: Any) -> None:
    """503, as everywhere, whatever the page; and the app may start all the same."""
    with IAM(tmp_path / "iam", entry_points=False) as iam:
        browser = browse(Pages(iam).wsgi())
        for path in ("/account/", "/account/sign-in", "/account/api/session", "/account/style.css"):
            assert browser.send("GET", path).status == 503


def test_under_django(tmp_path: Any) -> None:
    """A project's `wsgi.py` and `asgi.py`, with the line; in a process of its own: settings are global."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DJANGO, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.strip() == "wsgi 200 303, asgi 200 303", done.stderr


DJANGO: Final = """
import asyncio, io, sys
import django
from django.conf import settings
from iamkit import IAM
from iamkit_pages import Pages

iam = IAM(sys.argv[1], entry_points=False, sign_in_path="/account/sign-in")
iam.initialize()
settings.configure(SECRET_KEY="x", ROOT_URLCONF=(), ALLOWED_HOSTS=["*"], INSTALLED_APPS=["iamkit.web.django"],
    MIDDLEWARE=["iamkit.web.django.Middleware"], IAMKIT_IAM=iam)
django.setup()
from django.http import HttpResponse
from django.urls import path
view = iam.require("notes:Read")(lambda request: HttpResponse("notes"))
settings.ROOT_URLCONF = (path("notes", view),)
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

pages = Pages(iam)
application = pages.wsgi(get_wsgi_application())
found = []
for target in ("/account/sign-in", "/notes"):
    environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": target, "QUERY_STRING": "",
        "SERVER_NAME": "a", "SERVER_PORT": "443", "HTTP_HOST": "app.example.org", "wsgi.url_scheme": "https",
        "HTTP_ACCEPT": "text/html", "REMOTE_ADDR": "203.0.113.9", "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr}
    b"".join(application(environ, lambda status, fields, exc=None: found.append(status[:3])))
print("wsgi", *found, end=", ")

application = pages.asgi(get_asgi_application())
found = []
async def ask(target):
    waiting = [{"type": "http.request", "body": b""}]
    async def receive():
        return waiting.pop() if waiting else await asyncio.Event().wait()
    async def send(message):
        if "status" in message:
            found.append(str(message["status"]))
    scope = {"type": "http", "method": "GET", "path": target, "raw_path": target.encode(),
        "query_string": b"", "scheme": "https",
        "headers": [(b"host", b"app.example.org"), (b"accept", b"text/html")],
        "client": ("203.0.113.9", 1), "server": ("a", 443), "http_version": "1.1", "asgi": {"version": "3.0"}}
    await application(scope, receive, send)
for target in ("/account/sign-in", "/notes"):
    asyncio.run(ask(target))
print("asgi", *found)
iam.close()
"""


def test_the_pages_are_listed(world: World) -> None:
    """`iamkit routes` shows them with the app behind them; of another app the plugin says nothing."""
    app = Flask("notes")
    app.add_url_rule("/notes", "notes", world.iam.require("notes:Read")(lambda: "x"))
    listed = plugin.iamkit_routes(app=world.pages.wsgi(app)) or ()

    assert {"/account/sign-in", "/account/api/session", "/notes"} <= {route.path for route in listed}
    assert all(route.public for route in listed if route.path.startswith("/account/"))
    assert plugin.iamkit_routes(app=app) is None


def test_alone_they_are_an_app(world: World) -> None:
    """Lifespan is answered, sockets are closed, and what is not theirs is not found."""
    app = world.pages.asgi()
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        waiting = [{"type": "lifespan.shutdown"}, {"type": "lifespan.startup"}]

        async def receive() -> Any:
            return waiting.pop()

        await app({"type": "lifespan"}, receive, send)
        await app({"type": "websocket", "path": "/account/", "headers": []}, receive, send)

    asyncio.run(run())

    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
        "websocket.close",
    ]
    assert world.browser().send("GET", "/elsewhere").status == 404


@pytest.mark.parametrize("prefix", ["", "/", "account", "/account/", "/a//b", "/a b", "/../x", "/é"])
def test_a_prefix_that_is_none_stops_the_start(make: Make, prefix: str) -> None:
    """ConfigurationError, before anything is served."""
    with pytest.raises(ConfigurationError):
        make(prefix=prefix)


def test_another_prefix_is_in_every_address(make: Make) -> None:
    """Forms, links, redirects and cookies' pages all follow it."""
    world = make(prefix="/me/site")
    browser = world.browser()
    browser.get("/me/site")
    browser.submit("/sign-in", user="ana", password=PASSWORD)

    assert "Signed in as ana" in browser.page.text
    assert "/account" not in browser.page.text
