"""Exports and compares an account of many users, and measures that memory does not grow with it.

    python tests/proofs/as_files.py [--users 10000] [--apply]

The account is exported at a tenth of its size and whole; the most memory that Python held meanwhile must not
differ by more than the names of the files take. The folder and the account are then compared, and so are the
two after edits of up to a hundred. With `--apply` the folder is made an account elsewhere, which takes
minutes, and exported again: the same files to the byte. Exit code 0 if all of it holds, 1 if something does
not.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Final

from iamkit.credentials.hashing import CHEAPEST
from iamkit.identity import attachments, groups, inline, users
from iamkit.identity.quotas import Quotas
from iamkit.kit import IAM
from iamkit.manifest.folder import Folder
from iamkit.manifest.workshop import Workshop

ACCOUNT: Final = "111122223333"
GROUPS: Final = 50
# What the names of ten thousand files take, twice and generously.
GROWTH: Final = 6 * 1_048_576
DOCUMENT: Final = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "docs:*", "Resource": "doc"}]}'
).replace('"doc"', '"arn:aws:docs:::doc/NAME/*"')


def opened(directory: Path, users_at_most: int) -> IAM:
    """A deployment on SQLite whose quota admits so many users."""
    quotas = Quotas(users=users_at_most + 10)
    iam = IAM(directory, entry_points=False, quotas=quotas, password_cost=CHEAPEST)
    iam.initialize(account_id=ACCOUNT)
    return iam


def fill(iam: IAM, first: int, last: int) -> None:
    """Make users with a group, an inline policy and an attached one, behind the desk's back."""
    readers = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    for begin in range(first, last, 500):
        with iam.store.write() as unit:
            for number in range(begin, min(begin + 500, last)):
                name = f"user{number:06}"
                made = users.create(unit, iam.house, account=ACCOUNT, name=name, tags={"number": str(number)})
                group = groups.get(unit, ACCOUNT, f"group{number % GROUPS}")
                groups.join(unit, iam.house, group, made)
                inline.put(unit, iam.house, made.holder, name="own", text=DOCUMENT.replace("NAME", name))
                attachments.attach(unit, iam.house, made.holder, readers)


def measured(what: Callable[[], object]) -> tuple[int, float]:
    """The most memory that Python held while doing something, and how many seconds it took."""
    tracemalloc.start()
    began = time.perf_counter()
    what()
    took = time.perf_counter() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak, took


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--apply", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        return _run(Path(place), wanted.users, applies=wanted.apply)


def _run(place: Path, count: int, *, applies: bool) -> int:
    failed = []
    with opened(place / "data", count) as iam:
        with iam.store.write() as unit:
            for number in range(GROUPS):
                groups.create(unit, iam.house, account=ACCOUNT, name=f"group{number}")
        workshop = Workshop(iam, iam.operator(), iam.desk(iam.operator()))
        fill(iam, 0, count // 10)
        # What is made once, such as parsed policies and prepared statements, is made before measuring.
        workshop.export(Folder(place / "warm"))
        few, _ = measured(lambda: workshop.export(Folder(place / "few")))
        fill(iam, count // 10, count)
        many, took = measured(lambda: workshop.export(Folder(place / "many")))
        print(
            f"export of {count // 10} users: {few / 1e6:.1f} MB, of {count}: {many / 1e6:.1f} MB,"
            f" {took:.0f} s"
        )
        if many - few > GROWTH:
            failed.append("export grows with the account")
        folder = Folder(place / "many")
        peak, took = measured(lambda: failed.extend(_differences(workshop, folder)))
        print(f"comparison of {count} users: {peak / 1e6:.1f} MB, {took:.0f} s")
        if peak - few > 2 * GROWTH:
            failed.append("comparison grows with the account")
        began = time.perf_counter()
        edits = min(100, count // 2)
        failed += _edited(workshop, place / "many", edits)
        print(f"plan and rehearsal of {edits} edits: {time.perf_counter() - began:.0f} s")
        workshop.export(folder)
    if applies:
        failed += _applied(place, count)
    print("; ".join(failed) or f"{count} users: nothing grew, nothing differed")
    return 1 if failed else 0


def _differences(workshop: Workshop, folder: Folder) -> list[str]:
    return [] if workshop.prepare(folder).plan.is_empty else ["what was exported differs from the account"]


def _edited(workshop: Workshop, path: Path, edits: int) -> list[str]:
    for number in range(edits):
        file = path / "users" / f"user{number:06}.json"
        held = json.loads(file.read_text("utf-8"))
        del held["attached_policies"]
        file.write_text(json.dumps(held), "utf-8")
    prepared = workshop.prepare(Folder(path))
    losers = {change.principal for change in prepared.rehearsal.changes}
    if len(prepared.plan.steps) != edits or len(losers) != edits or prepared.widens:
        return [f"{edits} edits gave {len(prepared.plan.steps)} steps and {len(losers)} principals"]
    return []


def _applied(place: Path, count: int) -> list[str]:
    began = time.perf_counter()
    with opened(place / "other", count) as iam:
        workshop = Workshop(iam, iam.operator(), iam.desk(iam.operator()))
        prepared = workshop.prepare(Folder(place / "many"))
        print(f"plan of {len(prepared.plan.steps)} steps: {time.perf_counter() - began:.0f} s")
        workshop.apply(prepared.plan, lambda step: None)
        workshop.export(Folder(place / "again"))
    print(f"applied: {time.perf_counter() - began:.0f} s")
    return [] if _same(place / "many", place / "again") else ["what was applied was exported otherwise"]


def _same(one: Path, other: Path) -> bool:
    found = filecmp.dircmp(one, other)
    if found.left_only or found.right_only or found.common_funny:
        return False
    _, unlike, unread = filecmp.cmpfiles(one, other, found.common_files, shallow=False)
    return not unlike and not unread and all(_same(one / name, other / name) for name in found.common_dirs)


if __name__ == "__main__":
    sys.exit(main())
