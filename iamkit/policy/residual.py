"""Residuals: what is left of the policies when the resource, or some condition keys, are not known yet.

Filling in what was unknown gives what `evaluate` gives, which is what makes a list of rows agree with the
decision about each.
"""

from __future__ import annotations

from dataclasses import dataclass

from iamkit.errors import EvaluationError
from iamkit.policy.candidates import standing
from iamkit.policy.combine import combine
from iamkit.policy.decision import Outcome
from iamkit.policy.formula import FALSE, Formula, Unjudged
from iamkit.policy.layers import CallerLayers, ResourceLayers
from iamkit.policy.match import Known
from iamkit.policy.options import DEFAULT, EvaluationOptions
from iamkit.policy.request import AccessRequest, action_fault, resource_fault


@dataclass(frozen=True, slots=True)
class Residual:
    """Two formulas over what is unknown. A request is allowed iff `allow` holds and `deny` does not."""

    deny: Formula
    allow: Formula

    def outcome(self, request: AccessRequest) -> Outcome:
        """The outcome for a request in which the unknowns have been filled; failing is an implicit deny."""
        try:
            if self.deny.test(request):
                return Outcome.EXPLICIT_DENY
            return Outcome.ALLOWED if self.allow.test(request) else Outcome.IMPLICIT_DENY
        except EvaluationError:
            return Outcome.IMPLICIT_DENY


def residual(
    known: Known,
    caller_layers: CallerLayers,
    resource_layers: ResourceLayers = ResourceLayers(),  # noqa: B008  # frozen, and empty
    *,
    options: EvaluationOptions = DEFAULT,
) -> Residual:
    """What the unknown parts of a request have to be for it to be allowed.

    A malformed action or resource gives a residual that allows nothing and cannot be judged (SEM-A7).
    """
    fault = action_fault(known.action)
    if fault is None and known.resource is not None:
        fault = resource_fault(known.resource)
    if fault is not None:
        return Residual(Unjudged(fault), FALSE)
    owner = known.resource_account
    combination = combine(
        standing(known, caller_layers, resource_layers, options),
        known.caller,
        known.action,
        same_account=not owner or owner == known.caller.account,
        explicit_trust=known.explicit_trust,
        options=options,
    )
    return Residual(combination.deny, combination.allow)
