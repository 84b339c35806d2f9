"""The demo's two server processes: started, waited for, and ended."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iamkit.errors import ServiceUnavailable

HOST: Final = "127.0.0.1"
KINDS: Final = ("flask", "fastapi")
_PATIENCE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """One running app. `kind` is `flask` or `fastapi`."""

    kind: str
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def stop(self) -> None:
        """End the process and wait for it."""
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(directory: Path) -> tuple[Server, ...]:
    """Start both apps over one directory, and wait until they answer. Raises ServiceUnavailable."""
    servers = tuple(_started(kind, directory) for kind in KINDS)
    try:
        for server in servers:
            _wait_for(server)
    except ServiceUnavailable:
        for server in servers:
            server.stop()
        raise
    return servers


def _started(kind: str, directory: Path) -> Server:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "iamkit.cli.demo.serve", kind, str(directory), str(port)]
    log = (directory / f"{kind}.log").open("wb")
    with log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "NO_COLOR": "1"})  # noqa: S603  # our own interpreter and module
    return Server(kind, port, process)


def _wait_for(server: Server) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            connection = http.client.HTTPConnection(HOST, server.port, timeout=1)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise ServiceUnavailable(
        f"the {server.kind} app did not start; its log is `{server.kind}.log` in the demo's directory"
    )
