"""Serve one of the demo's apps in a process of its own: `python -m iamkit.cli.demo.serve flask DIR PORT`."""

from __future__ import annotations

import logging
import sys

from iamkit.kit import IAM

HOST = "127.0.0.1"


def serve(kind: str, directory: str, port: int) -> None:
    """Serve until the process is ended."""
    iam = IAM(directory, development=True)
    if kind == "flask":
        from werkzeug.serving import make_server

        from iamkit.cli.demo.flask_app import create_app
        from iamkit.cli.demo.pages import before

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        make_server(HOST, port, before(create_app(iam), iam), threaded=True).serve_forever()
    else:
        import uvicorn

        from iamkit.cli.demo.fastapi_app import create_app as create_fastapi_app

        uvicorn.run(create_fastapi_app(iam), host=HOST, port=port, log_level="error")


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
