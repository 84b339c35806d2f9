"""Plans: what is left of all policies once caller and action are known (decision 1).

A plan is compiled once for a caller, its layers and an action, and then decides any number of requests. A
decision allocates no formula, and the same outcome for the same reason is the same object.
"""

from __future__ import annotations

from typing import final

from iamkit.errors import EvaluationError
from iamkit.policy.candidates import Allows, Standing, standing
from iamkit.policy.combine import combine
from iamkit.policy.decision import Decision
from iamkit.policy.layers import CallerLayers, ResourceLayers
from iamkit.policy.match import EVERY_KEY, Known
from iamkit.policy.options import DEFAULT, EvaluationOptions
from iamkit.policy.request import AccessRequest, Caller, action_fault, resource_fault
from iamkit.policy.revision import Basis
from iamkit.policy.sites import Reasons, Sites


@final
class Plan:
    """The residual for one caller and action. Make it with `compile_plan`."""

    __slots__ = (
        "_account",
        "_options",
        "_reasons",
        "_relations",
        "_standing",
        "_usual",
        "action",
        "caller",
        "fault",
    )

    def __init__(
        self,
        caller: Caller,
        action: str,
        stand: Standing,
        options: EvaluationOptions,
        fault: str | None,
        basis: Basis,
    ) -> None:
        self.caller = caller
        self.action = action
        self.fault = fault
        self._account = caller.account
        self._standing = stand
        self._options = options
        self._reasons = Reasons(basis)
        # By whether caller and resource share an account, and whether trust has to be explicit.
        self._relations: dict[tuple[bool, bool], Sites] = {}
        # The relation of nearly all requests: the caller's own account, without explicit trust.
        self._usual: Sites | None = None

    def decide(self, request: AccessRequest) -> Decision:
        """Decide a request of the plan's caller and action. Never raises: what goes wrong is a denial."""
        caller = self.caller
        if request.action != self.action or (request.caller is not caller and request.caller != caller):
            return self._reasons.failed("the plan is of another caller or action")
        try:
            sites, owner = self._usual, request.resource_account
            if sites is None or (owner and owner != self._account) or request.explicit_trust:
                sites = self.sites(request)
            place = sites.fold.place(request.resource)
            site = sites.made[place] or sites.at(place)
            if not site.well_formed:
                fault = self.fault or resource_fault(request.resource)
                if fault is not None:
                    return self._reasons.failed(fault)
            settled = site.settled
            return site.decide(request) if settled is None else settled
        except EvaluationError as error:
            return self._reasons.failed(error.message)
        except Exception as error:  # noqa: BLE001  # closed by default: a plugin's operator may raise anything
            return self._reasons.failed(f"evaluation failed with {type(error).__name__}")

    def lacking(self, request: AccessRequest) -> tuple[Allows, ...]:
        """What lacks an Allow for the request to be allowed: guards first, then the nearest route."""
        sites = self.sites(request)
        return sites.at(sites.fold.place(request.resource)).lacking(request)

    def sites(self, request: AccessRequest) -> Sites:
        """What decides the request, by whether caller and resource share an account (SEM §8.3-8.5)."""
        owner = request.resource_account
        same_account, explicit_trust = not owner or owner == self._account, request.explicit_trust
        found = self._relations.get((same_account, explicit_trust))
        if found is None:
            combination = combine(
                self._standing,
                self.caller,
                self.action,
                same_account=same_account,
                explicit_trust=explicit_trust,
                options=self._options,
            )
            found = self._relations[same_account, explicit_trust] = Sites(combination, self._reasons)
            if same_account and not explicit_trust:
                self._usual = found
        return found


def compile_plan(
    caller_layers: CallerLayers,
    resource_layers: ResourceLayers,
    caller: Caller,
    action: str,
    *,
    options: EvaluationOptions = DEFAULT,
) -> Plan:
    """The plan of a caller for an action, over the caller's layers and those of the resources it is for.

    It stays good as long as the layers it was made of. An action that is not one makes a plan that denies
    (SEM-A7).
    """
    fault = action_fault(action)
    if fault is not None:
        caller_layers, resource_layers = CallerLayers(), ResourceLayers()
    known = Known(caller, action, unknown_keys=EVERY_KEY)
    stand = standing(known, caller_layers, resource_layers, options)
    return Plan(caller, action, stand, options, fault, Basis(caller_layers, resource_layers))
