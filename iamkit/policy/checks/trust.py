"""Checks of trust policies: who may assume a role, how, and with what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from iamkit.policy.checks.subject import Found, Subject, action_span, key_span
from iamkit.policy.checks.types import speaks_of
from iamkit.policy.checks.witness import example
from iamkit.policy.elements import is_ci_issuer
from iamkit.policy.findings import Check
from iamkit.policy.model import Effect, PolicyKind, PrincipalEntry, Quantifier, Statement

_ASSUME: Final = "sts:AssumeRole"
_WITH_SAML: Final = "sts:AssumeRoleWithSAML"
_WITH_WEB: Final = "sts:AssumeRoleWithWebIdentity"
# A key, and the action that sets it.
_SETTERS: Final = {
    "sts:sourceidentity": "sts:SetSourceIdentity",
    "sts:transitivetagkeys": "sts:TagSession",
    "aws:requesttag/": "sts:TagSession",
    "aws:tagkeys": "sts:TagSession",
}
# Any of these holds a stranger's account to those who are meant.
_HELD: Final = frozenset(
    {"sts:externalid", "aws:principalorgid", "aws:principalarn", "aws:principalorgpaths"}
)

CHECKS: Final = (
    Check("MISMATCHED_ACTION_FOR_PRINCIPAL", "ERROR",
          "such a principal cannot assume a role by any of the statement's actions",
          "use sts:AssumeRole for accounts and services, …WithSAML for SAML, …WithWebIdentity for the others",
          aws="ERROR"),
    Check("MISSING_ACTION_FOR_CONDITION_KEY", "ERROR",
          "a condition speaks of what the caller sets, and the statement does not let it be set",
          "add the action that the finding names", aws="ERROR"),
    Check("SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", "WARNING",
          "the condition on the pipeline's `sub` takes in more than one repository or branch",
          "write repository and branch in full", aws="WARNING"),
    Check("REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY", "SUGGESTION",
          "the list names a role and one of its sessions, or one principal twice",
          "take it out", aws="SUGGESTION"),
    Check("CONFIRM_AUDIENCE_CLAIM_TYPE", "SUGGESTION",
          "a set prefix on `aud` fits only providers whose tokens hold a list of audiences",
          "look at a token; take the prefix away if `aud` is one text", aws="SUGGESTION"),
    Check("CROSS_ACCOUNT_WITHOUT_EXTERNAL_ID", "SECURITY_WARNING",
          "another account is trusted without anything that tells for whom it acts",
          "add a condition on `sts:ExternalId`"),
)  # fmt: skip


def check(subject: Subject) -> Iterator[Found]:
    """Everything about trust policies."""
    if subject.kind is not PolicyKind.TRUST:
        return
    for statement in subject.policy.statements:
        yield from _entries(statement)
        yield from _conditions(subject, statement)
        if statement.effect is Effect.ALLOW:
            yield from _strangers(subject, statement)


def _entries(statement: Statement) -> Iterator[Found]:
    entries = statement.principals or ()
    seen: set[tuple[str, str]] = set()
    named = {_role(entry.text) for entry in entries}
    for entry in entries:
        wanted = _wanted(entry)
        if statement.effect is Effect.ALLOW and not any(speaks_of(statement, action) for action in wanted):
            message = f"`{entry.text[:80]}` can only assume a role by {' or '.join(wanted)}: allow that"
            yield Found("MISMATCHED_ACTION_FOR_PRINCIPAL", message, (entry.span, action_span(statement)))
        session = _session(entry.text)
        if (entry.type, entry.text) in seen or (session is not None and session in named):
            message = f"`{entry.text[:80]}` is named already: take it out"
            yield Found("REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY", message, (entry.span,))
        seen.add((entry.type, entry.text))


def _wanted(entry: PrincipalEntry) -> tuple[str, ...]:
    if entry.type != "Federated":
        return (_ASSUME,)
    if entry.text.startswith("arn:"):
        return (_WITH_SAML,) if ":saml-provider/" in entry.text else (_WITH_WEB,)
    return (_WITH_WEB,)


def _role(arn: str) -> tuple[str, str] | None:
    """Account and name of a role, by which its sessions go."""
    parts = arn.split(":", 5)
    named = len(parts) == 6 and parts[5].startswith("role/")
    return (parts[4], parts[5].rsplit("/", 1)[-1]) if named else None


def _session(arn: str) -> tuple[str, str] | None:
    parts = arn.split(":", 5)
    names = parts[-1].split("/")
    return (parts[4], names[1]) if len(parts) == 6 and names[0] == "assumed-role" else None


def _conditions(subject: Subject, statement: Statement) -> Iterator[Found]:
    ci = any(entry.type == "Federated" and is_ci_issuer(entry.text) for entry in statement.principals or ())
    for condition in statement.conditions:
        key, place = condition.key.lower(), key_span(subject, condition)
        setter = _SETTERS.get(key if "/" not in key else key.partition("/")[0] + "/")
        if setter is not None and statement.effect is Effect.ALLOW and not speaks_of(statement, setter):
            message = f"`{condition.key[:80]}` can be set only where `{setter}` is allowed too: add that"
            yield Found("MISSING_ACTION_FOR_CONDITION_KEY", message, (action_span(statement), place))
        if key.endswith(":aud") and condition.quantifier is not Quantifier.NONE:
            message = f"make sure that `{condition.key[:80]}` is a list in this provider's tokens"
            yield Found("CONFIRM_AUDIENCE_CLAIM_TYPE", message, (place,))
        if ci and key.endswith(":sub") and condition.operator == "StringLike":
            for value in condition.values:
                if "*" in value.text or "?" in value.text:
                    message = f"`{value.text[:80]}` takes in more than one branch: write it in full"
                    yield Found("SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", message, (value.span,))


def _strangers(subject: Subject, statement: Statement) -> Iterator[Found]:
    account = subject.facts.account
    keys = {condition.key.lower() for condition in statement.conditions}
    if account is None or statement.not_principal or keys & _HELD or not speaks_of(statement, _ASSUME):
        return
    for entry in statement.principals or ():
        parts = entry.text.split(":", 5)
        owner = parts[4] if len(parts) == 6 else entry.text
        if entry.type == "AWS" and owner != account:
            message = f"account `{owner[:20]}` is trusted for whomever it acts: ask for an `sts:ExternalId`"
            shown = example(subject, statement)
            yield Found("CROSS_ACCOUNT_WITHOUT_EXTERNAL_ID", message, (entry.span,), shown)
