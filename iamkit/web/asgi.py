"""ASGI: a scope becomes an HttpRequest, is admitted, and the app runs as its caller.

HTTP and WebSocket are guarded, lifespan passes, any other scope type is refused (THR-B17). `Door` admits;
whoever uses it puts a guard inside. `ASGIMiddleware` is both, for an app that is one plain callable with a
marker. The gate is asked in place while it answers from a warm SQLite; in a worker thread if it may wait.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from iamkit.errors import ConfigurationError, InputError, MalformedRequest, RequestTooLarge
from iamkit.gate.verdict import Refusal
from iamkit.http import Headers, HttpRequest, HttpResponse, NeedsBody
from iamkit.web.canonical import canonical_request, quoted_path
from iamkit.web.guard import (
    ADMISSION,
    Admission,
    Endpoint,
    Gatekeeper,
    Guard,
    HasGate,
    gate_of,
    not_admitted,
    unreadable_request,
)
from iamkit.web.marker import marker_of
from iamkit.web.scopes import ASGIApp as ASGIApp
from iamkit.web.scopes import Message as Message
from iamkit.web.scopes import Receive as Receive
from iamkit.web.scopes import Scope as Scope
from iamkit.web.scopes import Send as Send
from iamkit.web.scopes import judged as judged
from iamkit.web.sockets import OpenSocket


class Door:
    """Admits each request and runs `app` as its caller. It decides nothing: a guard must stand inside."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self.app = app
        self.guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await self.app(scope, receive, send)
            return
        if kind not in ("http", "websocket"):
            raise ConfigurationError(f"scope type `{kind}` is none that iamkit can guard")
        # Whatever stood there came from outside.
        scope.pop(ADMISSION, None)
        admitted, receive = await self._admit(scope, receive)
        if isinstance(admitted, Refusal):
            await send_refusal(self.guard, admitted, scope, send)
            return
        if admitted is None:
            return
        scope[ADMISSION] = admitted
        # A dict of its own, so that no server's shared state ever holds a caller (THR-B21).
        scope["state"] = {**(scope.get("state") or {}), "principal": admitted.principal}
        telling = _telling(admitted, send)
        if kind == "websocket":
            socket = OpenSocket(self.guard, admitted, scope, receive, telling)
            refusal = await socket.begin()
            if refusal is not None:
                await send_refusal(self.guard, refusal, scope, send)
                return
            receive, telling = socket.receive, socket.send
        with self.guard.gate.acting(admitted.principal):
            await self.app(scope, receive, telling)

    async def _admit(self, scope: Scope, receive: Receive) -> tuple[Admission | Refusal | None, Receive]:
        try:
            request = request_of(scope)
        except Exception as fault:  # noqa: BLE001  # the guard logs it and refuses
            unreadable = unreadable_request(str(scope.get("method", "GET")))
            return self.guard.refusal(unreadable, fault), receive
        admitted = await judged(self.guard, lambda: self.guard.admit(request))
        if not isinstance(admitted, NeedsBody):
            return admitted, receive
        try:
            body = await _buffered(scope, receive, admitted.limit)
        except InputError as fault:
            return self.guard.refusal(request, fault), receive
        if body is None:
            # The client left before it had sent its request.
            return None, receive
        again = await judged(self.guard, lambda: self.guard.admit(replace(request, body=body)))
        if isinstance(again, NeedsBody):
            return self.guard.refusal(request, not_admitted()), receive
        return again, receive if scope["type"] == "websocket" else _replayed(body, receive)


class ASGIMiddleware:
    """Guards a plain ASGI callable, which carries the marker itself: `ASGIMiddleware(hello, iam)`.

    A callable without a marker is refused. An app of a framework has its own `protect`.
    """

    def __init__(self, app: ASGIApp, iam: HasGate | Gatekeeper) -> None:
        self.app = app
        self.guard = Guard(gate_of(iam))
        self._door = Door(self._checked, self.guard)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door(scope, receive, send)

    async def _checked(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            admission: Admission = scope[ADMISSION]
            name = str(getattr(self.app, "__qualname__", None) or type(self.app).__qualname__)
            endpoint = Endpoint(name, marker_of(self.app))
            refusal = await judged(self.guard, lambda: self.guard.check(admission, endpoint))
            if refusal is not None:
                await send_refusal(self.guard, refusal, scope, send)
                return
        await self.app(scope, receive, send)


def _telling(admission: Admission, send: Send) -> Send:
    """`send`, adding what the guard has to say once the app answers."""

    async def tell(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            present = {bytes(name).decode("latin-1").lower() for name, _ in headers}
            added = admission.added_headers(present)
            headers += [(name.lower().encode(), value.encode()) for name, value in added]
            message = {**message, "headers": headers}
        await send(message)

    return tell


def request_of(scope: Scope) -> HttpRequest:
    """The request of a scope. Raises MalformedRequest unless it can be read in one way only."""
    kind: Literal["http", "websocket"] = "websocket" if scope["type"] == "websocket" else "http"
    path: str = scope["path"]
    raw = scope.get("raw_path")
    headers = Headers(tuple((_text(name), _text(value)) for name, value in scope["headers"]))
    client = scope.get("client")
    try:
        raw_path = bytes(raw).decode("ascii") if raw else quoted_path(path.encode())
    except UnicodeError as fault:
        raise MalformedRequest("the path is not percent-encoded") from fault
    request = canonical_request(
        method="GET" if kind == "websocket" else scope["method"],
        scheme=scope.get("scheme", "http"),
        raw_path=raw_path or "/",
        query=_text(scope.get("query_string", b"")),
        headers=headers,
        peer=str(client[0]) if client else None,
        kind=kind,
    )
    # The app routes on what the server decoded. A prefix set by a proxy may be missing from the raw path.
    if (path or "/") not in (request.path, scope.get("root_path", "") + request.path):
        raise MalformedRequest("the server reads the path otherwise than it was sent")
    return request


def _text(raw: bytes) -> str:
    return bytes(raw).decode("latin-1")


async def send_refusal(guard: Guard, refusal: Refusal, scope: Scope, send: Send) -> None:
    """Say no: over HTTP as rendered, to a WebSocket before it is accepted."""
    await send_response(guard.response(refusal), scope, send)


async def send_response(response: HttpResponse, scope: Scope, send: Send) -> None:
    """Give `response` as the answer; a WebSocket without denial extension is closed with 4000 + status."""
    prefix = "http.response"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close", "code": 4000 + response.status, "reason": ""})
            return
        prefix = "websocket.http.response"
    fields = response.headers if prefix == "http.response" else _joined(response.headers)
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    if not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": f"{prefix}.start", "status": response.status, "headers": headers})
    await send({"type": f"{prefix}.body", "body": response.body})


def _joined(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each field once, as a list (RFC 9110 §5.3): Granian's worker ends when a denial repeats one."""
    fields: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        fields[key] = f"{fields[key]}, {value}" if key in fields else value
    return list(fields.items())


async def _buffered(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """The body, or None if the client left. Raises RequestTooLarge beyond `limit` bytes."""
    if scope["type"] == "websocket":
        return b""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > limit:
            raise RequestTooLarge(f"the body may have at most {limit} bytes here")
        more = message.get("more_body", False)
    return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
