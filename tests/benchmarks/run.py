"""Starts the policy benchmark: `python tests/benchmarks/run.py [--quick] [--only NAME,...] [--sizes N,...]`.

Some peers install a package called `tests`, which would hide this folder, so the name is settled first.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

if __name__ == "__main__":
    package = ModuleType("tests")
    package.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules["tests"] = package
    from tests.benchmarks.policy import main

    sys.exit(main())
