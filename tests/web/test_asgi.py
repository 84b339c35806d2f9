"""ASGI: plain callables behind the middleware, and the scopes that servers really give."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from iamkit.errors import ConfigurationError
from iamkit.gate.current import current_principal
from iamkit.web.asgi import ASGIApp, ASGIMiddleware, Message, Receive, Scope, Send
from iamkit.web.guard import ADMISSION
from iamkit.web.marker import public, require

if TYPE_CHECKING:
    from tests.web.conftest import MemoryGate


def scope_of(path: str = "/a", headers: Iterable[tuple[str, str]] = (), **more: Any) -> Scope:
    fields = [(b"host", b"app"), *((name.encode(), value.encode("latin-1")) for name, value in headers)]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": b"",
        "root_path": "",
        "headers": fields,
        "client": ("192.0.2.1", 1234),
        "server": ("app", 80),
        **more,
    }


def alice(**more: Any) -> Scope:
    return scope_of(headers=[("authorization", "Bearer alice")], **more)


async def _call(app: ASGIApp, scope: Scope, incoming: list[Message]) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return incoming.pop(0) if incoming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def call(app: ASGIApp, scope: Scope, incoming: list[Message] | None = None) -> list[Message]:
    """The messages that an app sends."""
    return asyncio.run(
        _call(app, scope, incoming or [{"type": "http.request", "body": b"", "more_body": False}])
    )


def hello_app(ran: list[str]) -> ASGIApp:
    @require("docs:Read", "greeting/hello")
    async def hello(scope: Scope, receive: Receive, send: Send) -> None:
        ran.append(current_principal().name)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})

    return hello


def test_a_marked_callable_runs_for_whom_it_may(gate: MemoryGate, ran: list[str]) -> None:
    """Allowed runs as the caller; denied, anonymous and badly proved callers never reach the callable."""

    async def story() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(ASGIMiddleware(hello_app(ran), gate))
        async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
            return [
                await client.get("/", headers={"authorization": f"Bearer {name}"} if name else {})
                for name in ("alice", "carol", "", "mallory")
            ]

    answers = asyncio.run(story())

    assert [answer.status_code for answer in answers] == [200, 403, 401, 401]
    assert ran == ["alice"]
    assert answers[1].json()["decision"] == "d_2"
    assert answers[2].headers.get_list("www-authenticate") == list(gate.challenges())


def test_an_unmarked_callable_is_refused(gate: MemoryGate, ran: list[str]) -> None:
    """Undeclared is closed, for everybody."""

    async def bare(scope: Scope, receive: Receive, send: Send) -> None:
        ran.append("bare")

    sent = call(ASGIMiddleware(bare, gate), alice())

    assert sent[0]["status"] == 403
    assert ran == []
    assert len(gate.unclassified) == 1


def test_lifespan_passes_and_unknown_scopes_do_not(gate: MemoryGate, ran: list[str]) -> None:
    """Start-up is not a request; what iamkit does not know is refused (THR-B17)."""

    @public
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        ran.append(scope["type"])

    guarded = ASGIMiddleware(app, gate)

    call(guarded, {"type": "lifespan"})
    with pytest.raises(ConfigurationError, match="scope type"):
        call(guarded, {"type": "telepathy"})

    assert ran == ["lifespan"]


@pytest.mark.parametrize(
    "broken",
    [
        {"path": "//a", "raw_path": b"//a"},
        {"path": "/a\n", "raw_path": b"/a%0a"},
        {"path": "/a/b", "raw_path": b"/a%2fb"},
        {"path": "/a", "raw_path": b"/b"},
        {"path": "/a\xff", "raw_path": b"/a\xff"},
        {"path": "http://evil/a", "raw_path": b"http://evil/a"},
        {"path": "a", "raw_path": None},
        {"path": "/\ud800", "raw_path": None},
        {"path": "/a", "raw_path": b"/a?x=1"},
        {"method": "get"},
        {"headers": [(b"host", b"a"), (b"host", b"a")]},
        {"headers": [(b"host", b"a/admin?x=")]},
        {"headers": [(b"x_forwarded_for", b"1.1.1.1")]},
        {"headers": [(b"x-a", b"b\rc")]},
        {"headers": [(b"content-length", b"1"), (b"transfer-encoding", b"chunked")]},
        {"headers": [(b"x-http-method-override", b"PUT")]},
    ],
)
def test_an_ambiguous_request_is_refused_before_anything(
    gate: MemoryGate, ran: list[str], broken: dict[str, Any]
) -> None:
    """400, and neither an authenticator nor the app sees it."""
    sent = call(ASGIMiddleware(hello_app(ran), gate), {**alice(), **broken})

    assert sent[0]["status"] == 400
    assert (ran, gate.requests) == ([], [])


def test_paths_are_read_with_or_without_a_raw_one(gate: MemoryGate) -> None:
    """A server may leave the raw path out, and a proxy's prefix may stand in the path only."""

    @public
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    guarded = ASGIMiddleware(app, gate)

    for more in (
        {"path": "/a b", "raw_path": None},
        {"path": "/x/a", "raw_path": b"/a", "root_path": "/x"},
        {"path": "/x/a", "raw_path": b"/x/a", "root_path": "/x"},
        {"path": "", "raw_path": b""},
    ):
        assert call(guarded, scope_of(**more))[0]["status"] == 200
    assert [request.raw_path for request in gate.requests] == ["/a%20b", "/a", "/x/a", "/"]


def test_a_forged_admission_is_thrown_away(gate: MemoryGate, ran: list[str]) -> None:
    """The key is only ever iamkit's own (THR-B11)."""
    sent = call(ASGIMiddleware(hello_app(ran), gate), {**scope_of(), ADMISSION: "alice"})

    assert (sent[0]["status"], ran) == (401, [])


def echo_app() -> ASGIApp:
    @public
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": message["body"]})
        await send(await receive())

    return echo


def test_a_body_that_was_signed_is_read_and_given_back(gate: MemoryGate) -> None:
    """The authenticator sees the body whole, and the app sees it once, then the server's own messages."""
    scope = scope_of(headers=[("authorization", "Body alice")])
    incoming: list[Message] = [
        {"type": "http.request", "body": b"da", "more_body": True},
        {"type": "http.request", "body": b"ta", "more_body": False},
    ]

    sent = call(ASGIMiddleware(echo_app(), gate), scope, incoming)

    assert sent[1]["body"] == b"data"
    assert sent[2] == {"type": "http.disconnect"}
    assert gate.requests[-1].body == b"data"


def test_a_body_beyond_the_cap_is_refused(gate: MemoryGate) -> None:
    """An unknown caller cannot make the server hold more than the cap; one that leaves gets nothing."""
    scope = scope_of(headers=[("authorization", "Body alice")])
    piece: Message = {"type": "http.request", "body": b"x" * 9, "more_body": True}

    assert call(ASGIMiddleware(echo_app(), gate), dict(scope), [piece, piece])[0]["status"] == 413
    assert call(ASGIMiddleware(echo_app(), gate), dict(scope), [piece]) == []


def socket_scope(name: str = "", **more: Any) -> Scope:
    headers = [("authorization", f"Bearer {name}")] if name else []
    return {**scope_of(headers=headers), "type": "websocket", "scheme": "ws", "subprotocols": [], **more}


def test_a_socket_is_refused_before_it_is_accepted(gate: MemoryGate, ran: list[str]) -> None:
    """Closed with 4401 or 4403, or answered over HTTP where the server can (THR-B17)."""
    guarded = ASGIMiddleware(hello_app(ran), gate)
    extension: dict[str, object] = {"websocket.http.response": {}}

    anonymous = call(guarded, socket_scope())
    denied = call(guarded, socket_scope("carol"))
    answered = call(guarded, socket_scope("carol", extensions=extension))
    broken = call(guarded, {**socket_scope("alice"), "raw_path": b"//a", "path": "//a"})

    assert [(m["type"], m["code"]) for m in (*anonymous, *denied, *broken)] == [
        ("websocket.close", 4401),
        ("websocket.close", 4403),
        ("websocket.close", 4400),
    ]
    assert [m["type"] for m in answered] == ["websocket.http.response.start", "websocket.http.response.body"]
    assert answered[0]["status"] == 403
    assert ran == []


def test_a_refused_socket_is_answered_with_each_field_once(gate: MemoryGate, ran: list[str]) -> None:
    """Two challenges are one list: a server that fails on a repeated field could be ended by anyone."""
    extension: dict[str, object] = {"websocket.http.response": {}}

    start = call(ASGIMiddleware(hello_app(ran), gate), socket_scope(extensions=extension))[0]

    names = [name for name, _ in start["headers"]]
    assert len(names) == len(set(names))
    assert dict(start["headers"])[b"www-authenticate"] == b", ".join(
        challenge.encode() for challenge in gate.challenges()
    )


def test_an_allowed_socket_reaches_the_app(gate: MemoryGate, ran: list[str]) -> None:
    """The handshake is judged as GET, and the app accepts or not."""
    call(ASGIMiddleware(hello_app(ran), gate), socket_scope("alice"))

    assert ran == ["alice"]
    assert (gate.requests[0].kind, gate.requests[0].method) == ("websocket", "GET")


def test_a_gate_that_may_wait_is_asked_in_a_thread(gate: MemoryGate, ran: list[str]) -> None:
    """The event loop's thread is left alone, and the answer is the same."""
    import threading

    threads: list[threading.Thread] = []
    admit = gate.admit

    def watched(request: Any) -> Any:
        threads.append(threading.current_thread())
        return admit(request)

    gate.admit = watched  # type: ignore[method-assign]
    app = ASGIMiddleware(hello_app(ran), gate)

    assert call(app, alice())[0]["status"] == 200
    gate.blocking = True
    assert call(app, alice())[0]["status"] == 200

    assert threads[0] is threading.main_thread()
    assert threads[1] is not threading.main_thread()
    assert ran == ["alice", "alice"]


def test_tasks_do_not_see_each_other(gate: MemoryGate) -> None:
    """Requests that interleave in one loop keep their own caller, and nothing stays behind (THR-B21)."""

    @public
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        before = current_principal().name
        await asyncio.sleep(0)
        inside = await asyncio.to_thread(lambda: current_principal().name)
        body = f"{before} {inside} {current_principal().name} {scope['state']['principal'].name}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    guarded = ASGIMiddleware(app, gate)
    shared: dict[str, object] = {"lifespan": "state"}

    async def story() -> list[bytes]:
        async def one(name: str) -> bytes:
            scope = scope_of(headers=[("authorization", f"Bearer {name}")], state=shared)
            return bytes((await _call(guarded, scope, []))[1]["body"])

        return await asyncio.gather(*(one(name) for name in ("alice", "bob", "carol") * 10))

    assert asyncio.run(story()) == [f"{n} {n} {n} {n}".encode() for n in ("alice", "bob", "carol") * 10]
    assert shared == {"lifespan": "state"}
