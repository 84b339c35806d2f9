"""The ASGI apps of the matrix: the same endpoints and a WebSocket in each; each handler marks it ran."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, WebSocket
from litestar import Controller, Litestar, Router, get, post, put, route, websocket
from litestar import Request as LitestarRequest
from litestar import WebSocket as LitestarSocket
from litestar.params import FromPath
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.routing import Router as StarletteRouter

from iamkit import IAM
from iamkit.web import fastapi as fastapi_glue
from iamkit.web import starlette as starlette_glue
from iamkit.web.litestar import IAMPlugin
from iamkit.web.scopes import ASGIApp, Receive, Scope, Send
from tests.proofs.served.marks import Mark
from tests.proofs.served.wsgi_shapes import TABLE, found


def plain(iam: IAM, mark: Mark) -> ASGIApp:
    """An ASGI callable of somebody else's behind a route table."""

    async def old(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lived(receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        goal = found(scope.get("method", "GET"), scope["path"], headers.get)
        if goal is not None:
            mark(goal[0], headers.get("x-probe"), goal[1])
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 1000})
            return
        status = 404 if goal is None else 200
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    return iam.asgi(old, routes=TABLE)


async def _lived(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def starlette(iam: IAM, mark: Mark) -> ASGIApp:
    """Starlette: functions, an endpoint class, mounts and sockets."""

    def say(name: str, request: Request) -> PlainTextResponse:
        mark(name, request.headers.get("x-probe"), request.path_params.get("id", ""))
        return PlainTextResponse("ok")

    class Docs(HTTPEndpoint):
        @iam.require("docs:Read", "doc/{id}")
        async def get(self, request: Request) -> PlainTextResponse:
            return say("read", request)

        @iam.require("docs:Write", "doc/{id}")
        def put(self, request: Request) -> PlainTextResponse:
            return say("write", request)

    @iam.require("docs:Admin")
    async def admin(request: Request) -> PlainTextResponse:
        return say("admin", request)

    @iam.require("docs:Item", "item/{id}")
    def item(request: Request) -> PlainTextResponse:
        return say("item", request)

    @iam.require("docs:Form")
    async def form(request: Request) -> PlainTextResponse:
        return say("form", request)

    @iam.public
    async def opened(request: Request) -> PlainTextResponse:
        return say("open", request)

    async def bare(request: Request) -> PlainTextResponse:
        return say("bare", request)

    @iam.require("docs:Watch", "doc/{id}")
    class Live(WebSocketEndpoint):
        async def on_connect(self, websocket: Any) -> None:
            mark("live", websocket.headers.get("x-probe"), websocket.path_params["id"])
            await websocket.accept()
            await websocket.close()

    items = StarletteRouter([Mount("/v1", routes=[Route("/items/{id}", item)])])
    routes = [
        Route("/docs/{id}", Docs),
        Route("/admin", admin, methods=["GET", "POST"]),
        Mount("/api", app=items),
        Route("/form", form, methods=["POST"]),
        Route("/open", opened),
        Route("/bare", bare, methods=["GET", "PUT"]),
        WebSocketRoute("/live/{id}", Live),
    ]
    return starlette_glue.protect(Starlette(routes=routes), iam)


def fastapi(iam: IAM, mark: Mark) -> ASGIApp:
    """FastAPI: routers in routers, a mounted app, dependencies, sockets."""
    from fastapi import Depends

    app = fastapi_glue.protect(FastAPI(), iam, public={"docs"})
    docs, inner, sub = APIRouter(prefix="/docs"), APIRouter(prefix="/items"), FastAPI(openapi_url=None)

    def say(name: str, request: Request | WebSocket, number: str = "") -> str:
        mark(name, request.headers.get("x-probe"), number)
        return "ok"

    @docs.get("/{id}")
    @iam.require("docs:Read", "doc/{id}")
    async def read(id: str, request: Request) -> str:
        return say("read", request, id)

    @docs.put("/{id}", dependencies=[Depends(iam.require("docs:Write", "doc/{id}"))])
    def write(id: str, request: Request) -> str:
        return say("write", request, id)

    @app.api_route("/admin", methods=["GET", "POST", "HEAD"])
    @iam.require("docs:Admin")
    async def admin(request: Request) -> str:
        return say("admin", request)

    @inner.get("/{id}")
    @iam.require("docs:Item", "item/{id}")
    def item(id: str, request: Request) -> str:
        return say("item", request, id)

    @app.post("/form")
    @iam.require("docs:Form")
    async def form(request: Request) -> str:
        return say("form", request)

    @app.get("/open")
    @iam.public
    async def opened(request: Request) -> str:
        return say("open", request)

    @app.get("/bare")
    async def bare(request: Request) -> str:
        return say("bare", request)

    @app.websocket("/live/{id}")
    @iam.require("docs:Watch", "doc/{id}")
    async def live(socket: WebSocket, id: str) -> None:
        say("live", socket, id)
        await socket.accept()
        await socket.close()

    outer = APIRouter()
    outer.include_router(docs)
    app.include_router(outer)
    sub.include_router(inner, prefix="/v1")
    app.mount("/api", sub)
    return app


def litestar(iam: IAM, mark: Mark) -> Litestar:
    """Litestar: handlers, a controller, nested routers, sockets."""

    def say(name: str, request: Any, number: str = "") -> str:
        mark(name, request.headers.get("x-probe"), number)
        return "ok"

    class Docs(Controller):
        path = "/docs/{id:str}"

        @get("/")
        @iam.require("docs:Read", "doc/{id}")
        async def read(self, request: LitestarRequest[Any, Any, Any], id: FromPath[str]) -> str:
            return say("read", request, id)

        @iam.require("docs:Write", "doc/{id}")
        @put("/", sync_to_thread=True)
        def write(self, request: LitestarRequest[Any, Any, Any], id: FromPath[str]) -> str:
            return say("write", request, id)

    @route("/admin", http_method=["GET", "POST"])
    @iam.require("docs:Admin")
    async def admin(request: LitestarRequest[Any, Any, Any]) -> str:
        return say("admin", request)

    @iam.require("docs:Item", "item/{id}")
    @get("/{id:str}", sync_to_thread=False)
    def item(request: LitestarRequest[Any, Any, Any], id: FromPath[str]) -> str:
        return say("item", request, id)

    @post("/form")
    @iam.require("docs:Form")
    async def form(request: LitestarRequest[Any, Any, Any]) -> str:
        return say("form", request)

    @get("/open")
    @iam.public
    async def opened(request: LitestarRequest[Any, Any, Any]) -> str:
        return say("open", request)

    @get("/bare")
    async def bare(request: LitestarRequest[Any, Any, Any]) -> str:
        return say("bare", request)

    @websocket("/live/{id:str}")
    @iam.require("docs:Watch", "doc/{id}")
    async def live(socket: LitestarSocket[Any, Any, Any], id: FromPath[str]) -> None:
        say("live", socket, id)
        await socket.accept()
        await socket.close()

    nested = Router(
        "/api", route_handlers=[Router("/v1", route_handlers=[Router("/items", route_handlers=[item])])]
    )
    return Litestar(
        [Docs, admin, nested, form, opened, bare, live], plugins=[IAMPlugin(iam, public={"docs"})]
    )
