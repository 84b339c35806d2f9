"""Serves one small guarded app with a sign-in: `python serve.py DIR THREADS`; says its port.

Development mode, for there is no TLS here; all else is as in earnest, the cost of a password too. Ends when
its standard input does.
"""

from __future__ import annotations

import logging
import os
import sys
import threading

import flask
import waitress.server

from iamkit.errors import InvalidCredentials, Throttling
from iamkit.kit import IAM
from iamkit.web import flask as flask_glue


def made(iam: IAM) -> flask.Flask:
    """Documents for those who may, and a door."""
    app = flask_glue.protect(flask.Flask(__name__), iam)

    @app.get("/doc/<doc_id>")
    @iam.require("docs:Read", "doc/{doc_id}")
    def read(doc_id: str) -> str:
        return doc_id

    @app.post("/sign-in")
    @iam.public
    def sign_in() -> flask.Response:
        asked = flask.request
        try:
            session = iam.sign_in(
                asked.form["name"],
                asked.form["password"],
                source=asked.remote_addr,
                device=asked.cookies.get(iam.device_cookie_name),
            )
        except InvalidCredentials as fault:
            return flask.Response(str(fault), 401)
        except Throttling as fault:
            return flask.Response(str(fault), 429, {"Retry-After": str(fault.retry_after)})
        answer = flask.Response("in")
        answer.headers.add("Set-Cookie", iam.session_cookie(session))
        device = iam.device_cookie(session)
        if device is not None:
            answer.headers.add("Set-Cookie", device)
        return answer

    return app


def end_with_parent() -> None:
    """The parent holds the other end of standard input, however it ends."""
    sys.stdin.buffer.read()
    os._exit(0)


def main(directory: str, threads: str) -> None:
    """Serve for ever."""
    # That requests wait is what a siege is.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    threading.Thread(target=end_with_parent, daemon=True).start()
    iam = IAM(directory, entry_points=False, development=True)
    server = waitress.server.create_server(
        made(iam), host="127.0.0.1", port=0, threads=int(threads), connection_limit=2000, channel_timeout=600
    )
    sys.stdout.write(f"{server.effective_port}\n")
    sys.stdout.flush()
    server.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
