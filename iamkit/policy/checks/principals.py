"""Checks of whom a resource policy names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from iamkit.policy.checks.subject import RESOURCE_KINDS, Found, Subject, key_span
from iamkit.policy.checks.witness import example
from iamkit.policy.findings import Check
from iamkit.policy.model import Effect, PrincipalEntry, Statement

# What tells on whose behalf a service calls.
_SOURCES: Final = frozenset(
    {
        "aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:principalorgid",
        "aws:principalorgpaths",
    }
)  # fmt: skip
# What only callers of an account have.
_OF_ENTITIES: Final = ("aws:principalarn", "aws:principaltag/", "aws:username", "aws:userid",
                       "aws:principaltype", "aws:multifactorauth")  # fmt: skip

CHECKS: Final = (
    Check("FEDERATED_PRINCIPAL_NOT_SUPPORTED", "ERROR",
          "an identity provider calls only to assume a role, so that a resource's own policy never meets one",
          "name the role that its people assume", aws="ERROR"),
    Check("UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", "ERROR",
          "a service has no such key: only users, roles and sessions carry it",
          "use aws:SourceArn or aws:SourceAccount, or give the service a statement of its own", aws="ERROR"),
    Check("RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", "SECURITY_WARNING",
          "the service is let in on anybody's behalf",
          "add a condition on aws:SourceArn or aws:SourceAccount", aws="SECURITY_WARNING"),
    Check("RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", "SUGGESTION",
          "the service is held back, but not to one source",
          "add a condition on aws:SourceArn or aws:SourceAccount", aws="SUGGESTION"),
    Check("DANGLING_PRINCIPAL", "ERROR", "the account has no such user or role; saving the policy is refused",
          "write the ARN of an existing one, case and path included"),
)  # fmt: skip


def check(subject: Subject) -> Iterator[Found]:
    """Everything about principals."""
    for statement in subject.policy.statements:
        for entry in statement.principals or ():
            yield from _entry(subject, statement, entry)


def _entry(subject: Subject, statement: Statement, entry: PrincipalEntry) -> Iterator[Found]:
    if entry.type == "Federated" and subject.kind in RESOURCE_KINDS:
        message = f"`{entry.text[:80]}` only assumes roles: name the role that its people assume"
        yield Found("FEDERATED_PRINCIPAL_NOT_SUPPORTED", message, (entry.span,))
    if entry.type == "Service" and not statement.not_principal:
        yield from _service(subject, statement, entry)
    facts, parts = subject.facts, entry.text.split(":", 5)
    if facts.principals is None or facts.account is None or entry.type != "AWS" or len(parts) != 6:
        return
    ours = parts[2] == "iam" and parts[4] == facts.account and parts[5].startswith(("user/", "role/"))
    if ours and entry.text not in facts.principals:
        message = f"`{entry.text[:200]}` does not exist: write an existing ARN, case and path included"
        yield Found("DANGLING_PRINCIPAL", message, (entry.span,))


def _service(subject: Subject, statement: Statement, entry: PrincipalEntry) -> Iterator[Found]:
    foreign = [
        condition for condition in statement.conditions if condition.key.lower().startswith(_OF_ENTITIES)
    ]
    for condition in foreign:
        message = f"a service carries no `{condition.key[:80]}`: use aws:SourceArn or aws:SourceAccount"
        place = (key_span(subject, condition),)
        yield Found("UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", message, place)
    keys = {condition.key.lower() for condition in statement.conditions}
    if statement.effect is not Effect.ALLOW or subject.kind not in RESOURCE_KINDS or keys & _SOURCES:
        return
    advice = "add a condition on aws:SourceArn or aws:SourceAccount"
    if keys:
        message = f"`{entry.text[:80]}` is not held to one source: {advice}"
        yield Found("RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", message, (entry.span,))
    else:
        message = f"`{entry.text[:80]}` is let in on anybody's behalf: {advice}"
        shown = example(subject, statement)
        yield Found("RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", message, (entry.span,), shown)
