"""What the benchmark measures of iamkit alone: first decisions, the worst pattern, explanations, layers."""

from __future__ import annotations

import gc
import json
import os
import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter_ns, thread_time_ns

from iamkit.policy import (
    AccessRequest,
    AttachedPolicy,
    CallerLayers,
    PolicyKind,
    PolicySource,
    ResourceLayers,
    compile_plan,
    explain,
    parse,
)
from iamkit.policy.patterns import Pattern
from iamkit.policy.plan import Plan
from iamkit.policy.tokens import tokens_of
from tests.benchmarks.engines import Engine, Iamkit
from tests.benchmarks.workload import Shape, workload


def memory(engine: Engine) -> str:
    """What loading 10,000 statements adds to the process, and what is there after 400 decisions."""
    made = workload("spread", 10_000)
    gc.collect()
    before = _resident()
    engine.load(made)
    gc.collect()
    loaded = _resident()
    for ask in made.asks[:400]:
        engine.decide(engine.prepare(ask))
    gc.collect()
    return f"{(loaded - before) / 2**20:.1f} (after 400 decisions {(_resident() - before) / 2**20:.1f})"


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def extras() -> Iterator[str]:
    """One line of Markdown each."""
    yield "\n### iamkit alone\n\n| what | µs |\n|---|---:|"
    shapes: tuple[Shape, ...] = ("spread", "single")
    for shape in shapes:
        mean, p99 = first_decisions(shape)
        yield f"| first decision of a (principal, action), {shape} 10,000: mean | {mean:,.0f} |"
        yield f"| the same: p99 | {p99:,.0f} |"
    yield f"| twelve stars against 4 KiB, text prepared anew | {adversarial():,.0f} |"
    for shape in shapes:
        yield f"| `explain`, {shape} 100: median | {explanations(shape):,.0f} |"
    for name, time in layers():
        yield f"| decision (p50), {name} | {time:.2f} |"


def first_decisions(shape: Shape) -> tuple[float, float]:
    """Compile and decide, once for each (principal, action) of the requests, in a fresh store; CPU time."""
    made = workload(shape, 10_000)
    engine = Iamkit()
    engine.load(made)
    times: list[int] = []
    seen: set[tuple[str, str]] = set()
    gc.collect()
    gc.disable()  # as timeit does: a full collection of the store would show as the p99
    for ask in made.asks:
        if (ask.user, ask.action) in seen:
            continue
        seen.add((ask.user, ask.action))
        request = engine.request(ask)
        start = thread_time_ns()
        engine.compile(ask).decide(request)
        times.append(thread_time_ns() - start)
    gc.enable()
    times.sort()
    return statistics.fmean(times) / 1_000, times[int(len(times) * 0.99)] / 1_000


def adversarial() -> float:
    """Preparing included, the worst of: nothing to find, almost found, `?` between."""
    cases = [("a*" * 12 + "b", "a" * 4096), ("*aab" * 12, "aa" * 2048), ("?a*" * 12 + "b", "a" * 4096)]
    return max(_median(lambda p=p, t=t: Pattern(tokens_of(p)).matches(t), 50) for p, t in cases)  # type: ignore[misc]


def explanations(shape: Shape) -> float:
    """All told, from request to explanation, in a store of 100."""
    made = workload(shape, 100)
    engine = Iamkit()
    engine.load(made)
    times: list[float] = []
    for ask in made.asks[:300]:
        request, mine = engine.request(ask), engine.layers[ask.user]
        start = thread_time_ns()
        explain(request, mine)
        times.append((thread_time_ns() - start) / 1_000)
    return statistics.median(times)


def layers() -> Iterator[tuple[str, float]]:
    """What each layer adds, in a store of 100 spread over its principals."""
    made = workload("spread", 100)
    engine = Iamkit()
    engine.load(made)
    wide = _policy(PolicyKind.BOUNDARY, {"Effect": "Allow", "Action": "*", "Resource": "*"})
    guard = _policy(PolicyKind.GUARDRAIL, {"Effect": "Allow", "Action": "*", "Resource": "*"})
    shared = _policy(
        PolicyKind.RESOURCE,
        {"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "s3:*", "Resource": "*"},
    )
    kinds: list[tuple[str, Callable[[CallerLayers], CallerLayers], ResourceLayers]] = [
        ("identity policies alone", lambda own: own, ResourceLayers()),
        ("with a boundary", lambda own: replace(own, boundary=(wide,)), ResourceLayers()),
        ("with a session policy", lambda own: replace(own, session=(wide,)), ResourceLayers()),
        (
            "with guardrails, two levels",
            lambda own: replace(own, guardrails=((guard,), (guard,))),
            ResourceLayers(),
        ),
        ("with a resource policy of somebody else", lambda own: own, ResourceLayers((shared,))),
        (
            "with all of these",
            lambda own: replace(own, boundary=(wide,), session=(wide,), guardrails=((guard,), (guard,))),
            ResourceLayers((shared,)),
        ),
    ]
    for name, around, theirs in kinds:
        times: list[int] = []
        pairs: list[tuple[Callable[[AccessRequest], object], AccessRequest]] = []
        plans: dict[tuple[str, str], Plan] = {}
        for ask in made.asks:
            plan = plans.get((ask.user, ask.action))
            if plan is None:
                own = around(engine.layers[ask.user])
                plan = compile_plan(own, theirs, engine.callers[ask.user], ask.action)
                plans[ask.user, ask.action] = plan
            pairs.append((plan.decide, engine.request(ask)))
        for _ in range(5):
            for decide, request in pairs:
                start = perf_counter_ns()
                decide(request)
                times.append(perf_counter_ns() - start)
        yield name, statistics.median(times) / 1_000


def _policy(kind: PolicyKind, statement: dict[str, object]) -> AttachedPolicy:
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return AttachedPolicy(parse(text, kind), PolicySource("all"))


def _median(run: Callable[[], object], times: int) -> float:
    taken: list[int] = []
    for _ in range(times):
        start = perf_counter_ns()
        run()
        taken.append(perf_counter_ns() - start)
    return statistics.median(taken) / 1_000
