"""The statements of all layers that may speak about a request, each with what is left of it.

Within a layer they stand in an order that depends on what they say, never on where they are written, so
that which of two sufficient statements is named does not depend on the order of a document (SEM-E3). Those
without conditions come first: what suffices by itself is named before what needs a circumstance.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import final

from iamkit.policy.decision import StatementRef
from iamkit.policy.formula import FALSE, Formula, disjunction
from iamkit.policy.layers import AttachedPolicy, CallerLayers, Layer, Policies, ResourceLayers
from iamkit.policy.match import Known, meaning
from iamkit.policy.model import Effect, Statement
from iamkit.policy.options import EvaluationOptions
from iamkit.policy.principals import Level, Levels, levels
from iamkit.policy.request import AccessRequest, CallerKind
from iamkit.policy.speakers import speakers

# Layers whose statements name principals; elsewhere a principal plays no part (SEM-G17).
NAMING: frozenset[Layer] = frozenset({Layer.RESOURCE, Layer.RESOURCE_GUARDRAIL, Layer.ENDPOINT})
# Callers of whom only the resource's side is asked (SEM §8.7).
OUTSIDERS: frozenset[CallerKind] = frozenset({CallerKind.ANONYMOUS, CallerKind.SERVICE, CallerKind.PROVIDER})


@final
@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A statement that may match: where it hangs, how it names the caller, and what is left to test."""

    ref: StatementRef
    statement: Statement
    attached: AttachedPolicy
    levels: Levels
    formula: Formula


@final
@dataclass(frozen=True, slots=True, eq=False)
class Allows:
    """The Allow statements of one layer, or of one level of it. Some of them has to match."""

    layer: Layer
    candidates: tuple[Candidate, ...]
    parts: tuple[Formula, ...]
    level: int = 0

    @classmethod
    def of(cls, layer: Layer, candidates: Iterable[Candidate], level: int = 0) -> Allows:
        kept = tuple(candidates)
        return cls(layer, kept, tuple(candidate.formula for candidate in kept), level)

    @property
    def formula(self) -> Formula:
        """That some of them matches."""
        return disjunction(self.parts)

    def at(self, wanted: Levels) -> Allows:
        """Those that name the caller at one of the wanted levels."""
        if not self.candidates:
            return self
        return Allows.of(self.layer, (c for c in self.candidates if c.levels & wanted), self.level)


@final
@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that stands around a request: the Denies of all layers that apply, the Allows by layer.

    `None` is a layer that does not exist and so does not limit.
    """

    denies: tuple[Candidate, ...]
    identity: Allows
    boundary: Allows | None
    session: Allows | None
    resource: Allows
    guards: tuple[Allows, ...]


def standing(
    known: Known, caller_layers: CallerLayers, resource_layers: ResourceLayers, options: EvaluationOptions
) -> Standing:
    """Gather the candidates of every layer that applies to the caller (SEM §8.1, §8.7)."""
    gathering = _Gathering(known, options, bounded=known.caller.bounded or caller_layers.boundary is not None)
    outsider = known.caller.kind in OUTSIDERS
    own = CallerLayers() if outsider else caller_layers
    identity = gathering.layer(Layer.IDENTITY, own.identity)
    boundary = None if own.boundary is None else gathering.layer(Layer.BOUNDARY, own.boundary)
    session = None if own.session is None else gathering.layer(Layer.SESSION, own.session)
    resource = gathering.layer(Layer.RESOURCE, resource_layers.policies)
    guards = [
        gathering.layer(layer, policies, level)
        for layer, stack in (
            (Layer.GUARDRAIL, own.guardrails),
            (Layer.RESOURCE_GUARDRAIL, resource_layers.guardrails),
        )
        for level, policies in enumerate(stack or ())
    ]
    if resource_layers.endpoint is not None:
        guards.append(gathering.layer(Layer.ENDPOINT, resource_layers.endpoint))
    return Standing(tuple(gathering.denies), identity, boundary, session, resource, tuple(guards))


class _Gathering:
    def __init__(self, known: Known, options: EvaluationOptions, *, bounded: bool) -> None:
        self.known = known
        self.request: AccessRequest = known.request
        self.action = known.action.lower()
        self.operators = options.operators
        self.bounded = bounded
        self.denies: list[Candidate] = []

    def layer(self, layer: Layer, policies: Policies, level: int = 0) -> Allows:
        """The Allows of a layer; its Denies are added to the others."""
        found: dict[Effect, list[Candidate]] = {Effect.ALLOW: [], Effect.DENY: []}
        for attached in policies:
            for statement in speakers(attached.policy).of(self.action):
                candidate = self.candidate(layer, level, attached, statement)
                if candidate is not None:
                    found[statement.effect].append(candidate)
        self.denies.extend(_ordered(found[Effect.DENY]))
        return Allows.of(layer, _ordered(found[Effect.ALLOW]), level)

    def candidate(
        self, layer: Layer, level: int, attached: AttachedPolicy, statement: Statement
    ) -> Candidate | None:
        at: Levels = frozenset()
        if layer in NAMING:
            at = levels(statement, self.known.caller, attached.principal_ids, bounded=self.bounded)
            if not at:
                return None
        formula = meaning(statement, attached.policy, self.known, self.request, self.operators, speaks=True)
        if formula is FALSE:
            return None
        ref = StatementRef(layer, attached.source, statement.index, statement.sid, statement.place, level)
        return Candidate(ref, statement, attached, at, formula)


_SOURCE = attrgetter("ref.source.name", "ref.source.type", "ref.source.arn", "ref.source.version")


def _place(candidate: Candidate) -> tuple[object, ...]:
    return (
        bool(candidate.statement.conditions),
        *_SOURCE(candidate),
        candidate.ref.source.holder,
        candidate.ref.sid or "",
    )


def _wording(candidate: Candidate) -> tuple[object, ...]:
    """What a statement says, whatever the order in which it says it."""
    statement = candidate.statement
    return (
        statement.not_action,
        sorted(element.text.lower() for element in statement.actions),
        statement.not_resource,
        sorted(element.text for element in statement.resources or ()),
        statement.not_principal,
        sorted((entry.type, entry.text) for entry in statement.principals or ()),
        sorted(
            (condition.operator_text, condition.key.lower(), sorted(value.text for value in condition.values))
            for condition in statement.conditions
        ),
        candidate.ref.source.digest,
        statement.index,
    )


def _ordered(candidates: list[Candidate]) -> list[Candidate]:
    if len(candidates) < 2:
        return candidates
    ordered: list[Candidate] = []
    for _, same_place in groupby(sorted(candidates, key=_place), key=_place):
        group = list(same_place)
        ordered.extend(sorted(group, key=_wording) if len(group) > 1 else group)
    return ordered


__all__ = ["NAMING", "OUTSIDERS", "Allows", "Candidate", "Level", "Standing", "standing"]
