"""A concrete request that shows a danger: built from one statement, and kept only if evaluation allows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from iamkit.errors import InvalidArn
from iamkit.policy.checks.subject import IDENTITY_KINDS, Subject
from iamkit.policy.evaluate import evaluate
from iamkit.policy.findings import Example, Facts
from iamkit.policy.layers import AttachedPolicy, CallerLayers, Policies, PolicySource, ResourceLayers
from iamkit.policy.model import Condition, Effect, Policy, PolicyKind, Quantifier, Statement
from iamkit.policy.operators import Family
from iamkit.policy.options import EvaluationOptions
from iamkit.policy.parse import parse
from iamkit.policy.request import ANONYMOUS, AccessRequest, Caller, CallerKind, Context, ContextValue
from iamkit.policy.targets import action_test, resource_test
from iamkit.policy.tokens import Wildcard
from iamkit.policy.variables import MalformedVariableError, Template, Variable, arn_templates, template

ACCOUNT: Final = "123456789012"
STRANGER: Final = "210987654321"

# A value of each type of key, for where any will do.
_ANY_VALUE: Final = {
    "String": "something",
    "ARN": f"arn:aws:iam::{ACCOUNT}:user/somebody",
    "Numeric": "1",
    "Date": "2024-01-31T12:00:00Z",
    "Bool": "true",
    "IPAddress": "198.51.100.7",
    "Binary": "eA==",
}


def example(
    subject: Subject,
    statement: Statement,
    *,
    action: str = "",
    resource: str = "",
    missing: Iterable[str] = (),
    given: Mapping[str, ContextValue] | None = None,
) -> Example | None:
    """A request that the document lets pass, as the finding about `statement` says, or None.

    For a Deny, one that it should have stopped. `missing` keys are left out, `given` ones are as they are;
    the rest is chosen so that the statement's other conditions hold.
    """
    account = subject.facts.account or ACCOUNT
    context: dict[str, ContextValue] = dict(given or {})
    absent = {key.lower() for key in missing}
    _fill(subject, statement, context, absent)
    wanted = resource or _resource(subject, statement, context)
    caller = _caller(statement, account, local=_is_local(subject.kind, statement))
    request = AccessRequest(
        caller=caller,
        action=action or _action(subject, statement),
        resource=wanted,
        context=Context(context),
        resource_account=_owner(wanted) or account,
        explicit_trust=subject.kind is PolicyKind.TRUST,
    )
    beside = statement.effect is Effect.DENY or subject.kind not in IDENTITY_KINDS
    shown = Example(request, beside and caller.kind is CallerKind.USER)
    return shown if confirmed(subject.policy, subject.facts, shown) else None


def confirmed(policy: Policy, facts: Facts, shown: Example) -> bool:
    """Whether evaluation allows the request, with nothing but this policy and, `beside`, everything."""
    own: Policies = (AttachedPolicy(policy, PolicySource("this policy")),)
    everything: Policies = (
        (AttachedPolicy(_everything(), PolicySource("everything")),) if shown.beside else ()
    )
    identity, theirs = everything, ResourceLayers()
    guardrails: tuple[Policies, ...] | None = None
    match policy.kind:
        case PolicyKind.GUARDRAIL:
            guardrails = ((*own, *everything),)
        case PolicyKind.RESOURCE_GUARDRAIL:
            theirs = ResourceLayers(guardrails=((*own, *everything),))
        case PolicyKind.ENDPOINT:
            theirs = ResourceLayers(endpoint=own)
        case PolicyKind.RESOURCE | PolicyKind.TRUST:
            theirs = ResourceLayers(policies=own)
        case _:
            identity = (*own, *everything)
    mine = CallerLayers(identity=identity, guardrails=guardrails)
    return evaluate(shown.request, mine, theirs, options=EvaluationOptions(operators=facts.operators)).allowed


@lru_cache(maxsize=1)
def _everything() -> Policy:
    statement = '{"Effect": "Allow", "Action": "*", "Resource": "*"}'
    return parse(f'{{"Version": "2012-10-17", "Statement": {statement}}}', PolicyKind.IDENTITY)


def _is_local(kind: PolicyKind, statement: Statement) -> bool:
    """Whether the caller is taken from the resource's account; a grant shows best by a stranger."""
    return kind not in (PolicyKind.RESOURCE, PolicyKind.TRUST) or statement.effect is Effect.DENY


def _caller(statement: Statement, account: str, *, local: bool) -> Caller:
    home = account if local else STRANGER
    anybody = Caller(CallerKind.USER, f"arn:aws:iam::{home}:user/somebody", home, unique_id="AIDASOMEBODY")
    if statement.principals is None or statement.not_principal:
        return anybody
    for entry in statement.principals:
        if entry.text == "*":
            return anybody
        if entry.type == "Service":
            return Caller(CallerKind.SERVICE, entry.text)
        if entry.type == "Federated":
            return Caller(CallerKind.PROVIDER, entry.text)
        if entry.type != "AWS":
            continue
        parts = entry.text.split(":", 5)
        if len(parts) not in (1, 6):
            continue  # a document at rest may hold what is no ARN; it names nobody
        if len(parts) == 1 or parts[5] == "root":
            home = entry.text if len(parts) == 1 else parts[4]
            return Caller(
                CallerKind.USER, f"arn:aws:iam::{home}:user/somebody", home, unique_id="AIDASOMEBODY"
            )
        if parts[5].startswith("user/"):
            return Caller(CallerKind.USER, entry.text, parts[4], unique_id="AIDASOMEBODY")
        if parts[5].startswith("role/"):
            session = f"arn:{parts[1]}:sts::{parts[4]}:assumed-role/{parts[5].rsplit('/', 1)[-1]}/somebody"
            return Caller(CallerKind.ROLE_SESSION, session, parts[4], entry.text, "AROASOMEBODY")
    return ANONYMOUS


def _action(subject: Subject, statement: Statement) -> str:
    """An action that the statement speaks of, one of the catalog if there is one."""
    test = action_test(statement)
    wanted = [_text(template(element.text, variables=False), {}) for element in statement.actions]
    for name in (*([] if statement.not_action else wanted), *subject.facts.catalog.actions(), "app:Anything"):
        if ":" in name and test.holds(name.lower()):
            return name
    return "app:Anything"


def _resource(subject: Subject, statement: Statement, context: dict[str, ContextValue]) -> str:
    if subject.facts.resource is not None:
        return subject.facts.resource
    plain = f"arn:aws:app::{subject.facts.account or ACCOUNT}:anything"
    if statement.resources is None:
        return plain
    if not statement.not_resource:
        for element in statement.resources:
            try:
                return _arn_text(element.text, subject, context)
            except (MalformedVariableError, InvalidArn):
                continue
        return plain
    test = resource_test(statement, variables=subject.policy.variables)
    elsewhere = (plain, f"arn:aws:iam::{ACCOUNT}:role/another", f"arn:aws:app::{STRANGER}:something")
    for choice in elsewhere:
        if test.test(AccessRequest(ANONYMOUS, "", choice, Context(context))):
            return choice
    return plain


# What a star in each part of an ARN is filled with.
_PARTS: Final = ("arn", "aws", "app", "", ACCOUNT, "anything")


def _owner(resource: str) -> str:
    parts = resource.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4].isdigit() else ""


def _arn_text(text: str, subject: Subject, context: dict[str, ContextValue]) -> str:
    parts = arn_templates(text, variables=subject.policy.variables)
    return ":".join(_text(part, context, _PARTS[index]) for index, part in enumerate(parts))


def _text(tokens: Template, context: dict[str, ContextValue], run: str = "Anything") -> str:
    """A text that the tokens match; a variable without a value in the context is given one there."""
    text = ""
    for token in tokens:
        if isinstance(token, Variable):
            value = context.setdefault(token.key, token.default or "something")
            text += value if isinstance(value, str) else "something"
        elif isinstance(token, str):
            text += token
        else:
            text += run if token is Wildcard.RUN else "x"
    return text


def _fill(subject: Subject, statement: Statement, context: dict[str, ContextValue], absent: set[str]) -> None:
    """Choose a value for every key that a condition of the statement asks for."""
    for condition in statement.conditions:
        key = condition.key.lower()
        operator = subject.facts.operators.get(condition.operator)
        if operator is None or key in absent or any(name.lower() == key for name in context):
            continue
        known = subject.facts.catalog.key(condition.key)
        any_value = _ANY_VALUE[known.type] if known else _ANY_VALUE["String"]
        if operator.presence:
            if any(value.text.lower() == "true" for value in condition.values):
                continue
            value = any_value
        elif operator.negated:
            # Left out while that holds: a later condition may ask for a value of its own.
            if condition.quantifier is not Quantifier.FOR_ANY:
                continue
            value = any_value
        else:
            value = _value(condition, operator.family, operator.wildcards, subject, context)
        many = condition.quantifier is not Quantifier.NONE or (known is not None and known.multivalued)
        context[condition.key] = (value,) if many else value


def _value(
    condition: Condition, family: Family, wildcards: bool, subject: Subject, context: dict[str, ContextValue]
) -> str:
    if not condition.values:
        return "something"
    text = condition.values[0].text
    name = condition.operator
    if family is Family.NUMERIC:
        step = {"NumericLessThan": -1, "NumericGreaterThan": 1}.get(name, 0)
        return str(float(text) + step) if step else text
    if family is Family.DATE:
        return {"DateLessThan": "1970-01-02T00:00:00Z", "DateGreaterThan": "2999-01-01T00:00:00Z"}.get(
            name, text
        )
    if family is Family.IP:
        return text.partition("/")[0]
    try:
        tokens = template(text, wildcards=wildcards, variables=subject.policy.variables)
    except MalformedVariableError:
        return text
    if family is Family.ARN:
        try:
            return _arn_text(text, subject, context)
        except InvalidArn:
            return text
    return _text(tokens, context, "anything")
