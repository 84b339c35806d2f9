"""Serves a great many requests of many identities at once and looks for one that saw another's principal.

    python tests/proofs/isolation.py [--requests 1000000] [--identities 1000] [--concurrency 256]

Half of the requests go to Starlette on one event loop, half to Flask in threads. Each handler asks who it
serves before and after others had their turn, in a job that carries the request's context and in one that
does not (which must see nobody), and in a background task. One request in ten asks for somebody else's
document and must be refused. All the while other changes move the epochs, so that caches are read anew. In
the end the kept decisions are held against the same rule. Exit code 0 if nobody was ever taken for another.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import contextvars
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any, Final

import flask
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from iamkit.audit.decision_log import DecisionRecord
from iamkit.credentials import sessions
from iamkit.credentials.sessions import MODERN, SessionKind
from iamkit.errors import MissingAuthenticationToken, ServiceUnavailable
from iamkit.gate.current import current_principal
from iamkit.kit import IAM
from iamkit.management import groups, inline, tags, users
from iamkit.web import flask as flask_glue
from iamkit.web import starlette as starlette_glue
from iamkit.web.marker import require

ACCOUNT: Final = "111122223333"
OWN: Final = {
    "Effect": "Allow",
    "Action": "docs:Read",
    "Resource": f"arn:aws:docs::{ACCOUNT}:doc/${{aws:username}}",
}
# Every so many requests one asks for a document of somebody else, and one has its context carried elsewhere.
STRANGE: Final = 10
NOBODY: Final = "nobody"


class Tally:
    """Counts what was seen, from any thread; keeps the first few surprises in words."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.surprises: list[str] = []

    def expect(self, what: str, seen: object, expected: object) -> None:
        """Count one look, and a surprise if it saw something else."""
        with self._guard:
            self.counts[what] += 1
            if seen != expected:
                self.counts["surprises"] += 1
                if len(self.surprises) < 10:
                    self.surprises.append(f"{what}: saw {seen!r} instead of {expected!r}")


def current_name() -> str:
    """Who is being served here."""
    try:
        return current_principal().name
    except MissingAuthenticationToken:
        return NOBODY


def identities(iam: IAM, number: int) -> dict[str, str]:
    """So many users who may each read the document of their name, with a bearer token each."""
    iam.initialize(account_id=ACCOUNT)
    desk = iam.desk(iam.operator())
    desk.do(groups.create_group, group_name="readers")
    text = json.dumps({"Version": "2012-10-17", "Statement": OWN})
    desk.do(inline.put_group_policy, group_name="readers", policy_name="own", policy_document=text)
    tokens = {}
    for index in range(number):
        user = desk.do(users.create_user, user_name=f"u{index}")
        desk.do(groups.add_user_to_group, group_name="readers", user_name=user.name)
        with iam.store.write() as unit:
            made = sessions.start(
                unit,
                iam.ids,
                account=ACCOUNT,
                user_id=user.user_id,
                kind=SessionKind.BEARER,
                factors=("password",),
                limits=MODERN,
                now=iam.clock.now(),
            )
        tokens[user.name] = made.token.reveal()
    return tokens


def asyncio_app(iam: IAM, tally: Tally, pool: ThreadPoolExecutor) -> Starlette:
    """Looks at its caller from everywhere an async handler may."""

    async def later(name: str) -> None:
        await asyncio.sleep(0)
        tally.expect("task that outlives its request", current_name(), name)

    tasks: set[asyncio.Task[None]] = set()

    @require("docs:Read", "doc/{doc}")
    async def read(request: Request) -> PlainTextResponse:
        name = request.headers["x-name"]
        tally.expect("handler", current_name(), name)
        tally.expect("request state", request.state.principal.name, name)
        await asyncio.sleep(0)
        tally.expect("handler, after others", current_name(), name)
        if request.headers.get("x-elsewhere"):
            tally.expect("job with context", await asyncio.to_thread(current_name), name)
            loop = asyncio.get_running_loop()
            bare = await loop.run_in_executor(pool, contextvars.Context().run, current_name)
            tally.expect("job without context", bare, NOBODY)
            tally.expect("handler, after jobs", current_name(), name)
            task = asyncio.create_task(later(name))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        background = BackgroundTask(lambda: tally.expect("background task", current_name(), name))
        return PlainTextResponse(current_name(), background=background)

    return starlette_glue.protect(Starlette(routes=[Route("/doc/{doc}", read)]), iam)


def flask_app(iam: IAM, tally: Tally, pool: ThreadPoolExecutor) -> flask.Flask:
    """Looks at its caller from everywhere a handler in a thread may."""
    app = flask_glue.protect(flask.Flask(__name__), iam)

    @app.get("/doc/<doc>")
    @require("docs:Read", "doc/{doc}")
    def read(doc: str) -> str:
        name = flask.request.headers["X-Name"]
        tally.expect("handler", current_name(), name)
        tally.expect("request state", flask.g.principal.name, name)
        if flask.request.headers.get("X-Elsewhere"):
            bare = pool.submit(contextvars.Context().run, current_name).result()
            tally.expect("job without context", bare, NOBODY)
            carried = pool.submit(contextvars.copy_context().run, current_name).result()
            tally.expect("job with context", carried, name)
        tally.expect("handler, after others", current_name(), name)
        return current_name()

    return app


class Questions:
    """Hands out what to ask: who, for which document, with the answer that is right. Safe between threads."""

    def __init__(self, tokens: dict[str, str], number: int) -> None:
        self._names = list(tokens)
        self._tokens = tokens
        self._number = number
        self._next = count()

    def another(self) -> tuple[str, str, dict[str, str]] | None:
        """The name, the document and the headers of the next request; None when there are no more."""
        turn = next(self._next)
        if turn >= self._number:
            return None
        # A stride that is prime to the number of identities, so that neighbours are never the same.
        name = self._names[turn * 7919 % len(self._names)]
        other = self._names[(turn * 7919 + 1) % len(self._names)]
        headers = {"host": "app.example", "authorization": f"Bearer {self._tokens[name]}", "x-name": name}
        if turn % STRANGE == 1:
            headers["x-elsewhere"] = "1"
        return name, other if turn % STRANGE == 0 else name, headers


def judge(tally: Tally, name: str, document: str, status: int, body: str) -> None:
    """Hold an answer against what was asked."""
    if name == document:
        tally.expect("answer", (status, body), (200, name))
    else:
        tally.expect("refusal", status, 403)


async def by_asyncio(app: Any, questions: Questions, tally: Tally, concurrency: int) -> None:
    """Ask from so many tasks at once."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ask() -> None:
        while (question := questions.another()) is not None:
            name, document, headers = question
            said: dict[str, Any] = {"body": b""}

            async def send(message: dict[str, Any], said: dict[str, Any] = said) -> None:
                if message["type"] == "http.response.start":
                    said["status"] = message["status"]
                else:
                    said["body"] += message.get("body", b"")
                await asyncio.sleep(0)

            scope = {
                "type": "http",
                "method": "GET",
                "scheme": "http",
                "path": f"/doc/{document}",
                "raw_path": f"/doc/{document}".encode(),
                "query_string": b"",
                "root_path": "",
                "headers": [(key.encode(), value.encode()) for key, value in headers.items()],
                "client": ("127.0.0.1", 50000),
                "server": ("127.0.0.1", 80),
            }
            await app(scope, receive, send)
            judge(tally, name, document, said["status"], said["body"].decode())
            tally.expect("the task that asked", current_name(), NOBODY)

    await asyncio.gather(*[asyncio.create_task(ask()) for _ in range(concurrency)])
    # The tasks that outlive their requests have their turn.
    for _ in range(10):
        await asyncio.sleep(0)


def by_threads(app: Any, questions: Questions, tally: Tally, concurrency: int) -> None:
    """Ask from so many threads at once."""

    def ask() -> None:
        while (question := questions.another()) is not None:
            name, document, headers = question
            environ: dict[str, Any] = {
                "REQUEST_METHOD": "GET",
                "SCRIPT_NAME": "",
                "PATH_INFO": f"/doc/{document}",
                "QUERY_STRING": "",
                "SERVER_NAME": "app.example",
                "SERVER_PORT": "80",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "REMOTE_ADDR": "127.0.0.1",
                "wsgi.url_scheme": "http",
                "wsgi.errors": sys.stderr,
                "wsgi.multithread": True,
            }
            environ |= {f"HTTP_{key.upper().replace('-', '_')}": value for key, value in headers.items()}
            statuses: list[str] = []
            answer = app(environ, lambda status, _, statuses=statuses: statuses.append(status))
            body = b"".join(answer)
            if hasattr(answer, "close"):
                answer.close()
            judge(tally, name, document, int(statuses[0][:3]), body.decode())
            tally.expect("the thread that asked", current_name(), NOBODY)

    threads = [threading.Thread(target=ask) for _ in range(concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def unrest(iam: IAM, stop: threading.Event) -> None:
    """Change something every now and then, so that nothing is served from a cache for long."""
    desk = iam.desk(iam.operator())
    for turn in count():
        if stop.wait(0.1):
            return
        # Among so many threads a change may wait for its turn longer than the store lets it.
        with contextlib.suppress(ServiceUnavailable):
            desk.do(tags.tag_user, user_name=f"u{turn % 2}", tags={"turn": str(turn)})


def check_kept(iam: IAM, tally: Tally) -> None:
    """Each decision that was kept names one caller, one document and the right outcome."""
    iam.decisions.flush()
    with iam.store.read() as reader:
        for record in reader.find(DecisionRecord):
            if record.action != "docs:Read":
                continue
            document = record.resource.rsplit("/", 1)[-1]
            own = record.principal == document
            tally.expect("kept outcome", record.outcome, "allowed" if own else "implicitDeny")
            tally.expect("kept request", record.request, f"GET /doc/{document}")
            tally.expect(
                "kept caller", json.loads(record.caller)["arn"].endswith(f"/{record.principal}"), True
            )
            context = json.loads(record.context)
            tally.expect("kept context", context["aws:username"], record.principal)


def main(arguments: list[str] | None = None) -> int:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--identities", type=int, default=1_000)
    parser.add_argument("--concurrency", type=int, default=256)
    options = parser.parse_args(arguments)
    tally = Tally()
    half = options.requests // 2
    with (
        tempfile.TemporaryDirectory() as folder,
        IAM(Path(folder) / "data", entry_points=False, allow_sampling=0.02) as iam,
        ThreadPoolExecutor(16) as pool,
    ):
        tokens = identities(iam, options.identities)
        stop = threading.Event()
        changing = threading.Thread(target=unrest, args=(iam, stop))
        changing.start()
        began = time.monotonic()
        try:
            app = asyncio_app(iam, tally, pool)
            questions = Questions(tokens, half)
            asyncio.run(by_asyncio(app, questions, tally, options.concurrency))
            rest = options.requests - half
            by_threads(flask_app(iam, tally, pool), Questions(tokens, rest), tally, options.concurrency)
        finally:
            stop.set()
            changing.join()
        seconds = time.monotonic() - began
        check_kept(iam, tally)
    for what, number in sorted(tally.counts.items()):
        sys.stdout.write(f"{what}: {number}\n")
    for surprise in tally.surprises:
        sys.stdout.write(f"{surprise}\n")
    answered = tally.counts["answer"] + tally.counts["refusal"]
    looks = sum(tally.counts.values()) - tally.counts["surprises"]
    sys.stdout.write(
        f"{answered} requests of {options.identities} identities, {options.concurrency} at a time, in"
        f" {seconds:.0f} s: {looks} looks, {tally.counts['surprises']} saw another than they should\n"
    )
    return int(tally.counts["surprises"] > 0 or answered != options.requests)


if __name__ == "__main__":
    sys.exit(main())
