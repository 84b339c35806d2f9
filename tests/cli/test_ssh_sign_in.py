"""`iamkit ssh-key` and `iamkit sign-in`: from a key on disk to commands that act as its owner."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="install openssh-client")
def test_a_key_signs_its_owner_in(cli: Cli, tmp_path: Path) -> None:
    """The token that is printed acts as ana; a disabled key opens nothing."""
    key = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    made = cli.data("ssh-key", "upload", "ana", str(key.with_suffix(".pub")))
    key_id = made["ssh_public_key_id"]

    token = cli.data("sign-in", "ana", "--ssh-key", str(key))["token"]

    assert cli.ok("sign-in", "ana", "--ssh-key", str(key)).startswith("export IAMKIT_TOKEN=iks_")
    assert "user/ana" in cli.ok("whoami", env={"IAMKIT_TOKEN": token})
    assert cli("whoami", env={"IAMKIT_TOKEN": token[:-1]}).exit_code == 1
    assert cli.data("ssh-key", "list", "ana")[0]["fingerprint"] == made["fingerprint"]
    assert cli.ok("ssh-key", "show", "ana", key_id).startswith("ssh-ed25519 ")
    assert cli.ok("ssh-key", "show", "ana", key_id, "--pem").startswith("-----BEGIN PUBLIC KEY")
    cli.ok("ssh-key", "disable", "ana", key_id)
    assert cli("sign-in", "ana", "--ssh-key", str(key)).exit_code == 1
    cli.ok("ssh-key", "enable", "ana", key_id)
    cli.ok("ssh-key", "delete", "ana", key_id)
    assert cli("sign-in", "ana", "--ssh-key", str(key)).exit_code == 1
    assert cli("sign-in", "ana", "--ssh-key", str(tmp_path / "nothing")).exit_code == 2
