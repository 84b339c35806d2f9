"""Running a fuzz target under atheris, of the dependency group `deep`: `uv sync --group deep`."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ABSENT: Final = 3
"""The exit status that says that a tool is not there, not that something failed."""


def fuzz(name: str) -> None:
    """Fuzzes one target until it fails or the time of the command line is over; libFuzzer's options apply.

    It begins with the good examples that mutation begins with, and is told the same fragments.
    """
    try:
        atheris = importlib.import_module("atheris")
    except ModuleNotFoundError:
        print("atheris is not installed; `uv sync --group deep` installs it, to fuzz guided by coverage")
        sys.exit(ABSENT)
    # Only what is imported here is followed, so the targets must not have been imported before.
    with atheris.instrument_imports(include=["iamkit"]):
        targets = importlib.import_module("tests.policy.fuzz.targets")
        mutation = importlib.import_module("tests.policy.fuzz.mutation")
    target = targets.TARGETS[name]

    def one(data: bytes) -> None:
        target(data)

    given = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    options = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    with tempfile.TemporaryDirectory() as folder:
        seeds = Path(folder, "seeds")
        seeds.mkdir()
        for number, example in enumerate(mutation.examples()[name]):
            Path(seeds, str(number)).write_bytes(example)
        words = Path(folder, "words")
        words.write_text(dictionary(mutation.FRAGMENTS), encoding="ascii")
        # The fuzzer ends its process without a word to Python, so that the folder is left to this one.
        child = os.fork()
        if not child:
            # 4 KiB is more than any one element may have; a document may be longer, but is made of those.
            limits = ["-max_len=4096", "-rss_limit_mb=512", "-timeout=5", f"-dict={words}"]
            # New inputs are kept in the first folder, so the seeds come last.
            atheris.Setup([sys.argv[0], *limits, *options, *given, str(seeds)], one)
            atheris.Fuzz()
        _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


def dictionary(words: Iterable[bytes]) -> str:
    """Words as libFuzzer reads them: one a line, quoted, every byte as an escape."""
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in words)
