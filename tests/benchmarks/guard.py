"""What a guard adds to a request, in process and warm: `python tests/benchmarks/guard.py --help`.

Every cell serves an app of 200 routes, each asked once a round, in alternating rounds of ten parts (every
tenth route); the figure is the CPU time of the thread that serves, the best of many rounds for each part,
less that of the same app bare. iamkit decides and queues the record of each decision; what its own thread
then spends on writing them is shown beside.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import io
import json
import logging
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time, thread_time
from types import ModuleType
from typing import Any, Protocol

if __name__ == "__main__":
    # Some peers install a package called `tests`, which would hide this folder.
    package = ModuleType("tests")
    package.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules["tests"] = package

from iamkit.client.signer import Signer
from iamkit.credentials import sessions
from iamkit.credentials.sessions import MODERN, SessionKind
from iamkit.kit import IAM
from iamkit.management import access_keys, inline, users
from iamkit.testing.servers import NoServer, postgres_server
from tests.benchmarks import guarded_apps

ROUTES = guarded_apps.ROUTES
PARTS = 10
HOST = "app.example"
BROWSER = (
    ("Host", HOST),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en-GB,en;q=0.5"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Connection", "keep-alive"),
)
PATHS = [f"/api/v1/r{number}/doc-{number}" for number in range(ROUTES)]

Fields = tuple[tuple[str, str], ...]


class Server(Protocol):
    """Serves one app in process."""

    def prepare(self) -> None:
        """Make the requests of a round anew; signatures last five minutes only. Not timed."""

    def serve(self, part: int) -> int:
        """Serve one part of the requests; how many were answered with 200."""


@dataclass(slots=True)
class Cell:
    """One app with one way of proving oneself."""

    name: str
    server: Server
    bare: str = ""
    bound: float | None = None
    iam: IAM | None = None
    cpus: list[float] = field(default_factory=lambda: [float("inf")] * PARTS)
    walls: list[float] = field(default_factory=lambda: [float("inf")] * PARTS)
    kept: list[float] = field(default_factory=list)

    @property
    def cpu(self) -> float:
        return sum(self.cpus) / PARTS

    @property
    def wall(self) -> float:
        return sum(self.walls) / PARTS


class Deployment:
    """A file store or database with a user who may read documents, and the credentials of that user."""

    def __init__(self, directory: Path, store: str | None = None) -> None:
        self.iam = IAM(directory, entry_points=False, store=store)
        self.iam.initialize(account_id="111122223333")
        desk = self.iam.desk(self.iam.operator())
        user = desk.do(users.create_user, user_name="alice")
        statements = [
            {"Effect": "Allow", "Action": "docs:Read", "Resource": "arn:aws:docs::111122223333:doc/*"},
            {"Effect": "Allow", "Action": ["docs:List", "docs:Search"], "Resource": "*"},
            {"Effect": "Deny", "Action": "docs:Delete", "Resource": "*"},
        ]
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        desk.do(inline.put_user_policy, user_name="alice", policy_name="docs", policy_document=text)
        key = desk.do(access_keys.create_access_key, user_name="alice")
        self._signer = Signer(key.key.key_id, key.secret)
        self.tokens = {}
        for kind in SessionKind:
            with self.iam.store.write() as unit:
                made = sessions.start(
                    unit,
                    self.iam.ids,
                    account="111122223333",
                    user_id=user.user_id,
                    kind=kind,
                    factors=("password",),
                    limits=MODERN,
                    now=self.iam.clock.now(),
                )
            self.tokens[kind] = made.token.reveal()

    def proofs(self) -> dict[str, Callable[[str], Fields]]:
        """How a request for a path is proved, by the name of the way."""
        cookie = (("Cookie", f"theme=dark; {self.iam.cookie_name}={self.tokens[SessionKind.COOKIE]}"),)
        bearer = (("Authorization", f"Bearer {self.tokens[SessionKind.BEARER]}"),)
        return {
            "session cookie": lambda _: cookie,
            "bearer": lambda _: bearer,
            "signed": lambda path: tuple(
                pair
                for pair in self._signer.sign(
                    "GET", f"http://{HOST}{path}", {}, b"", now=datetime.now(UTC)
                ).items()
                if pair[0] != "Host"
            ),
        }


class AsgiServer:
    """Serves every path once as an ASGI server would, without one."""

    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop, proof: Callable[[str], Fields]) -> None:
        self._app = app
        self._loop = loop
        self._proof = proof
        self._made: list[dict[str, Any]] = []
        self._statuses: list[int] = []

    def prepare(self) -> None:
        self._made = [self._scope(path) for path in PATHS]

    def serve(self, part: int) -> int:
        self._statuses.clear()
        self._loop.run_until_complete(self._part(part))
        return self._statuses.count(200)

    async def _part(self, part: int) -> None:
        for scope in self._made[part::PARTS]:
            await self._app(dict(scope), self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._statuses.append(message["status"])

    def _scope(self, path: str) -> dict[str, Any]:
        fields = (*BROWSER, *self._proof(path))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in fields],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 80),
        }


class WsgiServer:
    """Serves every path once as a WSGI server would, without one."""

    def __init__(self, app: Any, proof: Callable[[str], Fields]) -> None:
        self._app = app
        self._proof = proof
        self._made: list[dict[str, Any]] = []
        self._statuses: list[str] = []

    def prepare(self) -> None:
        self._made = [self._environ(path) for path in PATHS]

    def serve(self, part: int) -> int:
        self._statuses.clear()
        for environ in self._made[part::PARTS]:
            answer = self._app({**environ, "wsgi.input": io.BytesIO()}, self._start)
            for _ in answer:
                pass
            if hasattr(answer, "close"):
                answer.close()
        return sum(status.startswith("200") for status in self._statuses)

    def _start(self, status: str, headers: object, exc_info: object = None) -> None:
        self._statuses.append(status)

    def _environ(self, path: str) -> dict[str, Any]:
        environ = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "RAW_URI": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in (*BROWSER, *self._proof(path)):
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        return environ


# What each framework may add, in µs, by the way of proving oneself.
BOUNDS = {
    "Starlette": {"session cookie": 25.0, "bearer": 25.0, "signed": 45.0},
    "FastAPI": {"session cookie": 25.0, "bearer": 25.0, "signed": 45.0},
    "Flask": {"session cookie": 40.0, "bearer": 40.0, "signed": 45.0},
}


def cells(
    deployment: Deployment, loop: asyncio.AbstractEventLoop, label: str = "", *, alone: bool = False
) -> Iterable[Cell]:
    """The apps bare, behind iamkit, and (unless `alone`) behind what they are compared with."""

    def unproved(_: str) -> Fields:
        return ()

    def server(framework: str, app: Any, proof: Callable[[str], Fields]) -> Server:
        return WsgiServer(app, proof) if framework == "Flask" else AsgiServer(app, loop, proof)

    for framework, make in guarded_apps.BARE.items():
        bare = f"{framework}, bare"
        if not alone:
            yield Cell(bare, server(framework, make(None), unproved))
        guarded = make(deployment.iam)
        for way, proof in deployment.proofs().items():
            bound = BOUNDS[framework][way] if not label else None
            name = f"{framework} + iamkit{label}, {way}"
            yield Cell(name, server(framework, guarded, proof), bare, bound, deployment.iam)
    if alone:
        return
    for peer in guarded_apps.peers(loop):
        proof = _constant(peer.headers)
        if peer.bare_app is not None:
            yield Cell(peer.bare, server(peer.framework, peer.bare_app, unproved))
        yield Cell(peer.name, server(peer.framework, peer.app, proof), peer.bare)


def _constant(fields: Fields) -> Callable[[str], Fields]:
    return lambda _: fields


def measure(all_cells: list[Cell], rounds: int) -> None:
    """Alternating rounds; the best of each cell is kept. Decisions are written between rounds, and timed."""
    for cell in all_cells:
        # Warms plans, caches and connections.
        for _ in range(2):
            cell.server.prepare()
            _require_answers(cell, [cell.server.serve(part) for part in range(PARTS)])
        if cell.iam is not None:
            cell.iam.decisions.flush()
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for cell in all_cells:
            cell.server.prepare()
            right = []
            for part in range(PARTS):
                cpu, wall = thread_time(), perf_counter()
                answered = cell.server.serve(part)
                cpu, wall = thread_time() - cpu, perf_counter() - wall
                right.append(answered)
                cell.cpus[part] = min(cell.cpus[part], cpu / ROUTES * PARTS * 1e6)
                cell.walls[part] = min(cell.walls[part], wall / ROUTES * PARTS * 1e6)
            _require_answers(cell, right)
            if cell.iam is not None:
                _write(cell.iam, cell)


def _require_answers(cell: Cell, right: list[int]) -> None:
    """Whoever is refused is served fast: a round with one refusal in it measures nothing."""
    if sum(right) != ROUTES:
        raise SystemExit(f"{cell.name}: {sum(right)} of {ROUTES} requests were answered with 200")


def _write(iam: IAM, cell: Cell) -> None:
    """Write what is queued, and note what one took, if this thread wrote it and not the log's own."""
    waiting = iam.decisions.waiting
    cpu, everybody = thread_time(), process_time()
    iam.decisions.flush()
    cpu, everybody = thread_time() - cpu, process_time() - everybody
    if waiting >= ROUTES // 2 and cpu > everybody * 0.95:
        cell.kept.append(cpu / waiting * 1e6)


def table(all_cells: list[Cell]) -> str:
    """The figures as Markdown."""
    by_name = {cell.name: cell for cell in all_cells}
    lines = [
        "| app | µs a request | added | added, wall clock | bound | writing a decision, later |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for cell in all_cells:
        bare = by_name.get(cell.bare)
        added = f"{cell.cpu - bare.cpu:.1f}" if bare else ""
        wall = f"{cell.wall - bare.wall:.1f}" if bare else ""
        bound = "" if cell.bound is None else f"{cell.bound:.0f}"
        kept = f"{min(cell.kept):.1f}" if cell.kept else ""
        lines.append(f"| {cell.name} | {cell.cpu:.1f} | {added} | {wall} | {bound} | {kept} |")
    return "\n".join(lines)


def main() -> int:
    """Measure and print; 1 if a bound was missed and `--strict` was given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument(
        "--only", default="", help="cells whose name contains this, and what they are held to"
    )
    parser.add_argument("--no-postgres", action="store_true")
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args()
    logging.disable(logging.INFO)
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        loop = asyncio.new_event_loop()
        stack.callback(loop.close)
        deployment = Deployment(directory / "sqlite")
        stack.callback(deployment.iam.close)
        every = list(cells(deployment, loop))
        if not options.no_postgres:
            try:
                url = stack.enter_context(postgres_server())
            except NoServer as missing:
                sys.stdout.write(f"PostgreSQL left out: {missing}\n")
            else:
                remote = Deployment(directory / "postgres", url)
                stack.callback(remote.iam.close)
                every += cells(remote, loop, " on PostgreSQL", alone=True)
        if options.only:
            wanted = [cell for cell in every if options.only in cell.name]
            held = {cell.bare for cell in wanted}
            every = [cell for cell in every if cell in wanted or cell.name in held]
        measure(every, options.rounds)
        sys.stdout.write(
            f"CPython {platform.python_version()}; {guarded_apps.versions()}; {ROUTES} routes,"
            f" best of {options.rounds} rounds\n\n{table(every)}\n"
        )
        by_name = {cell.name: cell for cell in every}
        missed = [
            cell.name
            for cell in every
            if cell.bound is not None and cell.cpu - by_name[cell.bare].cpu > cell.bound
        ]
        sys.stdout.write(f"\nbounds missed: {', '.join(missed) or 'none'}\n")
        return int(bool(missed) and options.strict)


if __name__ == "__main__":
    sys.exit(main())
