"""`iamkit serve` in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import boto3
import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


@pytest.fixture
def key(cli: Cli) -> dict[str, str]:
    """A key of a user who may see who calls, and nothing else."""
    made = cli.data("key", "create", "ana")
    return {
        "aws_access_key_id": made["access_key_id"],
        "aws_secret_access_key": made["secret_access_key"],
    }


def test_it_serves_and_ends(cli: Cli, key: dict[str, str]) -> None:
    """Says where it is, answers AWS's clients there, and ends when it is told to."""
    command = [sys.executable, "-m", "iamkit", "serve", "--port", "0", "--json"]
    environment = {**os.environ, "IAMKIT_DIR": str(cli.directory)}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert server.stdout is not None
        lines = iter(server.stdout.readline, "}\n")
        url = json.loads("".join(lines) + "}")["url"]
        client = boto3.client("sts", endpoint_url=url, region_name="eu-central-1", **key)
        assert client.get_caller_identity()["Arn"].endswith(":user/ana")
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(timeout=20)
        if server.stdout is not None:
            server.stdout.close()

    assert code == 0


def test_it_needs_a_deployment_and_a_free_port(cli: Cli) -> None:
    """Before `iamkit init`, and on an address that is not ours, it says so and ends."""
    nowhere = cli("serve", "--dir", str(cli.directory / "elsewhere"))
    foreign = cli("serve", "--host", "192.0.2.1", "--port", "8751")

    assert nowhere.exit_code == 3
    assert "iamkit init" in nowhere.output
    assert foreign.exit_code == 2
    assert "cannot listen on `192.0.2.1:8751`" in foreign.output
