"""Simulation: what would be decided for actions on resources, told as AWS's policy simulator tells it.

The decision is the one of `explain`, which is the one of enforcement; nothing is decided here. Names of
members, and what is left out when, follow the API reference of `SimulatePrincipalPolicy`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, product
from typing import Final, final

from iamkit.errors import InvalidArn
from iamkit.policy.conditions import KeyTest
from iamkit.policy.decision import Decision, Outcome, StatementRef
from iamkit.policy.explain import Explanation, explain
from iamkit.policy.layers import CallerLayers, Layer, Policies, PolicySource, ResourceLayers
from iamkit.policy.match import Leaf, leaves
from iamkit.policy.model import Policy
from iamkit.policy.operators import STANDARD, OperatorTable
from iamkit.policy.options import DEFAULT, EvaluationOptions
from iamkit.policy.problem import Lines
from iamkit.policy.request import AccessRequest, Caller, Context
from iamkit.policy.survey import Verdict
from iamkit.policy.targets import ResourceTest
from iamkit.policy.trace import Json, StatementTrace
from iamkit.policy.variables import MalformedVariableError

_ORGANIZATION: Final = frozenset({Layer.GUARDRAIL, Layer.RESOURCE_GUARDRAIL})
_WORDS: Final[dict[Verdict, Outcome]] = {
    "allows": Outcome.ALLOWED,
    "denies": Outcome.EXPLICIT_DENY,
    "is silent": Outcome.IMPLICIT_DENY,
    "cannot be judged": Outcome.IMPLICIT_DENY,
}


@final
@dataclass(frozen=True, slots=True)
class Position:
    """One character of a document; line and column count from 1."""

    line: int
    column: int

    def as_data(self) -> Json:
        """As AWS writes it."""
        return {"Line": self.line, "Column": self.column}


@final
@dataclass(frozen=True, slots=True)
class MatchedStatement:
    """A statement that determined a decision. `start` is its `{`, `end` its `}`."""

    ref: StatementRef
    start: Position
    end: Position

    def as_data(self) -> Json:
        """As AWS writes it; the id of a policy is its name."""
        return {
            "SourcePolicyId": self.ref.source.name,
            "SourcePolicyType": self.ref.source.type or "none",
            "StartPosition": self.start.as_data(),
            "EndPosition": self.end.as_data(),
        }


@final
@dataclass(frozen=True, slots=True)
class SimulationResult:
    """What would be decided about one action on one resource.

    `missing_context` are the keys that statements which could match read and the context lacks. The details
    are None where they do not apply: no boundary, no guardrails, no resource named, or a guardrail that
    ended the evaluation.
    """

    action: str
    resource: str
    explanation: Explanation = field(repr=False)
    matched: tuple[MatchedStatement, ...]
    missing_context: tuple[str, ...]
    allowed_by_boundary: bool | None
    allowed_by_organization: bool | None
    details: dict[str, Outcome] | None = field(hash=False)

    @property
    def decision(self) -> Decision:
        """The decision that enforcement would take."""
        return self.explanation.decision

    def as_data(self) -> dict[str, Json]:
        """One of AWS's `EvaluationResults`."""
        missing: Json = list(self.missing_context)
        matched: Json = [statement.as_data() for statement in self.matched]
        own: dict[str, Json] = {}
        if self.allowed_by_boundary is not None:
            own["PermissionsBoundaryDecisionDetail"] = {
                "AllowedByPermissionsBoundary": self.allowed_by_boundary
            }
        if self.details is not None:
            own["EvalDecisionDetails"] = {name: outcome.value for name, outcome in self.details.items()}
        data: dict[str, Json] = {
            "EvalActionName": self.action,
            "EvalResourceName": self.resource,
            "EvalDecision": self.decision.outcome.value,
            "MatchedStatements": matched,
            "MissingContextValues": missing if self.resource == "*" else [],
            **own,
        }
        if self.allowed_by_organization is not None:
            data["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": self.allowed_by_organization}
        if self.resource != "*":
            data["ResourceSpecificResults"] = [
                {
                    "EvalResourceName": self.resource,
                    "EvalResourceDecision": self.decision.outcome.value,
                    "MatchedStatements": matched,
                    "MissingContextValues": missing,
                    **own,
                }
            ]
        return data


def simulate(
    request: AccessRequest,
    caller_layers: CallerLayers,
    resource_layers: ResourceLayers = ResourceLayers(),  # noqa: B008  # frozen, and empty
    *,
    options: EvaluationOptions = DEFAULT,
) -> SimulationResult:
    """Simulate one request. Never raises, as `evaluate` does not."""
    explanation = explain(request, caller_layers, resource_layers, options=options)
    texts = _texts(caller_layers, resource_layers)
    levels = explanation.layers
    rails = [item.verdict == "allows" for item in levels if item.layer in _ORGANIZATION]
    bounds = [item.verdict == "allows" for item in levels if item.layer is Layer.BOUNDARY]
    organization = all(rails) if rails else None
    details = None if organization is False else _details(request, explanation)
    return SimulationResult(
        request.action,
        request.resource,
        explanation,
        tuple(_matched(ref, texts) for ref in explanation.decision.determining),
        tuple(sorted(dict.fromkeys(_missing(explanation.statements, request.context)), key=str.lower)),
        bounds[0] if bounds else None,
        organization,
        details,
    )


def simulate_all(
    caller: Caller,
    actions: Iterable[str],
    resources: Iterable[str],
    context: Context,
    caller_layers: CallerLayers,
    resource_layers: Callable[[str], tuple[ResourceLayers, str]],
    *,
    options: EvaluationOptions = DEFAULT,
    start: int = 0,
    limit: int | None = None,
) -> tuple[SimulationResult, ...]:
    """Simulate every action on every resource, actions outermost; only `limit` of the pairs from `start` on.

    `resource_layers` gives the layers of a resource and the account that owns it.
    """
    around = cache(resource_layers)
    stop = None if limit is None else start + limit
    return tuple(
        simulate(
            AccessRequest(caller, action, resource, context, around(resource)[1]),
            caller_layers,
            around(resource)[0],
            options=options,
        )
        for action, resource in islice(product(actions, resources), start, stop)
    )


def context_keys(policies: Iterable[Policy], operators: OperatorTable = STANDARD) -> tuple[str, ...]:
    """The condition keys that policies read, in conditions and variables, each spelt as first written."""
    found: dict[str, str] = {}
    for policy in policies:
        for statement in policy.statements:
            try:
                for leaf in leaves(statement, policy, operators):
                    if isinstance(leaf, KeyTest | ResourceTest):
                        for key in keys_of(leaf):
                            found.setdefault(key.lower(), key)
            except (MalformedVariableError, InvalidArn):
                continue  # such a statement is never judged, so it reads nothing more
    return tuple(sorted(found.values(), key=str.lower))


def keys_of(leaf: Leaf) -> Iterator[str]:
    """The keys that a leaf reads, spelt as in the document."""
    texts: list[str] = []
    if isinstance(leaf, KeyTest):
        texts = [leaf.name, *(value.text for value in leaf.values)]
    elif isinstance(leaf, ResourceTest):
        texts = [entry.text for entry in leaf.entries]
    for key in leaf.reads_keys:
        places = [(text, text.lower().find(key)) for text in texts]
        yield next((text[at : at + len(key)] for text, at in places if at >= 0), key)


def _missing(statements: Iterable[StatementTrace], context: Context) -> Iterator[str]:
    """Keys that the context lacks and that a statement reads which nothing else keeps from matching."""
    for item in statements:
        absent = [
            key for leaf in item.leaves for key in keys_of(leaf) if context.by_lower.get(key.lower()) is None
        ]
        variable = any(
            isinstance(leaf, ResourceTest)
            and any(context.by_lower.get(key) is None for key in leaf.reads_keys)
            for leaf in item.leaves
        )
        fixed = [
            element
            for element in item.elements
            if element.held is False
            and element.element != "Condition"
            and not (variable and element.element in ("Resource", "NotResource"))
        ]
        if not fixed:
            yield from absent


def _details(request: AccessRequest, explanation: Explanation) -> dict[str, Outcome] | None:
    """What each type of policy says where caller and resource are of two accounts; else nothing, or None."""
    if request.resource == "*":
        return None
    if not request.resource_account or request.resource_account == request.caller.account:
        return {}
    return {
        item.layer.value: _WORDS[item.verdict]
        for item in explanation.layers
        if item.layer not in _ORGANIZATION
    }


def _texts(
    caller_layers: CallerLayers, resource_layers: ResourceLayers
) -> dict[tuple[Layer, int, PolicySource], str]:
    found: dict[tuple[Layer, int, PolicySource], str] = {}
    stacks: list[tuple[Layer, tuple[Policies, ...]]] = [
        (Layer.IDENTITY, (caller_layers.identity,)),
        (Layer.BOUNDARY, (caller_layers.boundary or (),)),
        (Layer.SESSION, (caller_layers.session or (),)),
        (Layer.GUARDRAIL, caller_layers.guardrails or ()),
        (Layer.RESOURCE, (resource_layers.policies,)),
        (Layer.RESOURCE_GUARDRAIL, resource_layers.guardrails or ()),
        (Layer.ENDPOINT, (resource_layers.endpoint or (),)),
    ]
    for layer, levels in stacks:
        for level, policies in enumerate(levels):
            for attached in policies:
                found[layer, level, attached.source] = attached.policy.text
    return found


def _matched(ref: StatementRef, texts: dict[tuple[Layer, int, PolicySource], str]) -> MatchedStatement:
    end = Lines(texts[ref.layer, ref.level, ref.source]).span(ref.span.end - 1, ref.span.end)
    return MatchedStatement(ref, Position(ref.span.line, ref.span.column), Position(end.line, end.column))
