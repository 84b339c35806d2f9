"""The measured export, small: the whole of it is run by hand and at night."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_small_account_is_exported_compared_and_made_anew() -> None:
    """Every line of the script, with an account that takes seconds."""
    script = Path(__file__).with_name("as_files.py")
    done = subprocess.run(
        [sys.executable, str(script), "--users", "40", "--apply"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing grew, nothing differed" in done.stdout
