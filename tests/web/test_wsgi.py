"""WSGI: plain callables behind the middleware, and the environ that servers really give."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

import httpx2
import pytest

from iamkit.errors import MalformedRequest
from iamkit.gate.current import current_principal
from iamkit.http import Headers, HttpRequest
from iamkit.identity.principal import Principal
from iamkit.web.guard import ADMISSION, Admission, Guard
from iamkit.web.marker import public, require
from iamkit.web.wsgi import WSGIMiddleware, request_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from tests.web.conftest import MemoryGate


def environ_of(path: str = "/a", /, **more: Any) -> WSGIEnvironment:
    environ: WSGIEnvironment = {"PATH_INFO": path, "REMOTE_ADDR": "192.0.2.1"}
    setup_testing_defaults(environ)
    environ.update(more)
    return environ


def call(app: WSGIApplication, environ: WSGIEnvironment) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (the last of each name) and body."""
    seen: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        assert exc_info is None
        seen.append((status, headers))
        return lambda _: None

    answer = app(environ, start_response)
    body = b"".join(answer)
    close = getattr(answer, "close", None)
    if close is not None:
        close()
    ((status, headers),) = seen
    return int(status.split()[0]), {name.lower(): value for name, value in headers}, body


def hello_app(ran: list[str]) -> WSGIApplication:
    @require("docs:Read", "greeting/hello")
    def hello(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        ran.append(current_principal().name)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    return hello


def test_a_marked_callable_runs_for_whom_it_may(gate: MemoryGate, ran: list[str]) -> None:
    """Allowed runs as the caller; denied and anonymous callers never reach the callable."""
    client = httpx2.Client(
        transport=httpx2.WSGITransport(WSGIMiddleware(hello_app(ran), gate)), base_url="http://app"
    )

    allowed = client.get("/", headers={"authorization": "Bearer alice"})
    denied = client.get("/", headers={"authorization": "Bearer carol"})
    anonymous = client.get("/")
    bad = client.get("/", headers={"authorization": "Bearer mallory"})

    assert [answer.status_code for answer in (allowed, denied, anonymous, bad)] == [200, 403, 401, 401]
    assert ran == ["alice"]
    assert denied.json()["decision"] == denied.headers["x-iamkit-decision"] == "d_2"
    assert anonymous.headers.get_list("www-authenticate")[0] == 'Bearer realm="iamkit"'
    assert 'error="invalid_token"' in bad.headers["www-authenticate"]
    assert gate.recorded[0] == ("alice", "docs:Read", "arn:aws:docs::111122223333:greeting/hello", True)


def test_an_unmarked_callable_is_refused(gate: MemoryGate, ran: list[str]) -> None:
    """Undeclared is closed, for everybody, and recorded."""

    def bare(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        ran.append("bare")
        start_response("200 OK", [])
        return []

    status, headers, body = call(WSGIMiddleware(bare, gate), environ_of(HTTP_AUTHORIZATION="Bearer alice"))

    assert status == 403
    assert b"UnclassifiedRoute" in body
    assert headers["x-iamkit-decision"] == "d_unclassified_alice"
    assert ran == []
    assert len(gate.unclassified) == 1


def test_a_public_callable_runs_for_anybody(gate: MemoryGate) -> None:
    """`@public` needs no credential, but a bad one is still refused."""

    @public
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [current_principal().name.encode()]

    assert call(WSGIMiddleware(app, gate), environ_of())[::2] == (200, b"anonymous")
    assert call(WSGIMiddleware(app, gate), environ_of(HTTP_AUTHORIZATION="Bearer x"))[0] == 401


@pytest.mark.parametrize(
    "broken",
    [
        {"PATH_INFO": "//a"},
        {"PATH_INFO": "/a\n"},
        {"PATH_INFO": "/a/../b"},
        {"PATH_INFO": "/a\xff"},
        {"PATH_INFO": "/€"},
        {"PATH_INFO": "http://evil/a"},
        {"RAW_URI": "//a"},
        {"RAW_URI": "/b"},
        {"RAW_URI": "/a%2fb", "PATH_INFO": "/a/b"},
        {"RAW_URI": "http://evil/a"},
        {"REQUEST_URI": "/a/./b", "PATH_INFO": "/a/./b"},
        {"REQUEST_METHOD": "get"},
        {"REQUEST_METHOD": ""},
        {"HTTP_HOST": "a/admin?x="},
        {"HTTP_HOST": "a,b"},
        {"HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE"},
        {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "3"},
        {"CONTENT_LENGTH": "+3"},
        {"HTTP_X_A": "a\nb"},
        {"QUERY_STRING": "a\nb"},
    ],
)
def test_an_ambiguous_request_is_refused_before_anything(
    gate: MemoryGate, ran: list[str], broken: dict[str, str]
) -> None:
    """400, and neither an authenticator nor the app sees it."""
    environ = environ_of(HTTP_AUTHORIZATION="Bearer alice", **broken)

    status, _, body = call(WSGIMiddleware(hello_app(ran), gate), environ)

    assert status == 400
    assert b"MalformedRequest" in body
    assert (ran, gate.requests) == ([], [])


def test_the_raw_path_is_kept_where_the_server_gives_it() -> None:
    """The signature is over the path as sent; the query in the target is not part of it."""
    request = request_of(environ_of("/a b", RAW_URI="/a%20b?x=1", QUERY_STRING="x=1"))

    assert (request.raw_path, request.path, request.query) == ("/a%20b", "/a b", "x=1")


def test_a_raw_path_is_rebuilt_where_there_is_none() -> None:
    """Path and prefix are quoted again; bytes are UTF-8 behind WSGI's latin-1."""
    request = request_of(environ_of("/€".encode().decode("latin-1"), SCRIPT_NAME="/x"))

    assert (request.raw_path, request.path) == ("/x/%E2%82%AC", "/x/€")


def test_a_prefix_that_only_a_proxy_knows_is_accepted() -> None:
    """SCRIPT_NAME may come from a trusted proxy and be no part of the raw target."""
    assert request_of(environ_of("/a", SCRIPT_NAME="/x", RAW_URI="/a")).path == "/a"
    with pytest.raises(MalformedRequest):
        request_of(environ_of("/a", SCRIPT_NAME="/x", RAW_URI="/y/a"))


def test_a_header_cannot_forge_an_admission(gate: MemoryGate, ran: list[str]) -> None:
    """What stands in the environ under iamkit's key is thrown away (THR-B11)."""
    principal = gate.admit(
        HttpRequest("GET", "http", "", "/", "/", "", Headers((("authorization", "Bearer alice"),)))
    )
    assert isinstance(principal, Principal)
    forged = Admission(request_of(environ_of()), principal, Guard(gate))

    environ = environ_of(**{ADMISSION: forged, "HTTP_IAMKIT": "alice"})

    assert (call(WSGIMiddleware(hello_app(ran), gate), environ)[0], ran) == (401, [])


def reading_app(seen: list[bytes]) -> WSGIApplication:
    @public
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        start_response("200 OK", [])
        return []

    return app


def test_a_body_that_was_signed_is_read_and_given_back(gate: MemoryGate) -> None:
    """The authenticator sees the body, and so does the app."""
    seen: list[bytes] = []
    environ = environ_of(
        HTTP_AUTHORIZATION="Body alice", CONTENT_LENGTH="4", **{"wsgi.input": io.BytesIO(b"data")}
    )

    status, _, _ = call(WSGIMiddleware(reading_app(seen), gate), environ)

    assert (status, seen) == (200, [b"data"])
    assert gate.requests[-1].body == b"data"


def test_a_body_without_a_length_is_read_to_its_end(gate: MemoryGate) -> None:
    """Chunked bodies are whole when the app sees them, and have a length."""
    seen: list[bytes] = []
    environ = environ_of(
        HTTP_AUTHORIZATION="Body alice",
        HTTP_TRANSFER_ENCODING="chunked",
        **{"wsgi.input": io.BytesIO(b"data"), "wsgi.input_terminated": True},
    )

    status, _, _ = call(WSGIMiddleware(reading_app(seen), gate), environ)

    assert (status, seen) == (200, [b"data"])


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"CONTENT_LENGTH": "17", "wsgi.input": io.BytesIO(b"x" * 17)}, 413),
        ({"wsgi.input_terminated": True, "wsgi.input": io.BytesIO(b"x" * 17)}, 413),
        ({"CONTENT_LENGTH": "5", "wsgi.input": io.BytesIO(b"x")}, 400),
    ],
)
def test_a_body_beyond_the_cap_or_cut_short_is_refused(
    gate: MemoryGate, more: dict[str, object], status: int
) -> None:
    """An unknown caller cannot make the server hold more than the cap."""
    seen: list[bytes] = []

    answer = call(
        WSGIMiddleware(reading_app(seen), gate), environ_of(HTTP_AUTHORIZATION="Body alice", **more)
    )

    assert (answer[0], seen) == (status, [])


def test_a_streamed_answer_is_made_as_its_caller(gate: MemoryGate) -> None:
    """Each piece and the closing see the caller, and nothing is left behind in between (THR-B21, B22)."""
    closed: list[str] = []

    class Pieces:
        def __iter__(self) -> Iterator[bytes]:
            for _ in range(2):
                yield current_principal().name.encode()

        def close(self) -> None:
            closed.append(current_principal().name)

    @public
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return Pieces()

    assert call(WSGIMiddleware(app, gate), environ_of(HTTP_AUTHORIZATION="Bearer alice"))[2] == b"alicealice"
    assert closed == ["alice"]
    with pytest.raises(Exception, match="no request is being served"):
        current_principal()


def test_a_store_that_cannot_be_read_is_503(gate: MemoryGate, ran: list[str]) -> None:
    """Nothing is served while it is unknown who may."""
    gate.fail()

    status, _, body = call(WSGIMiddleware(hello_app(ran), gate), environ_of())

    assert (status, ran) == (503, [])
    assert b"cannot be read" not in body


def test_an_unexpected_fault_while_admitting_is_503(
    gate: MemoryGate, ran: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A plugin that raises anything refuses the request; its words are told nowhere, its place is logged."""
    gate.broken = RuntimeError("secret detail")

    status, _, body = call(WSGIMiddleware(hello_app(ran), gate), environ_of())

    assert (status, ran) == (503, [])
    assert b"secret detail" not in body
    assert "secret detail" not in caplog.text
    assert "RuntimeError at conftest.py:" in caplog.text


def test_threads_do_not_see_each_other(gate: MemoryGate) -> None:
    """Many requests at once in two threads: each answer names its own caller."""
    together = threading.Barrier(2)

    @public
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        before = current_principal().name
        together.wait(10)
        start_response("200 OK", [])
        return [f"{before} {current_principal().name}".encode()]

    guarded = WSGIMiddleware(app, gate)
    answers: dict[str, list[bytes]] = {"alice": [], "bob": []}

    def many(name: str) -> None:
        for _ in range(50):
            answers[name].append(call(guarded, environ_of(HTTP_AUTHORIZATION=f"Bearer {name}"))[2])

    threads = [threading.Thread(target=many, args=(name,)) for name in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {name: [f"{name} {name}".encode()] * 50 for name in answers}
