"""Compiled plans by whom and what they are for: a principal's layers hardly ever change between requests."""

from __future__ import annotations

from typing import Final

from iamkit.policy import EvaluationOptions, compile_plan
from iamkit.policy.layers import CallerLayers, Policies, ResourceLayers
from iamkit.policy.plan import Plan
from iamkit.policy.request import Caller

CAPACITY: Final = 20_000

# Layers are frozen, and shared while no epoch moves: the object itself is the key, and stands in the value
# so that its id cannot be given to another while it is one.
_Key = tuple[int, int, int, int, str]
_Kept = tuple[CallerLayers, Policies, tuple[Policies, ...] | None, Policies | None, Plan]


class PlanShelf:
    """The plans lately used. Emptied when full, which costs a compilation each and nothing else."""

    def __init__(self, options: EvaluationOptions, *, capacity: int = CAPACITY) -> None:
        self._options = options
        self._capacity = capacity
        self._plans: dict[_Key, _Kept] = {}

    def plan(
        self, caller: Caller, action: str, caller_layers: CallerLayers, resource_layers: ResourceLayers
    ) -> Plan:
        """The plan of `caller` for `action` under these layers."""
        policies, guardrails = resource_layers.policies, resource_layers.guardrails
        endpoint = resource_layers.endpoint
        key = (id(caller_layers), id(policies), id(guardrails), id(endpoint), action)
        kept = self._plans.get(key)
        if kept is not None and (kept[4].caller is caller or kept[4].caller == caller):
            return kept[4]
        plan = compile_plan(caller_layers, resource_layers, caller, action, options=self._options)
        if len(self._plans) >= self._capacity:
            self._plans.clear()
        self._plans[key] = (caller_layers, policies, guardrails, endpoint, plan)
        return plan
