"""A decision explained: layer by layer, statement by statement, and what would make it pass (SEM-E27)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, final

from iamkit.policy.candidates import OUTSIDERS
from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.fixes import Fix, for_denies, for_missing
from iamkit.policy.layers import CallerLayers, Layer, Policies, ResourceLayers
from iamkit.policy.model import Effect
from iamkit.policy.options import DEFAULT, EvaluationOptions
from iamkit.policy.plan import action_fault, compile_plan, resource_fault
from iamkit.policy.request import AccessRequest, CallerKind
from iamkit.policy.targets import action_test
from iamkit.policy.trace import Json, StatementTrace, trace

Verdict: TypeAlias = Literal["denies", "allows", "is silent", "cannot be judged"]

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
@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, why, and what would change it.

    `statements` are those that speak of the action; `others` are some that would match but for their
    action. `lines` and `as_data` leave out the request's values unless told to show them.
    """

    request: AccessRequest
    decision: Decision
    layers: tuple[LayerVerdict, ...]
    statements: tuple[StatementTrace, ...]
    others: tuple[StatementTrace, ...]
    fixes: tuple[Fix, ...]

    def lines(self, *, show_values: bool = False) -> list[str]:
        """Readable text, one line each."""
        request, decision = self.request, self.decision
        who = request.caller.arn or "an anonymous caller"
        lines = [f"{_HEADLINES[decision.outcome]}: {who} asks for {request.action} on {request.resource}"]
        if decision.error is not None:
            lines.append(f"evaluation could not be finished: {decision.error}")
        lines.extend(f"because of the {ref}" for ref in decision.determining)
        lines.extend(f"no {layer} allows it" for layer in decision.missing)
        lines.append("layers:")
        lines.extend(f"- {_layer_name(item.layer, item.level)} {item.verdict}" for item in self.layers)
        if self.statements or self.others:
            lines.append("statements that speak of it, or nearly:")
        for statement in dict.fromkeys((*self.statements, *self.others)):
            lines.append(f"- {statement.effect} of the {statement.ref}: {_VERDICTS[statement.matched]}")
            # Where an Allow matches, all of it does.
            if not (statement.matched and statement.effect is Effect.ALLOW):
                lines.extend(f"    {element.line(show_values=show_values)}" for element in statement.elements)
        if self.fixes:
            lines.append("what would make it pass:")
        for fix in self.fixes:
            lines.append(f"- {fix.text}")
            if fix.statement is not None:
                lines.append(f"  {json.dumps(fix.statement, ensure_ascii=False)}")
        return lines

    def as_data(self, *, show_values: bool = False) -> dict[str, Json]:
        """The same as data that JSON can carry."""
        request, decision = self.request, self.decision
        return {
            "outcome": decision.outcome.value,
            "caller": request.caller.arn,
            "action": request.action,
            "resource": request.resource,
            "error": decision.error,
            "determining": [str(ref) for ref in decision.determining],
            "missing": [layer.value for layer in decision.missing],
            "layers": [
                {"layer": item.layer.value, "level": item.level, "verdict": item.verdict}
                for item in self.layers
            ],
            "statements": [_data(item, show_values=show_values) for item in (*self.statements, *self.others)],
            "fixes": [fix.as_data() for fix in self.fixes],
        }


_HEADLINES: Final = {
    Outcome.ALLOWED: "allowed",
    Outcome.EXPLICIT_DENY: "denied explicitly",
    Outcome.IMPLICIT_DENY: "denied, as nothing suffices",
}
_VERDICTS: Final = {True: "matches", False: "does not match", None: "cannot be judged"}


def _layer_name(layer: Layer, level: int) -> str:
    levelled = layer in (Layer.GUARDRAIL, Layer.RESOURCE_GUARDRAIL)
    return f"{layer} level {level + 1}" if levelled else layer.value


def _data(item: StatementTrace, *, show_values: bool) -> dict[str, Json]:
    ref = item.ref
    return {
        "layer": ref.layer.value,
        "level": ref.level,
        "policy": ref.source.name,
        "policyArn": ref.source.arn,
        "policyVersion": ref.source.version,
        "statement": ref.index,
        "sid": ref.sid,
        "span": {
            "start": ref.span.start,
            "end": ref.span.end,
            "line": ref.span.line,
            "column": ref.span.column,
        },
        "effect": item.effect.value,
        "matched": item.matched,
        "elements": [element.as_data(show_values=show_values) for element in item.elements],
    }


def explain(
    request: AccessRequest,
    caller_layers: CallerLayers,
    resource_layers: ResourceLayers = ResourceLayers(),  # noqa: B008  # frozen, and empty
    *,
    options: EvaluationOptions = DEFAULT,
) -> Explanation:
    """Decide a request again and say why. Never raises, as `evaluate` does not."""
    plan = compile_plan(caller_layers, resource_layers, request.caller, request.action, options=options)
    decision = plan.decide(request)
    fault = action_fault(request.action) or resource_fault(request.resource)
    if fault is not None:
        return Explanation(request, decision, (), (), (), (Fix("mend-request", fault),))
    bounded = request.caller.bounded or caller_layers.boundary is not None
    verdicts: list[LayerVerdict] = []
    traces: list[StatementTrace] = []
    others: list[StatementTrace] = []
    looks = _NEAR
    action = request.action.lower()
    for layer, level, policies in _stack(request, caller_layers, resource_layers):
        here: list[StatementTrace] = []
        for attached in policies:
            for statement in attached.policy.statements:
                speaks = action_test(statement).holds(action)
                near = looks > 0 and layer in decision.missing and statement.effect is Effect.ALLOW
                if not speaks and not near:
                    continue
                traced = trace(statement, attached, layer, level, request, options.operators, bounded=bounded)
                if speaks:
                    here.append(traced)
                    continue
                looks -= 1
                if len(traced.failing) == 1:
                    others.append(traced)
        verdicts.append(LayerVerdict(layer, level, _verdict(here)))
        traces.extend(here)
    fixes: tuple[Fix, ...] = ()
    if not decision.allowed:
        combination = plan.combination(request)
        lacking = combination.lacking(request)
        fixes = (*for_denies(traces), *_mending(traces), *for_missing(request, lacking, traces))
    return Explanation(request, decision, tuple(verdicts), tuple(traces), tuple(others), fixes)


def _stack(
    request: AccessRequest, caller_layers: CallerLayers, resource_layers: ResourceLayers
) -> Iterator[tuple[Layer, int, Policies]]:
    """The layers that apply to the caller, in the order in which they are told."""
    own = CallerLayers() if request.caller.kind in OUTSIDERS else caller_layers
    if request.caller.kind not in OUTSIDERS and (own.identity or request.caller.kind is not CallerKind.ROOT):
        yield Layer.IDENTITY, 0, own.identity
    if own.boundary is not None:
        yield Layer.BOUNDARY, 0, own.boundary
    if own.session is not None:
        yield Layer.SESSION, 0, own.session
    if resource_layers.policies:
        yield Layer.RESOURCE, 0, resource_layers.policies
    for layer, stack in (
        (Layer.GUARDRAIL, own.guardrails),
        (Layer.RESOURCE_GUARDRAIL, resource_layers.guardrails),
    ):
        for level, policies in enumerate(stack or ()):
            yield layer, level, policies
    if resource_layers.endpoint is not None:
        yield Layer.ENDPOINT, 0, resource_layers.endpoint


def _verdict(traces: list[StatementTrace]) -> Verdict:
    matched = {(item.effect, item.matched) for item in traces}
    if (Effect.DENY, True) in matched:
        return "denies"
    if (Effect.DENY, None) in matched:
        return "cannot be judged"
    if (Effect.ALLOW, True) in matched:
        return "allows"
    return "cannot be judged" if (Effect.ALLOW, None) in matched else "is silent"


def _mending(traces: list[StatementTrace]) -> tuple[Fix, ...]:
    """Denies that could not be judged, which stand in the way until they can be."""
    return tuple(
        Fix("mend-policy", f"mend the {item.ref}: {element.error}", item.ref.layer, item.ref.level, item.ref)
        for item in traces
        if item.effect is Effect.DENY and item.matched is None
        for element in item.elements
        if element.held is None
    )
