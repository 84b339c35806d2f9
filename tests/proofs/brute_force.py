"""Besieges a real server: many networks guess at one user, one network at many, and the others go on.

    python tests/proofs/brute_force.py [--minutes 10] [--rate 500] [--names 10000] [--threads 16]

Before the siege and during it, other users send signed requests at a steady pace. Attackers send `--rate`
guesses a second: half at one victim, each connection from an address of its own; half at random names, known
and unknown, from one address. Every fifteen seconds the victim signs in from a browser that is known. It ends
with 1 unless (figure F8)

- the others' 99th percentile is at most twice what it was,
- the victim was let in each time, within ten seconds,
- the server's memory grew by no more than a password's memory for each core and 64 MiB,
- no account had more passwords checked than the limits allow.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import multiprocessing
import os
import random
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from iamkit.client.signer import Signer
from iamkit.credentials.hashing import DEFAULT
from iamkit.credentials.secret import Secret
from iamkit.credentials.throttle import MODERN
from iamkit.kit import IAM
from iamkit.management import access_keys, inline, login_profiles, users

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

HERE: Final = Path(__file__).resolve().parent
PASSWORD: Final = "three quiet otters read maps"
VICTIM: Final = "ana"
OTHERS: Final = 20
# Requests of the others a second, in all.
PACE: Final = 50
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
READ: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "docs:Read", "Resource": "*"}]}
)


# --- the people ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Town:
    """Who lives there: the signers of the others, and their server's port and process."""

    signers: tuple[Signer, ...]
    port: int
    process: int

    def memory(self) -> int:
        """What the server has in memory, in bytes."""
        status = Path(f"/proc/{self.process}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024


@contextmanager
def settled(threads: int) -> Iterator[Town]:
    """A served deployment with a victim and others."""
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "data"
        with IAM(folder, entry_points=False, development=True) as iam:
            iam.initialize()
            desk = iam.desk(iam.operator())
            signers = []
            for name in (VICTIM, *(f"other{number}" for number in range(OTHERS))):
                desk.do(users.create_user, user_name=name)
                desk.do(inline.put_user_policy, user_name=name, policy_name="own", policy_document=READ)
                desk.do(login_profiles.create_login_profile, user_name=name, password=Secret(PASSWORD))
                made = desk.do(access_keys.create_access_key, user_name=name)
                signers.append(Signer(made.key.key_id, made.secret))
        command = [sys.executable, str(HERE / "siege" / "serve.py"), str(folder), str(threads)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            yield Town(tuple(signers[1:]), port, process.pid)
        finally:
            process.kill()
            process.wait()


def signing_in(port: int, name: str, password: str, cookie: str = "") -> tuple[int, str]:
    """The status, and the cookie by which the browser is known again."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {**FORM, **({"Cookie": cookie} if cookie else {})}
        connection.request("POST", "/sign-in", urlencode({"name": name, "password": password}), headers)
        answer = connection.getresponse()
        answer.read()
        given = answer.headers.get_all("Set-Cookie") or []
    finally:
        connection.close()
    known = next((one.partition(";")[0] for one in given if "-device=" in one), cookie)
    return answer.status, known


# --- the others, and the victim -----------------------------------------------------------------------------


@dataclass
class Watch:
    """What is seen of the server from outside."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    memory: int = 0
    victim: list[tuple[int, float]] = field(default_factory=list)

    def p99(self) -> float:
        return quantiles(self.seconds, n=100)[98]


def watched(town: Town, seconds: float, cookie: str = "") -> Watch:
    """How the server does for so long; with a cookie, the victim signs in every now and then."""
    seen, end, workers = Watch(), time.monotonic() + seconds, 4

    def ask(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", town.port, timeout=30)
        due = time.monotonic() + number / PACE
        for turn in itertools.count(number):
            due += workers / PACE
            if (wait := due - time.monotonic()) > 0:
                time.sleep(wait)
            if time.monotonic() >= end:
                return
            url = f"http://127.0.0.1:{town.port}/doc/{turn}"
            signed = town.signers[turn % OTHERS].sign("GET", url, {}, b"", now=datetime.now(UTC))
            began = time.perf_counter()
            connection.request("GET", f"/doc/{turn}", headers=signed)
            answer = connection.getresponse()
            answer.read()
            seen.seconds.append(time.perf_counter() - began)
            seen.statuses[answer.status] += 1

    def weigh() -> None:
        while time.monotonic() < end:
            seen.memory = max(seen.memory, town.memory())
            time.sleep(0.2)

    def sign_in() -> None:
        while time.monotonic() < end:
            began = time.perf_counter()
            status, _ = signing_in(town.port, VICTIM, PASSWORD, cookie)
            seen.victim.append((status, time.perf_counter() - began))
            time.sleep(min(15.0, max(0.0, end - time.monotonic())))

    jobs: list[Any] = [weigh, *([sign_in] if cookie else [])]
    threads = [threading.Thread(target=job) for job in jobs]
    threads += [threading.Thread(target=ask, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


# --- the attackers ------------------------------------------------------------------------------------------


def besiege(port: int, rate: float, names: int, stop: Event, told: Any) -> None:
    """Guess: at the victim from everywhere if `names` is 0, else at so many names from one address."""
    # Attackers have machines of their own: here they get what the server leaves.
    os.nice(10)
    counts: Counter[tuple[str, int]] = Counter()
    guard = threading.Lock()
    connections = 32

    def guess(number: int) -> None:
        luck, due = random.Random(), time.monotonic() + number / rate
        source = (
            f"127.{luck.randrange(1, 250)}.{luck.randrange(250)}.{number + 1}" if not names else "127.99.9.9"
        )
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=(source, 0))
        while not stop.is_set():
            due += connections / rate
            if (wait := due - time.monotonic()) > 0:
                time.sleep(wait)
            elif wait < -1:
                # The server does not keep up: what was not sent in time is not sent.
                due = time.monotonic()
            name = VICTIM if not names else f"other{luck.randrange(names)}"
            body = urlencode({"name": name, "password": secrets.token_urlsafe(9)})
            # One in four says to be a browser that is known.
            made_up = {} if number % 4 else {"Cookie": f"iamkit-device=ikd_{secrets.token_urlsafe(31)}A"}
            try:
                connection.request("POST", "/sign-in", body, {**FORM, **made_up})
                answer = connection.getresponse()
                answer.read()
            except OSError:
                connection.close()
                continue
            with guard:
                counts[name if not names else "anybody", answer.status] += 1

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.send(dict(counts))


def allowed(seconds: float) -> int:
    """How many guesses at one account the limits let through in so long."""
    count, passed = MODERN.free, 0.0
    while passed <= seconds:
        passed += MODERN.wait_after(count).total_seconds()
        count += 1
    return count


# --- what is found ------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Watch in peace, watch under siege, and compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--peace", type=float, default=30.0, help="seconds that are watched before")
    parser.add_argument("--rate", type=float, default=500.0, help="guesses a second, in all")
    parser.add_argument("--names", type=int, default=10_000, help="that are guessed at from one network")
    parser.add_argument("--threads", type=int, default=16, help="of the server")
    options = parser.parse_args(arguments)
    wrong: list[str] = []
    with settled(options.threads) as town:
        status, cookie = signing_in(town.port, VICTIM, PASSWORD)
        if status != 200 or not cookie:
            raise RuntimeError("the victim cannot sign in, even in peace")
        watched(town, 3)
        peace = watched(town, options.peace)
        base = town.memory()
        spawned = multiprocessing.get_context("spawn")
        stop, lines, attackers = spawned.Event(), [], []
        for names in (0, options.names):
            ours, theirs = spawned.Pipe(duplex=False)
            given = (town.port, options.rate / 2, names, stop, theirs)
            attackers.append(spawned.Process(target=besiege, args=given, daemon=True))
            attackers[-1].start()
            lines.append(ours)
        time.sleep(2)
        siege = watched(town, options.minutes * 60, cookie)
        stop.set()
        guesses: Counter[tuple[str, int]] = Counter()
        for line in lines:
            with suppress(EOFError):
                guesses.update(line.recv())
    seconds = options.minutes * 60
    grown, most = siege.memory - base, (os.cpu_count() or 1) * DEFAULT.memory_kib * 1024 + 64 * 2**20
    sent = sum(guesses.values())
    tried, most_tried = guesses[VICTIM, 401], allowed(seconds + 2)
    sys.stdout.write(f"{sent} guesses, {sent / (seconds + 2):.0f} a second: {json.dumps(_told(guesses))}\n")
    for name, seen in (("in peace", peace), ("under siege", siege)):
        sys.stdout.write(
            f"others {name}: {len(seen.seconds)} signed requests, p50 {median(seen.seconds) * 1000:.1f} ms,"
            f" p99 {seen.p99() * 1000:.1f} ms, {dict(seen.statuses)}\n"
        )
    slowest = max((took for _, took in siege.victim), default=0.0)
    tenths = [
        siege.seconds[len(siege.seconds) * part // 10 :][: len(siege.seconds) // 10] for part in range(10)
    ]
    shown = ", ".join(f"{quantiles(tenth, n=100)[98] * 1000:.1f}" for tenth in tenths)
    sys.stdout.write(f"p99 of each tenth of the siege, in ms: {shown}\n")
    sys.stdout.write(f"victim: {len(siege.victim)} times at the door, at most {slowest:.2f} s\n")
    sys.stdout.write(
        f"memory: {base / 2**20:.0f} MiB, and {grown / 2**20:.0f} MiB more ({most / 2**20:.0f} MiB allowed)\n"
    )
    if siege.p99() > 2 * peace.p99():
        wrong.append(f"the others' p99 is {siege.p99() / peace.p99():.1f} times what it was")
    if any(status != 200 or took > 10 for status, took in siege.victim) or not siege.victim:
        wrong.append(f"the victim was kept out: {siege.victim[:5]}")
    if grown > most:
        wrong.append("the server's memory grew by too much")
    if set(peace.statuses) | set(siege.statuses) != {200}:
        wrong.append("others were not served")
    if tried > most_tried or guesses[VICTIM, 200]:
        wrong.append(f"{tried} guesses at the victim were looked at, {most_tried} may be")
    sys.stdout.write("".join(f"  {reason}\n" for reason in wrong))
    sys.stdout.write(
        f"{options.minutes:g} minutes of siege: p99 {siege.p99() / peace.p99():.2f} times that of peace,"
        f" {tried} of {tried + guesses[VICTIM, 429]} guesses at the victim looked at,"
        f" {len(wrong)} figures missed\n"
    )
    return 1 if wrong else 0


def _told(guesses: Counter[tuple[str, int]]) -> dict[str, int]:
    return {f"{name} {status}": count for (name, status), count in sorted(guesses.items())}


if __name__ == "__main__":
    sys.exit(main())
