"""Open WebSockets behind a real server: a revocation that has returned closes them with the next message."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn
import wsproto
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)

from iamkit.client.signer import Signer
from iamkit.clock import FrozenClock
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind
from iamkit.kit import IAM
from iamkit.management import access_keys, inline, login_profiles, users
from iamkit.web.fastapi import protect
from iamkit.web.marker import require

PASSWORD = "three quiet otters read maps"


class Server:
    """A FastAPI app with one socket, under uvicorn in a thread of its own, and its deployment."""

    def __init__(self, iam: IAM) -> None:
        self.iam = iam
        self.desk = iam.desk(iam.operator())
        self.told: list[int] = []
        self.server = uvicorn.Server(
            uvicorn.Config(self._app(), port=0, ws="wsproto", log_level="error", lifespan="off")
        )
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        self.port: int = listening.getsockname()[1]
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listening]}, daemon=True)
        self.thread.start()

    def _app(self) -> FastAPI:
        app = FastAPI()

        @app.websocket("/rooms/{room}")
        @require("chat:Join", "room/{room}")
        async def talk(websocket: WebSocket, room: str) -> None:
            await websocket.accept()
            try:
                while True:
                    await websocket.send_text(f"{room}: {await websocket.receive_text()}")
            except WebSocketDisconnect as gone:
                self.told.append(gone.code)

        return protect(app, self.iam)

    def allow(self, resource: str) -> None:
        statement = {"Effect": "Allow", "Action": "chat:Join", "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.desk.do(inline.put_user_policy, user_name="ana", policy_name="chat", policy_document=document)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)


class Client:
    """A WebSocket client on a plain socket."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._protocol = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        fields = [
            (name.encode(), value.encode()) for name, value in headers.items() if name.lower() != "host"
        ]
        request = Request(host=f"127.0.0.1:{port}", target="/rooms/1", extra_headers=fields)
        self._socket.sendall(self._protocol.send(request))
        self.opened = self._event()

    def _event(self) -> Event:
        while True:
            for event in self._protocol.events():
                if isinstance(event, Ping):
                    self._socket.sendall(self._protocol.send(event.response()))
                    continue
                return event
            data = self._socket.recv(65536)
            self._protocol.receive_data(data or None)

    def say(self, text: str) -> str | int:
        """The answer, or the code with which the server closed."""
        self._socket.sendall(self._protocol.send(TextMessage(text)))
        event = self._event()
        if isinstance(event, CloseConnection):
            return int(event.code)
        assert isinstance(event, TextMessage)
        return str(event.data)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def clock() -> FrozenClock:
    """The server's time."""
    return FrozenClock()


@pytest.fixture
def server(tmp_path: Path, clock: FrozenClock) -> Iterator[Server]:
    """A deployment on SQLite where ana may join the room 1."""
    with IAM(tmp_path / "data", clock=clock, entry_points=False, development=True) as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))
        running = Server(iam)
        running.allow("*")
        yield running
        running.stop()


@pytest.fixture
def clients() -> Iterator[list[Client]]:
    """Clients that are closed in the end."""
    opened: list[Client] = []
    yield opened
    for client in opened:
        client.close()


def test_policies_are_followed_while_it_is_open(server: Server, clients: list[Client]) -> None:
    """A change that leaves the permission leaves the socket; one that takes it closes with 4403."""
    token = server.iam.sign_in("ana", PASSWORD, kind=SessionKind.BEARER).token.reveal()
    client = Client(server.port, {"Authorization": f"Bearer {token}"})
    clients.append(client)

    assert isinstance(client.opened, AcceptConnection)
    assert client.say("a") == "1: a"
    server.allow("arn:*:chat:*:*:room/1")
    assert client.say("b") == "1: b"
    server.allow("arn:*:chat:*:*:room/2")
    assert client.say("c") == 4403
    server.stop()
    assert server.told == [4403]


def test_it_closes_with_its_session(server: Server, clients: list[Client]) -> None:
    """Signed out: 4401 for this session, and the other one goes on."""
    tokens = [server.iam.sign_in("ana", PASSWORD).token.reveal() for _ in range(2)]
    first, second = [Client(server.port, {"Cookie": f"iamkit={token}"}) for token in tokens]
    clients += [first, second]

    assert [first.say("a"), second.say("a")] == ["1: a", "1: a"]
    server.iam.sign_out(tokens[0])
    assert [first.say("b"), second.say("b")] == [4401, "1: b"]
    again = Client(server.port, {"Cookie": f"iamkit={tokens[0]}"})
    clients.append(again)
    assert isinstance(again.opened, RejectConnection)
    assert again.opened.status_code == 401


def test_it_closes_when_its_time_is_over(server: Server, clients: list[Client], clock: FrozenClock) -> None:
    """A session that has run out, with nothing changed in the store."""
    token = server.iam.sign_in("ana", PASSWORD).token.reveal()
    client = Client(server.port, {"Cookie": f"iamkit={token}"})
    clients.append(client)

    assert client.say("a") == "1: a"
    clock.advance(timedelta(days=400))
    assert client.say("b") == 4401


def test_a_signed_one_outlives_its_signature_but_not_its_key(
    server: Server, clients: list[Client], clock: FrozenClock
) -> None:
    """The signature was about the handshake; the key has to stay active, and the user enabled."""
    made = server.desk.do(access_keys.create_access_key, user_name="ana")
    url = f"http://127.0.0.1:{server.port}/rooms/1"
    signed = Signer(made.key.key_id, made.secret).sign("GET", url, {}, b"", now=clock.now())
    client = Client(server.port, signed)
    clients.append(client)

    assert client.say("a") == "1: a"
    clock.advance(timedelta(hours=2))
    assert client.say("b") == "1: b"
    server.desk.do(
        access_keys.update_access_key, user_name="ana", access_key_id=made.key.key_id, status="Inactive"
    )
    assert client.say("c") == 4401
