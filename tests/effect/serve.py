"""Serves one small guarded app in a process of its own: `python serve.py flask|fastapi DIR`; says its port.

`IAMKIT_STORE` may name another store than the file in the directory. Ends when its standard input does.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading

import fastapi
import flask
import uvicorn
from werkzeug.serving import make_server

from iamkit.kit import IAM
from iamkit.web import fastapi as fastapi_glue
from iamkit.web import flask as flask_glue
from iamkit.web.fastapi import Caller


def flask_app(iam: IAM) -> flask.Flask:
    """Documents that can be read and written by name, as Flask."""
    app = flask_glue.protect(flask.Flask(__name__), iam)

    @app.get("/doc/<doc_id>")
    @iam.require("docs:Read", "doc/{doc_id}")
    def read(doc_id: str) -> str:
        return str(flask.g.principal.name)

    return app


def fastapi_app(iam: IAM) -> fastapi.FastAPI:
    """The same as FastAPI."""
    app = fastapi_glue.protect(fastapi.FastAPI(), iam)

    @app.get("/doc/{doc_id}", response_class=fastapi.responses.PlainTextResponse)
    @iam.require("docs:Read", "doc/{doc_id}")
    async def read(doc_id: str, caller: Caller) -> str:
        return caller.name

    return app


def end_with_parent() -> None:
    """The parent holds the other end of standard input, however it ends."""
    sys.stdin.buffer.read()
    os._exit(0)


def main(kind: str, directory: str) -> None:
    """Serve for ever."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    iam = IAM(directory, entry_points=False)
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    if kind == "flask":
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = make_server("127.0.0.1", port, flask_app(iam), threaded=True, fd=listening.fileno())
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        server.serve_forever()
    else:
        config = uvicorn.Config(fastapi_app(iam), log_level="error", lifespan="off")
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(*sys.argv[1:])
