"""Both evaluators asked the same, what they differ in, and a tally of what was met on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from iamkit.policy import Plan, compile_plan, evaluate
from iamkit.policy.decision import Decision
from iamkit.policy.layers import Layer
from iamkit.policy.request import AccessRequest, Caller, Context
from tests.policy.reference import reference
from tests.policy.reference.cases import Case, EngineLayers, for_engine, for_reference, without_own_layers
from tests.policy.reference.generator import Generator, PolicySet

LAYER_NAMES: Final[Mapping[Layer, str]] = {
    Layer.IDENTITY: "identity",
    Layer.BOUNDARY: "boundary",
    Layer.SESSION: "session",
    Layer.RESOURCE: "resource",
    Layer.GUARDRAIL: "guardrail",
    Layer.RESOURCE_GUARDRAIL: "resource guardrail",
    Layer.ENDPOINT: "endpoint",
}
OUTCOMES: Final = ("allowed", "explicitDeny", "implicitDeny", "error")
CELLS: Final = ("plain", "IfExists", "ForAllValues", "ForAnyValue", "Null", "missing key")


@dataclass
class Tally:
    """What was met: outcomes, kinds of caller, and cells of the table of operators."""

    pairs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    callers: Counter[str] = field(default_factory=Counter)
    cells: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)

    def notice(
        self,
        operator: str,
        key: str,
        whole: reference.Document,
        context: Context,
        answer: reference.Answer,
    ) -> None:
        """One condition was judged."""
        missing = context.get(key) in (None, ())
        if operator == "Null":
            self.cells["Null missing" if missing else "Null present"] += 1
            return
        base = operator.rpartition(":")[2].removesuffix("IfExists")
        modes = [mode for mode in ("IfExists", "ForAllValues", "ForAnyValue") if mode in operator]
        for cell in modes or ["plain"]:
            self.cells[f"{base} {cell}"] += 1
        if missing:
            self.cells[f"{base} missing key"] += 1
        if "Null" in whole and key in whole["Null"]:
            self.cells[f"{base} Null"] += 1
        self.answers[f"{base} {answer}"] += 1

    def add(self, other: Tally) -> None:
        """Both together."""
        self.pairs += other.pairs
        for name in ("outcomes", "callers", "cells", "answers"):
            getattr(self, name).update(getattr(other, name))

    def share(self, outcome: str) -> float:
        """The part of all pairs with this outcome."""
        return self.outcomes[outcome] / self.pairs if self.pairs else 0.0

    def least(self) -> tuple[str, int]:
        """The cell that was met least."""
        return min(
            ((cell, self.cells[cell]) for cell in every_cell()), key=lambda found: (found[1], found[0])
        )

    def lines(self) -> Iterator[str]:
        """The tally as a table."""
        yield f"{self.pairs:,} pairs"
        for outcome in OUTCOMES:
            yield f"  {outcome:<14}{self.outcomes[outcome]:>12,}  {self.share(outcome):6.1%}"
        yield "  " + ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.callers.items()))
        columns = CELLS
        yield f"  {'conditions judged':<28}" + "".join(f"{name:>14}" for name in (*columns, "holds", "fails"))
        for base in sorted(reference.OPERATORS):
            counts = [self.cells[f"{base} {cell}"] for cell in columns]
            counts += [self.answers[f"{base} True"], self.answers[f"{base} False"]]
            yield f"  {base:<28}" + "".join(f"{count:>14,}" for count in counts)
        yield f"  Null: present {self.cells['Null present']:,}, missing {self.cells['Null missing']:,}"
        cell, count = self.least()
        yield f"  least met: {cell}, {count:,} times"


def every_cell() -> Iterator[str]:
    """The cells that have to be met."""
    yield from (f"{base} {cell}" for base in reference.OPERATORS for cell in CELLS)
    yield from ("Null present", "Null missing")


@dataclass(frozen=True)
class Disagreement:
    """A case on which the two differ, and how."""

    seed: str
    case: Case
    engine: str
    reference: str

    def __str__(self) -> str:
        return f"seed {self.seed}: the engine says {self.engine}, the reference {self.reference}"


def engine_says(decision: Decision) -> str:
    """The outcome in a word; an error is a fourth one."""
    return "error" if decision.error is not None else str(decision.outcome)


def reference_says(verdict: reference.Verdict) -> str:
    """The same of the other."""
    return "error" if verdict.error else verdict.outcome


def places(decision: Decision) -> frozenset[reference.Place]:
    """The statements that the engine names, where they stand."""
    found = set()
    for ref in decision.determining:
        number = int(ref.source.name.rsplit("/", 1)[1])
        found.add((LAYER_NAMES[ref.layer], ref.level, number, ref.index))
    return frozenset(found)


def difference(decision: Decision, verdict: reference.Verdict) -> tuple[str, str] | None:
    """What the two say where they differ: the outcome, or a statement named that did not match."""
    mine, theirs = engine_says(decision), reference_says(verdict)
    if mine != theirs:
        return mine, theirs
    named = places(decision)
    if mine == "explicitDeny" and not (named and named <= verdict.denies):
        return f"denied by {sorted(named)}", f"denied by {sorted(verdict.denies)}"
    if mine == "allowed" and not named <= verdict.allows:
        return f"allowed by {sorted(named)}", f"allowed by {sorted(verdict.allows)}"
    return None


def ask(
    request: AccessRequest, engine: EngineLayers, plain: reference.Layers, session_binds: bool
) -> tuple[Decision, reference.Verdict]:
    """Both, each from scratch."""
    decision = evaluate(request, engine.caller, engine.resource, options=engine.options)
    return decision, reference.Reference(request).decide(plain, session_binds=session_binds)


def differs(case: Case) -> tuple[str, str] | None:
    """What the two say of one case where they differ."""
    layers = without_own_layers(case.layers, case.request.caller)
    decision, verdict = ask(case.request, for_engine(layers), for_reference(layers), layers.session_binds)
    return difference(decision, verdict)


def compare(policy_set: PolicySet, tally: Tally) -> Iterator[Disagreement]:
    """All requests of a set: the engine by compiled plans, each used again, and now and then from scratch."""
    plans: dict[tuple[Caller, str], Plan] = {}
    sides: dict[bool, tuple[EngineLayers, reference.Layers]] = {}
    for number, request in enumerate(policy_set.requests):
        caller = request.caller
        layers = without_own_layers(policy_set.layers, caller)
        root = layers is not policy_set.layers
        if root not in sides:
            sides[root] = (for_engine(layers), for_reference(layers))
        engine, plain = sides[root]
        plan = plans.get((caller, request.action))
        if plan is None:
            plan = plans[caller, request.action] = compile_plan(
                engine.caller, engine.resource, caller, request.action, options=engine.options
            )
        verdict = reference.Reference(request, notice=tally.notice).decide(
            plain, session_binds=layers.session_binds
        )
        decision = plan.decide(request)
        tally.pairs += 1
        tally.outcomes[reference_says(verdict)] += 1
        tally.callers[str(caller.kind)] += 1
        found = difference(decision, verdict)
        if found is None and number % 16 == 0:
            again = evaluate(request, engine.caller, engine.resource, options=engine.options)
            found = difference(again, verdict)
        if found is not None:
            yield Disagreement(policy_set.seed, Case(policy_set.layers, request), *found)


def run(seed: int, first: int, sets: int) -> tuple[Tally, list[Disagreement]]:
    """The sets number `first` and following of a seed."""
    tally, found = Tally(), list[Disagreement]()
    for number in range(first, first + sets):
        found += compare(Generator(f"{seed}:{number}").policy_set(), tally)
    return tally, found
