"""HTTP manners, for WSGI and ASGI alike: errors in kind, caches, other sites, methods of the hidden."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import flask
import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from iamkit.errors import AccessDenied, MissingAuthenticationToken, NoSuchEntity
from iamkit.gate.manners import Manners
from iamkit.web import fastapi as fastapi_glue
from iamkit.web import flask as flask_glue
from iamkit.web import starlette as starlette_glue
from iamkit.web.answers import vary_with
from iamkit.web.asgi import ASGIMiddleware
from iamkit.web.marker import public, require
from iamkit.web.wsgi import WSGIMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from tests.web.conftest import MemoryGate

ALICE = {"authorization": "Bearer alice"}
BOB = {"authorization": "Bearer bob"}
SPA = "https://spa.example"
PREFLIGHT = {"origin": SPA, "access-control-request-method": "PUT"}

Ask = Callable[..., httpx2.Response]


def asking(app: Any) -> Ask:
    """Sends a request to a WSGI or ASGI app."""
    if isinstance(app, flask.Flask | WSGIMiddleware):
        transport = httpx2.WSGITransport(app)
        return httpx2.Client(transport=transport, base_url="http://app").request

    def ask(method: str, path: str, **more: Any) -> httpx2.Response:
        async def once() -> httpx2.Response:
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
                return await client.request(method, path, **more)

        return asyncio.run(once())

    return ask


def plain_wsgi(gate: MemoryGate, run: Callable[[], dict[str, str]]) -> Ask:
    @require("docs:List")
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", list(run().items()))
        return [b"done"]

    return asking(WSGIMiddleware(app, gate))


def plain_asgi(gate: MemoryGate, run: Callable[[], dict[str, str]]) -> Ask:
    @require("docs:List")
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("done", headers=run())(scope, receive, send)

    return asking(ASGIMiddleware(app, gate))


def in_flask(gate: MemoryGate, run: Callable[[], dict[str, str]]) -> Ask:
    app = flask_glue.protect(flask.Flask("app"), gate)

    @app.get("/")
    @require("docs:List")
    def view() -> tuple[str, dict[str, str]]:
        return "done", run()

    return asking(app)


def in_starlette(gate: MemoryGate, run: Callable[[], dict[str, str]]) -> Ask:
    @require("docs:List")
    async def view(request: Request) -> Response:
        return PlainTextResponse("done", headers=run())

    return asking(starlette_glue.protect(Starlette(routes=[Route("/", view)]), gate))


@pytest.fixture(params=[plain_wsgi, plain_asgi, in_flask, in_starlette])
def made(request: pytest.FixtureRequest, gate: MemoryGate) -> Callable[[Callable[[], dict[str, str]]], Ask]:
    """An app of one endpoint that alice may use; what it does is the argument."""
    return lambda run: request.param(gate, run)


Made = Callable[[Callable[[], dict[str, str]]], Ask]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (AccessDenied("no", decision_id="d_x"), 403),
        (MissingAuthenticationToken("who"), 401),
        (NoSuchEntity("gone"), 404),
    ],
)
def test_what_a_handler_raises_is_answered_in_kind(made: Made, fault: Exception, status: int) -> None:
    """`iam.authorize(...)` in a handler answers as the guard does, whatever the app is made with."""

    def run() -> dict[str, str]:
        raise fault

    answer = made(run)("GET", "/", headers=ALICE)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("www-authenticate" in answer.headers) is (status in (401, 403))
    # The decision that is named is the one that refused.
    assert answer.headers.get_list("x-iamkit-decision") == (["d_x"] if status == 403 else ["d_1"])
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("own", "cache", "vary"),
    [
        ({}, "private", "Cookie, Authorization, Accept"),
        ({"Vary": "Accept-Encoding"}, "private", "Accept-Encoding, Cookie, Authorization, Accept"),
        ({"Vary": "cookie, Accept"}, "private", "cookie, Accept, Authorization"),
        ({"Vary": "*"}, "private", "*"),
        ({"Cache-Control": "max-age=60"}, "max-age=60", "Cookie, Authorization, Accept"),
    ],
)
def test_a_protected_answer_is_its_callers_only(
    made: Made, own: dict[str, str], cache: str, vary: str
) -> None:
    """What the app says of caches stays, and its `Vary` gains who asks and how."""
    answer = made(lambda: own)("GET", "/", headers=ALICE)

    assert answer.status_code == 200
    assert answer.headers.get_list("cache-control") == [cache]
    assert answer.headers.get_list("vary") == [vary]
    assert answer.headers["x-iamkit-decision"] == "d_1"


def test_a_public_answer_is_private_for_whom_it_knows(gate: MemoryGate) -> None:
    """A handler that is open to all may greet its caller; for strangers caches do as the app says."""

    @public
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b""]

    ask = asking(WSGIMiddleware(app, gate))

    assert ask("GET", "/", headers=ALICE).headers["cache-control"] == "private"
    assert "cache-control" not in ask("GET", "/").headers
    assert "vary" not in ask("GET", "/").headers


def test_vary_is_merged_once() -> None:
    """Names keep their order and spelling, each once."""
    assert vary_with(None, own=False, cors=False) == ""
    assert vary_with(" , ", own=False, cors=True) == "Origin"
    assert vary_with("origin, X", own=True, cors=True) == "origin, X, Cookie, Authorization, Accept"


def test_a_generator_that_raises_before_it_starts_is_answered(gate: MemoryGate) -> None:
    """The body of a generator runs when the server asks for its first piece."""
    closed = []

    @public
    def late(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        try:
            raise AccessDenied("no")
            start_response("200 OK", [])  # makes it a generator that never started
            yield b""
        finally:
            closed.append(True)

    answer = asking(WSGIMiddleware(late, gate))("GET", "/")

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:iamkit:error:AccessDenied")
    assert closed == [True]


def test_an_answer_that_has_begun_is_not_answered_twice(gate: MemoryGate) -> None:
    """The server has to break it off."""

    @public
    def begun(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"some"
        raise AccessDenied("no")

    @public
    async def begun_async(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise AccessDenied("no")

    for app in (WSGIMiddleware(begun, gate), ASGIMiddleware(begun_async, gate)):
        with pytest.raises(AccessDenied):
            asking(app)("GET", "/")


def test_a_socket_is_refused_by_what_its_handler_raises(gate: MemoryGate) -> None:
    """Before it is accepted, like any other; afterwards the server closes it."""

    @public
    async def socket(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/late":
            await send({"type": "websocket.accept"})
        raise AccessDenied("no")

    def sent(path: str) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            messages.append(message)

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        scope = {"type": "websocket", "path": path, "headers": [(b"host", b"app")], "query_string": b""}
        asyncio.run(ASGIMiddleware(socket, gate)(scope, receive, send))
        return messages

    assert sent("/") == [{"type": "websocket.close", "code": 4403, "reason": ""}]
    with pytest.raises(AccessDenied):
        sent("/late")


# --- other sites ------------------------------------------------------------------------------------------


def test_a_preflight_is_neither_challenged_nor_handled(made: Made, gate: MemoryGate) -> None:
    """204 without leave, whatever credential somebody added; nothing is decided and nothing runs."""
    ran: list[str] = []

    def run() -> dict[str, str]:
        ran.append("ran")
        return {}

    ask = made(run)

    for headers in ({}, ALICE, {"authorization": "Bearer mallory"}):
        answer = ask("OPTIONS", "/", headers={**PREFLIGHT, **headers})

        assert answer.status_code == 204
        assert "access-control-allow-origin" not in answer.headers
        assert "www-authenticate" not in answer.headers
        assert "content-length" not in answer.headers
    assert (ran, gate.recorded) == ([], [])


def test_a_named_origin_may_ask_and_read(made: Made, gate: MemoryGate) -> None:
    """With `cors` preflights are answered, and every answer can be read, refusals included."""
    gate.manners = Manners(cors=frozenset({SPA}))
    ask = made(dict)

    asked = ask("OPTIONS", "/", headers={**PREFLIGHT, "access-control-request-headers": "x-csrf-token"})
    answers = [
        ask("GET", "/", headers={"origin": SPA, **who})
        for who in (ALICE, BOB, {}, {"authorization": "Bearer mallory"})
    ]

    assert asked.status_code == 204
    assert asked.headers["access-control-allow-methods"] == "PUT"
    assert asked.headers["access-control-allow-headers"] == "x-csrf-token"
    assert [answer.status_code for answer in answers] == [200, 403, 401, 401]
    for answer in (asked, *answers):
        assert answer.headers.get_list("access-control-allow-origin") == [SPA]
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "Origin" in answer.headers["vary"].split(", ")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{SPA}.evil.example", "", f"{SPA}, x"])
def test_another_origin_may_not(made: Made, gate: MemoryGate, origin: str) -> None:
    """No field says that a page may read the answer, and caches know that it hangs on the origin."""
    gate.manners = Manners(cors=frozenset({SPA}))
    ask = made(dict)

    answers = [
        ask("OPTIONS", "/", headers={**PREFLIGHT, "origin": origin}),
        ask("GET", "/", headers={**ALICE, "origin": origin}),
        ask("GET", "/", headers={"origin": origin}),
    ]

    assert [answer.status_code for answer in answers] == [204, 200, 401]
    for answer in answers:
        assert "access-control-allow-origin" not in answer.headers
        assert "Origin" in answer.headers["vary"].split(", ")


def test_the_apps_own_cors_middleware_answers_and_reaches_refusals(gate: MemoryGate) -> None:
    """It stands within the door and around the guard, so a refused page still learns the status."""
    cors = Middleware(CORSMiddleware, allow_origins=[SPA], allow_methods=["PUT"], allow_credentials=True)
    routes = [Route("/", require("docs:List")(lambda request: Response()), methods=["PUT"])]
    ask = asking(starlette_glue.protect(Starlette(routes=routes, middleware=[cors]), gate))

    asked = ask("OPTIONS", "/", headers=PREFLIGHT)
    denied = ask("PUT", "/", headers={"origin": SPA, **BOB})
    gate.manners = Manners(cors=frozenset({SPA}))

    assert (asked.status_code, asked.headers["access-control-allow-methods"]) == (200, "PUT")
    assert (denied.status_code, denied.headers.get_list("access-control-allow-origin")) == (403, [SPA])


# --- methods of what is hidden ----------------------------------------------------------------------------


def hidden_flask(gate: MemoryGate) -> Ask:
    app = flask_glue.protect(flask.Flask("app"), gate)
    app.get("/secret")(require("docs:Secret", hidden=True)(lambda: "secret"))
    app.get("/half", endpoint="half")(public(lambda: "half"))
    app.delete("/half", endpoint="cut")(require("docs:Secret", hidden=True)(lambda: "cut"))
    return asking(app)


def hidden_starlette(gate: MemoryGate, app: Starlette | None = None) -> Ask:
    def view(request: Request) -> Response:
        return Response()

    def cut(request: Request) -> Response:
        return Response()

    routes = [
        Route("/secret", require("docs:Secret", hidden=True)(cut)),
        Route("/half", public(view)),
        Route("/half", cut, methods=["DELETE"]),
    ]
    return asking(starlette_glue.protect(Starlette(routes=routes), gate))


def hidden_fastapi(gate: MemoryGate) -> Ask:
    router = APIRouter()
    router.get("/secret")(require("docs:Secret", hidden=True)(lambda: "secret"))
    router.get("/half")(public(lambda: "half"))
    router.delete("/half")(require("docs:Secret", hidden=True)(lambda: "cut"))
    app = FastAPI()
    app.include_router(router)
    return asking(fastapi_glue.protect(app, gate))


@pytest.mark.parametrize("hidden", [hidden_flask, hidden_starlette, hidden_fastapi])
def test_no_method_tells_a_hidden_address_from_none(
    hidden: Callable[[MemoryGate], Ask], gate: MemoryGate
) -> None:
    """OPTIONS and methods that no route has: as at an address without a route, for who may not."""
    ask = hidden(gate)

    for method in ("GET", "OPTIONS", "PUT", "DELETE"):
        answer, missing = ask(method, "/secret", headers=BOB), ask(method, "/nothing", headers=BOB)
        assert (answer.status_code, answer.content) == (404, missing.content)
        assert answer.headers == missing.headers
    assert ask("PUT", "/secret").status_code == 401
    assert ask("PUT", "/secret", headers=ALICE).status_code == 405
    preflights = [ask("OPTIONS", path, headers=PREFLIGHT) for path in ("/secret", "/nothing", "/half")]
    assert {answer.status_code for answer in preflights} == {204}
    assert preflights[0].headers == preflights[1].headers == preflights[2].headers


@pytest.mark.parametrize("hidden", [hidden_flask, hidden_starlette, hidden_fastapi])
def test_allow_names_no_hidden_method(hidden: Callable[[MemoryGate], Ask], gate: MemoryGate) -> None:
    """Where some methods are hidden the others are told."""
    answer = hidden(gate)("PUT", "/half", headers=BOB)

    assert answer.status_code == 405
    assert "DELETE" not in answer.headers["allow"]
    assert "GET" in answer.headers["allow"]


def test_automatic_options_names_what_the_caller_may_see(gate: MemoryGate) -> None:
    """Flask's own answer, without the methods that are hidden from this caller."""
    ask = hidden_flask(gate)

    assert set(ask("OPTIONS", "/half", headers=BOB).headers["allow"].split(", ")) == {
        "GET",
        "HEAD",
        "OPTIONS",
    }
    assert "DELETE" in ask("OPTIONS", "/half", headers=ALICE).headers["allow"]
    assert "GET" in ask("OPTIONS", "/secret", headers=ALICE).headers["allow"]
