"""Client certificates over real TLS: the server ends it, and tells which certificate the handshake proved."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from werkzeug.serving import make_server

from iamkit.gate.current import current_principal
from iamkit.kit import IAM
from iamkit.management import attachments, signing_certificates, users

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

FILES: Final = Path(__file__).parents[1] / "credentials" / "certificates"
ADMIN: Final = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """An app behind TLS that takes certificates of two holders, one of which is ana's."""
    with IAM(tmp_path / "iam", entry_points=False, client_certificate_tls=True) as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(attachments.attach_user_policy, user_name="ana", policy_arn=ADMIN)
        body = (FILES / "first.pem").read_text()
        desk.do(signing_certificates.upload_signing_certificate, user_name="ana", certificate_body=body)

        @iam.require("doc:Get", "doc/1")
        def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [current_principal().name.encode()]

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(FILES / "second.pem", FILES / "second.key")
        context.load_verify_locations(FILES / "first.pem")
        context.load_verify_locations(FILES / "third.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
        server = make_server("127.0.0.1", 0, iam.wsgi(app), ssl_context=context)
        running = threading.Thread(target=server.serve_forever)
        running.start()
        yield server.server_port
        server.shutdown()
        running.join()
        server.server_close()


def ask(port: int, name: str | None) -> tuple[int, bytes]:
    """Status and body of a request with a certificate, or without."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(FILES / "second.pem")
    if name is not None:
        context.load_cert_chain(FILES / f"{name}.pem", FILES / f"{name}.key")
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_handshake_names_the_user(port: int) -> None:
    """Ana comes in; somebody whose certificate nobody uploaded does not; nor does nobody."""
    assert ask(port, "first") == (200, b"ana")
    assert ask(port, "third")[0] == 401
    assert ask(port, None)[0] in (401, 403)
