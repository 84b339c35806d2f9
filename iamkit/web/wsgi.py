"""WSGI: an environ becomes an HttpRequest, is admitted, and the app runs as its caller.

`Door` admits; whoever uses it puts a guard inside. `WSGIMiddleware` is both, for an app that is one plain
callable with a marker. Framework modules put their own guard behind a `Door`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from iamkit.errors import IamkitError, InputError, MalformedRequest, RequestTooLarge
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

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

# Where servers keep the request target as it was sent: gunicorn and Werkzeug, uWSGI and Apache.
_RAW_TARGETS: Final = ("RAW_URI", "REQUEST_URI")


class Door:
    """Admits each request and runs `app` as its caller. It decides nothing: a guard must stand inside."""

    def __init__(self, app: WSGIApplication, guard: Guard) -> None:
        self.app = app
        self.guard = guard
        self._reader = Reader()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # Whatever stood there came from outside.
        environ.pop(ADMISSION, None)
        admitted = self._admit(environ)
        if isinstance(admitted, HttpResponse):
            return send(admitted, start_response)
        if isinstance(admitted, Refusal):
            return send(self.guard.completed(admitted), start_response)
        environ[ADMISSION] = admitted
        acting = self.guard.gate.acting
        start = _Telling(admitted, start_response)
        try:
            with acting(admitted.principal):
                answer = self.app(environ, start)
        except IamkitError as fault:
            return start.refused(fault)
        if isinstance(answer, list | tuple):
            return answer
        return _Streamed(answer, lambda: acting(admitted.principal), start)

    def _admit(self, environ: WSGIEnvironment) -> Admission | Refusal | HttpResponse:
        try:
            request = request_of(environ, self._reader)
        except Exception as fault:  # noqa: BLE001  # the guard logs it and refuses
            return self.guard.refusal(_unreadable(environ), fault)
        early = self.guard.early(request) if self.guard.answers_early else None
        if early is not None:
            return early
        admitted = self.guard.admit(request)
        if not isinstance(admitted, NeedsBody):
            return admitted
        try:
            body = buffered(environ, admitted.limit)
        except InputError as fault:
            return self.guard.refusal(request, fault)
        again = self.guard.admit(request.with_body(body))
        if isinstance(again, NeedsBody):
            return self.guard.refusal(request, not_admitted())
        return again


class WSGIMiddleware:
    """Guards a plain WSGI callable, which carries the marker itself: `WSGIMiddleware(hello, iam)`.

    A callable without a marker is refused. An app of a framework has its own `protect`.
    """

    def __init__(self, app: WSGIApplication, iam: HasGate | Gatekeeper) -> None:
        self.app = app
        self.guard = Guard(gate_of(iam))
        self._door = Door(self._checked, self.guard)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._door(environ, start_response)

    def _checked(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        admission: Admission = environ[ADMISSION]
        refusal = self.guard.check(admission, Endpoint(name_of(self.app), marker_of(self.app)))
        if refusal is not None:
            return send(self.guard.response(refusal), start_response)
        return self.app(environ, start_response)


class _Streamed:
    """A response body that is made while it is sent: each piece is made as the caller (THR-B22)."""

    def __init__(
        self,
        answer: Iterable[bytes],
        acting: Callable[[], AbstractContextManager[object]],
        start: _Telling,
    ) -> None:
        self._answer = answer
        self._pieces = iter(answer)
        self._acting = acting
        self._start = start

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            with self._acting():
                return next(self._pieces)
        except IamkitError as fault:
            self._pieces = iter(self._start.refused(fault))
        return next(self._pieces)

    def close(self) -> None:
        close = getattr(self._answer, "close", None)
        if close is not None:
            with self._acting():
                close()


class _Telling:
    """`start_response`, adding what the guard has to say once the app has answered."""

    def __init__(self, admission: Admission, start_response: StartResponse) -> None:
        self._admission = admission
        self._start_response = start_response
        self._started = False

    def __call__(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: OptExcInfo | None = None,
        /,
    ) -> Callable[[bytes], object]:
        self._started = True
        told = self._admission.completed(headers)
        if exc_info:
            return self._start_response(status, told, exc_info)
        return self._start_response(status, told)

    def refused(self, fault: IamkitError) -> Iterable[bytes]:
        """The answer when the app raised one of iamkit's errors, such as `iam.authorize(...)` does.

        Raises it again if the answer has begun.
        """
        if self._started:
            raise fault
        guard = self._admission.guard
        return send(guard.response(guard.refusal(self._admission.request, fault)), self)


def request_of(environ: WSGIEnvironment, reader: Reader | None = None) -> HttpRequest:
    """The request of an environ. Raises MalformedRequest unless it can be read in one way only."""
    reader = reader or Reader()
    try:
        local = environ.get("PATH_INFO", "").encode("latin-1")
        whole = environ.get("SCRIPT_NAME", "").encode("latin-1") + local
    except UnicodeEncodeError as fault:
        raise MalformedRequest("the path is not valid UTF-8") from fault
    raw_path = _raw_path(environ)
    if raw_path is None:
        # The server kept no raw path. What is signed is then the plain spelling; another one does not verify.
        raw_path = quoted_path(whole)
    request = reader.request(
        environ.get("REQUEST_METHOD", ""),
        environ.get("wsgi.url_scheme", "http"),
        raw_path or "/",
        environ.get("QUERY_STRING", ""),
        _headers(environ, reader),
        environ.get("REMOTE_ADDR") or None,
        certificate=environ.get("SSL_CLIENT_CERT") or None,
    )
    # The app routes on what the server decoded. A prefix set by a proxy may be missing from the raw path.
    if request.path.encode() not in (whole or b"/", local or b"/"):
        raise MalformedRequest("the server reads the path otherwise than it was sent")
    return request


def send(response: HttpResponse, start_response: StartResponse) -> Iterable[bytes]:
    """Give `response` as the WSGI answer."""
    status = HTTPStatus(response.status)
    headers = list(response.headers)
    if status != HTTPStatus.NO_CONTENT and not any(name.lower() == "content-length" for name, _ in headers):
        headers.append(("Content-Length", str(len(response.body))))
    start_response(f"{status.value} {status.phrase}", headers)
    return [response.body]


def name_of(app: object) -> str:
    """A name for an endpoint in logs and listings."""
    return str(getattr(app, "__qualname__", None) or type(app).__qualname__)


def _raw_path(environ: WSGIEnvironment) -> str | None:
    for key in _RAW_TARGETS:
        target = environ.get(key)
        if isinstance(target, str) and target:
            return target.split("?", 1)[0]
    return None


def _headers(environ: WSGIEnvironment, reader: Reader) -> Headers:
    keys = [key for key in environ if key[:5] == "HTTP_" and isinstance(environ[key], str)]
    keys += [key for key in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(key)]
    values = [environ[key] for key in keys]
    return reader.headers(tuple(keys), values, lambda: tuple([_name(key) for key in keys]))


def _name(key: str) -> str:
    return key.removeprefix("HTTP_").replace("_", "-")


def _unreadable(environ: WSGIEnvironment) -> HttpRequest:
    return unreadable_request(environ.get("REQUEST_METHOD", "GET"), environ.get("HTTP_ACCEPT", ""))


def buffered(environ: WSGIEnvironment, limit: int) -> bytes:
    """The body, put back for the app. Raises RequestTooLarge beyond `limit` bytes."""
    length = environ.get("CONTENT_LENGTH")
    stream: InputStream = environ["wsgi.input"]
    if length:
        wanted = int(length)
        if wanted > limit:
            raise RequestTooLarge(f"the body may have at most {limit} bytes here")
        body = _read(stream, wanted)
        if len(body) != wanted:
            raise MalformedRequest("the body is shorter than its Content-Length")
    elif environ.get("wsgi.input_terminated"):
        body = _read(stream, limit + 1)
        if len(body) > limit:
            raise RequestTooLarge(f"the body may have at most {limit} bytes here")
    else:
        body = b""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    # The body is whole now and has a length.
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return body


def _read(stream: InputStream, count: int) -> bytes:
    pieces: list[bytes] = []
    while count > 0:
        piece = stream.read(min(count, 65536))
        if not piece:
            break
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
