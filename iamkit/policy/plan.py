"""Plans: what is left of all policies once caller and action are known (decision 1).

A plan is compiled once for a caller, its layers and an action, and then decides any number of requests. A
decision allocates no formula, and the same outcome for the same reason is the same object.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, TypeAlias, final

from iamkit.errors import EvaluationError
from iamkit.policy.candidates import Allows, Candidate, Standing, standing
from iamkit.policy.combine import Combination, combine
from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.layers import CallerLayers, Layer, ResourceLayers
from iamkit.policy.match import EVERY_KEY, Known
from iamkit.policy.options import DEFAULT, EvaluationOptions
from iamkit.policy.request import AccessRequest, Caller

# One action, without wildcards (SEM-A7): printable ASCII but for white space, `*`, `,`, `:` and `?`.
_ACTION: Final = re.compile(r"[A-Za-z0-9.-]+:[!-)+\--9;->@-~]+")

# How many different reasons a plan remembers; beyond that, decisions are made anew.
_MAX_REASONS: Final = 1_024

_Reason: TypeAlias = tuple[Candidate, ...] | tuple[Layer, ...]


def action_fault(action: str) -> str | None:
    """Why a text is not one concrete action, or None (SEM-A7)."""
    if _ACTION.fullmatch(action):
        return None
    return f"`{action[:80]}` is not one action: a request names `service:Name` without wildcards"


def resource_fault(resource: str) -> str | None:
    """Why a text is not the resource of a request, or None: an ARN, or `*` (SEM-R7)."""
    if resource == "*" or (resource.startswith("arn:") and resource.count(":") >= 5):
        return None
    return f"`{resource[:200]}` is neither an ARN nor `*`"


@final
class _Relation:
    """What decides, with whether caller and resource share an account settled, and what it often comes to.

    `refusing` holds the Denies, if any. `granting` is set where one layer alone has to allow, `silence` where
    its not doing so has one answer.
    """

    __slots__ = ("combination", "granting", "refusing", "silence")

    def __init__(self, combination: Combination) -> None:
        self.combination = combination
        self.refusing = combination.refusing if combination.denies else None
        routes = combination.open_routes
        alone = not combination.guards and len(routes) == 1 and len(routes[0]) == 1
        self.granting = routes[0][0].fold if alone else None
        missing = _layers(combination.sole)
        self.silence = Decision(Outcome.IMPLICIT_DENY, missing=missing) if missing else None


def _layers(lacking: Iterable[Allows]) -> tuple[Layer, ...]:
    return tuple(dict.fromkeys([allows.layer for allows in lacking]))


@final
class Plan:
    """The residual for one caller and action. Make it with `compile_plan`."""

    __slots__ = (
        "_grants",
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
        self, caller: Caller, action: str, stand: Standing, options: EvaluationOptions, fault: str | None
    ) -> None:
        self.caller = caller
        self.action = action
        self.fault = fault
        self._standing = stand
        self._options = options
        self._relations: dict[tuple[bool, bool], _Relation] = {}
        # The relation of nearly all requests: the caller's own account, without explicit trust.
        self._usual: _Relation | None = None
        # Decisions by the one statement that suffices, and by whatever else they are for.
        self._grants: dict[Candidate, Decision] = {}
        self._reasons: dict[_Reason, Decision] = {}

    def decide(self, request: AccessRequest) -> Decision:
        """Decide a request of the plan's caller and action. Never raises: what goes wrong is a denial."""
        caller = self.caller
        if request.action != self.action or (request.caller is not caller and request.caller != caller):
            return failed("the plan is of another caller or action")
        resource = request.resource
        # What is well-formed is seen at once; `resource_fault` says what is wrong with the rest.
        if self.fault is not None or resource[:4] != "arn:" or resource.count(":") < 5:
            fault = self.fault or resource_fault(resource)
            if fault is not None:
                return failed(fault)
        try:
            relation = self._usual
            if relation is None or request.resource_account or request.explicit_trust:
                relation = self._relation(request)
            if relation.refusing is not None:
                denied = relation.refusing.every(request)
                if denied:
                    return self._reasons.get(denied) or self._keep(
                        denied, Decision(Outcome.EXPLICIT_DENY, tuple(candidate.ref for candidate in denied))
                    )
            if relation.granting is not None:
                granted = relation.granting.first(request)
                if granted is not None:
                    return self._grants.get(granted) or self._grant(granted)
            elif (allowed := relation.combination.allowed_by(request)) is not None:
                return self._reasons.get(allowed) or self._keep(
                    allowed, Decision(Outcome.ALLOWED, tuple(candidate.ref for candidate in allowed))
                )
            if relation.silence is not None:
                return relation.silence
            missing = _layers(relation.combination.lacking(request))
        except EvaluationError as error:
            return failed(error.message)
        except Exception as error:  # noqa: BLE001  # closed by default: a plugin's operator may raise anything
            return failed(f"evaluation failed with {type(error).__name__}")
        return self._reasons.get(missing) or self._keep(
            missing, Decision(Outcome.IMPLICIT_DENY, missing=missing)
        )

    def combination(self, request: AccessRequest) -> Combination:
        """What decides the request, by whether caller and resource share an account (SEM §8.3-8.5)."""
        return self._relation(request).combination

    def _relation(self, request: AccessRequest) -> _Relation:
        owner = request.resource_account
        same_account, explicit_trust = not owner or owner == self.caller.account, request.explicit_trust
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
            found = self._relations[same_account, explicit_trust] = _Relation(combination)
            if same_account and not explicit_trust:
                self._usual = found
        return found

    def _grant(self, candidate: Candidate) -> Decision:
        decision = Decision(Outcome.ALLOWED, (candidate.ref,))
        if len(self._grants) < _MAX_REASONS:
            return self._grants.setdefault(candidate, decision)
        return decision

    def _keep(self, reason: _Reason, decision: Decision) -> Decision:
        if len(self._reasons) < _MAX_REASONS:
            return self._reasons.setdefault(reason, decision)
        return decision


def failed(message: str) -> Decision:
    """The denial of a request that could not be decided (SEM-F2)."""
    return Decision(Outcome.IMPLICIT_DENY, error=message)


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
    return Plan(caller, action, standing(known, caller_layers, resource_layers, options), options, fault)
