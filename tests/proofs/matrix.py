"""Asks each app on each server by raw bytes: a handler runs exactly when an allow for it is in the log.

    python tests/proofs/matrix.py [--mutations 2000] [--seed 1] [--shape flask] [--server waitress]
    python tests/proofs/matrix.py --weak prefix        exits with 1: that guard has a hole, and it is found
    python tests/proofs/matrix.py --only 1234 --shape "wsgi flask" --server gunicorn        one request again

Each cell is a process of one server with one app, and `--mutations` requests over sockets, most of them
changed in target, method, fields or framing, sent by nobody, by a user who may, by one who may not, or with a
bad credential. What is compared are marks that the handlers write and the decision log as it was kept. No
exception may be in a server's log, no answer may be 500 or above, none may fail to come; what servers do by
themselves is named in `served/servers.py` and counted as known. In the end the weak guards of
`served/weak.py` are put to the same requests, and each has to be caught.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.proofs.served.cell import Cell, measured, prepared
from tests.proofs.served.served import SHAPES, WEAK
from tests.proofs.served.servers import KNOWN, servers_for

# Where each weak guard is put to the test: a server that hands the app what the hole needs.
WEAK_SERVERS: Final = {
    "wsgi prefix": "gunicorn",
    "wsgi twice": "waitress",
    "wsgi only-get": "werkzeug",
    "asgi only-http": "uvicorn",
}
# Always the same requests: whether they find the holes is asked of the matrix, not of a seed's luck.
_WEAK_SEED: Final = 1
_COLUMNS: Final = (
    "requests",
    "runs",
    "allows",
    "refused",
    "missing",
    "redirected",
    "own",
    "silent",
    "excused",
    "exceptions",
)
_HEADS: Final = (
    "requests",
    "ran",
    "allows",
    "401/403",
    "4xx app",
    "3xx",
    "server's",
    "dropped",
    "known",
    "raised",
    "seconds",
    "faults",
)


def cells_of(shapes: Sequence[str], servers: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The cells that the command line asks for; a part of a name is enough."""
    for shape in SHAPES:
        for server in servers_for(shape):
            if any(part in shape for part in shapes or [""]) and (not servers or server in servers):
                yield shape, server


def line_of(cell: Cell) -> str:
    """One row of the table."""
    numbers = "".join(f"{getattr(cell, name):>9}" for name in _COLUMNS)
    return f"{cell.shape:<20}{cell.server:<11}{numbers}{cell.seconds:>9.1f}{len(cell.faults):>8}"


def _shown(cell: Cell, limit: int) -> None:
    print(line_of(cell), flush=True)
    for fault in cell.faults[:limit]:
        print("    " + fault.replace("\n", "\n    "), flush=True)


def _weak(names: Sequence[str], options: argparse.Namespace, template: Path) -> list[str]:
    """The weak guards that were not caught."""
    missed = []
    for name in names:
        cell = measured(
            name,
            WEAK_SERVERS[name],
            template=template,
            numbers=options.numbers,
            seed=_WEAK_SEED,
            timeout=options.timeout,
        )
        # `bare` is open there by being forgotten, which is not the hole that is looked for.
        caught = [
            fault
            for fault in cell.faults
            if fault.startswith("ran without an allow") and "'bare'" not in fault
        ]
        print(
            f"{name:<20}{WEAK_SERVERS[name]:<11}{'caught' if caught else 'NOT CAUGHT'}, {len(caught)} times",
            flush=True,
        )
        print("    " + (caught[0] if caught else "nothing was found"), flush=True)
        if not caught:
            missed.append(name)
    return missed


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mutations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shape", action="append", default=[], help="a part of its name; may be given again")
    parser.add_argument("--server", action="append", default=[])
    parser.add_argument(
        "--only", type=int, action="append", help="the number of a request; may be given again"
    )
    parser.add_argument(
        "--weak", choices=[name.split()[1] for name in WEAK], help="this guard alone; 1 if it is caught"
    )
    parser.add_argument("--strong-only", action="store_true", help="leave the weak guards out")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds after which a request hangs")
    parser.add_argument("--state", type=Path, help="cells that were done are kept here and not done again")
    parser.add_argument("--logs", type=Path, help="a folder for the servers' logs")
    parser.add_argument("--faults", type=int, default=5, help="how many to show of each cell")
    options = parser.parse_args(arguments)
    options.numbers = options.only or range(options.mutations)
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if the property holds in every cell and every weak guard was caught, else 1."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="matrix-") as name:
        template = Path(name) / "data"
        prepared(template)
        if options.weak:
            chosen = next(name for name in WEAK if name.split()[1] == options.weak)
            return 0 if _weak([chosen], options, template) else 1
        print(
            f"{'shape':<20}{'server':<11}"
            + "".join(f"{head:>9}" for head in _HEADS[:-1])
            + f"{_HEADS[-1]:>8}"
        )
        done = _matrix(options, template)
        missed = [] if options.strong_only else _weak(list(WEAK), options, template)
    for server in sorted({cell.server for cell in done if cell.excused} & set(KNOWN)):
        for known in KNOWN[server]:
            print(f"known: {server} {known.why}")
    failed = [cell for cell in done if cell.faults]
    kinds = {endpoint for cell in done for endpoint in cell.endpoints}
    print(
        f"{sum(cell.requests for cell in done)} requests to {len(done)} cells, seed {options.seed}: handlers "
        f"ran {sum(cell.runs for cell in done)} times ({', '.join(sorted(kinds))}), "
        f"{len(failed)} cells failed, "
        f"{len(missed)} weak guards were missed"
    )
    return 1 if failed or missed else 0


def _matrix(options: argparse.Namespace, template: Path) -> list[Cell]:
    kept: dict[str, dict[str, object]] = {}
    if options.state is not None and options.state.exists():
        kept = json.loads(options.state.read_text())
    done: list[Cell] = []

    def ask(place: tuple[str, str]) -> Cell:
        key = " ".join((*place, str(options.seed), str(options.mutations)))
        if key in kept:
            return Cell(**kept[key])  # type: ignore[arg-type]
        cell = measured(
            *place,
            template=template,
            numbers=options.numbers,
            seed=options.seed,
            timeout=options.timeout,
            keep=options.logs,
        )
        if not cell.faults:
            kept[key] = cell.as_data()
        return cell

    with ThreadPoolExecutor(options.jobs) as pool:
        for cell in pool.map(ask, cells_of(options.shape, options.server)):
            done.append(cell)
            _shown(cell, options.faults)
            if options.state is not None:
                options.state.write_text(json.dumps(kept))
    return done


if __name__ == "__main__":
    sys.exit(main())
