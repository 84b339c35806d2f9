"""A mail server and an SMS provider that really listen, and a deployment that sends by them."""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Mailbox:
    """What a server was handed, and how it was spoken to."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refuse: bool = False


class MailServer:
    """SMTP as far as a submission needs it: EHLO, STARTTLS, AUTH PLAIN, MAIL, RCPT, DATA."""

    def __init__(self, box: Mailbox, context: ssl.SSLContext | None, *, implicit: bool = False) -> None:
        self.box = box
        self._context = context
        self._implicit = implicit
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Mailbox:
        self._thread.start()
        context = self._context if self._implicit else None
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self._server = self._run(starting)
        self.box.port = self._server.sockets[0].getsockname()[1]
        return self.box

    def __exit__(self, *_: object) -> None:
        async def stop() -> None:
            self._server.close()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._run(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        done: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(20)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        box, encrypted = self.box, self._implicit
        sender = ""
        to: list[str] = []

        async def say(text: str) -> None:
            writer.write(text.encode() + b"\r\n")
            await writer.drain()

        await say("220 here")
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            word, _, rest = line.partition(" ")
            match word.upper():
                case "EHLO":
                    offered = "STARTTLS" if self._context and not encrypted else "8BITMIME"
                    await say(f"250-here\r\n250-AUTH PLAIN\r\n250 {offered}")
                case "STARTTLS":
                    await say("220 go on")
                    assert self._context is not None
                    await writer.start_tls(self._context)
                    encrypted = True
                case "AUTH":
                    box.logins.append(base64.b64decode(rest.partition(" ")[2]).decode())
                    await say("235 in")
                case "MAIL":
                    sender, to = rest, []
                    await say("451 later" if box.refuse else "250 ok")
                case "RCPT":
                    to.append(rest)
                    await say("250 ok")
                case "DATA":
                    await say("354 go on")
                    body = await reader.readuntil(b"\r\n.\r\n")
                    box.envelopes.append((sender, to))
                    box.encrypted.append(encrypted)
                    box.mails.append(message_from_bytes(body[:-3], policy=policy.SMTP))
                    await say("250 taken")
                case "QUIT":
                    await say("221 bye")
                    return
                case _:
                    await say("250 ok")


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 that signs itself, and its key."""

    path: Path
    context: ssl.SSLContext


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    place = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path, key_path = place / "cert.pem", place / "key.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key_path)
    return Certificate(path, context)


class MakesServer(Protocol):
    """Starts a mail server until the test is over; `implicit` is TLS from the first byte."""

    def __call__(self, *, encrypted: bool = ..., implicit: bool = ...) -> Mailbox: ...


@pytest.fixture
def mail_server(certificate: Certificate) -> Iterator[MakesServer]:
    running: list[MailServer] = []

    def make(*, encrypted: bool = True, implicit: bool = False) -> Mailbox:
        server = MailServer(Mailbox(), certificate.context if encrypted else None, implicit=implicit)
        running.append(server)
        return server.__enter__()

    yield make
    for server in running:
        server.__exit__()


@dataclass
class Provider:
    """An SMS provider: what was posted to it, and what it answers."""

    url: str = ""
    forms: list[dict[str, str]] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    status: int = 201
    location: str = ""


@pytest.fixture
def provider() -> Iterator[Provider]:
    told = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            told.forms.append({name: values[0] for name, values in parse_qs(body).items()})
            told.authorizations.append(self.headers.get("authorization", ""))
            self.send_response(told.status)
            if told.location:
                self.send_header("location", told.location)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}/2010-04-01/Accounts/AC1/Messages.json"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()
