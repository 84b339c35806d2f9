"""The servers of the matrix, each as its users start it: a process of its own, one worker, one free port."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

ROOT: Final = Path(__file__).resolve().parents[3]
APP: Final = "tests.proofs.served.served:app"
_IMPORTED: Final = "from tests.proofs.served.served import app; "

# What stands after `python`; `{}` is the port.
WSGI: Final[Mapping[str, tuple[str, ...]]] = {
    "werkzeug": (
        "-c",
        "from werkzeug.serving import run_simple; "
        + _IMPORTED
        + "run_simple('127.0.0.1', {}, app, threaded=True)",
    ),
    "waitress": ("-m", "waitress", "--listen=127.0.0.1:{}", APP),
    "gunicorn": ("-m", "gunicorn", "--bind=127.0.0.1:{}", "--worker-class=gthread", "--threads=4", APP),
    "cheroot": ("-m", "cheroot", "--bind=127.0.0.1:{}", APP),
    "granian": ("-m", "granian", "--interface=wsgi", "--host=127.0.0.1", "--port={}", "--no-ws", APP),
}
ASGI: Final[Mapping[str, tuple[str, ...]]] = {
    "uvicorn": ("-m", "uvicorn", "--host=127.0.0.1", "--port={}", "--log-level=warning", APP),
    "hypercorn": ("-m", "hypercorn", "--bind=127.0.0.1:{}", APP),
    "granian": ("-m", "granian", "--interface=asgi", "--host=127.0.0.1", "--port={}", APP),
    "daphne": ("-m", "daphne", "-b", "127.0.0.1", "-p", "{}", APP),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What a server does wrong by itself, before the app is asked or after it answered; `why` says what.

    `sent` is what a request has to hold, `status` what it then answers itself, `silent` that it answers
    nothing, `logged` what its log then says. Anything else is a fault.
    """

    why: str
    sent: re.Pattern[bytes] = re.compile(b"")
    status: int | None = None
    silent: bool = False
    logged: re.Pattern[str] | None = None


KNOWN: Final[Mapping[str, tuple[Known, ...]]] = {
    "gunicorn": (
        Known(
            "obeys `SCRIPT_NAME` from loopback, and answers 500 when the path does not begin with it",
            sent=re.compile(rb"\r\nscript_name:", re.IGNORECASE),
            status=500,
        ),
    ),
    "werkzeug": (
        Known(
            "fails to write its access log for a URL whose port is no number, and drops the answer",
            sent=re.compile(rb"^\S+ [a-z]*:?//", re.IGNORECASE),
            silent=True,
            logged=re.compile(
                r"^ValueError: (Port|Invalid IPv6|netloc).* < .*in log_request|^ValueError: .*werkzeug/urls"
            ),
        ),
    ),
    "waitress": (
        Known(
            "says `100 Continue` to a request without a body, and then waits for one",
            sent=re.compile(rb"\r\nexpect: *100-continue", re.IGNORECASE),
            silent=True,
        ),
    ),
    "cheroot": (
        Known(
            "fails on a continuation line before any header",
            sent=re.compile(rb"^[^\n]*\n[ \t]"),
            status=500,
            logged=re.compile(r"^UnboundLocalError: .*'k'.*cheroot/server"),
        ),
    ),
    "granian": (
        Known(
            "calls the app before it reads a malformed chunk, says that the client left, and answers 500",
            sent=re.compile(rb"\r\ntransfer-encoding", re.IGNORECASE),
            status=500,
        ),
    ),
    "hypercorn": (
        Known(
            "tells the app that a lower-case `head` is HEAD, and its own protocol that it is not",
            sent=re.compile(rb"^(?!HEAD)(?i:head) "),
            logged=re.compile(
                r"LocalProtocolError: .?Too little data for declared|LitestarException.*response started"
            ),
        ),
    ),
    "uvicorn": (
        Known(
            "calls the app before it reads a malformed chunk, answers 400, and cannot send the app's answer",
            logged=re.compile(
                r"LocalProtocolError.*(MUST_CLOSE|state=ERROR)|LitestarException.*after response started"
            ),
        ),
    ),
}


def servers_for(shape: str) -> Mapping[str, tuple[str, ...]]:
    """Those that can serve a shape, by its colour."""
    return WSGI if shape.startswith("wsgi") else ASGI


class Server:
    """One running server. `log` is what it wrote; it ends with the block."""

    def __init__(self, shape: str, name: str, directory: Path, marks: Path, log: Path) -> None:
        self.port = _free_port()
        self.log = log
        command = [part.replace("{}", str(self.port)) for part in servers_for(shape)[name]]
        environment = {
            **os.environ,
            "MATRIX_SHAPE": shape,
            "MATRIX_DIRECTORY": str(directory),
            "MATRIX_MARKS": str(marks),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }
        with log.open("wb") as out:
            # A session of its own: some servers have children, and all of them have to end with it.
            self._process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.1)
        self._end()
        raise RuntimeError(f"the server did not start:\n{self.log.read_text(errors='replace')[-3000:]}")

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 20)):
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                continue

    @property
    def alive(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
