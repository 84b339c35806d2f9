"""One cell of the matrix: one shape on one server, asked everything, compared, and summed up in a row."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from iamkit import IAM
from iamkit.audit.decision_log import DecisionRecord
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind
from iamkit.management import inline, login_profiles, users
from tests.proofs.served.drafts import Tokens
from tests.proofs.served.marks import POLICIES, allowed_of, compared, ran_of
from tests.proofs.served.mutations import Stream, stream
from tests.proofs.served.served import RAISED, SETTLE
from tests.proofs.served.servers import KNOWN, Known, Server
from tests.proofs.served.talk import Answer, Line

_PASSWORD: Final = "correct horse battery staple"
_TRACE: Final = re.compile(
    rf"^{RAISED} .*$|^.*Traceback \(most recent call last\):\n(?:[ \t|].*\n|\n)*.*$", re.MULTILINE
)
# What a server may say of a request that it does not serve itself, before the app is asked (RFC 9110 §15.6).
_OWN_REFUSALS: Final = (501, 505)
# Between two tracebacks of one failure: the last one's exception is what was not handled.
_CHAINED: Final = re.compile(
    r"^\S.*\n\n(?:During handling of the above|The above) exception.*\n\n.*Traceback \(most recent.*\n",
    re.MULTILINE,
)
# Django tells of a Host that it refuses with 400 by a traceback; nothing failed.
_HANDLED: Final = re.compile(r"^django\.core\.exceptions\.DisallowedHost:")
_SHOWN: Final = 40


@dataclass(slots=True)
class Cell:
    """The row of the table. `faults` is empty if the property holds."""

    shape: str
    server: str
    requests: int = 0
    runs: int = 0
    allows: int = 0
    refused: int = 0
    missing: int = 0
    redirected: int = 0
    own: int = 0
    silent: int = 0
    seconds: float = 0.0
    exceptions: int = 0
    excused: int = 0
    faults: list[str] = field(default_factory=list)
    endpoints: dict[str, int] = field(default_factory=dict)

    def as_data(self) -> dict[str, object]:
        """For the file by which a run is taken up again."""
        return asdict(self)


def prepared(directory: Path) -> None:
    """A deployment with the two users of the matrix."""
    with IAM(directory, entry_points=False, password_cost=CHEAPEST) as iam:
        iam.initialize(account_id="111122223333")
        desk = iam.desk(iam.operator())
        for name, policy in POLICIES.items():
            desk.do(users.create_user, user_name=name)
            desk.do(
                inline.put_user_policy, user_name=name, policy_name="p", policy_document=json.dumps(policy)
            )
            desk.do(login_profiles.create_login_profile, user_name=name, password=Secret(_PASSWORD))


def _tokens(directory: Path) -> Tokens:
    with IAM(directory, entry_points=False, password_cost=CHEAPEST) as iam:

        def token(name: str, kind: SessionKind) -> bytes:
            return iam.sign_in(name, _PASSWORD, kind=kind).token.reveal().encode()

        return Tokens(
            {name: token(name, SessionKind.BEARER) for name in POLICIES},
            {name: token(name, SessionKind.COOKIE) for name in POLICIES},
            iam.cookie_name.encode(),
        )


def measured(
    shape: str,
    server: str,
    *,
    template: Path,
    numbers: range,
    seed: int,
    timeout: float,
    keep: Path | None = None,
) -> Cell:
    """Ask one server everything in `numbers`. `template` is a deployment, `keep` a folder for logs."""
    began = time.monotonic()
    cell = Cell(shape, server)
    with tempfile.TemporaryDirectory(prefix="matrix-") as name:
        place = Path(name)
        shutil.copytree(template, place / "data")
        tokens = _tokens(place / "data")
        streams: dict[str, Stream] = {}
        with Server(shape, server, place / "data", place / "marks", place / "log") as running:
            line = Line(running.port, timeout)
            for number in numbers:
                asked = stream(seed, number, tokens, sockets=shape.startswith("asgi"))
                streams[str(number)] = asked
                known = [one for one in KNOWN.get(server, ()) if one.sent.search(asked.data)]
                _count(cell, asked, _answer(line, asked, cell, known), known)
                if not running.alive or len(cell.faults) > 200:
                    cell.faults.append(f"given up at {number}: the server ended, or too much is wrong")
                    break
            line.close()
            _settled(running.port, timeout, cell)
        log = (place / "log").read_text(errors="replace")
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            shutil.copy(place / "log", keep / f"{shape} {server}.log".replace(" ", "-"))
        _judge(cell, place, streams)
    _read_log(log, cell)
    cell.seconds = round(time.monotonic() - began, 1)
    return cell


def _answer(line: Line, asked: Stream, cell: Cell, known: Sequence[Known] = ()) -> Answer:
    try:
        return line.ask(asked, silent=asked.waits or any(one.silent for one in known))
    except OSError as fault:
        cell.faults.append(f"{_named(asked)}: the server could not be reached: {fault}")
        return Answer()


def _named(asked: Stream) -> str:
    return f"request {asked.number} ({', '.join(asked.done) or 'in order'}) {asked.data[:300]!r}"


def _count(cell: Cell, asked: Stream, answer: Answer, known: Sequence[Known]) -> None:
    cell.requests += 1
    if answer.hung and any(one.silent for one in known):
        cell.excused += 1
    elif answer.hung and not asked.waits:
        cell.faults.append(f"{_named(asked)}: no answer in time, so far {answer.raw[:100]!r}")
    if not answer.statuses:
        cell.silent += 1
    for status, by_app in answer.statuses:
        if not by_app and status != 101:
            cell.own += 1
        elif status in (401, 403):
            cell.refused += 1
        elif status >= 400:
            cell.missing += 1
        elif status >= 300:
            cell.redirected += 1
        if status < 500 or (not by_app and status in _OWN_REFUSALS):
            continue
        if not by_app and any(one.status == status for one in known):
            cell.excused += 1
        else:
            cell.faults.append(f"{_named(asked)}: {status} by the {'app' if by_app else 'server'}")


def _read_log(log: str, cell: Cell) -> None:
    """Exceptions that the log tells of, each kind once with how often and where it came from."""
    kinds: Counter[str] = Counter()
    for found in _TRACE.finditer(_CHAINED.sub("", log)):
        lines = [line.strip() for line in found[0].splitlines() if line.strip()]
        frames = [line for line in lines if line.startswith("File ")]
        kind = " < ".join([lines[-1][:300], *reversed(frames[-3:])])
        known = (one.logged for one in KNOWN.get(cell.server, ()))
        if any(one is not None and one.search(kind) for one in known) or _HANDLED.search(kind):
            cell.excused += 1
            continue
        cell.exceptions += 1
        kinds[kind] += 1
    cell.faults += [f"{count} times in the log: {kind}" for kind, count in kinds.items()]


def _settled(port: int, timeout: float, cell: Cell) -> None:
    """Have the decision log written. Twice, as a request that nobody waits for may still be running."""
    for _ in range(2):
        data = f"GET {SETTLE} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
        asked = Stream(-1, data, 1, False, False, False, False, False, frozenset(), ())
        answer = _answer(Line(port, timeout), asked, cell)
        if answer.statuses != [(200, False)]:
            cell.faults.append("the decision log could not be written")
        time.sleep(0.3)


def _judge(cell: Cell, place: Path, streams: dict[str, Stream]) -> None:
    with IAM(place / "data", entry_points=False) as iam, iam.store.read() as unit:
        allowed = allowed_of(unit.find(DecisionRecord))
    verdict = compared(
        ran_of(place / "marks"), allowed, {probe: asked.callers for probe, asked in streams.items()}
    )
    cell.runs, cell.allows = sum(verdict.runs.values()), verdict.allows
    cell.endpoints = dict(Counter(verdict.runs))
    for fault in verdict.faults[:_SHOWN]:
        probe = re.search(r"probe='([0-9]+)", fault)
        cell.faults.append(fault + (" by " + _named(streams[probe[1]]) if probe else ""))
