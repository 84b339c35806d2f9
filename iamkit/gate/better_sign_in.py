"""The better sign-in by which a denied request would pass, if there is one (RFC 9470)."""

from __future__ import annotations

import logging
from typing import Final

from iamkit.errors import kind_and_place
from iamkit.gate.plans import PlanShelf
from iamkit.identity.principal import Principal
from iamkit.policy import EvaluationOptions
from iamkit.policy.decision import Decision
from iamkit.policy.layers import ResourceLayers
from iamkit.policy.request import AccessRequest, CallerKind
from iamkit.policy.step_up import StepUp, step_up

_log = logging.getLogger("iamkit.decision")

# Nobody who signs in and could do so better.
_CANNOT_SIGN_IN: Final = (CallerKind.ANONYMOUS, CallerKind.SERVICE, CallerKind.PROVIDER)


def better_sign_in(
    plans: PlanShelf,
    options: EvaluationOptions,
    principal: Principal,
    asked: AccessRequest,
    layers: ResourceLayers,
    decision: Decision,
) -> StepUp | None:
    """The sign-in that would help; a fault while looking for it is none."""
    if decision.error is not None or asked.caller.kind in _CANNOT_SIGN_IN:
        return None
    try:
        plan = plans.plan(asked.caller, asked.action, principal.layers, layers)
        return step_up(plan, asked, principal.layers, layers, options)
    except Exception as fault:  # noqa: BLE001  # the denial stands in any case
        _log.error("looking for a step-up failed: %s", kind_and_place(fault))
        return None
