"""The management API over a real server, beside moto's: `python tests/benchmarks/api.py --moto PYTHON`.

Requests are signed before the clock starts and sent over plain sockets by some connections at once, so that
the client costs as little as it can. `--moto` is the interpreter of an environment with `moto[server]`. The
servers take turns; a figure is the best of the rounds. A round with one answer that is not 200 ends it.
"""

from __future__ import annotations

import argparse
import os
import platform
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from iamkit.clock import SystemClock
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.secret import Secret
from iamkit.credentials.sigv4 import SigningCredential, SigV4Rules, SigV4Verifier
from iamkit.http import Headers, HttpRequest
from iamkit.ids import Ids
from iamkit.kit import IAM
from iamkit.management import access_keys, users

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "User-Agent": "Boto3/1.43"}
KEY = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


def signed(port: int, body: bytes, key: tuple[str, str]) -> bytes:
    """A request on the wire."""
    asked = AWSRequest("POST", f"http://127.0.0.1:{port}/", data=body, headers=dict(FORM))
    SigV4Auth(Credentials(*key), "iam", "us-east-1").add_auth(asked)
    sent = asked.prepare()
    fields = {
        "Host": f"127.0.0.1:{port}",
        **{
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in sent.headers.items()
        },
        "Content-Length": str(len(body)),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + body


class Connection:
    """Sends requests one after the other; opens anew when the server closes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def send(self, request: bytes) -> None:
        """Send one and read its answer. Raises RuntimeError unless it is 200."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        received = bytearray()
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = bytes(received).partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(f"not 200: {head[:200]!r} {body[:300]!r}")
        fields = head.lower()
        length = int(fields.split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self._more()
        if b"connection: close" in fields or fields.startswith(b"http/1.0"):
            self._socket.close()
            self._socket = None

    def _more(self) -> bytes:
        if self._socket is None:
            raise RuntimeError("there is no connection")
        part = self._socket.recv(65536)
        if not part:
            raise RuntimeError("the server closed the connection")
        return part


def throughput(port: int, requests: list[bytes], connections: int) -> float:
    """Requests a second."""
    shares = [requests[number::connections] for number in range(connections)]
    faults: list[Exception] = []

    def work(share: list[bytes]) -> None:
        connection = Connection(port)
        try:
            for request in share:
                connection.send(request)
        except Exception as fault:  # noqa: BLE001  # told by the thread that waits
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(share,)) for share in shares]
    began = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = perf_counter() - began
    if faults:
        raise faults[0]
    return len(requests) / spent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[None]:
    """A server, up."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


def verification(rounds: int) -> tuple[float, float]:
    """Microseconds to verify a signature with a cached key, and for botocore to make one."""
    body = b"Action=GetUser&Version=2010-05-08&UserName=ana"
    known = SigningCredential(
        Authentication("123456789012", "AIDAEXAMPLE", CredentialKind.ACCESS_KEY, KEY[0]), Secret(KEY[1]), 1
    )
    head, _, _ = signed(8080, body, KEY).decode().partition("\r\n\r\n")
    fields = tuple(
        (name.lower(), value)
        for name, value in (line.split(": ", 1) for line in head.split("\r\n")[1:])
        if name != "Content-Length"
    )
    request = HttpRequest("POST", "http", "127.0.0.1", "/", "/", "", Headers.lowered(fields), body=body)
    verifier = SigV4Verifier(SystemClock(), Ids(), SigV4Rules(services=frozenset({"iam"})))
    find, credentials = {KEY[0]: known}.get, Credentials(*KEY)

    def sign() -> None:
        asked = AWSRequest("POST", "http://127.0.0.1/", data=body, headers=dict(FORM))
        SigV4Auth(credentials, "iam", "us-east-1").add_auth(asked)

    def best(function: object, count: int = 500) -> float:
        least = float("inf")
        for _ in range(rounds):
            began = perf_counter()
            for _ in range(count):
                function()  # type: ignore[operator]
            least = min(least, (perf_counter() - began) / count)
        return least * 1e6

    return best(lambda: verifier.verify(request, find)), best(sign)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--moto", default=None, help="an interpreter with moto[server]")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8])
    chosen = parser.parse_args()
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, CPython {platform.python_version()}, botocore {version('botocore')}"
    )
    ours, theirs = verification(20)
    print(f"verify {ours:.1f} us, botocore's signing {theirs:.1f} us, {theirs / ours:.1f}x")
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "iamkit-data"
        with IAM(directory) as iam:
            iam.initialize()
            desk = iam.desk(iam.operator())
            desk.do(users.create_user, user_name="ana")
            made = desk.do(access_keys.create_access_key, user_name="administrator")
            key = (made.key.key_id, made.secret.reveal())
        ports = {"iamkit": _free_port(), "moto": _free_port()}
        served = [sys.executable, "-m", "iamkit", "serve", "--port", str(ports["iamkit"])]
        names = ["iamkit"]
        with running(
            served, ports["iamkit"], {"IAMKIT_DIR": str(directory), "IAMKIT_QUOTAS__USERS": "1000000"}
        ):
            if chosen.moto is None:
                measure(chosen, names, ports, key)
            else:
                names.append("moto")
                moto = [chosen.moto, "-m", "moto.server", "-p", str(ports["moto"])]
                with running(moto, ports["moto"], {}):
                    Connection(ports["moto"]).send(
                        signed(ports["moto"], b"Action=CreateUser&Version=2010-05-08&UserName=ana", key)
                    )
                    measure(chosen, names, ports, key)
    return 0


def measure(
    chosen: argparse.Namespace, names: list[str], ports: dict[str, int], key: tuple[str, str]
) -> None:
    """Both operations, by every number of connections."""
    number = 0
    for operation in ("GetUser", "CreateUser"):
        for connections in chosen.connections:
            best = dict.fromkeys(names, 0.0)
            for _ in range(chosen.rounds):
                for name in names:
                    bodies = []
                    for _ in range(chosen.requests):
                        number += 1
                        user = "ana" if operation == "GetUser" else f"user{number}"
                        bodies.append(f"Action={operation}&Version=2010-05-08&UserName={user}".encode())
                    requests = [signed(ports[name], body, key) for body in bodies]
                    best[name] = max(best[name], throughput(ports[name], requests, connections))
            told = ", ".join(f"{name} {best[name]:,.0f}/s" for name in names)
            ratio = f", {best['iamkit'] / best['moto']:.1f}x" if "moto" in best else ""
            print(f"{operation}, {connections} at once: {told}{ratio}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
