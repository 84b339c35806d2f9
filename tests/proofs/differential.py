"""The long differential run: the engine and the reference asked the same ten million questions.

    python tests/proofs/differential.py --pairs 10000000 --processes 2 --state differential.json

The run is made of numbered sets of policies, each made from the seed and its number. The state file says
which numbers are done and what was met; started again with the same file, the run goes on where it
stopped. A difference is shrunk and written to `tests/policy/corpus/`, where a test asks it from then on.
Exit status 1: a difference was found, or what was met is not adequate.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.policy.reference.comparison import Disagreement, Tally, run  # noqa: E402
from tests.policy.reference.corpus import freeze  # noqa: E402

SETS: Final = 100
"""How many policy sets one piece of work has."""
LEAST_SHARE: Final = 0.25
DENSE: Final = 10_000
"""How often every cell of the operator table has to be met in the whole run of ten million."""


@dataclass
class State:
    """How far the run is."""

    seed: int
    done: int = 0
    seconds: float = 0.0
    tally: Tally = field(default_factory=Tally)
    found: list[str] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Writes the state beside the file first, so that a crash leaves the old one."""
        beside = path.with_suffix(".new")
        data = {**vars(self), "tally": vars(self.tally)}
        beside.write_text(json.dumps(data), encoding="utf-8")
        os.replace(beside, path)

    @classmethod
    def load(cls, path: Path, seed: int) -> State:
        """The state of the file, or the beginning."""
        if not path.exists():
            return cls(seed)
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        tally = data.pop("tally")
        counters = {name: Counter(tally[name]) for name in ("outcomes", "callers", "cells", "answers")}
        return cls(**data, tally=Tally(pairs=tally["pairs"], **counters))


def work(task: tuple[int, int]) -> tuple[Tally, list[Disagreement]]:
    """One piece of work."""
    seed, number = task
    return run(seed, number * SETS, SETS)


def shortfalls(tally: Tally) -> list[str]:
    """What was met too seldom for the run to prove anything."""
    short = [
        f"only {tally.share(outcome):.1%} {outcome}"
        for outcome in ("allowed", "explicitDeny", "implicitDeny")
        if tally.share(outcome) < LEAST_SHARE
    ]
    wanted = min(DENSE, DENSE * tally.pairs // 10_000_000)
    cell, count = tally.least()
    return [*short, f"{cell} met {count:,} times, not {wanted:,}"] if count < wanted else short


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until the state has so many pairs; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--pairs", type=int, default=10_000_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path, required=True)
    given = parser.parse_args(arguments)

    state = State.load(given.state, given.seed)
    if state.seed != given.seed:
        parser.error(f"{given.state} is the state of a run with seed {state.seed}; name that or another file")
    last_shown = 0.0
    with multiprocessing.Pool(given.processes) as pool:
        begun, before = time.monotonic(), state.seconds
        tasks = ((state.seed, number) for number in count(state.done))
        if state.tally.pairs < given.pairs:
            # In order, so that `done` says everything; the pool stays a few pieces ahead.
            pending = [pool.apply_async(work, (task,)) for task in islice(tasks, 4 * given.processes)]
            while pending and state.tally.pairs < given.pairs:
                tally, found = pending.pop(0).get()
                state.done += 1
                state.tally.add(tally)
                state.seconds = before + time.monotonic() - begun
                for one in found:
                    state.found.append(str(one))
                    print(f"{one}\n  frozen in {freeze(one)}", flush=True)
                pending.append(pool.apply_async(work, (next(tasks),)))
                if state.done % 10 == 0:
                    state.save(given.state)
                if state.seconds - last_shown >= 30:
                    last_shown = state.seconds
                    rate = state.tally.pairs / state.seconds
                    print(
                        f"{state.tally.pairs:>12,} pairs, {rate:,.0f} a second, "
                        f"{len(state.found)} disagreements",
                        flush=True,
                    )
            state.save(given.state)
        pool.terminate()

    print("\n".join(state.tally.lines()))
    short = shortfalls(state.tally)
    for line in short:
        print(f"not adequate: {line}")
    print(
        f"{state.tally.pairs:,} pairs of {state.done * SETS:,} policy sets, seed {state.seed}, "
        f"{state.seconds:,.0f} s of running, {len(state.found)} disagreements, "
        f"{'not ' if short else ''}adequate"
    )
    return 1 if short or state.found else 0


if __name__ == "__main__":
    sys.exit(main())
