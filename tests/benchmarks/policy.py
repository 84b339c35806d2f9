"""Decisions per engine, timed side by side: `python tests/benchmarks/run.py --help`.

All engines answer in one process, in alternating rounds over the same 1,000 questions, after each has been
held against the oracle. Medians and p99 are per call, by `perf_counter_ns`, its own cost of some 0.1 µs
included. Means, loading and the building of questions are CPU time of the process, so that a neighbour who
takes the processor for a while does not count; the rounds that means are of read no clock inside. Read the
ratios; the microseconds are this machine's of today.
"""

from __future__ import annotations

import argparse
import gc
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import perf_counter_ns, process_time_ns
from typing import Final

from tests.benchmarks import peers
from tests.benchmarks.engines import Engine, Iamkit, Scan
from tests.benchmarks.extras import extras, memory
from tests.benchmarks.workload import Shape, workload

SIZES = (1, 10, 100, 1_000, 10_000)
SHAPES: tuple[Shape, ...] = ("spread", "single")
# No engine gets more than this for the calls of one round that are timed one by one, nor eight times this for
# being held against the oracle.
ROUND_NS = 150_000_000
MAKERS: dict[str, Callable[[], Engine]] = {"iamkit": Iamkit, "handwritten-scan": Scan, **peers.MAKERS}


@dataclass(slots=True)
class Row:
    """What one engine did in one cell."""

    load: float = 0.0
    prepare: float = 0.0
    wrong: int = 0
    checked: int = 0
    times: list[int] = field(default_factory=list)
    means: list[float] = field(default_factory=list)

    @property
    def p50(self) -> float:
        return statistics.median(self.times) / 1_000

    @property
    def p99(self) -> float:
        return sorted(self.times)[int(len(self.times) * 0.99)] / 1_000


def cell(shape: Shape, size: int, names: Iterable[str], rounds: int) -> dict[str, Row]:
    """One shape and size: load, check, time."""
    made = workload(shape, size)
    rows: dict[str, Row] = {}
    asked: dict[str, tuple[Callable[[object], bool], list[object]]] = {}
    for name in names:
        if size > peers.LIMITS.get(name, size):
            continue
        engine = MAKERS[name]()
        row = rows[name] = Row()
        # The other engines' objects are none of this one's: no collection while it loads looks at them.
        gc.collect()
        gc.freeze()
        start = process_time_ns()
        engine.load(made)
        row.load = (process_time_ns() - start) / 1_000 / size
        questions = [engine.prepare(ask) for ask in made.asks]
        start = process_time_ns()
        questions = [engine.prepare(ask) for ask in made.asks]
        row.prepare = (process_time_ns() - start) / 1_000 / len(questions)
        start = process_time_ns()
        for question, answer in zip(questions, made.answers, strict=True):
            row.wrong += engine.decide(question) is not answer
            row.checked += 1
            if process_time_ns() - start > ROUND_NS * 8:
                break
        asked[name] = (engine.decide, questions)
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for name, (decide, questions) in asked.items():
            _round(rows[name], decide, questions)
    gc.unfreeze()
    return rows


def _round(row: Row, decide: Callable[[object], bool], questions: list[object]) -> None:
    clock = perf_counter_ns
    times: list[int] = []
    begun = clock()
    for question in questions:
        start = clock()
        decide(question)
        end = clock()
        times.append(end - start)
        if end - begun > ROUND_NS:
            break
    row.times.extend(times)
    again = questions[: len(times)]
    begun = process_time_ns()
    for question in again:
        decide(question)
    row.means.append((process_time_ns() - begun) / len(again))


def ratio(row: Row, other: Row) -> float:
    """How many times slower `row` is: the median over rounds of neighbouring means."""
    return statistics.median(a / b for a, b in zip(row.means, other.means, strict=True))


def _p99(row: Row, _: Row | None) -> str:
    return f"{row.p99:,.1f}" if len(row.times) >= 200 else "-"


def _times(row: Row, ours: Row | None) -> str:
    return f"{ratio(row, ours):,.1f}" if ours is not None else ""


_TITLES: Final[dict[str, Callable[[Row, Row | None], str]]] = {
    "p50, µs": lambda row, _: f"{row.p50:,.2f}",
    "p99, µs": _p99,
    "times slower than iamkit (means)": _times,
    "agrees with the oracle": lambda row, _: f"{row.checked - row.wrong}/{row.checked}",
    "loading, µs a statement": lambda row, _: f"{row.load:,.1f}",
    "building the question, µs": lambda row, _: f"{row.prepare:,.2f}",
}


def _tables(
    shape: Shape, sizes: Sequence[int], names: list[str], cells: dict[tuple[Shape, int], dict[str, Row]]
) -> None:
    for title, shown in _TITLES.items():
        print(f"\n### {shape}: {title}\n\n| engine | {' | '.join(f'N={size:,}' for size in sizes)} |")
        print("|---|" + "---:|" * len(sizes))
        for name in names:
            found = [(cells[shape, size].get(name), cells[shape, size].get("iamkit")) for size in sizes]
            texts = ["" if row is None else shown(row, ours) for row, ours in found]
            print(f"| {name} | {' | '.join(texts)} |")
    medians = {size: cells[shape, size]["iamkit"].p50 for size in sizes if "iamkit" in cells[shape, size]}
    if 10 in medians and max(medians) > 10:
        growth = medians[max(medians)] / medians[10]
        print(f"\n{shape}: growth of iamkit's p50 from N=10 to {max(medians):,}: {growth:.1f}×")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and N up to 1,000")
    parser.add_argument("--only", default=",".join(MAKERS), help="engines, by name")
    parser.add_argument("--sizes", default="", help="numbers of statements")
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.memory:
        print(memory(MAKERS[options.memory]()))
        return 0
    names = [name for name in options.only.split(",") if name in MAKERS]
    sizes = [int(size) for size in options.sizes.split(",") if size] or SIZES[: 4 if options.quick else None]
    print(f"Python {platform.python_version()}, {platform.machine()}; {peers.versions()}")
    cells: dict[tuple[Shape, int], dict[str, Row]] = {}
    for shape in SHAPES:
        for size in sizes:
            cells[shape, size] = cell(shape, size, names, 3 if options.quick else 9)
            print(f"measured {shape} {size}", file=sys.stderr)
    for shape in SHAPES:
        _tables(shape, sizes, names, cells)
    print("\n### memory, MiB for 10,000 statements spread (fresh process)\n\n| engine | MiB |\n|---|---:|")
    for name in names:
        if peers.LIMITS.get(name, 10_000) >= 10_000:
            command = [sys.executable, sys.argv[0], "--memory", name]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            print(f"| {name} | {done.stdout.strip() or 'failed'} |", flush=True)
    for line in extras():
        print(line)
    return 0
