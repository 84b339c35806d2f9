"""Starlette: no endpoint runs without an allow for it, through mounts, hosts, middleware and late routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Host, Match, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from iamkit.errors import ConfigurationError
from iamkit.gate.current import current_principal
from iamkit.web.asgi import ASGIApp, ASGIMiddleware, Receive, Scope, Send
from iamkit.web.marker import public, require
from iamkit.web.starlette import RouterGuard, iam_principal, protect, routes

if TYPE_CHECKING:
    from tests.web.conftest import MemoryGate

ALICE = {"authorization": "Bearer alice"}
BOB = {"authorization": "Bearer bob"}
CAROL = {"authorization": "Bearer carol"}

Endpoint = Callable[[Request], Any]


def ask(app: ASGIApp, method: str, path: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    async def once() -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
            return await client.request(method, path, headers=headers or {})

    return asyncio.run(once())


def get(app: ASGIApp, path: str, headers: dict[str, str] | None = None) -> int:
    return ask(app, "GET", path, headers).status_code


def endpoint(ran: list[str], name: str) -> Endpoint:
    """A new endpoint that writes `name` down."""

    async def handler(request: Request) -> Response:
        ran.append(name)
        return PlainTextResponse(f"{current_principal().name} {iam_principal(request).name}")

    return handler


def reader(ran: list[str], name: str = "read") -> Endpoint:
    return require("docs:Read", "doc/{doc_id}")(endpoint(ran, name))


@pytest.fixture
def app(gate: MemoryGate, ran: list[str]) -> Starlette:
    """An app with a route of each kind."""
    return protect(
        Starlette(
            routes=[
                Route("/doc/{doc_id}", reader(ran)),
                Route(
                    "/doc/{doc_id:int}",
                    require("docs:Write", "doc/{doc_id}")(endpoint(ran, "w")),
                    methods=["PUT"],
                ),
                Route("/bare", endpoint(ran, "bare"), methods=["GET", "POST"]),
                Route("/open", public(endpoint(ran, "open"))),
                Route("/secret", require("docs:Secret", hidden=True)(endpoint(ran, "secret"))),
                Route("/folder/", require("docs:List")(endpoint(ran, "folder"))),
            ]
        ),
        gate,
    )


def test_the_decision_is_about_the_matched_endpoint(app: Starlette, ran: list[str], gate: MemoryGate) -> None:
    """Allowed runs once and is decided once; denied never runs."""
    assert [get(app, "/doc/1", BOB), get(app, "/doc/2", BOB), get(app, "/doc/1")] == [200, 403, 401]
    assert ran == ["read"]
    assert [row[2][-5:] for row in gate.recorded] == ["doc/1", "doc/2", "doc/1"]
    assert ask(app, "GET", "/doc/1", BOB).text == "bob bob"


def test_undeclared_is_refused_and_public_is_not(app: Starlette, ran: list[str]) -> None:
    """Nobody reaches an endpoint that says nothing."""
    assert [get(app, "/bare", who) for who in (None, BOB, ALICE)] == [403, 403, 403]
    assert ran == []
    assert [get(app, "/open"), get(app, "/open", {"authorization": "Bearer x"})] == [200, 401]
    assert ran == ["open"]


def test_another_route_of_the_same_path_is_judged_by_itself(app: Starlette, ran: list[str]) -> None:
    """The method chooses the route; the first that matches in full is the one that is judged."""
    assert ask(app, "PUT", "/doc/1", BOB).status_code == 403
    assert ask(app, "PUT", "/doc/1", ALICE).status_code == 200
    assert ran == ["w"]


def test_what_reaches_no_endpoint_is_the_apps_own(app: Starlette, ran: list[str], gate: MemoryGate) -> None:
    """404, 405 and the redirect to a slash run nothing and are not decided."""
    answers = [
        ask(app, "GET", "/nothing"),
        ask(app, "PUT", "/bare"),
        ask(app, "GET", "/folder"),
        ask(app, "OPTIONS", "/bare"),
    ]

    assert [answer.status_code for answer in answers] == [404, 405, 307, 405]
    assert answers[2].headers["location"] == "http://app/folder/"
    assert (ran, gate.recorded) == ([], [])


def test_head_is_judged_as_get(app: Starlette, ran: list[str]) -> None:
    """HEAD runs the GET endpoint for whom GET may run."""
    refused = ask(app, "HEAD", "/doc/2", BOB)

    assert (refused.status_code, refused.content, ran) == (403, b"", [])
    assert ask(app, "HEAD", "/doc/1", BOB).status_code == 200
    assert ran == ["read"]


def test_hidden_cannot_be_told_from_missing(app: Starlette, ran: list[str]) -> None:
    """The same status, body and headers as a path without a route."""
    hidden, missing = ask(app, "GET", "/secret", BOB), ask(app, "GET", "/nothing", BOB)

    assert (hidden.status_code, hidden.content, hidden.headers) == (404, missing.content, missing.headers)
    assert ran == []
    assert get(app, "/secret", ALICE) == 200


def test_routes_added_late_are_guarded(app: Starlette, ran: list[str]) -> None:
    """Also after the first request was served."""
    assert get(app, "/late") == 404
    app.router.routes.append(Route("/late", endpoint(ran, "late")))
    app.router.routes.insert(0, Route("/open", endpoint(ran, "usurper")))
    app.router.routes.append(Mount("/sub", routes=[Route("/x", endpoint(ran, "sub"))]))

    assert [get(app, path, ALICE) for path in ("/late", "/open", "/sub/x")] == [403, 403, 403]
    assert ran == []


def test_mounted_apps_are_walked(gate: MemoryGate, ran: list[str]) -> None:
    """Routers, apps and hosts behind mounts, several deep, with the parameters of the way there."""
    inner = Starlette(routes=[Route("/doc/{doc_id}", reader(ran)), Route("/bare", endpoint(ran, "bare"))])
    outer = Starlette(routes=[Mount("/{area}", app=inner)])
    app = protect(
        Starlette(
            routes=[
                Mount("/app", app=outer),
                Mount("/router", app=Router([Route("/bare", endpoint(ran, "bare"))])),
                Mount(
                    "/cors",
                    app=CORSMiddleware(
                        Starlette(routes=[Route("/bare", endpoint(ran, "bare"))]), allow_origins=["*"]
                    ),
                ),
                Host("api.example.com", app=Router([Route("/bare", endpoint(ran, "bare"))])),
                Mount(
                    "/wrapped",
                    routes=[Route("/bare", endpoint(ran, "bare"))],
                    middleware=[Middleware(CORSMiddleware)],
                ),
                Mount("/t/{doc_id}", routes=[Route("/read", reader(ran, "tenant"))]),
            ]
        ),
        gate,
    )

    for path in ("/app/x/bare", "/router/bare", "/cors/bare", "/wrapped/bare"):
        assert get(app, path, ALICE) == 403
    assert get(app, "/bare", {**ALICE, "host": "api.example.com"}) == 403
    assert [get(app, "/app/x/doc/2", BOB), get(app, "/t/2/read", BOB)] == [403, 403]
    assert ran == []
    assert [get(app, "/app/x/doc/1", BOB), get(app, "/t/1/read", BOB)] == [200, 200]
    assert [get(app, "/app/x/nothing"), get(app, "/app/nothing")] == [404, 307]
    assert ran == ["read", "tenant"]


def test_mounted_apps_without_a_router_are_refused(gate: MemoryGate, ran: list[str], tmp_path: Any) -> None:
    """Unless they carry a mark, guard themselves, or are named; files are `static`."""
    (tmp_path / "a.txt").write_text("file")

    async def unknown(scope: Scope, receive: Receive, send: Send) -> None:
        ran.append("unknown")
        await PlainTextResponse("x")(scope, receive, send)

    @require("docs:List")
    async def marked(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("x")(scope, receive, send)

    class Wrapper:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            ran.append("wrapper")
            await self.app(scope, receive, send)

    def make(names: set[str]) -> Starlette:
        tree = [
            Mount("/unknown", app=unknown, name="metrics"),
            Mount("/marked", app=marked),
            Mount("/files", app=StaticFiles(directory=str(tmp_path))),
            Mount("/wrapped", app=Wrapper(Starlette(routes=[Route("/x", public(endpoint(ran, "x")))]))),
            Mount("/itself", app=ASGIMiddleware(marked, gate)),
        ]
        return protect(Starlette(routes=tree), gate, public=names)

    paths = ("/unknown/x", "/marked/x", "/files/a.txt", "/wrapped/x", "/itself/x")

    assert [get(make(set()), path, CAROL) for path in paths] == [403, 403, 403, 403, 403]
    assert ran == []
    assert [get(make(set()), path, ALICE) for path in paths] == [403, 200, 403, 403, 200]
    assert ran == []
    assert [get(make({"static", "metrics"}), path) for path in paths] == [200, 401, 200, 403, 401]
    assert ran == ["unknown"]


def test_a_mounted_app_that_answers_before_its_router_is_refused(gate: MemoryGate, ran: list[str]) -> None:
    """A class with a `__call__` of its own may serve what no router knows; its plain subclass is walked."""

    class Plain(Starlette):
        pass

    class Healthy(Plain):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            ran.append("health")
            await PlainTextResponse("well")(scope, receive, send)

    inside = [Route("/x", public(endpoint(ran, "x")))]
    tree = [Mount("/plain", app=Plain(routes=inside)), Mount("/healthy", app=Healthy(routes=inside))]
    app = protect(Starlette(routes=tree), gate)
    assert [get(app, path) for path in ("/plain/x", "/healthy/x", "/healthy/y")] == [200, 403, 403]
    assert ran == ["x"]


def test_an_app_put_in_place_of_a_mounted_one_is_not_covered_by_it(app: Starlette, ran: list[str]) -> None:
    """What is judged is what the mount would run now."""

    async def usurper(scope: Scope, receive: Receive, send: Send) -> None:
        ran.append("usurper")

    mount = Mount("/sub", routes=[Route("/x", public(endpoint(ran, "x")))])
    app.router.routes.append(mount)
    assert get(app, "/sub/x") == 200

    mount.app = usurper

    assert get(app, "/sub/x", ALICE) == 403
    assert ran == ["x"]


def test_a_default_of_the_apps_own_needs_a_mark(gate: MemoryGate, ran: list[str]) -> None:
    """What runs where no route matches is a handler, unless it is the framework's 404."""

    def make(mark: Callable[[Any], Any]) -> Starlette:
        @mark
        async def default(scope: Scope, receive: Receive, send: Send) -> None:
            ran.append("default")
            await PlainTextResponse("x")(scope, receive, send)

        tree = [Route("/secret", require("docs:Secret", hidden=True)(endpoint(ran, "secret")))]
        return protect(Starlette(routes=[Mount("/m", app=Router(tree, default=default))]), gate)

    bare, marked = make(lambda function: function), make(require("docs:Any"))

    assert [get(bare, "/m/x", ALICE), get(marked, "/m/x", BOB), get(marked, "/m/secret", BOB)] == [
        403,
        403,
        404,
    ]
    assert ran == []
    assert not {row.endpoint: row.declared for row in routes(bare) if row.path == "/m/{path}"}.popitem()[1]
    assert get(marked, "/m/x", ALICE) == 200
    assert ran == ["default"]


def test_middleware_that_rewrites_the_path_changes_what_is_judged(app: Starlette, ran: list[str]) -> None:
    """Whatever stands between door and router, the endpoint that would run is the one decided about."""

    class Rewrite:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"] == "/open":
                scope["path"] = scope["raw_path"] = "/doc/2"
            await self.app(scope, receive, send)

    app.add_middleware(Rewrite)

    assert get(app, "/open", BOB) == 403
    assert ran == []


def test_middleware_added_later_runs_behind_the_door(app: Starlette, ran: list[str]) -> None:
    """Even outermost middleware sees only canonical, admitted requests, and keeps the caller."""

    class Watch(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: Any) -> Response:
            ran.append(f"watch {current_principal().name}")
            response: Response = await call_next(request)
            return response

    app.add_middleware(Watch)

    assert get(app, "/open", {"authorization": "Bearer mallory"}) == 401
    assert ran == []
    assert ask(app, "GET", "/doc/1", BOB).text == "bob bob"
    assert ran == ["watch bob", "read"]


def test_a_router_with_middleware_of_its_own_is_guarded_below_it(gate: MemoryGate, ran: list[str]) -> None:
    """Router-level middleware cannot lead from a checked endpoint to another."""

    class Rewrite:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await self.app({**scope, "path": "/bare"} if scope["type"] == "http" else scope, receive, send)

    class Hiding:
        def __init__(self, app: ASGIApp) -> None:
            self._hidden = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await self._hidden(scope, receive, send)

    def router(kind: Any) -> Router:
        tree = [Route("/open", public(endpoint(ran, "open"))), Route("/bare", endpoint(ran, "bare"))]
        return Router(tree, middleware=[Middleware(kind)])

    app = protect(Starlette(routes=[Mount("/a", app=router(Rewrite)), Mount("/b", app=router(Hiding))]), gate)

    assert get(app, "/a/open", ALICE) == 403
    assert get(app, "/b/open", ALICE) == 503
    assert ran == []


def test_dispatch_reaches_only_what_was_checked(app: Starlette, ran: list[str]) -> None:
    """A tree that changes between check and dispatch cannot put another endpoint in its place."""

    class Trap(Route):
        """Matches only from the second look on."""

        looks = 0

        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            self.looks += 1
            return super().matches(scope) if self.looks > 1 else (Match.NONE, {})

    app.router.routes.insert(0, Trap("/open", endpoint(ran, "trap")))
    assert get(app, "/open") == 200
    assert ran == ["open"]

    app.router.routes[:] = [Trap("/only", endpoint(ran, "trap"))]
    assert get(app, "/only", ALICE) == 503
    assert ran == ["open"]


def test_a_node_of_unknown_type_is_an_error(gate: MemoryGate, app: Starlette, ran: list[str]) -> None:
    """Found at start-up if it is there, and refused at run time if it comes later."""

    class Odd(BaseRoute):
        def __init__(self, match: Match) -> None:
            self.match = match

        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            return self.match, {}

        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            ran.append("odd")

    class OwnRouter(Router):
        async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
            ran.append("own router")

    with pytest.raises(ConfigurationError, match=r"unknown type `.*Odd`"):
        protect(Starlette(routes=[Odd(Match.FULL)]), gate)
    with pytest.raises(ConfigurationError, match=r"unknown type `.*Odd`"):
        routes(Starlette(routes=[Mount("/x", routes=[Odd(Match.FULL)])]))

    for kind in (Match.FULL, Match.PARTIAL):
        app.router.routes[:] = [Odd(kind)]
        assert get(app, "/x", ALICE) == 503
    app.router.routes[:] = [Mount("/x", app=OwnRouter())]
    assert get(app, "/x/y", ALICE) == 503
    assert ran == []


def test_class_based_endpoints_are_marked_by_method_or_class(gate: MemoryGate, ran: list[str]) -> None:
    """Each method may have a mark; a method without one is refused; one that is missing is 405."""

    class Api(HTTPEndpoint):
        @require("docs:Read", "doc/{doc_id}")
        async def get(self, request: Request) -> Response:
            ran.append("get")
            return Response()

        def post(self, request: Request) -> Response:
            ran.append("post")
            return Response()

    @require("docs:List")
    class Whole(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            ran.append("whole")
            return Response()

    class Child(Whole):
        async def get(self, request: Request) -> Response:
            ran.append("child")
            return Response()

    class Sly(HTTPEndpoint):
        async def dispatch(self) -> None:
            ran.append("sly")

        @public
        async def get(self, request: Request) -> Response:
            return Response()

    app = protect(
        Starlette(
            routes=[
                Route("/api/{doc_id}", Api),
                Route("/whole", Whole),
                Route("/child", Child),
                Route("/sly", Sly),
            ]
        ),
        gate,
    )

    refused = [
        ("GET", "/api/2", BOB),
        ("POST", "/api/1", ALICE),
        ("GET", "/whole", BOB),
        ("GET", "/child", ALICE),
    ]
    for method, path, who in (*refused, ("GET", "/sly", ALICE)):
        assert ask(app, method, path, who).status_code == 403
    assert ask(app, "DELETE", "/api/1").status_code == 405
    assert ran == []
    assert [get(app, "/api/1", BOB), get(app, "/whole", ALICE)] == [200, 200]
    assert ask(app, "HEAD", "/api/1", BOB).status_code == 200
    assert ran == ["get", "whole", "get"]


def socket_app(gate: MemoryGate, ran: list[str]) -> Starlette:
    def make(name: str) -> Any:
        async def socket(websocket: WebSocket) -> None:
            ran.append(name)
            await websocket.accept()
            await websocket.send_text(current_principal().name)
            await websocket.close()

        return socket

    class Bare(WebSocketEndpoint):
        async def on_connect(self, websocket: WebSocket) -> None:
            ran.append("class")

    tree = [
        WebSocketRoute("/marked/{doc_id}", require("docs:Read", "doc/{doc_id}")(make("marked"))),
        WebSocketRoute("/bare", make("bare")),
        WebSocketRoute("/class", Bare),
        WebSocketRoute("/hidden", require("docs:Secret", hidden=True)(make("hidden"))),
    ]
    return protect(
        Starlette(routes=[*tree, Mount("/sub", routes=[WebSocketRoute("/bare", make("sub"))])]), gate
    )


def test_sockets_are_refused_before_they_are_accepted(gate: MemoryGate, ran: list[str]) -> None:
    """Undeclared, denied and anonymous sockets, mounted and class-based, never reach their code (THR-B17)."""
    client = TestClient(socket_app(gate, ran))

    for path, who in (
        ("/bare", ALICE),
        ("/class", ALICE),
        ("/sub/bare", ALICE),
        ("/marked/2", BOB),
        ("/marked/1", {}),
        ("/hidden", BOB),
        ("/nothing", ALICE),
    ):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(path, headers=who):
            pass
    assert ran == []

    with client.websocket_connect("/marked/1", headers=BOB) as socket:
        assert socket.receive_text() == "bob"
    assert ran == ["marked"]


def test_a_router_reached_around_the_door_is_closed(app: Starlette, ran: list[str], gate: MemoryGate) -> None:
    """The bare router has no admission: 503, nothing runs; so has a mounted app that is served alone."""
    shared = Starlette(routes=[Route("/open", public(endpoint(ran, "open")))])
    protect(Starlette(routes=[Mount("/s", app=shared)]), gate)
    app.router.routes.append(Mount("/s", app=shared))

    assert get(app, "/s/open") == 200
    assert ran == ["open"]
    assert get(app.router, "/open") == 503
    assert get(shared, "/open") == 503
    assert ran == ["open"]


def test_one_sub_app_in_two_protected_apps_obeys_each(gate: MemoryGate, ran: list[str]) -> None:
    """The guard is that of the app the request came through: two apps in one process share no state."""
    shared = Starlette(routes=[Route("/x", require("docs:List")(endpoint(ran, "x")))])
    other_gate = type(gate)({"bob": ("docs:* *",)})
    one, two = (protect(Starlette(routes=[Mount("/s", app=shared)]), each) for each in (gate, other_gate))

    assert [get(one, "/s/x", ALICE), get(one, "/s/x", BOB)] == [200, 403]
    assert [get(two, "/s/x", ALICE), get(two, "/s/x", BOB)] == [401, 200]
    assert isinstance(shared.router.middleware_stack, RouterGuard)


def test_preflights_are_not_challenged_and_refusals_keep_cors_headers(
    gate: MemoryGate, ran: list[str]
) -> None:
    """The browser asks without credentials, and can read why it was refused."""
    app = protect(Starlette(routes=[Route("/x", require("docs:List")(endpoint(ran, "x")))]), gate)
    app.add_middleware(CORSMiddleware, allow_origins=["https://site"], allow_methods=["*"])
    origin = {"origin": "https://site", "access-control-request-method": "GET"}

    preflight, refused = ask(app, "OPTIONS", "/x", origin), ask(app, "GET", "/x", {**CAROL, **origin})

    assert preflight.status_code == 200
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (403, "https://site")
    assert ran == []


def test_sync_endpoints_see_their_caller_and_nobody_elses(gate: MemoryGate) -> None:
    """Endpoints in pool threads and tasks that interleave keep their own caller (THR-B21)."""

    @public
    def threaded(request: Request) -> Response:
        return PlainTextResponse(current_principal().name)

    @public
    async def mixed(request: Request) -> Response:
        before = current_principal().name
        await asyncio.sleep(0)
        inside = await run_in_threadpool(lambda: current_principal().name)
        assert before == inside == request.state.principal.name
        return PlainTextResponse(before)

    app = protect(Starlette(routes=[Route("/threaded", threaded), Route("/mixed", mixed)]), gate)
    names = ("alice", "bob", "carol", "") * 8

    async def story() -> list[str]:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
            asked = [
                client.get(path, headers={"authorization": f"Bearer {name}"} if name else {})
                for name in names
                for path in ("/threaded", "/mixed")
            ]
            return [answer.text for answer in await asyncio.gather(*asked)]

    assert asyncio.run(story()) == [name or "anonymous" for name in names for _ in range(2)]


def test_a_gate_that_may_wait_decides_in_a_thread(app: Starlette, gate: MemoryGate, ran: list[str]) -> None:
    """The answers are the same."""
    gate.blocking = True

    assert [get(app, "/doc/1", BOB), get(app, "/doc/2", BOB), get(app, "/bare", BOB)] == [200, 403, 403]
    assert ran == ["read"]


def test_lifespan_runs(gate: MemoryGate, ran: list[str]) -> None:
    """Start-up and shut-down pass through."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
        ran.append("up")
        yield {"pool": "p"}
        ran.append("down")

    async def state(request: Request) -> Response:
        return PlainTextResponse(request.state.pool + request.state.principal.name)

    app = protect(Starlette(lifespan=lifespan, routes=[Route("/", public(state))]), gate)

    with TestClient(app) as client:
        assert client.get("/", headers=BOB).text == "pbob"
    assert ran == ["up", "down"]


def test_protecting_a_started_app_or_twice(gate: MemoryGate, ran: list[str]) -> None:
    """A stack that is built already is wrapped; a second `protect` is an error."""
    app = Starlette(routes=[Route("/bare", endpoint(ran, "bare"))])
    app.middleware_stack = app.build_middleware_stack()

    protect(app, gate)

    assert get(app, "/bare", ALICE) == 403
    with pytest.raises(ConfigurationError, match="protected already"):
        protect(app, gate)
    assert ran == []


def test_a_fault_in_the_gate_is_a_refusal(app: Starlette, gate: MemoryGate, ran: list[str]) -> None:
    """A decision that cannot be made is none."""

    def broken(*args: object, **kwargs: object) -> Any:
        raise RuntimeError("broken")

    gate.authorize = broken  # type: ignore[method-assign]

    assert get(app, "/doc/1", ALICE) == 503
    assert ran == []


def test_routes_lists_the_whole_tree(app: Starlette, ran: list[str]) -> None:
    """Mounts with their prefix, sockets, class-based endpoints by method, unknown apps as unprotected."""

    class Api(HTTPEndpoint):
        @public
        async def get(self, request: Request) -> Response:
            return Response()

        async def post(self, request: Request) -> Response:
            return Response()

    async def unknown(scope: Scope, receive: Receive, send: Send) -> None: ...

    async def socket(websocket: WebSocket) -> None: ...

    app.router.routes.append(Mount("/sub", routes=[Route("/doc/{doc_id}", reader(ran)), Route("/api", Api)]))
    app.router.routes.append(Mount("/unknown", app=unknown))
    app.router.routes.append(WebSocketRoute("/ws", socket))

    rows = {(row.path, row.methods): row for row in routes(app)}

    assert rows["/sub/doc/{doc_id}", ("GET", "HEAD")].action == "docs:Read"
    assert rows["/sub/doc/{doc_id}", ("GET", "HEAD")].resource == "doc/{doc_id}"
    assert [rows["/sub/api", (method,)].declared for method in ("GET", "HEAD", "POST")] == [True, True, False]
    assert not rows["/unknown/{path}", ("*",)].declared
    assert not rows["/ws", ("WEBSOCKET",)].declared
    assert rows["/open", ("GET", "HEAD")].public
