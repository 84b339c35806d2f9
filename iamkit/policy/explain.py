"""A decision explained: layer by layer, statement by statement, and what would make it pass (SEM-E27)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, final

from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.fixes import Fix, fixes
from iamkit.policy.layers import CallerLayers, Layer, ResourceLayers
from iamkit.policy.model import Effect, PolicyKind
from iamkit.policy.options import DEFAULT, EvaluationOptions
from iamkit.policy.request import AccessRequest, CallerKind, action_fault, resource_fault
from iamkit.policy.survey import LayerVerdict, Survey
from iamkit.policy.trace import Json, StatementTrace


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
        # A guardrail that lets pass is hardly ever why somebody asks; `as_data` has it.
        told = [item for item in self.layers if item.layer not in _CEILINGS or item.verdict != "allows"]
        if told:
            lines.append("layers:")
        lines.extend(f"- {_layer_name(item.layer, item.level)} {item.verdict}" for item in told)
        shown = {(item.layer, item.level) for item in told}
        near = [item for item in self.statements if (item.ref.layer, item.ref.level) in shown]
        if near or self.others:
            lines.append("statements that speak of it, or nearly:")
        for statement in dict.fromkeys((*near, *self.others)):
            lines.append(f"- {statement.effect} of the {statement.ref}: {_VERDICTS[statement.matched]}")
            # Where an Allow matches, all of it does.
            if not (statement.matched and statement.effect is Effect.ALLOW):
                lines.extend(f"    {element.line(show_values=show_values)}" for element in statement.elements)
        if self.fixes:
            lines.append("what would make it pass:")
        if not decision.allowed and request.caller.kind is CallerKind.ANONYMOUS:
            lines.append("- sign in or sign the request: what the caller's own policies allow counts then")
        for fix in self.fixes:
            lines.append(f"- {fix.text}")
            if fix.statement is not None and (show_values or not fix.private):
                lines.append(f"  {json.dumps(fix.statement, ensure_ascii=False)}")
        return lines

    def as_data(self, *, show_values: bool = False) -> dict[str, Json]:
        """The same as data that JSON can carry."""
        request, decision = self.request, self.decision
        return {
            "outcome": decision.outcome.value,
            "revision": decision.revision,
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
            "fixes": [fix.as_data(show_values=show_values) for fix in self.fixes],
        }


_CEILINGS: Final = (Layer.GUARDRAIL, Layer.RESOURCE_GUARDRAIL)
_HEADLINES: Final = {
    Outcome.ALLOWED: "allowed",
    Outcome.EXPLICIT_DENY: "denied explicitly",
    Outcome.IMPLICIT_DENY: "denied, as nothing suffices",
}
_VERDICTS: Final = {True: "matches", False: "does not match", None: "cannot be judged"}


def _layer_name(layer: Layer, level: int) -> str:
    return f"{layer} level {level + 1}" if layer in _CEILINGS else layer.value


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
    survey = Survey(request, caller_layers, resource_layers, options)
    decision = survey.plan.decide(request)
    fault = action_fault(request.action) or resource_fault(request.resource)
    if fault is not None:
        return Explanation(request, decision, (), (), (), (Fix("mend-request", fault),))
    verdicts, traces = survey.told()
    if decision.allowed:
        return Explanation(request, decision, verdicts, traces, (), ())
    trust = any(attached.policy.kind is PolicyKind.TRUST for attached in resource_layers.policies)
    # A role without any trust policy: only a trust policy can name who may assume it.
    trust = trust or (request.explicit_trust and request.action.lower().startswith("sts:"))
    return Explanation(
        request,
        decision,
        verdicts,
        traces,
        survey.others(decision.missing),
        fixes(survey, traces, trust=trust),
    )
