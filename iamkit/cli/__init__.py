"""The `iamkit` command: one function a command, over the same operations that the API and the console use."""

from __future__ import annotations


def main() -> None:
    """Entry point of the `iamkit` script."""
    from iamkit.cli.main import run

    run()
