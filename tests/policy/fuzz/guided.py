"""Running a fuzz target under atheris, which whoever fuzzes installs: `pip install atheris`."""

from __future__ import annotations

import importlib
import sys
from typing import Final

ABSENT: Final = 3
"""The exit status that says that a tool is not there, not that something failed."""


def fuzz(name: str) -> None:
    """Fuzzes one target until it fails or the time of the command line is over; libFuzzer's options apply."""
    try:
        atheris = importlib.import_module("atheris")
    except ModuleNotFoundError:
        print("atheris is not installed; install it with `pip install atheris` to fuzz guided by coverage")
        sys.exit(ABSENT)
    # Only what is imported here is followed, so the targets must not have been imported before.
    with atheris.instrument_imports(include=["iamkit"]):
        targets = importlib.import_module("tests.policy.fuzz.targets")
    target = targets.TARGETS[name]

    def one(data: bytes) -> None:
        target(data)

    # 4 KiB is more than any one element may have; a document may be longer, but is made of those.
    atheris.Setup([sys.argv[0], "-max_len=4096", "-rss_limit_mb=512", "-timeout=5", *sys.argv[1:]], one)
    atheris.Fuzz()
