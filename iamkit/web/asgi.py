"""ASGI: a scope becomes an HttpRequest, is admitted, and the app runs as its caller.

HTTP and WebSocket are guarded, lifespan passes, any other scope type is refused (THR-B17). `Door` admits;
whoever uses it puts a guard inside. `ASGIMiddleware` is both, for an app that is one plain callable with a
marker. The gate is asked in place while it answers from a warm SQLite; in a worker thread if it may wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Literal

from iamkit.errors import ConfigurationError, IamkitError, InputError, MalformedRequest, RequestTooLarge
from iamkit.gate.verdict import Refusal
from iamkit.http import Headers, HttpRequest, HttpResponse, NeedsBody
from iamkit.web.canonical import Reader, quoted_path
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
        self._reader = Reader()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await self.app(scope, receive, send)
            return
        if kind not in ("http", "websocket"):
            raise ConfigurationError(f"scope type `{kind}` is none that iamkit can guard")
        # Whatever stood there came from outside.
        scope.pop(ADMISSION, None)
        guard = self.guard
        admitted: Admission | Refusal | NeedsBody | None
        try:
            request = request_of(scope, self._reader)
        except Exception as fault:  # noqa: BLE001  # the guard logs it and refuses
            admitted = guard.refusal(unreadable_request(str(scope.get("method", "GET"))), fault)
        else:
            if guard.answers_early:
                early = await judged(guard, lambda: guard.early(request))
                if early is not None:
                    await send_response(early, scope, send)
                    return
            if guard.gate.blocking:
                admitted = await asyncio.to_thread(guard.admit, request)
            else:
                admitted = guard.admit(request)
            if isinstance(admitted, NeedsBody):
                admitted, receive = await self._admit_with_body(request, admitted.limit, scope, receive)
        if isinstance(admitted, Refusal):
            await send_response(guard.completed(admitted), scope, send)
            return
        if admitted is None:
            return
        scope[ADMISSION] = admitted
        # A dict of its own, so that no server's shared state ever holds a caller (THR-B21).
        scope["state"] = {**(scope.get("state") or {}), "principal": admitted.principal}
        tell = _Telling(admitted, send)
        telling: Send = tell
        if kind == "websocket":
            socket = OpenSocket(self.guard, admitted, scope, receive, tell)
            refusal = await socket.begin()
            if refusal is not None:
                await send_refusal(self.guard, refusal, scope, send)
                return
            receive, telling = socket.receive, socket.send
        try:
            with self.guard.gate.acting(admitted.principal):
                await self.app(scope, receive, telling)
        except IamkitError as fault:
            # What the app raised of iamkit's own, such as `iam.authorize(...)` does.
            if tell.started:
                raise
            await send_refusal(self.guard, self.guard.refusal(admitted.request, fault), scope, tell)

    async def _admit_with_body(
        self, request: HttpRequest, limit: int, scope: Scope, receive: Receive
    ) -> tuple[Admission | Refusal | None, Receive]:
        try:
            body = await buffered(scope, receive, limit)
        except InputError as fault:
            return self.guard.refusal(request, fault), receive
        if body is None:
            # The client left before it had sent its request.
            return None, receive
        again = await judged(self.guard, lambda: self.guard.admit(request.with_body(body)))
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


class _Telling:
    """`send`, adding what the guard has to say once the app answers."""

    def __init__(self, admission: Admission, send: Send) -> None:
        self._admission = admission
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        self.started = True
        if message["type"] == "http.response.start":
            message = {**message, "headers": self._admission.completed_raw(message.get("headers", ()))}
        await self._send(message)


def request_of(scope: Scope, reader: Reader | None = None) -> HttpRequest:
    """The request of a scope. Raises MalformedRequest unless it can be read in one way only."""
    reader = reader or Reader()
    kind: Literal["http", "websocket"] = "websocket" if scope["type"] == "websocket" else "http"
    path: str = scope["path"]
    raw = scope.get("raw_path")
    headers = _headers(scope["headers"], reader)
    client = scope.get("client")
    try:
        raw_path = bytes(raw).decode("ascii") if raw else quoted_path(path.encode())
    except UnicodeError as fault:
        raise MalformedRequest("the path is not percent-encoded") from fault
    request = reader.request(
        "GET" if kind == "websocket" else scope["method"],
        scope.get("scheme", "http"),
        raw_path or "/",
        _text(scope.get("query_string", b"")),
        headers,
        str(client[0]) if client else None,
        kind,
        _certificate(scope),
    )
    # The app routes on what the server decoded. A prefix set by a proxy may be missing from the raw path.
    if path != request.path and (path or "/") not in (
        request.path,
        scope.get("root_path", "") + request.path,
    ):
        raise MalformedRequest("the server reads the path otherwise than it was sent")
    return request


def _certificate(scope: Scope) -> str | None:
    """The client's certificate, by the TLS extension of ASGI."""
    extensions = scope.get("extensions")
    if not extensions or "tls" not in extensions:
        return None
    chain = tuple(extensions["tls"].get("client_cert_chain") or ())
    return str(chain[0]) if chain else None


def _headers(sent: Iterable[tuple[bytes, bytes]], reader: Reader) -> Headers:
    fields = list(sent)
    names = tuple([bytes(name) for name, _ in fields])
    # One decoding for all of them; a value that holds a line break is refused when it is looked at by itself.
    values = b"\n".join([value for _, value in fields]).decode("latin-1").split("\n") if fields else []
    if len(values) != len(names):
        values = [_text(value) for _, value in fields]
    return reader.headers(names, values, lambda: tuple([_text(name) for name in names]))


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
    if response.status != 204 and not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": f"{prefix}.start", "status": response.status, "headers": headers})
    await send({"type": f"{prefix}.body", "body": response.body})


def _joined(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each field once, as a list (RFC 9110 §5.3): Granian 2.8's worker ends when a denial repeats one."""
    fields: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        # Cookies make no list, so of several the last one is set.
        fields[key] = f"{fields[key]}, {value}" if key in fields and key != "set-cookie" else value
    return list(fields.items())


async def buffered(scope: Scope, receive: Receive, limit: int) -> bytes | None:
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
