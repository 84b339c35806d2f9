"""Asks for people who are there and for people who are not, and tries to tell the answers apart.

    python tests/proofs/enumeration.py [--samples 3000] [--threads 2] [--only sign-in forgotten …] [--leak]

Everybody in `told_apart/people.py` is asked for, interleaved at random with names that nobody has, at these
doors: the sign-in with a wrong password, a forgotten password, a passkey with a name said, and an SSH key of
nobody. What limits attempts has a clock of its own that runs ahead, so that nobody is refused for that; one
more door asks those who have used up their attempts.

- The answers have to be the same bytes: status, header fields and body, but for the request's own id.
- By the time of an answer, nobody may be told from somebody better than by a coin: the area under the ROC
  curve is 0.50 ± 0.02 over everybody, and no kind of people has a 99 % interval outside of that.

Ends with 1 otherwise. Times are told on a quiet machine only. `--leak` takes the floor under the time of a
failure away, which has to be noticed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.proofs.told_apart.area import Area, area
from tests.proofs.told_apart.doors import DOORS, Answer, Door, leaking
from tests.proofs.told_apart.people import NOBODY, People, settled

# As much as the area under the curve may be off a coin's.
MOST: Final = 0.02


def asked(
    door: Door, people: People, samples: int, threads: int, luck: random.Random
) -> dict[str, list[Answer]]:
    """The answers of a door, by kind of people; as many for nobody as for all of them together."""
    order = list(islice(cycle(people.somebody), samples))
    order += [people.nobody(luck) for _ in range(samples)]
    luck.shuffle(order)
    # Whoever comes first finds things cold.
    for person in order[: min(100, samples // 2)]:
        door.ask(person.name)
    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda person: door.ask(person.name), order))
    found: dict[str, list[Answer]] = {}
    for person, answer in zip(order, answers, strict=True):
        found.setdefault(person.kind, []).append(answer)
    return found


def told_by_bytes(door: Door, answers: Mapping[str, Sequence[Answer]]) -> list[str]:
    """What the answers of a door say themselves."""
    spelt = {kind: {answer.said for answer in given} for kind, given in answers.items()}
    every = {said for given in spelt.values() for said in given}
    count = sum(map(len, answers.values()))
    sys.stdout.write(
        f"{door.name}: {count} answers to {len(spelt)} kinds of people, {len(every)} different\n"
    )
    if len(every) == 1:
        return []
    for kind, given in sorted(spelt.items()):
        sys.stdout.write(f"  {kind}: {sorted(given)[:2]}\n")
    return [f"{door.name}: the answers differ"]


def told_by_time(door: Door, answers: Mapping[str, Sequence[Answer]], luck: random.Random) -> list[str]:
    """Who is told from nobody by how long the answers of a door took. Prints what was measured."""
    wrong = []
    nobody = [answer.seconds for answer in answers[NOBODY]]
    others = {kind: given for kind, given in answers.items() if kind != NOBODY}
    whole = area([one.seconds for given in others.values() for one in given], nobody, luck)
    sys.stdout.write(f"  {'somebody':<24} {whole}\n")
    if abs(whole.value - 0.5) > MOST:
        wrong.append(f"{door.name}: somebody is told from nobody, {whole}")
    for kind, given in sorted(others.items()):
        one: Area = area([answer.seconds for answer in given], nobody, luck)
        sys.stdout.write(f"  {kind:<24} {one}\n")
        if one.low > 0.5 + MOST or one.high < 0.5 - MOST:
            wrong.append(f"{door.name}: {kind} is told from nobody, {one}")
    return wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask at every door and say what was found. 1 if somebody can be told from nobody."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=3000, help="of somebody, and as many of nobody")
    parser.add_argument("--threads", type=int, default=2, help="how many ask at once at the sign-in")
    parser.add_argument("--people", type=int, default=20, help="how many there are of each kind")
    parser.add_argument("--only", nargs="+", choices=sorted(DOORS), default=list(DOORS))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--leak", action="store_true", help="give people away: it has to be noticed")
    parser.add_argument("--bytes-only", action="store_true", help="leave the times out")
    options = parser.parse_args(arguments)
    luck = random.Random(options.seed)
    sys.stdout.write(f"seed {options.seed}\n")
    wrong: list[str] = []
    for name in options.only:
        with ExitStack() as opened:
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
            iam, people = opened.enter_context(settled(folder / "data", options.people))
            if options.leak or options.bytes_only:
                opened.enter_context(leaking())
            door = DOORS[name](iam)
            door.prepare(people)
            threads = options.threads if door.waits else 1
            answers = asked(door, people, options.samples, threads, luck)
            wrong += told_by_bytes(door, answers)
            if not options.bytes_only:
                wrong += told_by_time(door, answers, luck)
    for line in wrong:
        sys.stdout.write(f"  {line}\n")
    sys.stdout.write(f"{len(options.only)} doors: {len(wrong)} ways to tell somebody from nobody\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
