"""The sentence with which a management operation is refused, in AWS's words."""

from __future__ import annotations

from iamkit.errors import AccessDenied
from iamkit.gate.verdict import Verdict
from iamkit.identity import root_rules
from iamkit.policy.decision import Outcome
from iamkit.policy.layers import Layer


def denied(verdict: Verdict, *, shown: str | None = None) -> AccessDenied:
    """The error for a verdict that does not allow. Names the deciding layer, never a policy's content.

    `shown` is the resource as the caller may see it named; by default, as it is.
    """
    who = verdict.principal.arn or "anonymous"
    resource = verdict.resource if shown is None else shown
    return AccessDenied(
        f"User: {who} is not authorized to perform: {verdict.action} on resource: {resource} "
        f"{_because(verdict)}",
        decision_id=verdict.id,
    )


def _because(verdict: Verdict) -> str:
    whose = root_rules.reserved_for(verdict.action)
    if whose is not None and verdict.decision.outcome is Outcome.EXPLICIT_DENY:
        return f"with an explicit deny: only {whose} may do it"
    decision = verdict.decision
    # What narrows a credential stands as a guardrail too.
    layer = Layer.SESSION if Layer.SESSION in decision.missing else decision.layer or Layer.IDENTITY
    if decision.outcome is Outcome.EXPLICIT_DENY:
        article = "an" if layer.value[0] in "aeiou" else "a"
        return f"with an explicit deny in {article} {layer}"
    if decision.error:
        return "because the decision could not be finished"
    return f"because no {layer} allows the {verdict.action} action"
