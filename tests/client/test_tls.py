"""Certificates are checked: who is not who the address says gets nothing."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from iamkit.client.client import Client, NoAnswer

SEEN: list[str] = []


class Handler(BaseHTTPRequestHandler):
    """Answers whatever comes."""

    def do_GET(self) -> None:
        SEEN.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """One of its own for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "both.pem"
    form = serialization.PrivateFormat.PKCS8
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def url(certificate: Path) -> Iterator[str]:
    """Where it is served."""
    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # refusals are expected
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_certificate_that_nobody_vouches_for_ends_it(
    url: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent, the reason is said, and SSL_CERT_FILE or a context of one's own vouch for it."""
    SEEN.clear()
    with pytest.raises(NoAnswer, match="self-signed") as caught:
        Client(url, "AKIA", "x", attempts=1).request("GET", "/x")
    assert not caught.value.sent
    assert SEEN == []

    context = ssl.create_default_context(cafile=str(certificate))
    assert Client(url, "AKIA", "x", tls=context).request("GET", "/x").ok
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert Client(url, "AKIA", "x").request("GET", "/x").ok
    assert len(SEEN) == 2


def test_a_certificate_of_another_host_ends_it(url: str, certificate: Path) -> None:
    """The name is checked, too."""
    context = ssl.create_default_context(cafile=str(certificate))

    with pytest.raises(NoAnswer):
        Client(url.replace("127.0.0.1", "localhost"), "AKIA", "x", attempts=1, tls=context).request(
            "GET", "/x"
        )
