from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

import pytest

from iamkit.client.client import Client
from iamkit.clock import SystemClock
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.secret import Secret
from iamkit.credentials.sigv4 import Signed, SigningCredential, SigV4Verifier
from iamkit.errors import IamkitError, ServiceUnavailable, ValidationError
from iamkit.http import Headers, HttpRequest
from iamkit.ids import Ids

KEY, SECRET = "AKIDEXAMPLE234567890", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KNOWN = SigningCredential(
    Authentication("123456789012", "AIDAEXAMPLE", CredentialKind.ACCESS_KEY, KEY), Secret(SECRET), 1
)


@dataclass
class Server:
    """A server that verifies what comes, after answering with the statuses it is told to."""

    url: str = ""
    first: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    about = Server()
    verifier = SigV4Verifier(SystemClock(), Ids())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the base class's name for it
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            path, _, query = self.path.partition("?")
            request = HttpRequest(
                method=self.command,
                scheme="http",
                host=self.headers["host"],
                raw_path=path,
                path=path,
                query=query,
                headers=Headers(tuple(self.headers.items())),
                body=body,
            )
            try:
                found = verifier.verify(request, {KEY: KNOWN}.get)
                verdict = "ok" if isinstance(found, Signed) else "body"
            except IamkitError as fault:
                verdict = fault.code
            about.seen.append(verdict)
            status, fields = about.first.pop(0) if about.first else (200, {})
            answer = json.dumps({"verdict": verdict, "body": body.decode()}).encode()
            self.send_response(status)
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)

        do_POST = do_DELETE = do_HEAD = do_GET  # noqa: N815  # likewise

        def log_message(self, format: str, *args: object) -> None:  # likewise
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    about.url = f"http://127.0.0.1:{running.server_port}"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield about
    running.shutdown()
    running.server_close()
    thread.join()


def client_of(server: Server, slept: list[float] | None = None, *, attempts: int = 3) -> Client:
    return Client(
        server.url,
        KEY,
        SECRET,
        attempts=attempts,
        sleep=(slept if slept is not None else []).append,
        chance=lambda: 1.0,
    )


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD"])
@pytest.mark.parametrize("path", ["/", "/documents/42?b=2&a=x%20y", "/a%2Fb/caf%C3%A9?q"])
def test_signed_requests_arrive_signed(server: Server, method: str, path: str) -> None:
    """What goes over real HTTP verifies on the other side, whatever the method and path."""
    response = client_of(server).request(method, path)

    assert response.ok
    assert server.seen == ["ok"]


def test_json_bodies_are_signed_too(server: Server) -> None:
    """A body goes along with its type and is covered by the signature."""
    response = client_of(server).request("POST", "/documents", json={"title": "é"})

    assert cast("dict[str, str]", response.json())["verdict"] == "ok"
    assert json.loads(cast("dict[str, str]", response.json())["body"]) == {"title": "é"}


def test_the_client_waits_and_comes_back(server: Server) -> None:
    """After 429 it waits as long as it is asked to, after 503 a little, and signs anew each time."""
    server.first = [(429, {"Retry-After": "7"}), (503, {})]
    slept: list[float] = []

    response = client_of(server, slept).request("POST", "/", body=b"x")

    assert response.status == 200
    assert slept == [7.0, 0.4]
    assert server.seen == ["ok", "ok", "ok"]


def test_the_client_gives_up_and_never_waits_for_long(server: Server) -> None:
    """After the last attempt the answer is handed on, and at once if it asks for longer than one waits."""
    server.first = [(429, {"Retry-After": "30"}), (429, {"Retry-After": "x"}), (429, {})]
    server.first += [(429, {"Retry-After": "99999"})]
    slept: list[float] = []
    client = client_of(server, slept)

    assert client.request("GET", "/").status == 429
    assert slept == [30.0, 0.4]
    assert client.request("GET", "/").status == 429
    assert len(server.seen) == 4


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 409, 500])
def test_other_statuses_are_answers(server: Server, status: int) -> None:
    """They are neither followed nor tried again."""
    server.first = [(status, {"Location": "/elsewhere"})]

    assert client_of(server).request("GET", "/").status == status
    assert len(server.seen) == 1


def test_a_server_that_is_not_there_is_an_error_of_the_tree() -> None:
    """The error names the address and no secret."""
    slept: list[float] = []
    gone = Client("http://127.0.0.1:9", KEY, SECRET, timeout=2, sleep=slept.append)

    with pytest.raises(ServiceUnavailable) as refusal:
        gone.request("GET", "/")
    assert SECRET not in str(refusal.value) + repr(gone)
    # Nothing was sent, so whatever it was could be tried again.
    assert len(slept) == 2


@pytest.mark.parametrize("base", ["", "localhost:8000", "ftp://localhost", "http://h/?q=1", "http://h/#f"])
def test_a_base_url_that_is_none_is_refused(base: str) -> None:
    """Something that cannot be a server's address."""
    with pytest.raises(ValidationError):
        Client(base, KEY, SECRET)


def test_a_path_without_a_slash_is_refused() -> None:
    """It would be glued to the host: `http://host` + `.evil.org/`."""
    with pytest.raises(ValidationError, match="slash"):
        Client("http://localhost", KEY, SECRET).request("GET", ".evil.org/")
