"""Apps behind a route table: they see the path that was decided on, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

import flask
import httpx2
import pytest
from starlette.applications import Starlette

from iamkit.cli import apps
from iamkit.errors import ConfigurationError
from iamkit.web.asgi import Message, Receive, Scope, Send
from iamkit.web.route_file import read
from iamkit.web.sniff import FrameworkRoutes, guarded, protect
from iamkit.web.tabled import TabledASGI, TabledWSGI

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from tests.web.conftest import MemoryGate

ROUTES: list[dict[str, object]] = [
    {"path": "/docs/<int:id>", "actions": {"GET": "docs:Read", "PUT": "docs:Write"}, "resource": "doc/{id}"},
    {"path": "/open/<name>", "public": True},
    {"path": "/", "action": "docs:List"},
    {"path": "/live/<id>", "websocket": True, "action": "docs:Read", "resource": "doc/{id}"},
]


class Echo:
    """A WSGI app that writes down what it sees."""

    def __init__(self, seen: list[dict[str, Any]]) -> None:
        self.seen = seen

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.seen.append(environ)
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode("latin-1")]


class AsyncEcho:
    """The same for ASGI."""

    def __init__(self, seen: list[Scope]) -> None:
        self.seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": scope["path"].encode()})


def wsgi(app: TabledWSGI, path: str, who: str = "alice", /, **more: Any) -> int:
    environ: WSGIEnvironment = {"PATH_INFO": path, "HTTP_AUTHORIZATION": f"Bearer {who}"}
    setup_testing_defaults(environ)
    environ["SCRIPT_NAME"] = ""
    environ.update(more)
    statuses: list[str] = []

    def start_response(status: str, headers: object, exc_info: object = None) -> Any:
        statuses.append(status)

    list(app(environ, start_response))
    return int(statuses[0].split()[0])


def asgi(app: TabledASGI, path: str, who: str = "alice", /, **more: Any) -> int:
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": None,
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"app"), (b"authorization", f"Bearer {who}".encode())],
        "client": ("192.0.2.1", 1),
        **more,
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return int(sent[0].get("status", sent[0].get("code", 0))) if sent else 0


@pytest.fixture
def seen() -> list[Any]:
    """What the app inside was called with."""
    return []


def test_the_table_decides(gate: MemoryGate, seen: list[Any]) -> None:
    """Both kinds: allowed, denied, anonymous by a public row, and what is not in the table."""
    one, other = protect(Echo(seen), gate, routes=ROUTES), protect(AsyncEcho(seen), gate, routes=ROUTES)
    assert isinstance(one, TabledWSGI)
    assert isinstance(other, TabledASGI)

    for path, who, status in (
        ("/docs/1", "bob", 200),
        ("/docs/2", "bob", 403),
        ("/docs/01", "alice", 403),
        ("/docs/1/", "alice", 403),
        ("/none", "alice", 403),
        ("/open/ä", "carol", 200),
        ("/", "alice", 200),
    ):
        latin = path.encode().decode("latin-1")
        assert (wsgi(one, latin, who), asgi(other, path, who)) == (status, status), path
    assert len(seen) == 6
    assert gate.unclassified[0] == "GET /docs/01 (not in the route table)"
    assert gate.recorded[0][1:3] == ("docs:Read", "arn:aws:docs::111122223333:doc/1")


def test_methods(gate: MemoryGate, seen: list[Any]) -> None:
    """HEAD goes with GET, OPTIONS reaches the app only where it is named."""
    app = TabledWSGI(Echo(seen), gate, ROUTES)

    statuses = [
        wsgi(app, "/docs/1", "bob", REQUEST_METHOD=method) for method in ("HEAD", "PUT", "OPTIONS", "DELETE")
    ]
    assert statuses == [200, 403, 403, 403]
    assert len(seen) == 1


def test_other_ways_to_say_a_path_are_closed(gate: MemoryGate, seen: list[Any]) -> None:
    """The app sees the plain spelling in every place, and no header that stands for another path."""
    app = TabledWSGI(Echo(seen), gate, ROUTES)
    raw = {"RAW_URI": "/open/%61?x=1", "REQUEST_URI": "/open/%61?x=1", "QUERY_STRING": "x=1"}
    rewritten = {"HTTP_X_ORIGINAL_URL": "/admin", "HTTP_X_REWRITE_URL": "/admin"}
    assert wsgi(app, "/open/a", **raw, **rewritten) == 200
    (environ,) = seen
    assert environ["RAW_URI"] == environ["REQUEST_URI"] == "/open/a?x=1"
    assert not {"HTTP_X_ORIGINAL_URL", "HTTP_X_REWRITE_URL"} & set(environ)

    seen.clear()
    headers = [(b"host", b"app"), (b"X-Original-URL", b"/admin")]
    assert (
        asgi(TabledASGI(AsyncEcho(seen), gate, ROUTES), "/open/a", raw_path=b"/open/%61", headers=headers)
        == 200
    )
    assert (seen[0]["raw_path"], seen[0]["headers"]) == (b"/open/a", headers[:1])


@pytest.mark.parametrize("path", ["//docs/1", "/docs/../docs/1", "/open/a%2fb", "/open/%2561", "/open/a;b"])
def test_ambiguous_paths_never_get_there(gate: MemoryGate, seen: list[Any], path: str) -> None:
    """What is not canonical is 400, before the table is asked."""
    app = TabledWSGI(Echo(seen), gate, ROUTES)

    assert wsgi(app, path.replace("%2f", "/").replace("%25", "%"), RAW_URI=path) == 400
    assert seen == []


def test_the_mount_is_pinned(gate: MemoryGate, seen: list[Any], caplog: pytest.LogCaptureFixture) -> None:
    """`SCRIPT_NAME` and `root_path` move nothing: they are the prefix, or the request is refused."""
    plain = TabledWSGI(Echo(seen), gate, ROUTES)
    assert wsgi(plain, "/docs/1", SCRIPT_NAME="/x") == 400
    assert asgi(TabledASGI(AsyncEcho(seen), gate, ROUTES), "/x/docs/1", root_path="/x") == 400
    assert "set its `prefix`" in caplog.text
    assert seen == []

    table = read(ROUTES, prefix="/api")
    mounted, other = TabledWSGI(Echo(seen), gate, table), TabledASGI(AsyncEcho(seen), gate, table)
    assert [wsgi(mounted, "/docs/1", SCRIPT_NAME="/api"), wsgi(mounted, "/docs/1")] == [200, 400]
    assert wsgi(mounted, "", SCRIPT_NAME="/api") == 200
    # Servers differ in whether the path repeats the root path; the app always sees it repeated.
    for path in ("/api/docs/1", "/docs/1"):
        assert asgi(other, path, root_path="/api") == 200
    assert [(scope["path"], scope["raw_path"]) for scope in seen[2:]] == [("/api/docs/1", b"/api/docs/1")] * 2
    assert seen[1]["PATH_INFO"] == "/"


def test_sockets_and_lifespan(gate: MemoryGate, seen: list[Any]) -> None:
    """A socket has a row of its own; lifespan passes."""
    app = TabledASGI(AsyncEcho(seen), gate, ROUTES)

    assert asgi(app, "/live/2", "bob", type="websocket") == 4403
    assert asgi(app, "/docs/1", "bob", type="websocket") == 4403
    assert asgi(app, "/live/1", "bob") == 403
    assert seen == []
    assert asgi(app, "/live/1", "bob", type="websocket") == 0
    assert asgi(app, "", type="lifespan") == 0
    assert [scope["type"] for scope in seen] == ["websocket", "lifespan"]


def test_which_kind_an_app_is(gate: MemoryGate) -> None:
    """By its signature; frameworks' apps are plain ones here; what cannot be told has to be said."""

    def plain(environ: object, start_response: object) -> list[bytes]:
        return []

    async def coroutine(scope: object, receive: object, send: object) -> None: ...

    assert isinstance(protect(plain, gate, routes=ROUTES), TabledWSGI)
    assert isinstance(protect(flask.Flask("x").wsgi_app, gate, routes=ROUTES), TabledWSGI)
    assert isinstance(protect(coroutine, gate, routes=ROUTES), TabledASGI)
    assert isinstance(protect(Starlette(), gate, routes=ROUTES), TabledASGI)
    odd_ones: list[object] = [lambda *anything: [], print, Echo, 7]
    for odd in odd_ones:
        with pytest.raises(ConfigurationError, match=r"cannot be told|no app"):
            protect(odd, gate, routes=ROUTES)
    with pytest.raises(ConfigurationError, match="drop `public`"):
        protect(plain, gate, routes=ROUTES, public={"docs"})


def test_it_is_listed(gate: MemoryGate) -> None:
    """`iamkit routes` shows the table, and that the app is guarded."""
    app = protect(Echo([]), gate, routes=ROUTES)

    assert apps.guarded(app)
    assert [row.action for row in apps.listed(app)] == [
        "docs:Read",
        "docs:Write",
        None,
        "docs:List",
        "docs:Read",
    ]


def test_a_flask_app_that_cannot_change(gate: MemoryGate, ran: list[str]) -> None:
    """Its views run for the rows of the table only."""
    app = flask.Flask("legacy")

    @app.get("/docs/<name>")
    @app.get("/<name>")
    def page(name: str) -> str:
        ran.append(name)
        return name

    guarded = protect(app, gate, routes=ROUTES)
    client = httpx2.Client(transport=httpx2.WSGITransport(guarded), base_url="http://app")  # type: ignore[arg-type]
    headers = {"authorization": "Bearer bob"}

    paths = ("/docs/1", "/docs/2", "/docs/001", "/admin")
    assert [client.get(path, headers=headers).status_code for path in paths] == [200, 403, 403, 403]
    assert ran == ["1"]


def test_a_flask_app_is_guarded_from_within(gate: MemoryGate) -> None:
    """`flask run` serves the Flask object that it finds in the module, whatever was returned beside it."""
    app = flask.Flask("shop")
    app.add_url_rule("/hello", "hello", lambda: "hello")
    app.add_url_rule("/open", "open", lambda: "open")

    returned = protect(app, gate, routes=[{"path": "/open", "public": True}])

    assert returned is app
    client = app.test_client()
    assert client.get("/open").text == "open"
    assert client.get("/hello").status_code == 403
    assert [route.path for route in FrameworkRoutes().iamkit_routes(app) or ()] == ["/open"]
    assert guarded(app)
    with pytest.raises(ConfigurationError):
        protect(app, gate, routes=[{"path": "/open", "public": True}])
