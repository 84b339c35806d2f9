"""`iamkit serve`: the management API under a server of its own, for AWS's clients."""

from __future__ import annotations

import importlib.util
import logging
import signal
import socket
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import click

from iamkit.cli.endpoint import loopback
from iamkit.cli.options import Command
from iamkit.cli.terminal import Terminal
from iamkit.errors import ConfigurationError

if TYPE_CHECKING:
    from iamkit.kit import IAM

PORT: Final = 8750
# Connections that may wait to be taken.
_BACKLOG: Final = 1024


@click.command("serve", cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="The port; 0 takes one that is free.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    default=8,
    show_default=True,
    help="How many requests are answered at once.",
)
@click.pass_obj
def serve(terminal: Terminal, host: str, port: int, threads: int) -> None:
    """Serve the management API: boto3, the `aws` command, Terraform and plain JSON manage this directory.

    Every request is signed, or carries a session or personal token, and is decided like any other.
    """
    if importlib.util.find_spec("waitress") is None:
        raise ConfigurationError("the server is an extra of its own; install `iamkit[serve]`")
    iam = terminal.iam()
    # Says what is missing now rather than with each answer.
    iam.deployment()
    _serve(terminal, iam, host, port, threads)


def _serve(terminal: Terminal, iam: IAM, host: str, port: int, threads: int) -> None:
    from waitress.server import create_server

    from iamkit.api.app import ManagementAPI

    # That requests wait for a thread for a moment is not worth a line each.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # Bound here: what the server opens before it finds that it cannot listen, it would leave open.
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as fault:
        raise ConfigurationError(f"cannot listen on `{host}:{port}`: {fault.strerror}") from fault
    # Any: waitress has no types.
    server: Any = create_server(
        ManagementAPI(iam).wsgi,
        sockets=[listening],
        threads=threads,
        ident="iamkit",
        max_request_body_size=iam.settings.body_limit,
        clear_untrusted_proxy_headers=False,
    )
    url = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
    if not loopback(host):
        click.echo(
            "warning: answers hold secrets and are not encrypted here; let a proxy in front speak TLS",
            err=True,
        )
    terminal.output.done(
        f"the management API is at {url}; end it with Ctrl-C\n\n"
        f"    export AWS_ENDPOINT_URL={url} AWS_DEFAULT_REGION=us-east-1\n"
        "    export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…\n"
        "    aws iam list-users\n",
        {"url": url},
    )
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, _ended)
    server.run()


def _ended(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
