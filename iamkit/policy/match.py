"""One match: a statement and what is known of a request make a formula over what is not (SEM-E2).

Everything known leaves TRUE or FALSE; caller and action known is what a plan keeps; a resource that is
not known yet is what a list filters by. This is the only place that says what a statement means.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from iamkit.errors import EvaluationError, InvalidArn
from iamkit.policy.conditions import KeyTest, key_test
from iamkit.policy.formula import FALSE, Formula, Unjudged, conjunction
from iamkit.policy.model import Policy, Statement
from iamkit.policy.operators import STANDARD, OperatorTable
from iamkit.policy.request import AccessRequest, Caller, Context
from iamkit.policy.targets import ActionTest, ResourceTest, action_test, resource_test
from iamkit.policy.variables import MalformedVariableError

# A test of a formula; each says which unknowns it reads, keys in lower case.
Leaf: TypeAlias = ActionTest | ResourceTest | KeyTest


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a request. `resource` is None while unknown, `unknown_keys` holds the keys that
    are not known yet (asked for in lower case); any other key that the context lacks is missing.
    """

    caller: Caller
    action: str
    resource: str | None = None
    context: Context = field(default_factory=Context)
    unknown_keys: Container[str] = frozenset()
    resource_account: str = ""
    explicit_trust: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.unknown_keys, frozenset):
            lowered = frozenset(key.lower() for key in self.unknown_keys)
            object.__setattr__(self, "unknown_keys", lowered)

    @classmethod
    def all_of(cls, request: AccessRequest) -> Known:
        """Everything about a concrete request."""
        return cls(
            caller=request.caller,
            action=request.action,
            resource=request.resource,
            context=request.context,
            resource_account=request.resource_account,
            explicit_trust=request.explicit_trust,
        )

    @property
    def request(self) -> AccessRequest:
        """The known part as a request, for tests that read nothing else."""
        return AccessRequest(
            self.caller,
            self.action,
            self.resource or "",
            self.context,
            self.resource_account,
            self.explicit_trust,
        )

    def settle(self, leaf: Leaf, request: AccessRequest) -> Formula:
        """TRUE or FALSE if the leaf reads only what is known, otherwise what is left of it.

        `request` is `self.request`, made once for many leaves.
        """
        hidden = self.resource is None
        if hidden and self.unknown_keys is EVERY_KEY and not isinstance(leaf, ActionTest):
            return leaf
        try:
            return leaf.left(request, self.unknown_keys, hidden=hidden)
        except EvaluationError as error:
            return Unjudged(error.message)


class EveryKey(Container[str]):
    """The unknown keys of a plan: every key there is."""

    def __contains__(self, key: object) -> bool:
        return True


EVERY_KEY: Final = EveryKey()


def leaves(
    statement: Statement, policy: Policy, operators: OperatorTable = STANDARD
) -> Iterator[Leaf | Unjudged]:
    """The tests that a statement is the conjunction of, its principal element left out.

    They are made one after the other, so that a statement of another action costs no more than its actions.
    Raises what `parse` refuses, for a document that did not come from it.
    """
    yield action_test(statement)
    yield from circumstances(statement, policy, operators)


def circumstances(
    statement: Statement, policy: Policy, operators: OperatorTable = STANDARD
) -> Iterator[ResourceTest | KeyTest | Unjudged]:
    """The same but for the action. Raises as `leaves` does."""
    if statement.resources is not None:
        yield resource_test(statement, variables=policy.variables)
    for condition in statement.conditions:
        operator = operators.get(condition.operator)
        if operator is None:
            yield Unjudged(f"there is no condition operator `{condition.operator_text[:80]}`")
        elif operator.presence and (condition.quantifier or condition.if_exists):
            yield Unjudged(f"`{condition.operator_text}` has no meaning")
        else:
            yield key_test(condition, operator, variables=policy.variables)


def meaning(
    statement: Statement,
    policy: Policy,
    known: Known,
    request: AccessRequest,
    operators: OperatorTable,
    *,
    speaks: bool = False,
) -> Formula:
    """What is left of a statement given what is known; `request` is `known.request`.

    `speaks` says that it is known to speak of the action (`speakers`).
    """
    parts: list[Formula] = []
    try:
        for leaf in (circumstances if speaks else leaves)(statement, policy, operators):
            part = leaf if isinstance(leaf, Unjudged) else known.settle(leaf, request)
            if part is FALSE:
                return FALSE
            parts.append(part)
    except (MalformedVariableError, InvalidArn) as error:
        parts.append(Unjudged(f"statement {statement.index + 1} cannot be read: {error}"))
    return conjunction(parts)
