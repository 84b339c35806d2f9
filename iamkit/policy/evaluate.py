"""The decision for one request (SEM §8)."""

from __future__ import annotations

from iamkit.policy.decision import Decision
from iamkit.policy.layers import CallerLayers, ResourceLayers
from iamkit.policy.options import DEFAULT, EvaluationOptions
from iamkit.policy.plan import compile_plan
from iamkit.policy.request import AccessRequest


def evaluate(
    request: AccessRequest,
    caller_layers: CallerLayers,
    resource_layers: ResourceLayers = ResourceLayers(),  # noqa: B008  # frozen, and empty
    *,
    options: EvaluationOptions = DEFAULT,
) -> Decision:
    """Decide a request from the layers around it.

    Never raises: a request that is malformed or cannot be judged is an implicit deny with `error`
    (SEM-F2, A-7).
    """
    plan = compile_plan(caller_layers, resource_layers, request.caller, request.action, options=options)
    return plan.decide(request)
