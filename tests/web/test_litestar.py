"""Litestar: handlers, controllers, routers, mounts, listeners, its own pages; the check comes first."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from litestar import Controller, Litestar, Request, Response, Router, WebSocket, asgi, get, post, put, route
from litestar.config.cors import CORSConfig
from litestar.config.response_cache import ResponseCacheConfig
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.enums import HttpMethod
from litestar.exceptions import NotFoundException
from litestar.handlers import WebsocketListener, head, websocket, websocket_listener
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath
from litestar.routes import HTTPRoute
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp as LitestarASGIApp
from litestar.types import Receive, Scope, Send
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from iamkit.cli import apps
from iamkit.errors import AccessDenied, ConfigurationError
from iamkit.gate.current import current_principal
from iamkit.identity.principal import Principal
from iamkit.web.litestar import IAMPlugin, iam_principal, protect, routes
from iamkit.web.marker import public, require
from iamkit.web.sniff import home_of
from iamkit.web.sniff import protect as protect_any

if TYPE_CHECKING:
    from tests.web.conftest import MemoryGate

ALICE = {"authorization": "Bearer alice"}
BOB = {"authorization": "Bearer bob"}
CAROL = {"authorization": "Bearer carol"}
DOC = "arn:aws:docs::111122223333:doc/"


def ask(app: Any, method: str, path: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    async def once() -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
            return await client.request(method, path, headers=headers or {})

    return asyncio.run(once())


def status(app: Any, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> int:
    return ask(app, method, path, headers).status_code


@pytest.fixture
def app(gate: MemoryGate, ran: list[str]) -> Litestar:
    """An app with marks on either side of its decorators, a controller, nested routers and a mounted app."""

    @get("/doc/{doc_id:str}")
    @require("docs:Read", "doc/{doc_id}")
    async def read(
        doc_id: FromPath[str], principal: NamedDependency[Principal], request: Request[Any, Any, Any]
    ) -> str:
        ran.append(f"read {doc_id}")
        assert request.user is principal
        assert current_principal() is principal
        return principal.name

    @require("docs:Write", "doc/{doc_id}")
    @put("/doc/{doc_id:int}", sync_to_thread=True)
    def write(doc_id: FromPath[int]) -> str:
        ran.append(f"write {doc_id}")
        return current_principal().name

    @get("/bare")
    async def bare() -> str:
        ran.append("bare")
        return "bare"

    @get("/open", sync_to_thread=False)
    @public
    def opened() -> str:
        ran.append("open")
        return "open"

    @get("/secret")
    @require("docs:Secret", hidden=True)
    async def secret() -> str:
        ran.append("secret")
        return "secret"

    class Folders(Controller):
        path = "/folders"

        @get("/{folder:str}", sync_to_thread=False)
        @require("docs:List", "folder/{folder}")
        def index(self, folder: FromPath[str]) -> str:
            ran.append(f"folder {folder}")
            return folder

        @require("docs:Make", "folder/{folder}")
        @post("/{folder:str}")
        async def make(self, folder: FromPath[str]) -> str:
            ran.append(f"make {folder}")
            return folder

        @get("/")
        async def undeclared(self) -> str:
            ran.append("folders")
            return ""

    @require("docs:Admin")
    class Admin(Controller):
        path = "/admin"

        @get("/")
        async def page(self) -> str:
            ran.append("admin")
            return "admin"

        @get("/hello")
        @public
        async def hello(self) -> str:
            return "hello"

    nested = Router("/v1", route_handlers=[Router("/inner", route_handlers=[bare, Folders])])
    return Litestar([read, write, bare, opened, secret, Folders, Admin, nested], plugins=[IAMPlugin(gate)])


def test_marks_on_either_side_of_a_decorator_count(app: Litestar, ran: list[str], gate: MemoryGate) -> None:
    """Sync or async, in a thread or not; the caller comes by injection, `request.user` and context."""
    assert [status(app, "/doc/2", BOB), status(app, "/doc/1", BOB, "PUT")] == [403, 403]
    assert ran == []
    assert ask(app, "GET", "/doc/1", BOB).text == "bob"
    assert ask(app, "PUT", "/doc/01", ALICE).text == "alice"
    assert ran == ["read 1", "write 1"]
    assert gate.recorded[-1] == ("alice", "docs:Write", DOC + "1", True)


def test_undeclared_is_refused_and_reported(app: Litestar, ran: list[str], gate: MemoryGate) -> None:
    """On the app, in a controller, in nested routers."""
    for path in ("/bare", "/folders", "/v1/inner/bare", "/v1/inner/folders/"):
        assert status(app, path, ALICE) == 403, path
    assert ran == []
    assert len(gate.unclassified) == 4


def test_controllers_and_routers_are_guarded(app: Litestar, ran: list[str]) -> None:
    """A handler's own mark goes before its controller's."""
    for prefix in ("", "/v1/inner"):
        assert status(app, f"{prefix}/folders/a", BOB) == 403
        assert status(app, f"{prefix}/folders/a", ALICE) == 200
        assert status(app, f"{prefix}/folders/a", ALICE, "POST") == 201
    assert status(app, "/admin", BOB) == 403
    assert status(app, "/admin/hello") == 200
    assert ran == ["folder a", "make a"] * 2
    assert status(app, "/admin", ALICE) == 200


def test_what_reaches_no_handler_is_the_apps_own(app: Litestar, ran: list[str], gate: MemoryGate) -> None:
    """404, 405 and automatic OPTIONS run nothing and ask nothing; what is not canonical is 400."""
    asked = [
        ("GET", "/none"),
        ("PUT", "/bare"),
        ("OPTIONS", "/doc/1"),
        ("OPTIONS", "/bare"),
        ("GET", "/x//bare"),
    ]

    assert [status(app, path, method=method) for method, path in asked] == [404, 405, 204, 204, 400]
    assert status(app, "/open", {"authorization": "Bearer mallory"}) == 401
    assert (ran, gate.recorded, gate.unclassified) == ([], [], [])


def test_anonymous_is_challenged(app: Litestar, ran: list[str]) -> None:
    """401 with every challenge, as elsewhere."""
    answer = ask(app, "GET", "/doc/1")

    assert answer.status_code == 401
    assert len(answer.headers.get_list("www-authenticate")) == 2
    assert ran == []


def test_hidden_cannot_be_told_from_missing(gate: MemoryGate, ran: list[str]) -> None:
    """Neither by the body nor by headers that middleware of the route adds, nor by the route's own 404."""

    def marking(app: LitestarASGIApp) -> LitestarASGIApp:
        async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
            ran.append("middleware")
            await app(scope, receive, send)

        return middleware

    def own(request: Request[Any, Any, Any], fault: Exception) -> Response[str]:
        return Response("own", status_code=404)

    @get("/secret", exception_handlers={NotFoundException: own}, middleware=[marking])
    @require("docs:Secret", hidden=True)
    async def secret() -> str:
        ran.append("secret")
        return "secret"

    app = Litestar([secret], plugins=[IAMPlugin(gate)])
    hidden, missing = ask(app, "GET", "/secret", BOB), ask(app, "GET", "/nothing", BOB)

    assert (hidden.status_code, hidden.content, hidden.headers) == (404, missing.content, missing.headers)
    assert ran == []


def test_no_method_tells_a_hidden_address_from_none(gate: MemoryGate, ran: list[str]) -> None:
    """OPTIONS, preflights and methods that no handler has: as at an address without a route."""

    @get("/secret")
    @require("docs:Secret", hidden=True)
    async def secret() -> None:
        ran.append("secret")

    @get("/half")
    @public
    async def half() -> None:
        ran.append("half")

    @put("/half")
    @require("docs:Secret", hidden=True)
    async def cut() -> None:
        ran.append("cut")

    app = protect(Litestar([secret, half, cut]), gate)
    preflight = {"origin": "https://spa.example", "access-control-request-method": "PUT"}
    for method in ("OPTIONS", "PUT", "DELETE"):
        hidden, missing = ask(app, method, "/secret", BOB), ask(app, method, "/nothing", BOB)
        assert (hidden.status_code, hidden.content, hidden.headers) == (404, missing.content, missing.headers)
        assert status(app, "/secret", method=method) == 401
    preflights = [ask(app, "OPTIONS", path, preflight) for path in ("/secret", "/nothing", "/half")]

    assert {answer.status_code for answer in preflights} == {204}
    assert preflights[0].headers == preflights[1].headers == preflights[2].headers
    for method, code in (("OPTIONS", 204), ("DELETE", 405)):
        told, all_of_it = ask(app, method, "/half", BOB), ask(app, method, "/half", ALICE)
        assert (told.status_code, told.headers["allow"]) == (code, "GET, OPTIONS")
        assert (all_of_it.status_code, all_of_it.headers["allow"]) == (code, "GET, OPTIONS, PUT")
    assert ask(app, "DELETE", "/secret", ALICE).headers["allow"] == "GET, OPTIONS"
    assert ran == []


def test_schema_and_static_files_are_closed_until_named(gate: MemoryGate, tmp_path: Path) -> None:
    """What Litestar adds by itself is opened by name, and a look-alike is not."""
    (tmp_path / "a.txt").write_text("file")

    @get("/schema/mine")
    async def mine() -> str:
        return "mine"

    def make(names: set[str]) -> Litestar:
        files = create_static_files_router("/files", directories=[tmp_path])
        return Litestar([mine, files], plugins=[IAMPlugin(gate, public=names)])

    closed, opened = make(set()), make({"docs", "static"})

    paths = ("/schema", "/schema/swagger", "/schema/openapi.json", "/schema/none", "/files/a.txt")
    assert [status(closed, path, ALICE) for path in paths] == [403] * 5
    assert [status(opened, path) for path in paths] == [200, 200, 200, 404, 200]
    assert status(opened, "/files/a.txt", method="HEAD") == 200
    assert status(opened, "/schema/mine", ALICE) == 403


def test_protect_guards_an_app_that_exists(gate: MemoryGate, ran: list[str]) -> None:
    """With what is registered later, without a second registration of anything."""

    @get("/doc/{doc_id:str}", dependencies={"me": Provide(iam_principal)})
    @require("docs:Read", "doc/{doc_id}")
    async def read(doc_id: FromPath[str], me: NamedDependency[Principal]) -> str:
        ran.append("read")
        return me.name

    @get("/late")
    async def late() -> str:
        ran.append("late")
        return "late"

    @post("/doc/{doc_id:str}")
    async def write(doc_id: FromPath[str]) -> None:
        ran.append("write")

    app = Litestar([read])
    assert status(app, "/doc/1") == 500
    assert protect_any(app, gate) is app
    app.register(late)
    app.register(write)

    assert home_of(app) == "iamkit.web.litestar"
    assert [status(app, "/doc/2", BOB), status(app, "/doc/1", BOB)] == [403, 200]
    assert [status(app, "/late", ALICE), status(app, "/doc/1", ALICE, "POST")] == [403, 403]
    assert ran == ["read"]
    with pytest.raises(ConfigurationError, match="already"):
        protect(app, gate)
    with pytest.raises(ConfigurationError, match="no Litestar app"):
        protect(object(), gate)  # type: ignore[type-var]


def test_middleware_guards_and_dependencies_wait_for_the_check(gate: MemoryGate, ran: list[str]) -> None:
    """Nothing of the app acts for a caller who may not."""

    def noting(app: LitestarASGIApp) -> LitestarASGIApp:
        async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
            ran.append("middleware")
            await app(scope, receive, send)

        return middleware

    def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        ran.append("guard")

    async def depends() -> str:
        ran.append("dependency")
        return ""

    @get("/doc/{doc_id:str}", guards=[guard], middleware=[noting])
    @require("docs:Read", "doc/{doc_id}")
    async def read(doc_id: FromPath[str], needed: NamedDependency[str]) -> str:
        ran.append("read")
        return doc_id

    app = Litestar([read], plugins=[IAMPlugin(gate)], dependencies={"needed": Provide(depends)})

    assert status(app, "/doc/2", BOB) == 403
    assert ran == []
    assert status(app, "/doc/1", BOB) == 200
    assert ran == ["middleware", "guard", "dependency", "read"]


@pytest.mark.parametrize("change", ["method", "parameters"])
def test_what_middleware_changes_is_checked_again(gate: MemoryGate, ran: list[str], change: str) -> None:
    """What was allowed is one handler with these parameters, and not what stands in the scope later."""

    def changing(app: LitestarASGIApp) -> LitestarASGIApp:
        async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
            if change == "method":
                scope["method"] = "PUT"  # type: ignore[typeddict-unknown-key]
            else:
                scope["path_params"] = {"doc_id": "2"}
            await app(scope, receive, send)

        return middleware

    @get("/doc/{doc_id:str}")
    @require("docs:Read", "doc/{doc_id}")
    async def read(doc_id: FromPath[str]) -> str:
        ran.append(f"read {doc_id}")
        return doc_id

    @put("/doc/{doc_id:str}")
    @require("docs:Write", "doc/{doc_id}")
    async def write(doc_id: FromPath[str]) -> str:
        ran.append(f"write {doc_id}")
        return doc_id

    app = Litestar([read, write], plugins=[IAMPlugin(gate)], middleware=[changing])

    assert status(app, "/doc/1", BOB) == 403
    assert ran == []
    assert status(app, "/doc/1", ALICE) == 200


@pytest.mark.parametrize("spelling", ["1", "1.0", "1e0", "01", "+1"])
def test_what_the_handler_reads_is_what_is_decided_on(gate: MemoryGate, spelling: str) -> None:
    """Litestar reads `1.0` for an `int` as 1, so a rule about document 1 has to hold for every spelling."""
    gate.rules["dave"] = (f"docs:Read {DOC}{spelling}",) if spelling != "1" else ()
    seen: list[int] = []

    @get("/doc/{doc_id:str}")
    @require("docs:Read", "doc/{doc_id}")
    async def read(doc_id: FromPath[int]) -> str:
        seen.append(doc_id)
        return "read"

    app = Litestar([read], plugins=[IAMPlugin(gate)])
    status(app, f"/doc/{spelling}", {"authorization": "Bearer dave"})

    assert seen == []


def test_a_dependency_that_reads_otherwise_is_refused(gate: MemoryGate, ran: list[str]) -> None:
    """What the handler and a dependency read in two ways cannot be decided on; in one way it can."""

    async def number(doc_id: FromPath[int]) -> int:
        return doc_id

    @get("/doc/{doc_id:str}", dependencies={"number": Provide(number)})
    @require("docs:Read", "doc/{doc_id}")
    async def read(doc_id: FromPath[str], number: NamedDependency[int]) -> str:
        ran.append(doc_id)
        return doc_id

    app = Litestar([read], plugins=[IAMPlugin(gate)])

    assert [status(app, "/doc/1.0", ALICE), status(app, "/doc/1", ALICE)] == [403, 200]
    assert ran == ["1"]


def test_paths_and_dates_are_parameters(gate: MemoryGate) -> None:
    """A `path` keeps its slashes, without the one that Litestar puts before it; a date is its ISO text."""

    @get("/files/{name:path}")
    @require("docs:Read", "file/{name:path}")
    async def file(name: FromPath[Path]) -> str:
        return str(name)

    @get("/days/{day:date}")
    @require("docs:Read", "day/{day}")
    async def daily(day: FromPath[date]) -> str:
        return day.isoformat()

    app = Litestar([file, daily], plugins=[IAMPlugin(gate)])

    assert [status(app, "/files/a/b", ALICE), status(app, "/days/2026-11-22", ALICE)] == [200, 200]
    assert [resource.rpartition("::")[2] for _, _, resource, _ in gate.recorded] == [
        "111122223333:file/a/b",
        "111122223333:day/2026-11-22",
    ]


def test_sockets_are_refused_before_they_are_accepted(gate: MemoryGate, ran: list[str]) -> None:
    """WebSocket handlers, listeners as functions and as classes, marked on either side or not at all."""

    @websocket("/ws/{doc_id:str}")
    @require("docs:Read", "doc/{doc_id}")
    async def socket(socket: WebSocket[Any, Any, Any], doc_id: FromPath[str]) -> None:
        ran.append("socket")
        await socket.accept()
        await socket.send_text(socket.user.name)
        await socket.close()

    @require("docs:Read", "doc/{doc_id}")
    @websocket_listener("/listen/{doc_id:str}")
    async def listen(data: str, doc_id: FromPath[str]) -> str:
        ran.append("listen")
        return data

    class Listener(WebsocketListener):
        path = "/class/{doc_id:str}"

        @require("docs:Read", "doc/{doc_id}")
        async def on_receive(self, data: str, doc_id: FromPath[str]) -> str:
            ran.append("class")
            return data

    @websocket_listener("/bare")
    async def bare(data: str) -> str:
        ran.append("bare")
        return data

    app = Litestar([socket, listen, Listener, bare], plugins=[IAMPlugin(gate)])
    client = TestClient(app)  # type: ignore[arg-type]

    paths = ("/ws/2", "/listen/2", "/class/2", "/bare")
    for path, who in [*((path, BOB) for path in paths), ("/ws/1", {}), ("/none", BOB)]:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(path, headers=who):
            pass
    assert ran == []
    with client.websocket_connect("/ws/1", headers=BOB) as connected:
        assert connected.receive_text() == "bob"
    for path in ("/listen/1", "/class/1"):
        with client.websocket_connect(path, headers=BOB) as connected:
            connected.send_text("hello")
            assert connected.receive_text() == "hello"
    assert ran == ["socket", "listen", "class"]


def test_mounted_litestar_apps_are_walked(gate: MemoryGate, ran: list[str]) -> None:
    """Their handlers carry the marks; what is registered with them later is guarded as well."""

    @get("/bare")
    async def bare() -> str:
        ran.append("bare")
        return "bare"

    @get("/doc/{doc_id:str}")
    @require("docs:Read", "doc/{doc_id}")
    async def read(doc_id: FromPath[str]) -> str:
        ran.append(f"read {doc_id}")
        return doc_id

    @get("/late")
    async def late() -> str:
        ran.append("late")
        return "late"

    sub = Litestar([bare, read])
    app = Litestar([asgi("/sub", is_mount=True, copy_scope=True)(sub)], plugins=[IAMPlugin(gate)])
    sub.register(late)

    for path in ("/sub/bare", "/sub/late", "/sub/schema", "/sub/doc/2"):
        assert status(app, path, BOB) == 403, path
    assert ran == []
    assert status(app, "/sub/doc/1", BOB) == 200
    assert {row.path: row.action for row in routes(app)}["/sub/doc/{doc_id:str}"] == "docs:Read"
    # Alone it is not served: nobody was admitted.
    assert status(sub, "/doc/1", BOB) == 503


def test_other_mounted_apps_are_one_endpoint(gate: MemoryGate, ran: list[str]) -> None:
    """Refused unless they carry a mark, or are named."""

    async def bare(scope: Scope, receive: Receive, send: Send) -> None:
        ran.append(str(scope["path"]))
        await Response("bare").to_asgi_response(None, Request(scope))(scope, receive, send)

    @asgi("/marked", is_mount=True, copy_scope=True)
    @require("docs:Read")
    async def marked(scope: Scope, receive: Receive, send: Send) -> None:
        await bare(scope, receive, send)

    handlers = [asgi("/bare", is_mount=True, copy_scope=True, name="bare")(bare), marked]
    app = Litestar(handlers, plugins=[IAMPlugin(gate)])

    assert [status(app, path, ALICE) for path in ("/bare", "/bare/x", "/barex")] == [403, 403, 403]
    assert [status(app, "/marked/x", who) for who in (ALICE, CAROL)] == [200, 403]
    assert len(ran) == 1
    opened = Litestar(handlers, plugins=[IAMPlugin(gate, public={"bare"})])
    assert status(opened, "/bare/x") == 200


def test_a_mounted_app_that_guards_itself_is_a_mistake(gate: MemoryGate) -> None:
    """It would be given a path that it has to refuse; that is said at start-up."""
    sub = protect(Litestar([]), gate)

    with pytest.raises(ConfigurationError, match="do not protect it too"):
        Litestar([asgi("/sub", is_mount=True, copy_scope=True)(sub)], plugins=[IAMPlugin(gate)])


def test_unknown_routes_are_an_error(gate: MemoryGate) -> None:
    """A kind of route that a plugin or a later Litestar brings is not passed over."""

    class Odd(HTTPRoute):
        pass

    @get("/x")
    async def x() -> str:
        return ""

    app = Litestar([x], openapi_config=None)
    app.routes[0] = Odd(path="/x", route_handlers=list(app.routes[0].route_handlers))  # type: ignore[union-attr]

    with pytest.raises(ConfigurationError, match=r"unknown type .*Odd`"):
        protect(app, gate)


def test_one_plugin_guards_one_app(gate: MemoryGate) -> None:
    """Two apps in one process share no state."""
    plugin = IAMPlugin(gate)
    Litestar([], plugins=[plugin])

    with pytest.raises(ConfigurationError, match="one app"):
        Litestar([], plugins=[plugin])


def test_cors_stays_outside(gate: MemoryGate) -> None:
    """A preflight is never challenged, and a refusal keeps the CORS headers."""

    @get("/doc")
    @require("docs:Read")
    async def read() -> str:
        return "read"

    config = CORSConfig(allow_origins=["http://other"])
    app = Litestar([read], plugins=[IAMPlugin(gate)], cors_config=config)
    origin = {"origin": "http://other"}

    preflight = ask(app, "OPTIONS", "/doc", {**origin, "access-control-request-method": "GET"})
    refused = ask(app, "GET", "/doc", origin)

    assert preflight.status_code == 204
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "http://other")


def test_errors_of_iamkit_are_answered(gate: MemoryGate) -> None:
    """What a handler raises by `iam.authorize(...)` is said as the guard says it."""

    @get("/x")
    @public
    async def x() -> str:
        raise AccessDenied("no", decision_id="d_1")

    assert ask(Litestar([x], plugins=[IAMPlugin(gate)]), "GET", "/x").json()["decision"] == "d_1"
    assert status(protect(Litestar([x]), gate), "/x") == 403


def test_a_cached_answer_is_given_only_to_who_may(gate: MemoryGate, ran: list[str]) -> None:
    """Litestar's response cache stands behind the check."""

    @get("/doc", cache=True)
    @require("docs:Read")
    async def read() -> str:
        ran.append("read")
        return "read"

    app = Litestar([read], plugins=[IAMPlugin(gate)], response_cache_config=ResponseCacheConfig())

    assert [status(app, "/doc", who) for who in (ALICE, ALICE, CAROL)] == [200, 200, 403]
    assert ran == ["read"]


def test_the_docs_show_lock_and_action(app: Litestar, gate: MemoryGate) -> None:
    """Protected operations have the schemes and name their action; public ones have neither."""

    @get("/doc")
    @require("docs:List")
    async def index() -> str:
        """Lists them."""
        return ""

    late = protect(Litestar([index]), gate)
    for schema, path, said in (
        (app.openapi_schema.to_schema(), "/doc/{doc_id}", "Needs `docs:Read` on `doc/{doc_id}`."),
        (late.openapi_schema.to_schema(), "/doc", "Needs `docs:List`."),
    ):
        operation = schema["paths"][path]["get"]
        assert operation["security"] == [
            {"iamkit_session": []},
            {"iamkit_bearer": []},
            {"iamkit_signature": []},
        ]
        assert operation["description"] == said
        assert schema["components"]["securitySchemes"]["iamkit_session"]["in"] == "cookie"
    assert "security" not in app.openapi_schema.to_schema()["paths"]["/open"]["get"]


def test_routes_are_listed(app: Litestar) -> None:
    """Each handler once, with its mark; automatic OPTIONS are left out."""
    rows = {(row.path, row.methods): row for row in routes(app)}

    assert rows["/doc/{doc_id:str}", ("GET",)].action == "docs:Read"
    assert rows["/doc/{doc_id:str}", ("GET",)].unfilled == ()
    assert rows["/doc/{doc_id:int}", ("PUT",)].action == "docs:Write"
    assert not rows["/bare", ("GET",)].declared
    assert rows["/open", ("GET",)].public
    assert rows["/admin", ("GET",)].action == "docs:Admin"
    assert rows["/v1/inner/folders/{folder:str}", ("POST",)].resource == "folder/{folder}"
    assert rows["/schema/swagger", ("GET",)].closed
    assert not any("OPTIONS" in row.methods for row in rows.values())


def test_several_methods_and_head(gate: MemoryGate, ran: list[str]) -> None:
    """HEAD runs only where a handler declares it, and is judged by that handler's mark."""

    @route("/both", http_method=[HttpMethod.GET, HttpMethod.POST])
    @require("docs:Read")
    async def both() -> str:
        ran.append("both")
        return ""

    @head("/head")
    @require("docs:Read")
    async def headed() -> None:
        ran.append("head")

    app = Litestar([both, headed], plugins=[IAMPlugin(gate)])

    assert [status(app, "/both", CAROL, method) for method in ("GET", "POST", "HEAD")] == [403, 403, 405]
    assert [status(app, "/head", who, "HEAD") for who in (CAROL, ALICE)] == [403, 200]
    assert ran == ["head"]


def test_the_command_line_lists_it(app: Litestar) -> None:
    """`iamkit routes` knows the app, and that it is guarded."""
    assert apps.guarded(app)
    assert not apps.guarded(Litestar([]))
    assert apps.listed(app) == routes(app)
