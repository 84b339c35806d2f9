"""Mutation testing of the engine: small faults are planted one by one, which tests of a few seconds notice.

    python tests/proofs/mutation.py --state mutation.jsonl [--module fold]... [--processes 2] [--again]

The state file says what came of each fault; started again with the same file and the same modules, the run
goes on where it stopped, with `--again` also over what went unnoticed. A fault that changes no answer, only
time or memory, is explained in `tests/policy/mutation/survivors.toml`. Exit status 1: of the others fewer
than 95 % were noticed, or one was not that is not explained.

The faults are the project's own because mutmut, the usual tool, leaves out properties, decorated functions
and the tables of a module, which the operators are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import pytest  # noqa: E402

from tests.policy.mutation.mutants import Mutant, Source  # noqa: E402
from tests.policy.mutation.suite import ALL, OPTIONS, POLICY, Answer, Forking, tried_anew  # noqa: E402

# The duties of an engine, and the modules that have them.
MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "match": ("match", "targets", "conditions", "principals", "speakers"),
    "layers": ("layers", "candidates", "combine"),
    "operators": ("operators", "values"),
    "patterns": ("patterns", "tokens", "variables"),
    "plan": ("plan", "fold", "sites"),
    "evaluate": ("evaluate", "formula", "residual"),
}
LEAST: Final = 0.95
SURVIVORS: Final = ROOT / "tests" / "policy" / "mutation" / "survivors.toml"


def explained(path: Path = SURVIVORS) -> dict[str, str]:
    """Why each fault that no test can or need notice is none, by its text."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return {mutant: group["why"] for group in data["group"] for mutant in group["mutants"]}


class State:
    """What came of each fault so far, one line each, in a file that only grows."""

    def __init__(self, path: Path, sources: Mapping[str, Source]) -> None:
        self.answers: dict[str, Answer] = {}
        self._path = path
        self._digests = {
            name: hashlib.sha256(source.text.encode()).hexdigest()[:16] for name, source in sources.items()
        }
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            data = json.loads(line)
            text, module = data.pop("mutant"), data.pop("module")
            # What was said of another text of the module is not said of this one.
            if self._digests.get(module) == data.pop("digest"):
                self.answers[text] = Answer(**data)

    def tell(self, mutant: Mutant, answer: Answer) -> None:
        """Keeps an answer; a later one counts."""
        self.answers[str(mutant)] = answer
        told = {"module": mutant.module, "digest": self._digests[mutant.module], "mutant": str(mutant)}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**told, **vars(answer)}) + "\n")


def forked(mutants: Sequence[Mutant], sources: Mapping[str, Source], state: State, processes: int) -> str:
    """Tries faults within functions, in a child of their own; the tests that were asked, in words."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(read)
            plugin = Forking(mutants, lambda one: sources[one.module].compiled(one), state.tell, processes)
            pytest.main([*OPTIONS, *ALL], plugins=[plugin])
            os.write(write, f"{plugin.count:,} tests in {plugin.seconds:.1f} s".encode())
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def report(mutants: Sequence[Mutant], state: State, out: TextIO) -> bool:
    """Prints the table, and what is not explained; whether all is well."""
    whys = explained()
    shown: dict[str, Counter[str]] = {}
    unexplained = []
    for mutant in mutants:
        counts = shown.setdefault(mutant.module, Counter())
        answer = state.answers[str(mutant)]
        counts["all"] += 1
        counts["noticed"] += answer.noticed
        counts["ran away"] += answer.ran_away
        if not answer.noticed and str(mutant) not in whys:
            unexplained.append(str(mutant))
    total: Counter[str] = sum(shown.values(), Counter())
    print(f"{'module':<14}{'faults':>8}{'noticed':>9}{'':>8}{'of them ran away':>18}", file=out)
    for name, counts in {**shown, "all": total}.items():
        share = counts["noticed"] / counts["all"]
        print(
            f"{name:<14}{counts['all']:>8,}{counts['noticed']:>9,}{share:>8.1%}{counts['ran away']:>18,}",
            file=out,
        )
    for text in unexplained:
        print(f"not noticed, not explained: {text}", file=out)
    for text in whys:
        answer_of = state.answers.get(text)
        if answer_of is not None and answer_of.noticed:
            print(f"explained, but noticed: {text}", file=out)
    unnoticed = total["all"] - total["noticed"]
    equivalent = unnoticed - len(unexplained)
    share = total["noticed"] / (total["all"] - equivalent)
    print(
        f"{total['noticed']:,} of {total['all']:,} faults noticed ({total['noticed'] / total['all']:.1%}); "
        f"{equivalent} of the others change no answer, each explained; of the rest {share:.1%} noticed",
        file=out,
    )
    return share >= LEAST and not unexplained


def main(arguments: Sequence[str] | None = None) -> int:
    """Tries every fault; the exit status."""
    names = [name for several in MODULES.values() for name in several]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--module", choices=names, action="append", default=[])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="also what went unnoticed before")
    given = parser.parse_args(arguments)

    sources = {name: Source(name, POLICY / f"{name}.py") for name in given.module or names}
    mutants = [mutant for source in sources.values() for mutant in source.mutants()]
    state = State(given.state, sources)

    def open_ones() -> list[Mutant]:
        told = state.answers
        return [
            one for one in mutants if str(one) not in told or (given.again and not told[str(one)].noticed)
        ]

    # What forks say is final but for functions that ran before they forked.
    forks = State(given.state.with_suffix(".forked"), sources)
    wanted = open_ones()
    within = [
        one
        for one in wanted
        if one.function is not None
        and (str(one) not in forks.answers or (given.again and not forks.answers[str(one)].noticed))
    ]
    if within:
        print(forked(within, sources, forks, given.processes), flush=True)
        forks = State(given.state.with_suffix(".forked"), sources)
    rest = []
    for one in wanted:
        answer = forks.answers.get(str(one))
        if answer is not None and (answer.noticed or not answer.early):
            state.tell(one, answer)
        elif answer is not None or one.function is None:
            rest.append(one)
        else:
            sys.exit("the forks ended before all faults were tried; start again")
    for mutant, answer in tried_anew(rest, lambda one: sources[one.module].compiled(one), given.processes):
        state.tell(mutant, answer)
    return 0 if report(mutants, state, sys.stdout) else 1


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of a set is part of what a test sees.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    sys.exit(main())
