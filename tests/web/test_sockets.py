"""A WebSocket that stays open: what changes is known with the next message, in either direction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from iamkit.errors import ConfigurationError, StoreUnavailable
from iamkit.gate.current import current_principal
from iamkit.web.asgi import ASGIApp, ASGIMiddleware, Message, Receive, Scope, Send
from iamkit.web.guard import ADMISSION
from iamkit.web.marker import public, require

if TYPE_CHECKING:
    from tests.web.conftest import MemoryGate


def scope_of(name: str) -> Scope:
    return {
        "type": "websocket",
        "scheme": "ws",
        "path": "/live",
        "raw_path": b"/live",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"app"), (b"authorization", f"Bearer {name}".encode())],
        "client": ("192.0.2.1", 1),
        "user": None,
    }


def serve(app: ASGIApp, name: str, between: list[Callable[[], object]]) -> list[Message]:
    """What the app's server sends when a client says `0`, `1`, …; `between` runs before each of them."""
    sent: list[Message] = []
    incoming: list[Message] = [{"type": "websocket.connect"}]
    incoming += [{"type": "websocket.receive", "text": str(number)} for number in range(len(between))]
    changes = [lambda: None, *between]

    async def receive() -> Message:
        if not incoming:
            return {"type": "websocket.disconnect", "code": 1005}
        changes.pop(0)()
        return incoming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope_of(name), receive, send))  # type: ignore[arg-type]
    return sent


def types(sent: list[Message]) -> list[str]:
    return [str(message["type"]).removeprefix("websocket.") for message in sent]


def echo(ran: list[str]) -> ASGIApp:
    @require("docs:Watch")
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            ran.append(message["text"])
            await send({"type": "websocket.send", "text": current_principal().name})
        ran.append(f"gone {message['code']}")
        await send({"type": "websocket.close", "code": 1000})

    return app


def nothing() -> None:
    """Nothing changes."""


def test_nothing_is_asked_while_nothing_changed(gate: MemoryGate, ran: list[str]) -> None:
    """One decision for the whole of the connection."""
    sent = serve(ASGIMiddleware(echo(ran), gate), "alice", [nothing] * 3)

    assert [message["type"] for message in sent] == [
        "websocket.accept",
        *["websocket.send"] * 3,
        "websocket.close",
    ]
    assert ran == ["0", "1", "2", "gone 1005"]
    assert len(gate.recorded) == 1


def test_what_still_holds_goes_on(gate: MemoryGate, ran: list[str]) -> None:
    """A change that takes nothing from the caller is decided on once."""
    sent = serve(
        ASGIMiddleware(echo(ran), gate), "alice", [nothing, lambda: gate.rules.update(eve=()), nothing]
    )

    assert ran == ["0", "1", "2", "gone 1005"]
    assert len(gate.recorded) == 2
    assert sent[-1]["code"] == 1000


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda gate: gate.rules.update(alice=()), 4403),
        (lambda gate: gate.rules.pop("alice"), 4401),
        (lambda gate: gate.fail(), 4503),
    ],
    ids=["policy", "session", "store"],
)
def test_a_message_of_one_who_may_no_more_reaches_nobody(
    gate: MemoryGate, ran: list[str], change: Callable[[MemoryGate], object], code: int
) -> None:
    """The socket is closed and the app is told; what it says afterwards goes nowhere."""
    sent = serve(ASGIMiddleware(echo(ran), gate), "alice", [nothing, lambda: change(gate), nothing])

    assert sent[-1] == {"type": "websocket.close", "code": code, "reason": ""}
    assert ran == ["0", f"gone {code}"]
    assert len(sent) == 3


def test_what_the_app_sends_is_held_back(gate: MemoryGate) -> None:
    """An app that only talks is stopped by the next thing that it says, as by a client that left."""
    faults: list[str] = []

    @require("docs:Watch")
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "one"})
        gate.rules["alice"] = ()
        for _ in range(2):
            try:
                await send({"type": "websocket.send", "text": "two"})
            except OSError as fault:
                faults.append(str(fault))

    sent = serve(ASGIMiddleware(app, gate), "alice", [])

    assert [message.get("text", message.get("code")) for message in sent] == [None, "one", 4403]
    assert len(faults) == 2


def test_a_change_before_the_socket_is_accepted(gate: MemoryGate) -> None:
    """It is not accepted: the server answers the handshake with 403."""

    @require("docs:Watch")
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        gate.rules["alice"] = ()
        await receive()
        with pytest.raises(OSError, match="closed"):
            await send({"type": "websocket.accept"})

    assert [message["type"] for message in serve(ASGIMiddleware(app, gate), "alice", [])] == [
        "websocket.close"
    ]


def test_a_public_socket_closes_with_its_session(gate: MemoryGate, ran: list[str]) -> None:
    """Whoever came with a credential does not stay as nobody; whoever came as nobody does."""

    @public
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        message = await receive()
        ran.append(message["type"])

    assert serve(ASGIMiddleware(app, gate), "alice", [lambda: gate.rules.pop("alice")])[-1]["code"] == 4401
    assert ran == ["websocket.disconnect"]


def test_the_caller_is_the_present_one_everywhere(gate: MemoryGate) -> None:
    """Context, scope state, admission and `scope["user"]` are the principal as it was read anew."""
    seen: list[Any] = []

    @require("docs:Watch")
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        before = scope["user"] = scope["state"]["principal"]
        await receive()
        await send({"type": "websocket.accept"})
        gate.rules["eve"] = ()
        await send({"type": "websocket.send", "text": ""})
        seen.extend(
            [scope["user"], scope["state"]["principal"], scope[ADMISSION].principal, current_principal()]
        )
        assert not any(found is before for found in seen)

    serve(ASGIMiddleware(app, gate), "alice", [])

    assert len(seen) == 4
    assert all(found is seen[0] for found in seen)


def test_what_cannot_be_asked_again_is_not_opened(gate: MemoryGate, ran: list[str]) -> None:
    """A gate that cannot tell is closed, before the app runs."""
    for fault in (ConfigurationError("odd"), StoreUnavailable("away"), ValueError("odd")):

        def mark(*asked: object, fault: Exception = fault) -> object:
            raise fault

        gate.mark = mark  # type: ignore[assignment, method-assign]
        sent = serve(ASGIMiddleware(echo(ran), gate), "alice", [])
        assert sent == [{"type": "websocket.close", "code": 4503, "reason": ""}]
    assert ran == []


def test_a_gate_that_blocks_is_asked_in_a_thread(gate: MemoryGate, ran: list[str]) -> None:
    """And the app goes on as the caller that was read there."""
    gate.blocking = True
    serve(ASGIMiddleware(echo(ran), gate), "alice", [lambda: gate.rules.update(eve=())])

    assert ran == ["0", "gone 1005"]
