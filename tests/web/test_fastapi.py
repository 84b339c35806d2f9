"""FastAPI: included and nested routers, its own pages and front ends; what Starlette has is tested there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket
from fastapi.exceptions import FastAPIDeprecationWarning
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from iamkit.errors import ConfigurationError
from iamkit.gate.current import current_principal
from iamkit.web.asgi import ASGIApp
from iamkit.web.fastapi import Caller, iam_principal, protect, routes
from iamkit.web.marker import public, require
from iamkit.web.nodes import target_of
from iamkit.web.sniff import FrameworkRoutes, home_of
from iamkit.web.sniff import protect as protect_any

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.conftest import MemoryGate

ALICE = {"authorization": "Bearer alice"}
BOB = {"authorization": "Bearer bob"}
CAROL = {"authorization": "Bearer carol"}


def ask(app: ASGIApp, method: str, path: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    async def once() -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
            return await client.request(method, path, headers=headers or {})

    return asyncio.run(once())


def get(app: ASGIApp, path: str, headers: dict[str, str] | None = None) -> int:
    return ask(app, "GET", path, headers).status_code


def endpoint(ran: list[str], name: str) -> Callable[[], str]:
    def handler() -> str:
        ran.append(name)
        return current_principal().name

    return handler


@pytest.fixture
def app(gate: MemoryGate, ran: list[str]) -> FastAPI:
    """An app with routes above and below their marks, and routers in routers."""
    app = FastAPI()

    @app.get("/doc/{doc_id}")
    @require("docs:Read", "doc/{doc_id}")
    async def read(doc_id: str, caller: Caller) -> str:
        ran.append(f"read {doc_id}")
        return caller.name

    protect(app, gate)

    @require("docs:Delete", "doc/{doc_id}")
    @app.delete("/doc/{doc_id}")
    def delete(doc_id: int) -> str:
        ran.append(f"delete {doc_id}")
        return "gone"

    app.get("/bare")(endpoint(ran, "bare"))
    app.get("/open")(public(endpoint(ran, "open")))
    app.get("/secret")(require("docs:Secret", hidden=True)(endpoint(ran, "secret")))
    app.get("/folder/")(require("docs:List")(endpoint(ran, "folder")))

    inner = APIRouter(prefix="/inner")
    inner.get("/bare")(endpoint(ran, "inner bare"))
    inner.get("/doc/{doc_id}")(require("docs:Read", "doc/{doc_id}")(endpoint(ran, "inner read")))
    inner.post("/doc/{doc_id}")(require("docs:Write", "doc/{doc_id}")(endpoint(ran, "inner write")))
    inner.add_route("/plain", endpoint_plain(ran))
    inner.mount("/mounted", Router([Route("/bare", endpoint_plain(ran))]))

    @inner.websocket("/ws")
    async def socket(websocket: WebSocket) -> None:
        ran.append("socket")
        await websocket.accept()

    @inner.websocket("/marked/{doc_id}")
    @require("docs:Read", "doc/{doc_id}")
    async def marked(
        websocket: WebSocket, doc_id: str, caller: Annotated[Any, Depends(iam_principal)]
    ) -> None:
        ran.append(f"marked {doc_id}")
        await websocket.accept()
        await websocket.send_text(caller.name)
        await websocket.close()

    outer = APIRouter()
    outer.include_router(inner, prefix="/v1")
    app.include_router(outer, prefix="/api")
    return app


def endpoint_plain(ran: list[str]) -> Callable[[Request], Response]:
    def handler(request: Request) -> Response:
        ran.append("plain")
        return PlainTextResponse("plain")

    return handler


def test_both_orders_of_decorators_guard(app: FastAPI, ran: list[str]) -> None:
    """A mark above `@app.delete` counts like one below `@app.get`."""
    assert [get(app, "/doc/2", BOB), ask(app, "DELETE", "/doc/2", BOB).status_code] == [403, 403]
    assert ran == []
    assert ask(app, "GET", "/doc/1", BOB).json() == "bob"
    assert ask(app, "DELETE", "/doc/2", ALICE).status_code == 200
    assert ran == ["read 1", "delete 2"]


def test_included_routers_are_guarded(app: FastAPI, ran: list[str], gate: MemoryGate) -> None:
    """Nested includes with prefixes: API routes, plain routes and mounts in them."""
    for path in ("/bare", "/api/v1/inner/bare", "/api/v1/plain", "/api/v1/mounted/bare"):
        assert get(app, path, ALICE) == 403, path
    assert get(app, "/api/v1/inner/doc/2", BOB) == 403
    assert ask(app, "POST", "/api/v1/inner/doc/1", BOB).status_code == 403
    assert ran == []

    assert ask(app, "GET", "/api/v1/inner/doc/1", BOB).json() == "bob"
    assert ask(app, "POST", "/api/v1/inner/doc/1", ALICE).status_code == 200
    assert ran == ["inner read", "inner write"]
    assert gate.recorded[-1][1:3] == ("docs:Write", "arn:aws:docs::111122223333:doc/1")


def test_included_sockets_are_guarded(app: FastAPI, ran: list[str]) -> None:
    """Undeclared and denied sockets never reach their code."""
    client = TestClient(app)

    for path, who in (("ws", ALICE), ("marked/2", BOB), ("marked/1", CAROL), ("marked/1", {})):
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect(f"/api/v1/inner/{path}", headers=who),
        ):
            pass
    assert ran == []

    with client.websocket_connect("/api/v1/inner/marked/1", headers=BOB) as socket:
        assert socket.receive_text() == "bob"
    assert ran == ["marked 1"]


def test_what_is_added_late_is_guarded(app: FastAPI, ran: list[str]) -> None:
    """A route in a router that was included before, a router, a mounted app: after the first request too."""
    late = APIRouter()
    app.include_router(late, prefix="/late")
    assert get(app, "/late/x") == 404

    late.get("/x")(endpoint(ran, "x"))
    other = APIRouter()
    other.get("/y")(endpoint(ran, "y"))
    late.include_router(other)
    sub = FastAPI()
    sub.get("/bare")(endpoint(ran, "sub bare"))
    sub.get("/doc/{doc_id}")(require("docs:Read", "doc/{doc_id}")(endpoint(ran, "sub read")))
    app.mount("/sub", sub)
    app.get("/z")(endpoint(ran, "z"))

    for path in ("/late/x", "/late/y", "/sub/bare", "/sub/docs", "/sub/openapi.json", "/z"):
        assert get(app, path, ALICE) == 403, path
    assert get(app, "/sub/doc/2", BOB) == 403
    assert ran == []
    assert get(app, "/sub/doc/1", BOB) == 200
    assert ran == ["sub read"]


def test_what_reaches_no_endpoint_is_the_apps_own(app: FastAPI, ran: list[str], gate: MemoryGate) -> None:
    """404, 405 (HEAD too: FastAPI adds none), automatic OPTIONS and the redirect run nothing."""
    asked = [
        ("GET", "/nothing"),
        ("PUT", "/bare"),
        ("HEAD", "/doc/1"),
        ("OPTIONS", "/doc/1"),
        ("GET", "/folder"),
    ]
    statuses = [ask(app, method, path).status_code for method, path in asked]
    nested = [("GET", "/api/v1/inner/none"), ("PUT", "/api/v1/inner/doc/1"), ("GET", "/api/v1/inner/bare/")]

    assert statuses == [404, 405, 405, 405, 307]
    assert [ask(app, method, path).status_code for method, path in nested] == [404, 405, 307]
    assert (ran, gate.recorded) == ([], [])


def test_hidden_cannot_be_told_from_missing(app: FastAPI, ran: list[str]) -> None:
    """The same body as FastAPI's own 404."""
    hidden, missing = ask(app, "GET", "/secret", BOB), ask(app, "GET", "/nothing", BOB)

    assert (hidden.status_code, hidden.content, hidden.headers) == (404, missing.content, missing.headers)
    assert ran == []


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"])
def test_docs_are_closed_until_named(gate: MemoryGate, path: str) -> None:
    """What FastAPI adds by itself is opened as one: `docs`."""
    assert get(protect(FastAPI(), gate), path, ALICE) == 403
    assert get(protect(FastAPI(), gate, public={"docs"}), path) == 200


def test_a_look_alike_of_the_docs_is_not_the_docs(gate: MemoryGate, ran: list[str]) -> None:
    """The pages are told by FastAPI's own code, not by their path."""
    app = protect(FastAPI(docs_url=None, redoc_url=None, openapi_url=None), gate, public={"docs"})
    app.get("/docs")(endpoint(ran, "docs"))

    assert get(app, "/docs", ALICE) == 403
    assert ran == []


def test_front_ends_are_static(gate: MemoryGate, ran: list[str], tmp_path: Path) -> None:
    """Files served where no route matches, of the app or of an included router, are closed until named."""
    if not hasattr(FastAPI, "frontend"):
        pytest.skip("needs FastAPI with front ends")
    (tmp_path / "index.html").write_text("page")

    def make(names: set[str]) -> FastAPI:
        app = FastAPI()
        app.get("/bare")(endpoint(ran, "bare"))
        app.frontend("/web", directory=str(tmp_path))
        router = APIRouter()
        router.frontend("/in", directory=str(tmp_path))
        app.include_router(router, prefix="/r")
        return protect(app, gate, public=names)

    closed, opened = make(set()), make({"static"})

    paths = ("/web/index.html", "/r/in/index.html", "/bare", "/nothing")
    assert [get(closed, path, ALICE) for path in paths] == [403, 403, 403, 404]
    assert [get(opened, path) for path in paths] == [200, 200, 403, 404]
    assert ran == []
    assert {row.path: row.public for row in routes(opened)}["/r/in/{path}"]


def test_dependencies_do_not_run_for_who_may_not(app: FastAPI, ran: list[str]) -> None:
    """The check comes before FastAPI resolves or validates anything."""

    def depends() -> None:
        ran.append("dependency")

    router = APIRouter(dependencies=[Depends(depends)])
    router.get("/dep/{doc_id}")(require("docs:Read", "doc/{doc_id}")(endpoint(ran, "dep")))
    app.include_router(router)

    assert get(app, "/dep/2", BOB) == 403
    assert ask(app, "DELETE", "/doc/x", BOB).status_code == 403
    assert ran == []
    assert get(app, "/dep/1", BOB) == 200
    assert ran == ["dependency", "dep"]


def test_the_caller_is_one_dependency_that_tests_may_override(app: FastAPI) -> None:
    """`app.dependency_overrides[iam_principal]` replaces whom the endpoint sees, not whom the guard sees."""

    class Somebody:
        name = "somebody"

    app.dependency_overrides[iam_principal] = Somebody

    assert ask(app, "GET", "/doc/1", BOB).json() == "somebody"
    assert get(app, "/doc/1", CAROL) == 403


@pytest.mark.parametrize("spelling", ["1", "01", "+1", "1.0", "%201"])
def test_what_the_endpoint_reads_is_what_is_decided_on(gate: MemoryGate, spelling: str) -> None:
    """FastAPI reads `01` for an `int` as 1, so a rule about document 1 has to hold for every spelling."""
    app, inner = FastAPI(), APIRouter()

    @inner.get("/doc/{doc_id}")
    @require("docs:Read", "doc/{tenant}/{doc_id}")
    def read(tenant: int, doc_id: int) -> None:
        pass

    @app.get("/day/{day}")
    @require("docs:Read", "day/{day}")
    def on_day(day: date) -> None:
        pass

    @inner.websocket("/ws/{doc_id}")
    @require("docs:Read", "ws/{tenant}/{doc_id}")
    async def listen(websocket: WebSocket, tenant: int, doc_id: int) -> None:
        await websocket.accept()
        await websocket.close()

    app.include_router(inner, prefix="/of/{tenant}")
    protect(app, gate)
    assert get(app, f"/of/{spelling}/doc/{spelling}", ALICE) == 200
    assert gate.recorded[-1][2].endswith(":doc/1/1")
    with TestClient(app).websocket_connect(f"/of/{spelling}/ws/{spelling}", headers=ALICE):
        assert gate.recorded[-1][2].endswith(":ws/1/1")
    assert get(app, "/day/2026-01-31", ALICE) == 200
    assert get(app, "/day/2026-01-31T00:00:00", ALICE) == 403


def test_a_parameter_that_is_read_in_two_ways_is_refused(gate: MemoryGate) -> None:
    """A dependency that takes the text beside an endpoint that takes the number: there is no one resource."""
    app = FastAPI()

    @app.get("/doc/{doc_id}", dependencies=[Depends(lambda doc_id: doc_id)])
    @require("docs:Read", "doc/{doc_id}")
    def read(doc_id: int) -> None:
        pass

    protect(app, gate)
    assert get(app, "/doc/1", ALICE) == 200
    assert get(app, "/doc/01", ALICE) == 403


def test_an_endpoint_replaced_after_registration_does_not_lend_its_mark(app: FastAPI, ran: list[str]) -> None:
    """FastAPI runs what it analysed; a marked function put in `route.endpoint` later marks nothing."""
    route = next(node for node in app.routes if isinstance(node, APIRoute) and node.path == "/bare")
    route.endpoint = public(endpoint(ran, "other"))

    assert get(app, "/bare", ALICE) == 403
    assert ran == []


def test_an_app_with_a_root_path_is_judged_by_its_endpoint(gate: MemoryGate, ran: list[str]) -> None:
    """Behind a proxy that strips a prefix, or one that does not."""
    with pytest.warns(FastAPIDeprecationWarning):
        app = protect(FastAPI(root_path="/prefix"), gate)
    app.get("/doc/{doc_id}")(require("docs:Read", "doc/{doc_id}")(endpoint(ran, "read")))

    assert [get(app, "/doc/1", BOB), get(app, "/prefix/doc/1", BOB)] == [200, 200]
    assert [get(app, "/doc/2", BOB), get(app, "/prefix/doc/2", BOB)] == [403, 403]
    assert ran == ["read", "read"]


def test_an_unknown_layout_of_included_routers_is_an_error() -> None:
    """If FastAPI changes how it keeps included routers, they are refused and not missed."""
    fresh = type("_IncludedRouter", (BaseRoute,), {"__module__": "fastapi.routing"})
    lost = type(
        "_IncludedRouter",
        (BaseRoute,),
        {"__module__": "fastapi.routing", "_match": lambda *_: (Match.NONE, {}, None, None)},
    )

    for kind in (fresh, lost):
        with pytest.raises(ConfigurationError, match="included router"):
            target_of(kind(), {"type": "http", "method": "GET"}, {})


def test_path_mutations_never_reach_another_endpoint(app: FastAPI, ran: list[str]) -> None:
    """THR-B1 to B6 through the whole stack: 400, or the decision of the endpoint that would run."""
    for path in (
        "//open",
        "/./open",
        "/%2e/open",
        "/open%0a",
        "/open%00",
        "/doc/%2f",
        "/doc/a%5cb",
        "/open;x",
    ):
        assert ask_raw(app, path) == 400, path
    assert ran == []


def ask_raw(app: ASGIApp, raw: str) -> int:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(raw),
        "raw_path": raw.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"app"), (b"authorization", b"Bearer alice")],
        "client": ("192.0.2.1", 1),
        "server": ("app", 80),
    }

    async def once() -> None:
        await app(scope, receive, send)

    asyncio.run(once())
    status: int = sent[0]["status"]
    return status


def test_routes_lists_included_routers_with_their_prefix(app: FastAPI) -> None:
    """None is missed, and the docs are shown as what they are."""
    rows = {(row.path, row.methods): row for row in routes(app)}

    assert rows["/doc/{doc_id}", ("GET",)].action == "docs:Read"
    assert rows["/api/v1/inner/doc/{doc_id}", ("POST",)].action == "docs:Write"
    assert rows["/api/v1/inner/marked/{doc_id}", ("WEBSOCKET",)].action == "docs:Read"
    undeclared = {row.path for row in rows.values() if not row.declared}
    assert undeclared == {
        "/bare",
        "/api/v1/inner/bare",
        "/api/v1/plain",
        "/api/v1/mounted/bare",
        "/api/v1/inner/ws",
        "/openapi.json",
        "/docs",
        "/docs/oauth2-redirect",
        "/redoc",
    }


def test_the_framework_is_told_by_its_classes(gate: MemoryGate, app: FastAPI) -> None:
    """`iamkit routes` and the kit find the right module; a stranger is no app of theirs."""
    import flask
    from starlette.applications import Starlette

    class Own(flask.Flask): ...

    kinds = {"fastapi": FastAPI(), "starlette": Starlette(), "flask": Own(__name__)}
    for name, made in kinds.items():
        assert home_of(made) == f"iamkit.web.{name}"
        assert protect_any(made, gate) is made
        assert FrameworkRoutes().iamkit_routes(made) is not None
    assert FrameworkRoutes().iamkit_routes(app) == routes(app)
    assert FrameworkRoutes().iamkit_routes(object()) is None
    with pytest.raises(ConfigurationError, match="no Flask, Starlette, FastAPI or Litestar app"):
        protect_any(object(), gate)
