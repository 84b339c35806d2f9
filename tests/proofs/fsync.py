"""Counts, under strace, the syncs between the request of each management change and its reply, on SQLite.

    python tests/proofs/fsync.py [--changes 100]

Between the two, the thread that makes the change must sync the write-ahead log after the last byte that it
wrote there; what other threads sync does not count. Exit code 0 if every change was synced so, 1 if one was
not, 3 if strace is not installed or may not trace.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iamkit.credentials.secret import Secret
from iamkit.kit import IAM
from iamkit.management import access_keys, inline, login_profiles, users

NO_STRACE: Final = 3
DOCUMENT: Final = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "docs:Get", "Resource": "*"}}'
)
_CALL: Final = re.compile(r"^(?P<thread>\d+) +(?P<name>\w+)\((?P<rest>.*)$")
_RESUMED: Final = re.compile(r"^(?P<thread>\d+) +<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)$")


@dataclass
class Change:
    """What the changing thread did between request and reply. `after` counts syncs after the last write."""

    name: str
    writes: int = 0
    syncs: int = 0
    after: int = 0


def manage(folder: Path, count: int) -> None:
    """The traced process: says a line before each change and another after it."""
    with IAM(folder, entry_points=False) as iam:
        desk = iam.desk(iam.operator())
        for number in range(count):
            name = f"u{number // 4}"
            match number % 4:
                case 0:
                    say("request CreateUser")
                    desk.do(users.create_user, user_name=name)
                case 1:
                    say("request PutUserPolicy")
                    desk.do(
                        inline.put_user_policy, user_name=name, policy_name="own", policy_document=DOCUMENT
                    )
                case 2:
                    say("request CreateAccessKey")
                    desk.do(access_keys.create_access_key, user_name=name)
                case _:
                    say("request CreateLoginProfile")
                    desk.do(
                        login_profiles.create_login_profile,
                        user_name=name,
                        password=Secret("three quiet otters read maps"),
                    )
            say("reply")


def say(words: str) -> None:
    """A line in one write, so that the trace shows it whole."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def changes_in(trace: str) -> Iterator[Change]:
    """What happened between each request and its reply, in the thread that spoke them."""
    change: Change | None = None
    speaker = ""
    for line in trace.splitlines():
        call = _CALL.match(line) or _RESUMED.match(line)
        if call is None:
            continue
        spoken = re.match(r'1(?:<[^>]*>)?, "(request (?P<name>\w+)|reply)', call["rest"])
        if call["name"] == "write" and spoken:
            if change is not None:
                yield change
            change = Change(spoken["name"]) if spoken["name"] else None
            speaker = call["thread"]
        elif change is not None and call["thread"] == speaker:
            if call["name"] in ("fsync", "fdatasync"):
                done = call["rest"].endswith("= 0")
                change.syncs += done
                change.after += done
            elif call["name"] in ("write", "pwrite64") and "-wal>" in call["rest"]:
                change.writes += 1
                change.after = 0


def traced(strace: str, count: int) -> list[Change]:
    """The changes of one traced process. Raises RuntimeError if it could not be traced."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, trace = Path(temporary) / "data", Path(temporary) / "trace"
        with IAM(folder, entry_points=False) as iam:
            iam.initialize()
        command = [strace, "-f", "-y", "-e", "trace=fsync,fdatasync,write,pwrite64", "-o", str(trace)]
        command += [sys.executable, __file__, "--manage", str(folder), "--changes", str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip()[-500:])
        return list(changes_in(trace.read_text(encoding="utf-8", errors="replace")))


def main() -> int:
    """Trace and count."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--manage", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.manage:
        manage(options.manage, options.changes)
        return 0
    strace = shutil.which("strace")
    if strace is None:
        print("strace is not installed: apt-get install strace")
        return NO_STRACE
    try:
        changes = traced(strace, options.changes)
    except RuntimeError as fault:
        if "PTRACE" in str(fault) or "ptrace" in str(fault):
            print(f"strace may not trace here: {fault}")
            return NO_STRACE
        raise
    bad = [change for change in changes if not (change.writes and change.after)]
    least = min((change.syncs for change in changes), default=0)
    print(
        f"{len(changes)} changes, {len(changes) - len(bad)} of them synced before their reply;"
        f" syncs before each reply: at least {least}, in all {sum(change.syncs for change in changes)}"
    )
    for change in bad[:5]:
        print(f"not synced: {change}")
    return 0 if len(changes) == options.changes and not bad else 1


if __name__ == "__main__":
    sys.exit(main())
