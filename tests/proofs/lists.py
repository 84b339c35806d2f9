"""The long run about lists: filters in SQL and decisions row by row, over random policies and random rows.

    python tests/proofs/lists.py --decisions 500000 --on sqlite postgresql mysql

SQLite is in memory, PostgreSQL and MariaDB are servers of the run's own (`--mysql URL` names another; a
driver for it, such as PyMySQL, has to be installed). Exit status 1: something differed, or too
little was allowed.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from iamkit.testing.servers import postgres_server  # noqa: E402
from tests.rows import world  # noqa: E402
from tests.rows.mariadb import mariadb_server  # noqa: E402

SETS: Final = 50
"""How many sets of policies are asked of one table of rows."""
LEAST_ALLOWED: Final = 0.05


@contextlib.contextmanager
def database(name: str, mysql: str | None) -> Iterator[str]:
    """The URL of an empty database."""
    if name == "sqlite":
        yield "sqlite://"
    elif name == "postgresql":
        with postgres_server() as url:
            yield url.replace("postgresql://", "postgresql+psycopg://")
    elif mysql is not None:
        yield mysql
    else:
        with mariadb_server() as url:
            yield url


def run(url: str, decisions: int, seed: str) -> world.Found:
    """As many decisions as asked for."""
    found = world.Found()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        world.Base.metadata.create_all(connection)
    number = 0
    while found.decisions < decisions:
        with engine.begin() as connection:
            world.compare(connection, f"{seed}/{number}", SETS, found)
        number += 1
    engine.dispose()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--decisions", type=int, default=500_000)
    parser.add_argument("--on", nargs="+", default=["sqlite", "postgresql"], help="sqlite, postgresql, mysql")
    parser.add_argument("--seed", default="lists")
    parser.add_argument("--mysql", help="the URL of a database that may be written to")
    given = parser.parse_args(arguments)
    # SQLite keeps decimals as floats; that both agree all the same is the point.
    warnings.filterwarnings("ignore", category=sa.exc.SAWarning)
    good = True
    for name in given.on:
        start = time.perf_counter()
        with database(name, given.mysql) as url:
            found = run(url, given.decisions, given.seed)
        print(f"{name}, {time.perf_counter() - start:.0f} s")
        print("\n".join(f"  {line}" for line in (*found.lines(), *found.differences[:20])), flush=True)
        good = good and not found.differences and found.allowed >= LEAST_ALLOWED * found.decisions
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
