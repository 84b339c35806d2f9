"""What a client does when something goes wrong on the way: sends again where that is safe, else says so."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from iamkit.client.client import Client, NoAnswer
from iamkit.client.credentials import from_environment
from iamkit.client.signer import Signer
from iamkit.clock import FrozenClock
from iamkit.errors import ConfigurationError

KEY, SECRET = "AKIDEXAMPLE234567890", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
BROKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"
THROTTLED = b"<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"


@dataclass
class Wire:
    """A listener that answers each connection with the next bytes, whatever it is asked."""

    url: str
    answers: list[bytes] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def client(self, *, attempts: int = 3, chance: float = 1.0) -> Client:
        """A client that does not sleep."""
        return Client(
            self.url,
            KEY,
            SECRET,
            attempts=attempts,
            clock=FrozenClock(NOW),
            sleep=self.slept.append,
            chance=lambda: chance,
        )


@pytest.fixture
def wire() -> Iterator[Wire]:
    """One at a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Wire(f"http://127.0.0.1:{listener.getsockname()[1]}")
        ended = threading.Event()

        def serve() -> None:
            while True:
                connection, _ = listener.accept()
                with connection:
                    if ended.is_set():
                        return
                    connection.settimeout(5)
                    made.asked.append(connection.recv(65536))
                    if made.answers:
                        connection.sendall(made.answers.pop(0))

        thread = threading.Thread(target=serve)
        thread.start()
        yield made
        ended.set()
        socket.create_connection(listener.getsockname()).close()
        thread.join(timeout=10)


def _refused(date: datetime) -> bytes:
    text = format_datetime(date, usegmt=True)
    return f"HTTP/1.1 403 No\r\nDate: {text}\r\nContent-Length: 0\r\n\r\n".encode()


def _throttled() -> bytes:
    return b"HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n%s" % (len(THROTTLED), THROTTLED)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_two_times_busy_and_then_well(wire: Wire, method: str) -> None:
    """503 promises that nothing was done, so a write comes back too; so does what AWS calls throttling."""
    wire.answers = [BUSY, _throttled(), GOOD]

    assert wire.client().request(method, "/x").status == 200
    assert len(wire.asked) == 3
    assert wire.slept == [0.2, 0.4]


def test_waits_differ_by_chance(wire: Wire) -> None:
    """Between half of the time and all of it."""
    wire.answers = [BUSY, BUSY, GOOD]

    wire.client(chance=0.0).request("GET", "/x")

    assert wire.slept == [0.1, 0.2]


@pytest.mark.parametrize("broken", [b"", BROKEN, b"nonsense\r\n\r\n"])
def test_a_write_whose_outcome_is_unknown_is_never_repeated(wire: Wire, broken: bytes) -> None:
    """A connection that ends after the request was sent: reading comes back, writing does not."""
    wire.answers = [broken] * 2 + [GOOD]
    assert wire.client().request("GET", "/x").body == b"ok"
    assert len(wire.asked) == 3

    for method in ("POST", "PUT", "DELETE", "PATCH"):
        wire.asked.clear()
        wire.answers = [broken, GOOD]
        with pytest.raises(NoAnswer) as caught:
            wire.client().request(method, "/x")
        assert caught.value.sent
        assert len(wire.asked) == 1
        wire.answers.clear()


def test_a_post_that_only_reads_comes_back(wire: Wire) -> None:
    """Where its caller says so."""
    wire.answers = [BROKEN, GOOD]

    assert wire.client().request("POST", "/x", changes=False).status == 200


def test_a_clock_that_is_off_is_corrected_once(wire: Wire) -> None:
    """By the Date of the refusal, and kept for what follows; a second refusal is an answer."""
    wire.answers = [_refused(NOW + timedelta(hours=2)), GOOD, GOOD]
    client = wire.client()

    assert client.request("POST", "/x").status == 200
    assert client.request("POST", "/x").status == 200
    assert [b"20300131T120000Z" in asked for asked in wire.asked] == [True, False, False]
    assert all(b"20300131T140000Z" in asked for asked in wire.asked[1:])

    wire.asked.clear()
    wire.answers = [_refused(NOW - timedelta(hours=2))]
    assert client.request("POST", "/x").status == 403
    assert len(wire.asked) == 1


def test_a_refusal_that_no_clock_explains_is_an_answer(wire: Wire) -> None:
    """A few seconds are none; nor is a server that does not say what the time is."""
    wire.answers = [_refused(NOW + timedelta(minutes=1)), _refused(NOW).replace(b"Date: ", b"Date: x")]
    client = wire.client()

    assert client.request("GET", "/x").status == 403
    assert client.request("GET", "/x").status == 403
    assert len(wire.asked) == 2


def test_a_temporary_key_sends_its_session_token(wire: Wire) -> None:
    """Signed with the rest."""
    wire.answers = [GOOD]
    Client(wire.url, KEY, SECRET, token="the session").request("GET", "/x")

    assert b"X-Amz-Security-Token: the session" in wire.asked[0]
    assert b"x-amz-security-token" in wire.asked[0].split(b"SignedHeaders=")[1].split(b",")[0]


def test_arguments_go_before_the_environment(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, else a token; half of a key is nobody's."""
    monkeypatch.setenv("IAMKIT_TOKEN", "ikt_a")
    wire.answers = [GOOD] * 3
    Client(wire.url).request("GET", "/x")
    monkeypatch.setenv("IAMKIT_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    with pytest.raises(ConfigurationError, match="IAMKIT_SECRET_ACCESS_KEY"):
        Client(wire.url)
    monkeypatch.setenv("IAMKIT_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("IAMKIT_SESSION_TOKEN", "the session")
    Client(wire.url).request("GET", "/x")
    Client(wire.url, KEY, SECRET).request("GET", "/x")

    assert b"Authorization: Bearer ikt_a" in wire.asked[0]
    assert b"Credential=AKIAENVIRONMENT/" in wire.asked[1]
    assert b"the session" in wire.asked[1]
    assert f"Credential={KEY}/".encode() in wire.asked[2]
    # The session token of the environment is of another key.
    assert b"the session" not in wire.asked[2]


@pytest.mark.parametrize(
    "given",
    [
        {"key_id": KEY},
        {"secret": SECRET},
        {"token": "t"},
        {"key_id": KEY, "secret": SECRET, "bearer": "t"},
    ],
)
def test_credentials_that_do_not_fit_are_refused(
    given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than guessed."""
    for name in ("IAMKIT_ACCESS_KEY_ID", "IAMKIT_SECRET_ACCESS_KEY", "IAMKIT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError):
        Client("http://localhost", **given)
    with pytest.raises(ConfigurationError, match="no credential"):
        Client("http://localhost")


def test_no_secret_is_shown() -> None:
    """Not by the client, nor by what the environment gave."""
    found = from_environment(
        {"IAMKIT_ACCESS_KEY_ID": KEY, "IAMKIT_SECRET_ACCESS_KEY": SECRET, "IAMKIT_SESSION_TOKEN": "hush"},
        service="iam",
        region="x",
    )
    token = from_environment({"IAMKIT_TOKEN": "hush"}, service="iam", region="x")

    assert isinstance(found, Signer)
    shown = (
        repr(found)
        + repr(token)
        + repr(Client("http://h", KEY, SECRET))
        + repr(Client("http://h", bearer="hush"))
    )
    assert SECRET not in shown
    assert "hush" not in shown
