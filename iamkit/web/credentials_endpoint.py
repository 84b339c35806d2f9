"""A loopback endpoint that hands out temporary credentials, as AWS's SDKs look for them in a container.

The process that may have them is told the address and a token by its environment
(`AWS_CONTAINER_CREDENTIALS_FULL_URI`, `AWS_CONTAINER_AUTHORIZATION_TOKEN`) and holds no secret that lasts; it
asks again before what it got ends. Another process of the host does not know the token, and a page in a
browser can send neither it nor the right Host.
"""

from __future__ import annotations

import hmac
import json
import logging
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self

from iamkit.credentials.secret import Secret
from iamkit.errors import IamkitError, kind_and_place
from iamkit.ids import Ids

_log = logging.getLogger("iamkit.credentials")

_PATH: Final = "/credentials"
# How long a client may take to say what it wants, in seconds.
_PATIENCE: Final = 10.0

Gives = Callable[[], Mapping[str, str]]


class CredentialsEndpoint:
    """Serves what `give` returns, a mapping with AWS's names, until it is left. Use it in a `with` block."""

    def __init__(self, give: Gives, ids: Ids) -> None:
        self._give = give
        self._token = Secret(ids.token())
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def host(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a process finds it. The token in them is as good as the credentials."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{self.host}{_PATH}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self._token.reveal(),
        }

    def answer(self, path: str, host: str, token: str) -> tuple[int, Mapping[str, str]]:
        """Status and body of one request."""
        right = self._token.reveal().encode()
        if not hmac.compare_digest(token.encode("utf-8", "surrogatepass"), right) or host != self.host:
            return 403, {
                "code": "AccessDenied",
                "message": "the token or the host is not the one of this endpoint",
            }
        if path != _PATH:
            return 404, {"code": "NotFound", "message": f"credentials are at {_PATH}"}
        try:
            return 200, self._give()
        except IamkitError as fault:
            # Clients take a 4xx for final, and what is only busy for something to try again.
            return (fault.status if fault.status >= 500 else 400), {
                "code": fault.code,
                "message": fault.message,
            }
        except Exception as fault:  # noqa: BLE001  # whoever asks is told nothing of it
            _log.error("credentials could not be given: %s", kind_and_place(fault))
            return 500, {"code": "InternalFailure", "message": "an unexpected error; see the log"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            timeout = _PATIENCE
            server_version = "iamkit"
            sys_version = ""

            def do_GET(self) -> None:
                token = self.headers.get("Authorization", "")
                status, body = endpoint.answer(self.path, self.headers.get("Host", ""), token)
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # the base's name
                """Nothing: the audit log tells of what was given."""

        return Handler
