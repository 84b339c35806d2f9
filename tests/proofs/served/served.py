"""What each server of the matrix imports: the app of one shape, made from the environment of the process.

`MATRIX_SHAPE`, `MATRIX_DIRECTORY` (the deployment) and `MATRIX_MARKS` (the file) say which. Around the app
stands one wrapper: it marks answers, tells of exceptions by the probe, and writes the decision log on demand.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from iamkit import IAM
from iamkit.web.scopes import ASGIApp, Message, Receive, Scope, Send
from tests.proofs.served.marks import ProbeContext, marker_into

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SETTLE: Final = "/-settle"
RAISED: Final = "MATRIX-RAISED"

# Module and function of each shape; the first word of the name is its colour.
SHAPES: Final = {
    "wsgi plain": "wsgi_shapes.plain",
    "wsgi flask": "wsgi_shapes.flask_functions",
    "wsgi flask-classes": "wsgi_shapes.flask_classes",
    "wsgi django": "django_shape.wsgi",
    "asgi plain": "asgi_shapes.plain",
    "asgi starlette": "asgi_shapes.starlette",
    "asgi fastapi": "asgi_shapes.fastapi",
    "asgi django": "django_shape.asgi",
    "asgi litestar": "asgi_shapes.litestar",
}
WEAK: Final = {
    "wsgi prefix": "weak.prefix",
    "wsgi twice": "weak.twice",
    "wsgi only-get": "weak.only_get",
    "asgi only-http": "weak.only_http",
}


def _raised(probe: object, fault: BaseException) -> None:
    sys.stderr.write(f"{RAISED} {type(fault).__name__}: {str(fault)[:200]!r} by probe {probe!r}\n")
    sys.stderr.flush()


def around_wsgi(app: WSGIApplication, iam: IAM) -> WSGIApplication:
    """The wrapper for WSGI."""

    def served(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == SETTLE:
            iam.decisions.flush()
            start_response("200 OK", [("Content-Length", "0")])
            return [b""]

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [*headers, ("X-Matrix-App", "1")], *more)

        try:
            return app(environ, start)
        except BaseException as fault:
            _raised(environ.get("HTTP_X_PROBE"), fault)
            raise

    return served


def around_asgi(app: ASGIApp, iam: IAM) -> ASGIApp:
    """The wrapper for ASGI."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == SETTLE:
            iam.decisions.flush()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return

        async def tell(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                message = {**message, "headers": [*message.get("headers", ()), (b"x-matrix-app", b"1")]}
            await send(message)

        try:
            await app(scope, receive, tell)
        except BaseException as fault:
            if scope["type"] != "lifespan":
                _raised(dict(scope["headers"]).get(b"x-probe"), fault)
            raise

    return served


def made() -> Any:
    """The app that the environment names."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    name = os.environ["MATRIX_SHAPE"]
    module, _, function = {**SHAPES, **WEAK}[name].partition(".")
    directory, marks = Path(os.environ["MATRIX_DIRECTORY"]), Path(os.environ["MATRIX_MARKS"])
    iam = IAM(directory, plugins=[ProbeContext()], entry_points=False)
    app = getattr(importlib.import_module(f"tests.proofs.served.{module}"), function)(iam, marker_into(marks))
    return around_wsgi(app, iam) if name.startswith("wsgi") else around_asgi(app, iam)


if "MATRIX_SHAPE" in os.environ:
    app = made()
