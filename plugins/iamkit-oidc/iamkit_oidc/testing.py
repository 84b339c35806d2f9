"""A small OpenID Connect provider that really listens, with keys of its own, for tests and trying out.

with LocalProvider(directory) as idp:
    plugin = OidcPlugin(idp.configuration())
    idp.token(aud="my-app", sub="ana")
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from iamkit_oidc.addresses import Place
from iamkit_oidc.configuration import Configuration

HOST: Final = "idp.example.org"
_DISCOVERY: Final = "/.well-known/openid-configuration"
_KEYS: Final = "/keys"

AnyKey = RSAKey | ECKey | OKPKey | OctKey


class LocalProvider:
    """A provider on a port of 127.0.0.1, with TLS unless `plain`. `path` ends its issuer.

    What it does wrong on purpose is set on it: `status`, `location`, `body` by path, and `pause` between the
    bytes of an answer. `asked` are the paths it was asked for.
    """

    def __init__(self, directory: Path, *, host: str = HOST, path: str = "", plain: bool = False) -> None:
        self.issuer = f"https://{host}{path}"
        self.host = host
        self.asked: list[str] = []
        self.status = 200
        self.location = ""
        self.pause = 0.0
        self.headers: dict[str, str] = {}
        self.body: dict[str, bytes] = {}
        self.keys: dict[str, RSAKey | ECKey | OKPKey] = {"one": _rsa()}
        self._path = path
        self._plain = plain
        self.authorities = directory / f"{host}.pem"
        self._key_file = directory / f"{host}.key"
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        handler: Any = type("_Handler", (_Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        if not self._plain:
            _certify(self.host, self.authorities, self._key_file)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.authorities, self._key_file)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    @property
    def place(self) -> Place:
        """Where it is."""
        port = 0 if self._server is None else self._server.server_address[1]
        return Place("127.0.0.1", port, self._plain)

    def configuration(self, **more: Any) -> Configuration:
        """What a plugin needs to find it, and whatever else is given."""
        given: dict[str, Any] = {
            "connect_to": {self.host: self.place},
            "authorities": "" if self._plain else str(self.authorities),
            **more,
        }
        return Configuration(**given)

    def rotate(self, kid: str, key: RSAKey | ECKey | OKPKey | None = None) -> None:
        """Sign with a new key from now on, and forget the others."""
        self.keys = {kid: key or _rsa()}

    def key_set(self) -> bytes:
        """The JWKS."""
        return json.dumps(
            {
                "keys": [
                    {**key.as_dict(private=False), "kid": kid, "use": "sig"} for kid, key in self.keys.items()
                ]
            }
        ).encode()

    def claims(self, **more: object) -> dict[str, object]:
        """The claims of a token for half an hour; None takes one away."""
        now = int(time.time())
        found: dict[str, object] = {
            "iss": self.issuer,
            "sub": "ana",
            "aud": "my-app",
            "iat": now,
            "exp": now + 1800,
            **more,
        }
        return {name: value for name, value in found.items() if value is not None}

    def token(
        self,
        *,
        header: Mapping[str, object] | None = None,
        key: AnyKey | None = None,
        algorithm: str = "RS256",
        **claims: object,
    ) -> str:
        """A token, signed with the first key unless another is given. Header members of None are left out."""
        kid, own = next(iter(self.keys.items()))
        head = {"alg": algorithm, "typ": "JWT", "kid": kid, **(header or {})}
        return signed(
            {name: value for name, value in head.items() if value is not None},
            json.dumps(self.claims(**claims)).encode(),
            key or own,
            algorithm,
        )

    def answer(self, path: str) -> bytes | None:
        """The body at a path, None if there is nothing."""
        found: Mapping[str, Callable[[], bytes]] = {
            self._path.removesuffix("/") + _DISCOVERY: lambda: json.dumps(
                {"issuer": self.issuer, "jwks_uri": f"https://{self.host}{_KEYS}"}
            ).encode(),
            _KEYS: self.key_set,
        }
        if path in self.body:
            return self.body[path]
        return found[path]() if path in found else None


class _Handler(BaseHTTPRequestHandler):
    provider: LocalProvider
    timeout = 10

    def do_GET(self) -> None:
        provider = self.provider
        provider.asked.append(self.path)
        body = provider.answer(self.path)
        self.send_response(404 if body is None else provider.status)
        if provider.location:
            self.send_header("Location", provider.location)
        for name, value in provider.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        step = 1 if provider.pause else 65_536
        sent = body or b""
        try:
            for start in range(0, len(sent), step):
                self.wfile.write(sent[start : start + step])
                if provider.pause:
                    time.sleep(provider.pause)
        except OSError:
            return

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def signed(header: Mapping[str, object], payload: bytes, key: AnyKey, algorithm: str) -> str:
    """A token of any header and payload, however wrong."""
    # EdDSA is what providers still call it.
    known = {algorithm, "Ed25519" if algorithm == "EdDSA" else algorithm}
    registry = jws.JWSRegistry(algorithms=sorted(known), strict_check_header=False)
    name = "Ed25519" if algorithm == "EdDSA" else algorithm
    head, body = _encoded(json.dumps(header).encode()), _encoded(payload)
    signature = registry.get_alg(name).sign(f"{head}.{body}".encode(), key)
    return f"{head}.{body}.{_encoded(signature)}"


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _rsa() -> RSAKey:
    return RSAKey.generate_key(2048)


def _certify(host: str, path: Path, key_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
