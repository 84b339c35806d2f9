"""Describes an account in Terraform and has it made by the API: apply, a second plan that is empty, destroy.

    python tests/proofs/terraform.py [--plugins DIR]

Needs `terraform` and its aws provider; `--plugins` (or TERRAFORM_PLUGINS) is a folder that holds the
provider as a filesystem mirror. Exit code 0 if every step went well and nothing was left behind, 3 if
Terraform is not there.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE: Final = Path(__file__).parent / "terraform"
MIRROR: Final = 'provider_installation {{ filesystem_mirror {{ path = "{}" }} }}\n'


class Step(Exception):  # noqa: N818  # a step that did not end as it should
    pass


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A deployment of its own behind `iamkit serve`: its address, and the administrator's key."""
    command = [sys.executable, "-m", "iamkit"]
    environment = {**os.environ, "IAMKIT_DIR": str(folder / "iamkit-data")}
    made = subprocess.run(
        [*command, "init", "--json"], env=environment, capture_output=True, text=True, check=True
    )
    key = json.loads(made.stdout)
    server = subprocess.Popen(
        [*command, "serve", "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        url = next(word for line in server.stdout for word in line.split() if word.startswith("http://"))
        yield (
            url.rstrip("/;"),
            {
                "AWS_ACCESS_KEY_ID": key["access_key_id"],
                "AWS_SECRET_ACCESS_KEY": key["secret_access_key"],
            },
        )
    finally:
        server.terminate()
        server.wait()


class Terraform:
    """Runs Terraform in a folder."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment

    def __call__(self, *arguments: str, expect: tuple[int, ...] = (0,)) -> str:
        began = time.monotonic()
        done = subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in expect:
            raise Step(f"terraform {arguments[0]} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        print(f"terraform {arguments[0]:8} {time.monotonic() - began:5.1f} s", flush=True)
        return done.stdout


def walk(folder: Path, plugins: str | None) -> None:
    """Every step. Raises Step."""
    with served(folder) as (url, key):
        for file in HERE.glob("*.tf"):
            shutil.copy(file, folder)
        public = rsa.generate_private_key(65537, 2048).public_key()
        line = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        environment = {
            **os.environ,
            **key,
            "TF_VAR_endpoint": url,
            "TF_VAR_ssh_key": line.split()[1],
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if plugins is not None:
            (folder / "terraformrc").write_text(MIRROR.format(Path(plugins).resolve()), encoding="utf-8")
            environment["TF_CLI_CONFIG_FILE"] = str(folder / "terraformrc")
        terraform = Terraform(folder, environment)
        terraform("init", "-input=false")
        terraform("apply", "-input=false", "-auto-approve")
        told = json.loads(terraform("output", "-json"))
        if told["allowed"]["value"] is not True or told["members"]["value"] != ["ana-t"]:
            raise Step(f"the data sources say {told}")
        count = len(terraform("state", "list").splitlines())
        # 0: nothing to change, 2: something.
        terraform("plan", "-input=false", "-detailed-exitcode")
        terraform("destroy", "-input=false", "-auto-approve")
        left = terraform("state", "list")
        if left.strip():
            raise Step(f"left behind: {left}")
    print(f"{count} resources and data sources: applied, the second plan empty, destroyed")


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--plugins", default=os.environ.get("TERRAFORM_PLUGINS"))
    chosen = parser.parse_args()
    if shutil.which("terraform") is None:
        print("absent: install terraform 1.11 and its aws provider")
        return 3
    with tempfile.TemporaryDirectory() as folder:
        try:
            walk(Path(folder), chosen.plugins)
        except Step as fault:
            print(fault)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
