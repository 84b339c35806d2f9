"""The tests that have to notice a planted fault, and how one fault is tried.

Theory of operation: a process that has loaded the tests once is forked for each fault. The child puts the
changed code into the function it is in and runs the tests that call the function until one fails, those first
that noticed a fault near it before. A fault outside of functions is tried by a child that reads everything
anew, and so is one that went unnoticed in a function that had already run when the tests were loaded.
"""

from __future__ import annotations

import functools
import gc
import importlib.abc
import importlib.util
import inspect
import os
import resource
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Final

import pytest
from _pytest.runner import runtestprotocol

from tests.policy.mutation.mutants import Mutant

POLICY: Final = Path(__file__).resolve().parents[3] / "iamkit" / "policy"
TESTS: Final = Path(__file__).resolve().parents[1]
FILES: Final = (
    "semantics",
    "reference/test_small_run.py",
    *(
        f"test_{name}.py"
        for name in (
            "candidates", "combine", "conditions", "evaluate", "explain", "fold", "formula", "layers",
            "match", "operators", "patterns", "plan", "principals", "residual", "revision", "sites",
            "speakers", "targets", "values", "variables",
        )
    ),
)  # fmt: skip
# No random examples, so that the same fault is noticed again; nothing of what only reads the tests.
OPTIONS: Final = (
    *("-q", "-m", "not hypothesis", "--no-header", "--no-summary", "--capture=no", "--tb=native"),
    *("--assert=plain", "-p", "no:cacheprovider", "-p", "no:logging", "-p", "no:warnings"),
    # The plugin for apps loads the engine before a fault is in it.
    *("-p", "no:iamkit"),
    f"--ignore={TESTS}/semantics/test_rules_covered.py",
)
ALL: Final = tuple(str(TESTS / name) for name in FILES)
# What the tests load beside the engine, and what a child need not load again.
UNCHANGED: Final = ("_hypothesis_pytestplugin", "hypothesis.strategies", "valkey", "psycopg", "sqlalchemy")
# Asked before all others, and loaded alone, where all has to be loaded anew.
NARROW: Final = {"operators": ("test_operators.py", "semantics/test_c_conditions.py")}
# A file that asks so much of so few modules that it is spared for the others.
ABOUT: Final = {"/test_operator_table.py": ("conditions", "operators", "values")}
# Processor time for one test and memory for all; beyond them a fault is noticed: the engine ran away.
SECONDS: Final = 3.0
MEMORY: Final = 3 << 30
LONGEST: Final = 60

NOTICED, UNNOTICED, RAN_AWAY, BROKEN = range(4)


@dataclass(frozen=True)
class Answer:
    """What came of a fault: noticed or not, and by which test."""

    noticed: bool
    by: str
    ran_away: bool = False
    early: bool = False


def _alone(run: Callable[[int], int]) -> tuple[int, int]:
    """Starts a child that runs, silent, and may write to a pipe: its process id and the end to read from."""
    read, write = os.pipe()
    child = os.fork()
    if child:
        os.close(write)
        return child, read
    code = BROKEN
    try:
        os.close(read)
        # A session of its own: a scheduler that shares by session lets each process count.
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        # What hangs within one call of C sees no signal of ours.
        resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
        code = run(write)
    finally:
        os._exit(code)


def _answer(status: int, said: str) -> Answer:
    if os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == RAN_AWAY:
        return Answer(noticed=True, by=said, ran_away=True)
    return Answer(os.WEXITSTATUS(status) != UNNOTICED, said)


def _several(
    jobs: Iterator[tuple[Mutant, Callable[[int], int]]], processes: int
) -> Iterator[tuple[Mutant, Answer]]:
    """The answers of children, so many at a time."""
    running: dict[int, tuple[Mutant, int]] = {}
    more = True
    while more or running:
        while more and len(running) < processes:
            job = next(jobs, None)
            if job is None:
                more = False
                break
            child, read = _alone(job[1])
            running[child] = (job[0], read)
        if running:
            child, status = os.wait()
            mutant, read = running.pop(child)
            with os.fdopen(read, encoding="utf-8") as pipe:
                yield mutant, _answer(status, pipe.read())


def _policy_modules() -> list[ModuleType]:
    return [module for name, module in sys.modules.items() if name.startswith("iamkit.policy")]


def _forget() -> None:
    """Empties what functions remember."""
    for module in _policy_modules():
        for value in list(vars(module).values()):
            if isinstance(value, functools._lru_cache_wrapper):
                value.cache_clear()


class Forking:
    """A pytest plugin: once the tests are collected, each fault is tried in a fork."""

    def __init__(
        self,
        mutants: Sequence[Mutant],
        changed: Callable[[Mutant], CodeType],
        tell: Callable[[Mutant, Answer], None],
        processes: int,
    ) -> None:
        self.mutants = mutants
        self.changed = changed
        self.tell = tell
        self.processes = processes
        self.seconds = 0.0
        self.count = 0
        self._early: set[CodeType] = set()
        sys.setprofile(self._note)

    def _note(self, frame: FrameType, event: str, given: object) -> None:
        if event == "call":
            self._early.add(frame.f_code)

    def _is_early(self, mutant: Mutant) -> bool:
        """Whether the function ran while tests were collected, so that what it made is there already."""
        first, last = mutant.function or (0, 0)
        path = str(POLICY / f"{mutant.module}.py")
        return any(code.co_filename == path and first <= code.co_firstlineno <= last for code in self._early)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        sys.setprofile(None)
        items = {item.nodeid: item for item in session.items}
        self.count = len(items)
        gc.collect()
        gc.freeze()
        calls = self._calls(list(session.items))
        killers: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        every = list(items)

        def jobs() -> Iterator[tuple[Mutant, Callable[[int], int]]]:
            for mutant in self.mutants:
                first, last = mutant.function or (0, 0)
                near = [
                    name
                    for name in every
                    if any(first <= line <= last for line in calls[name].get(mutant.module, ()))
                ]
                # What noticed a fault in this function, in this module; what is about this module; the
                # random questions. What does not call the function cannot notice.
                before = [name for name, _ in killers[mutant.module, mutant.where].most_common()]
                beside = [name for name, _ in killers[mutant.module, ""].most_common(40)]
                own = [name for name in near if f"/test_{mutant.module}.py" in name]
                broad = [name for name in near if "/test_small_run.py" in name]
                calling = {
                    name
                    for name in near
                    if not any(file in name and mutant.module not in about for file, about in ABOUT.items())
                }
                order = [
                    name for name in dict.fromkeys([*before, *beside, *own, *broad, *near]) if name in calling
                ]
                yield mutant, functools.partial(self._try, mutant, [items[name] for name in order])

        for mutant, answer in _several(jobs(), self.processes):
            if answer.by in items:
                killers[mutant.module, mutant.where][answer.by] += 1
                killers[mutant.module, ""][answer.by] += 1
            self.tell(mutant, replace(answer, early=self._is_early(mutant)))
        return True

    def _try(self, mutant: Mutant, items: Sequence[pytest.Item], pipe: int) -> int:
        _put(mutant, self.changed(mutant))
        _forget()
        return _run(items, pipe)

    def _calls(self, items: Sequence[pytest.Item]) -> Mapping[str, Mapping[str, set[int]]]:
        """Which functions each test calls: by module, the lines they begin at. The tests must pass."""
        child, read = _alone(functools.partial(_run, items))
        with os.fdopen(read, encoding="utf-8") as pipe:
            failed = pipe.read()
        _, status, used = os.wait4(child, 0)
        if os.waitstatus_to_exitcode(status) != UNNOTICED:
            raise SystemExit(f"a test fails without any fault: {failed}")
        child, read = _alone(functools.partial(self._watch, items))
        with os.fdopen(read, encoding="utf-8") as pipe:
            lines = pipe.read().splitlines()
        os.waitpid(child, 0)
        calls: dict[str, dict[str, set[int]]] = {item.nodeid: defaultdict(set) for item in items}
        for line in lines:
            test, _, rest = line.partition("\t")
            module, _, number = rest.partition(":")
            if number:
                calls[test][module].add(int(number))
        self.seconds = used.ru_utime
        return calls

    def _watch(self, items: Sequence[pytest.Item], pipe: int) -> int:
        folder = f"{POLICY}{os.sep}"
        seen: set[CodeType] = set()

        def trace(frame: FrameType, event: str, given: object) -> None:
            seen.add(frame.f_code)

        with os.fdopen(pipe, "w", encoding="utf-8") as out:
            for item, following in zip(items, [*items[1:], None], strict=True):
                _forget()
                seen.clear()
                sys.setprofile(trace)
                try:
                    runtestprotocol(item, log=False, nextitem=following)
                finally:
                    sys.setprofile(None)
                for code in seen:
                    if code.co_filename.startswith(folder):
                        module = code.co_filename.removeprefix(folder).removesuffix(".py")
                        out.write(f"{item.nodeid}\t{module}:{code.co_firstlineno}\n")
        return 0


def _run(items: Sequence[pytest.Item], pipe: int) -> int:
    """Runs tests until one fails; the pipe gets the name of the one that does, or runs away."""
    running = ""

    def stop(number: int, frame: FrameType | None) -> None:
        os.write(pipe, running.encode())
        os._exit(RAN_AWAY)

    signal.signal(signal.SIGVTALRM, stop)
    for item, following in zip(items, [*items[1:], None], strict=True):
        running = item.nodeid
        # Processor time, not time on the wall: a busy machine is no fault.
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        reports = runtestprotocol(item, log=False, nextitem=following)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if any(report.failed for report in reports):
            os.write(pipe, running.encode())
            return NOTICED
    return UNNOTICED


def _put(mutant: Mutant, module: CodeType) -> None:
    """Puts the changed code of a function where the old one is."""
    holder = sys.modules[f"iamkit.policy.{mutant.module}"]
    found: object = holder
    for name in mutant.where.split("."):
        found = inspect.getattr_static(found, name)
    while not isinstance(found, FunctionType):
        for inner in ("fget", "__func__", "__wrapped__"):
            if hasattr(found, inner):
                found = getattr(found, inner)
                break
        else:
            raise LookupError(str(mutant))
    assert mutant.function is not None
    for code in _codes(module):
        if (
            code.co_qualname == mutant.where
            and mutant.function[0] <= code.co_firstlineno <= mutant.function[1]
        ):
            found.__code__ = code
            return
    raise LookupError(str(mutant))


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module with other code than its file has."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        self.name, self.path, self.code = name, path, code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, module.__dict__)


class _First:
    """A pytest plugin: runs until a test fails, those first that are named."""

    def __init__(self, names: Sequence[str], pipe: int) -> None:
        self.places = {name: place for place, name in enumerate(names)}
        self.pipe = pipe
        self.code = NOTICED

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        last = len(self.places)
        items = sorted(session.items, key=lambda item: self.places.get(item.nodeid, last))
        self.code = _run(items, self.pipe)
        return True


def _anew(mutant: Mutant, changed: CodeType, first: Sequence[str], pipe: int) -> int:
    sys.meta_path.insert(
        0, _Changed(f"iamkit.policy.{mutant.module}", POLICY / f"{mutant.module}.py", changed)
    )
    narrow = NARROW.get(mutant.module, (f"test_{mutant.module}.py",))
    code = UNNOTICED
    for files in (tuple(str(TESTS / name) for name in narrow), ALL):
        if code == UNNOTICED and all(Path(file).exists() for file in files):
            plugin = _First(first, pipe)
            # What does not even load is noticed.
            pytest.main([*OPTIONS, *files], plugins=[plugin])
            code = plugin.code
    return code


def tried_anew(
    mutants: Sequence[Mutant], changed: Callable[[Mutant], CodeType], processes: int
) -> Iterator[tuple[Mutant, Answer]]:
    """Tries faults in children that read everything anew. This process must not have loaded the engine."""
    killers: dict[str, Counter[str]] = defaultdict(Counter)
    for name in UNCHANGED:
        importlib.import_module(name)
    gc.freeze()

    def jobs() -> Iterator[tuple[Mutant, Callable[[int], int]]]:
        for mutant in mutants:
            first = [name for name, _ in killers[mutant.module].most_common()]
            yield mutant, functools.partial(_anew, mutant, changed(mutant), first)

    for mutant, answer in _several(jobs(), processes):
        if "::" in answer.by:
            killers[mutant.module][answer.by] += 1
        yield mutant, answer
