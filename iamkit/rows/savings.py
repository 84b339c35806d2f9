"""Policies at the moment they are saved: what no list could be filtered by is refused with its place."""

from __future__ import annotations

from collections.abc import Iterator

from iamkit.errors import EvaluationError, MalformedPolicyDocument, NotFilterable
from iamkit.policy import EvaluationOptions
from iamkit.policy.conditions import KeyTest
from iamkit.policy.formula import Unjudged
from iamkit.policy.match import circumstances
from iamkit.policy.model import Policy, Statement
from iamkit.policy.request import ANONYMOUS, AccessRequest, Context
from iamkit.policy.targets import action_test
from iamkit.rows.sources import Declaration
from iamkit.rows.translate import Shape, refusal


def check(policy: Policy, declarations: tuple[Declaration, ...], options: EvaluationOptions) -> None:
    """Refuse a policy that speaks of an action declared filterable in a way that has no form in SQL.

    Raises MalformedPolicyDocument.
    """
    for statement in policy.statements:
        for declaration, action in _filtered(statement, declarations):
            fault = _fault(policy, statement, declaration, action, options)
            if fault is not None:
                span = statement.span
                raise MalformedPolicyDocument(
                    f"line {span.line}, column {span.column}: this statement speaks of `{action}`, by which "
                    f"lists of `{declaration.model.__name__}` are filtered: {fault}"
                )


def _filtered(
    statement: Statement, declarations: tuple[Declaration, ...]
) -> Iterator[tuple[Declaration, str]]:
    spoken = action_test(statement)
    for declaration in declarations:
        for action in dict.fromkeys((*declaration.actions, *declaration.masks.values())):
            if spoken.holds(action.lower()):
                yield declaration, action


def _fault(
    policy: Policy, statement: Statement, declaration: Declaration, action: str, options: EvaluationOptions
) -> str | None:
    service = action.partition(":")[0]
    shape = Shape(declaration, ("arn", "aws", service, "", "0" * 12))
    unknown = declaration.unknown_keys
    try:
        for leaf in circumstances(statement, policy, options.operators):
            if isinstance(leaf, Unjudged):
                continue
            if isinstance(leaf, KeyTest) and not any(key in unknown for key in leaf.reads_keys):
                continue
            # What a request will know stands in for itself.
            context = Context({key: "x" for key in leaf.reads_keys if key not in unknown})
            left = leaf.left(AccessRequest(ANONYMOUS, action, "", context), unknown, hidden=True)
            found = refusal(left, shape, context)
            if found is not None:
                return found
    except (ValueError, EvaluationError, NotFilterable):
        return None  # what cannot be read is the grammar's to refuse
    return None
