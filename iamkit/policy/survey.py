"""A survey: how every statement that speaks of a request's action fares, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, TypeAlias, final

from iamkit.policy.candidates import OUTSIDERS
from iamkit.policy.decision import StatementRef
from iamkit.policy.layers import AttachedPolicy, CallerLayers, Layer, Policies, ResourceLayers
from iamkit.policy.match import circumstances
from iamkit.policy.model import Effect, Statement
from iamkit.policy.options import EvaluationOptions
from iamkit.policy.plan import Plan, compile_plan
from iamkit.policy.request import AccessRequest, CallerKind
from iamkit.policy.speakers import speakers
from iamkit.policy.trace import StatementTrace, trace

Verdict: TypeAlias = Literal["denies", "allows", "is silent", "cannot be judged"]
# A layer, or one level of it.
Place: TypeAlias = tuple[Layer, int]

# How many Allows of other actions are looked at where a layer lacks one, for some that would match otherwise.
_NEAR: Final = 20


@final
@dataclass(frozen=True, slots=True)
class LayerVerdict:
    """What one layer, or one level of it, says about the request by itself."""

    layer: Layer
    level: int
    verdict: Verdict


@final
class Survey:
    """The statements around a caller and an action. Other contexts can be tried on them."""

    def __init__(
        self,
        request: AccessRequest,
        caller_layers: CallerLayers,
        resource_layers: ResourceLayers,
        options: EvaluationOptions,
    ) -> None:
        self.plan: Plan = compile_plan(
            caller_layers, resource_layers, request.caller, request.action, options=options
        )
        self.request = request
        # Whether no session policy bounds the caller.
        self.unbound = caller_layers.session is None
        self._options = options
        self._bounded = request.caller.bounded or caller_layers.boundary is not None
        self._action = request.action.lower()
        self._speaking: list[tuple[Place, list[tuple[AttachedPolicy, Statement]]]] = []
        self._stack = list(_stack(request, caller_layers, resource_layers))
        for place, policies in self._stack:
            here = [(one, item) for one in policies for item in speakers(one.policy).of(self._action)]
            self._speaking.append((place, here))

    def told(self) -> tuple[tuple[LayerVerdict, ...], tuple[StatementTrace, ...]]:
        """The verdict of each layer that applies, and each statement that speaks of the action."""
        verdicts: list[LayerVerdict] = []
        traces: list[StatementTrace] = []
        for place, statements in self._speaking:
            here = [
                self._trace(place, attached, statement, self.request) for attached, statement in statements
            ]
            verdicts.append(LayerVerdict(*place, _verdict(here)))
            traces.extend(here)
        return tuple(verdicts), tuple(traces)

    def others(self, layers: tuple[Layer, ...]) -> tuple[StatementTrace, ...]:
        """Some Allows of the given layers that would match but for their action."""
        traced = [
            self._trace(place, attached, statement, self.request)
            for place, attached, statement in islice(self._silent(layers), _NEAR)
            if self._would_match(attached, statement)
        ]
        return tuple(item for item in traced if len(item.failing) == 1)

    def _silent(self, layers: tuple[Layer, ...]) -> Iterator[tuple[Place, AttachedPolicy, Statement]]:
        """The Allows of the given layers that do not speak of the action."""
        for place, policies in self._stack:
            if place[0] in layers:
                for attached in policies:
                    speaking = {statement.index for statement in speakers(attached.policy).of(self._action)}
                    for statement in attached.policy.statements:
                        if statement.effect is Effect.ALLOW and statement.index not in speaking:
                            yield place, attached, statement

    def _would_match(self, attached: AttachedPolicy, statement: Statement) -> bool:
        """Whether the circumstances of a statement hold; its principal is left to the trace."""
        try:
            for leaf in circumstances(statement, attached.policy, self._options.operators):
                if not leaf.test(self.request):
                    return False
        except Exception:  # noqa: BLE001  # a plugin's operator may raise anything
            return False
        return True

    def refused_by(self, request: AccessRequest) -> frozenset[StatementRef]:
        """The Denies that match `request`, or cannot be judged: all that stands in its way.

        It has the caller and action of the survey.
        """
        return frozenset(
            traced.ref
            for place, statements in self._speaking
            for attached, statement in statements
            if statement.effect is Effect.DENY
            and (traced := self._trace(place, attached, statement, request)).matched is not False
        )

    def lacking(self, request: AccessRequest) -> tuple[Place, ...] | None:
        """The layers that lack an Allow, or None where that cannot be told.

        It has the caller and action of the survey.
        """
        try:
            found = self.plan.lacking(request)
        except Exception:  # noqa: BLE001  # a plugin's operator may raise anything
            return None
        return tuple((allows.layer, allows.level) for allows in found)

    def _trace(
        self, place: Place, attached: AttachedPolicy, statement: Statement, request: AccessRequest
    ) -> StatementTrace:
        operators, bounded = self._options.operators, self._bounded
        return trace(statement, attached, *place, request, operators, bounded=bounded)


def _stack(
    request: AccessRequest, caller_layers: CallerLayers, resource_layers: ResourceLayers
) -> Iterator[tuple[Place, Policies]]:
    """The layers that apply to the caller, in the order in which they are told."""
    own = CallerLayers() if request.caller.kind in OUTSIDERS else caller_layers
    if request.caller.kind not in OUTSIDERS and (own.identity or request.caller.kind is not CallerKind.ROOT):
        yield (Layer.IDENTITY, 0), own.identity
    if own.boundary is not None:
        yield (Layer.BOUNDARY, 0), own.boundary
    if own.session is not None:
        yield (Layer.SESSION, 0), own.session
    if resource_layers.policies:
        yield (Layer.RESOURCE, 0), resource_layers.policies
    for layer, stack in (
        (Layer.GUARDRAIL, own.guardrails),
        (Layer.RESOURCE_GUARDRAIL, resource_layers.guardrails),
    ):
        for level, policies in enumerate(stack or ()):
            yield (layer, level), policies
    if resource_layers.endpoint is not None:
        yield (Layer.ENDPOINT, 0), resource_layers.endpoint


def _verdict(traces: list[StatementTrace]) -> Verdict:
    matched = {(item.effect, item.matched) for item in traces}
    if (Effect.DENY, True) in matched:
        return "denies"
    if (Effect.DENY, None) in matched:
        return "cannot be judged"
    if (Effect.ALLOW, True) in matched:
        return "allows"
    return "cannot be judged" if (Effect.ALLOW, None) in matched else "is silent"
