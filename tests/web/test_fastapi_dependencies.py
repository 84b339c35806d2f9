"""FastAPI: `Depends(require(...))` is a mark like any other, and the docs show what is needed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from iamkit.errors import ConfigurationError
from iamkit.gate.current import principal
from iamkit.identity.principal import Principal
from iamkit.web.fastapi import protect, routes
from iamkit.web.marker import public, require

if TYPE_CHECKING:
    from tests.web.conftest import MemoryGate

ALICE = {"authorization": "Bearer alice"}
BOB = {"authorization": "Bearer bob"}
LOCK: list[dict[str, list[str]]] = [{"iamkit_session": []}, {"iamkit_bearer": []}, {"iamkit_signature": []}]


def ask(app: FastAPI, method: str, path: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    async def once() -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
            return await client.request(method, path, headers=headers or {})

    return asyncio.run(once())


def get(app: FastAPI, path: str, headers: dict[str, str] | None = None) -> int:
    return ask(app, "GET", path, headers).status_code


READ = Depends(require("docs:Read", "doc/{doc_id}"))


@pytest.fixture
def app(gate: MemoryGate, ran: list[str]) -> FastAPI:
    """An app with requirements on a parameter, a route, a router, and in a dependency of a dependency."""
    app = FastAPI()

    def noted() -> None:
        ran.append("dependency")

    def document(doc_id: str, _: Annotated[None, READ]) -> str:
        ran.append("document")
        return doc_id

    @app.get("/parameter/{doc_id}", dependencies=[Depends(noted)])
    def parameter(
        doc_id: str,
        _: Annotated[None, READ],
        me: Annotated[Principal, Depends(principal)],
    ) -> str:
        """Reads one."""
        ran.append(f"parameter {doc_id}")
        return me.name

    @app.get("/route/{doc_id}", dependencies=[Depends(noted), READ])
    async def route(doc_id: int) -> str:
        ran.append(f"route {doc_id}")
        return "route"

    @app.get("/nested/{doc_id}")
    async def nested(found: str = Depends(document)) -> str:  # a name of this function
        ran.append(f"nested {found}")
        return "nested"

    router = APIRouter(dependencies=[Depends(noted), Depends(require("docs:Enter"))])

    @router.get("/both/{doc_id}")
    @require("docs:Read", "doc/{doc_id}")
    async def both(doc_id: str) -> str:
        ran.append(f"both {doc_id}")
        return "both"

    @router.get("/entered")
    @public
    async def entered() -> str:
        ran.append("entered")
        return "entered"

    @router.websocket("/socket/{doc_id}")
    async def socket(websocket: WebSocket, doc_id: str, _: Annotated[None, READ]) -> None:
        ran.append(f"socket {doc_id}")
        await websocket.accept()
        await websocket.close()

    app.include_router(router, prefix="/inner")

    @app.get("/open")
    @public
    async def opened() -> str:
        return "open"

    return protect(app, gate)


@pytest.mark.parametrize("path", ["/parameter", "/route", "/nested"])
def test_it_is_checked_before_anything_runs(
    app: FastAPI, ran: list[str], gate: MemoryGate, path: str
) -> None:
    """Dependencies that stand before it do not run either; one decision is taken."""
    assert [get(app, f"{path}/2", BOB), get(app, f"{path}/2")] == [403, 401]
    assert ran == []
    assert get(app, f"{path}/1", BOB) == 200
    assert ran[-1] == f"{path[1:]} 1"
    assert gate.recorded[2:] == [("bob", "docs:Read", "arn:aws:docs::111122223333:doc/1", True)]


def test_it_is_decided_on_what_the_endpoint_reads(app: FastAPI, ran: list[str], gate: MemoryGate) -> None:
    """`01` is the document 1 for an `int`."""
    assert get(app, "/route/01", ALICE) == 200
    assert gate.recorded[-1][2] == "arn:aws:docs::111122223333:doc/1"


def test_all_of_several_are_needed(app: FastAPI, ran: list[str], gate: MemoryGate) -> None:
    """A router's requirement stands beside the endpoint's mark, and a public endpoint does not undo it."""
    gate.rules["dave"] = ("docs:Enter *",)
    dave = {"authorization": "Bearer dave"}

    assert [get(app, "/inner/both/1", who) for who in (BOB, dave, ALICE)] == [403, 403, 200]
    assert [get(app, "/inner/entered", who) for who in ({}, BOB, dave)] == [401, 403, 200]
    assert ran == ["dependency", "both 1", "dependency", "entered"]


def test_sockets_are_refused_before_they_are_accepted(app: FastAPI, ran: list[str]) -> None:
    """The same for a WebSocket."""
    client = TestClient(app)

    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/inner/socket/1", headers=BOB):
        pass
    assert ran == []
    with client.websocket_connect("/inner/socket/1", headers=ALICE):
        pass
    assert ran == ["dependency", "socket 1"]


def test_in_an_app_that_is_not_guarded_it_refuses(ran: list[str]) -> None:
    """A mark alone does nothing there; a dependency is run, and says so."""
    app = FastAPI()

    @app.get("/doc/{doc_id}", dependencies=[READ])
    async def read(doc_id: str) -> None:
        ran.append("read")

    with pytest.raises(ConfigurationError, match="protect"):
        get(app, "/doc/1", ALICE)
    assert ran == []


def test_it_is_listed(app: FastAPI) -> None:
    """`iamkit routes` shows a row for each thing that is required."""
    rows = [(row.path, row.action, row.public) for row in routes(app)]

    assert ("/parameter/{doc_id}", "docs:Read", False) in rows
    assert ("/nested/{doc_id}", "docs:Read", False) in rows
    assert [action for path, action, _ in rows if path == "/inner/both/{doc_id}"] == [
        "docs:Read",
        "docs:Enter",
    ]
    assert [(action, opened) for path, action, opened in rows if path == "/inner/entered"] == [
        ("docs:Enter", False)
    ]
    assert ("/inner/socket/{doc_id}", "docs:Enter", False) in rows


def test_the_docs_show_lock_and_action(app: FastAPI, gate: MemoryGate) -> None:
    """The schemes, the action in the description and as data; nothing of it on public operations."""
    schema = app.openapi()
    paths: dict[str, Any] = schema["paths"]
    read, both = paths["/parameter/{doc_id}"]["get"], paths["/inner/both/{doc_id}"]["get"]

    assert read["security"] == LOCK
    assert read["description"] == "Reads one.\n\nNeeds `docs:Read` on `doc/{doc_id}`."
    assert (both["security"], both["x-iamkit-actions"]) == (LOCK, ["docs:Read", "docs:Enter"])
    assert not {"security", "x-iamkit-actions"} & set(paths["/open"]["get"])
    assert schema["components"]["securitySchemes"]["iamkit_bearer"]["scheme"] == "bearer"
    # Nothing is added twice, and the parameters are the endpoint's own.
    assert app.openapi() == schema
    assert [parameter["name"] for parameter in read["parameters"]] == ["doc_id"]


def test_what_is_added_late_is_in_the_docs(app: FastAPI) -> None:
    """FastAPI makes its description anew then; path converters are written as OpenAPI writes them."""
    app.openapi()

    @app.put("/late/{name:path}")
    @require("docs:Write", "doc/{name:path}")
    async def late(name: str) -> None: ...

    assert app.openapi()["paths"]["/late/{name}"]["put"]["security"] == LOCK


def test_an_app_of_public_pages_has_no_schemes(gate: MemoryGate) -> None:
    """What nothing needs is not offered."""
    app = FastAPI()
    app.get("/open")(public(lambda: "open"))

    assert "components" not in protect(app, gate).openapi()
