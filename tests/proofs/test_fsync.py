"""Each management change is synced to the disk before its reply; a trace without that would be noticed."""

from __future__ import annotations

import shutil
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.proofs.conftest import Run

WAL = "5</data/iamkit.db-wal>"
REQUEST = '1<pipe:[9]>, "request CreateUser\\n", 19) = 19'
REPLY = '1<pipe:[9]>, "reply\\n", 6) = 6'


def test_every_change_is_synced_before_its_reply(run: Run) -> None:
    """Under strace; a machine without it says what to install."""
    done = run("fsync", "--changes", "8")

    if shutil.which("strace") is None:
        assert (done.returncode, "apt-get install strace" in done.stdout) == (3, True)
    else:
        assert done.returncode == 0, done.stdout
        assert done.stdout.startswith("8 changes, 8 of them synced")


@pytest.mark.parametrize(
    ("between", "found"),
    [
        ([f'7 pwrite64({WAL}, "x", 1, 0) = 1', f"7 fdatasync({WAL}) = 0"], (1, 1)),
        ([f'7 pwrite64({WAL}, "x", 1, 0) = 1'], (1, 0)),
        ([f"7 fdatasync({WAL}) = 0", f'7 pwrite64({WAL}, "x", 1, 0) = 1'], (1, 0)),
        ([f'7 pwrite64({WAL}, "x", 1, 0) = 1', f"8 fdatasync({WAL}) = 0"], (1, 0)),
        ([f'7 pwrite64({WAL}, "x", 1, 0) = 1', f"7 fdatasync({WAL}) = -1 EIO"], (1, 0)),
        (
            [
                f'7 pwrite64({WAL}, "x", 1, 0) = 1',
                f"7 fdatasync({WAL} <unfinished ...>",
                "7 <... fdatasync resumed>) = 0",
            ],
            (1, 1),
        ),
        ([f"7 fdatasync({WAL}) = 0"], (0, 1)),
    ],
    ids=["synced", "never", "too early", "by another thread", "in vain", "in two lines", "nothing written"],
)
def test_what_counts_as_synced(between: list[str], found: tuple[int, int], fsync: ModuleType) -> None:
    """Only a sync that succeeded, by the changing thread, after its last write to the log."""
    trace = "\n".join([f"7 write({REQUEST}", *between, f"7 write({REPLY}"])

    (change,) = fsync.changes_in(trace)

    assert (change.writes, change.after) == found
