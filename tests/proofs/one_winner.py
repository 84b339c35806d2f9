"""Lets many clients use one thing that is good once, at the same moment, and counts who got in.

    python tests/proofs/one_winner.py [--rounds 100] [--clients 64] [--processes 4]
        [--database sqlite|postgresql] [--only KIND …] [--sabotage] [--list]

Each round there is a new thing (a fresh code, link, token or challenge), and the clients, threads in some
processes of their own, answer with it at once. Every other round they also wait for each other between the
check and the write, so that all of them hold a proof that was good when it was looked at. Those who get in
are counted: exactly one, each round, or the script ends with 1.

With `--sabotage` the conditional write is replaced by one without its condition, and the check that is made
again beside it is left out: the script has to notice, and ends with 1.

Passwords and codes are hashed at the cheapest cost, and attempts are not limited: what is proved is the
write, and limits would let ten of the clients through to it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from iamkit.credentials.hashing import HashingGate
from iamkit.credentials.throttle import Throttle
from iamkit.errors import IamkitError
from iamkit.testing.servers import postgres_server
from tests.proofs.winners import factors, passwords, root
from tests.proofs.winners.kinds import KINDS, Kind, Task, opened, replaced
from tests.proofs.winners.meeting import Meeting

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

# Processes are forked from one that has imported all this and opened nothing.
PROCESSES: Final = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        "iamkit.kit",
        "iamkit.sql.records",
        "iamkit.sql.store",
        factors.__name__,
        passwords.__name__,
        root.__name__,
    ]
)
WON: Final = "won"
PATIENCE: Final = 120.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the deployment is, and what is done to it."""

    folder: Path
    store: str | None
    sabotage: bool


# --- the processes of the clients ---------------------------------------------------------------------------


def be_clients(place: Place, first: int, count: int, meeting: Meeting, line: Connection) -> None:
    """Answer with whatever is said, as clients `first` and following, until nothing is said any more."""
    with ThreadPoolExecutor(count) as threads, opened(place.folder, place.store) as iam:
        numbers = range(first, first + count)
        while (task := line.recv()) is not None:
            kind = KINDS[task.kind]
            with ExitStack() as changed:
                changed.enter_context(replaced(Throttle, "reserve", _unlimited))
                changed.enter_context(replaced(HashingGate, "run", _at_once))
                if place.sabotage:
                    changed.enter_context(kind.sabotaged())
                if task.meet:
                    changed.enter_context(kind.meeting(meeting.meet))
                iam.clock.advance(task.now - iam.clock.now())  # type: ignore[attr-defined]  # a FrozenClock

                def attempt(number: int, task: Task = task, kind: Kind = kind) -> str:
                    meeting.begin()
                    try:
                        kind.attempt(iam, task, number)
                    except IamkitError as fault:
                        return traceback.format_exc() if fault.status >= 500 else type(fault).__name__
                    except Exception:  # noqa: BLE001  # the round shows it
                        return traceback.format_exc()
                    finally:
                        meeting.end()
                    return WON

                line.send(list(threads.map(attempt, numbers)))


def _unlimited(throttle: Throttle, subject: str, network: str | None = None) -> int:
    """Takes the place of `Throttle.reserve`."""
    return 1


def _at_once(gate: HashingGate, work: Callable[[], object]) -> object:
    """Takes the place of `HashingGate.run`, whose queue is too short for so many."""
    return work()


@contextmanager
def clients(place: Place, count: int, processes: int) -> Iterator[Clients]:
    """The clients, in their processes."""
    meeting = Meeting(PROCESSES.Barrier(count, timeout=PATIENCE), PROCESSES.Barrier(count, timeout=PATIENCE))
    lines: list[tuple[ForkServerProcess, Connection]] = []
    share, left = divmod(count, processes)
    first = 0
    for number in range(processes):
        many = share + (number < left)
        ours, theirs = PROCESSES.Pipe()
        process = PROCESSES.Process(
            target=be_clients, args=(place, first, many, meeting, theirs), daemon=True
        )
        process.start()
        theirs.close()
        lines.append((process, ours))
        first += many
    try:
        yield Clients([line for _, line in lines])
    finally:
        for process, line in lines:
            line.send(None)
            process.join(PATIENCE)
            process.kill()


@dataclass(frozen=True, slots=True)
class Clients:
    """All of them, at the ends of their lines."""

    lines: Sequence[Connection]

    def answer(self, task: Task) -> Counter[str]:
        """What became of the clients, by outcome."""
        for line in self.lines:
            line.send(task)
        found: Counter[str] = Counter()
        for line in self.lines:
            if not line.poll(PATIENCE):
                raise RuntimeError("a process of clients does not answer")
            found.update(line.recv())
        return found


# --- the rounds ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """What the rounds of one kind came to. `most` is how many won at once."""

    rounds: int
    most: int
    outcomes: Counter[str]
    wrong: list[str]


def play(place: Place, kind: Kind, rounds: int, everybody: Clients, count: int) -> Found:
    """All rounds of one kind."""
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    most = 0
    with opened(place.folder, place.store) as iam:
        prepared = kind.prepare(iam)
        for number in range(rounds):
            task = kind.task(iam, prepared, number, count, meet=number % 2 == 1)
            found = everybody.answer(task)
            outcomes.update(found)
            most = max(most, found[WON])
            strange = [name for name in found if "\n" in name]
            if found[WON] != 1 or strange:
                wrong.append(f"{kind.name}, round {number}: {found[WON]} won instead of 1; {dict(found)}")
            elif (left := kind.left_over(iam, task)) is not None:
                wrong.append(f"{kind.name}, round {number}: {left}")
    return Found(rounds, most, outcomes, wrong)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the rounds and say what was found. 1 if anything had other than one winner."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--store", help="the URL of an empty store; default: one of the database's own")
    parser.add_argument("--only", nargs="+", choices=sorted(KINDS), default=sorted(KINDS))
    parser.add_argument(
        "--sabotage", action="store_true", help="take the condition away: it has to be noticed"
    )
    parser.add_argument("--list", action="store_true", help="say which kinds there are")
    options = parser.parse_args(arguments)
    if options.list:
        sys.stdout.write("\n".join(sorted(KINDS)) + "\n")
        return 0
    bad, noticed = 0, 0
    with ExitStack() as started:
        base = Path(started.enter_context(tempfile.TemporaryDirectory()))
        store = options.store
        if store is None and options.database == "postgresql":
            store = started.enter_context(postgres_server())
        place = Place(base / "data", store, options.sabotage)
        with opened(place.folder, place.store) as iam:
            iam.initialize()
        everybody = started.enter_context(clients(place, options.clients, options.processes))
        for name in options.only:
            began = time.monotonic()
            found = play(place, KINDS[name], options.rounds, everybody, options.clients)
            seconds = time.monotonic() - began
            told: dict[str, Any] = dict(found.outcomes.most_common())
            sys.stdout.write(f"{name:<12} {found.rounds} rounds, {seconds:.0f} s: {told}\n")
            for line in found.wrong[:3]:
                sys.stdout.write(f"  {line}\n")
            bad += len(found.wrong)
            noticed += found.most > 1
    sys.stdout.write(
        f"{len(options.only)} kinds × {options.rounds} rounds × {options.clients} clients in"
        f" {options.processes} processes on {options.database}: {bad} rounds with other than one winner\n"
    )
    if options.sabotage:
        sys.stdout.write(f"without the condition, {noticed} of {len(options.only)} kinds were noticed\n")
    return 1 if bad else 0


if __name__ == "__main__":
    # Threads that wait for each other must not outlive a fault.
    threading.excepthook = lambda fault: traceback.print_exception(fault.exc_value)
    sys.exit(main())
