"""Checks of the document as a whole: its version, empty elements, Sids and size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from iamkit.policy.checks.subject import Found, Subject
from iamkit.policy.findings import Check
from iamkit.policy.grammar import (
    GRAMMARS,
    GUARDRAIL_SIZE,
    INLINE_SIZES,
    MANAGED_SIZE,
    RESOURCE_SIZE,
    TRUST_SIZE,
    VERSIONS,
    significant_length,
)
from iamkit.policy.model import PolicyKind
from iamkit.policy.source import Node

# A resource policy's limit counts bytes, of which a document has at least as many.
_SIZES: Final = {
    PolicyKind.IDENTITY: INLINE_SIZES["user"],
    PolicyKind.BOUNDARY: MANAGED_SIZE,
    PolicyKind.SESSION: INLINE_SIZES["user"],
    PolicyKind.RESOURCE: RESOURCE_SIZE,
    PolicyKind.ENDPOINT: RESOURCE_SIZE,
    PolicyKind.TRUST: TRUST_SIZE,
    PolicyKind.GUARDRAIL: GUARDRAIL_SIZE,
    PolicyKind.RESOURCE_GUARDRAIL: GUARDRAIL_SIZE,
}
_SIZE_CODES: Final = {
    PolicyKind.RESOURCE: "RESOURCE_POLICY",
    PolicyKind.ENDPOINT: "RESOURCE_POLICY",
    PolicyKind.TRUST: "ROLE_TRUST_POLICY",
    PolicyKind.GUARDRAIL: "SCP",
    PolicyKind.RESOURCE_GUARDRAIL: "SCP",
}

CHECKS: Final = (
    Check(
        "OLD_VERSION",
        "SUGGESTION",
        "the document says Version 2008-10-17, in which variables are plain text",
        "write `2012-10-17`",
    ),
    Check(
        "MISSING_VERSION",
        "WARNING",
        "without a Version the document is read as of 2008-10-17",
        'add `"Version": "2012-10-17"`',
        aws="WARNING",
    ),
    Check(
        "VARIABLE_UNSUPPORTED_IN_VERSION",
        "ERROR",
        "the document has a variable, and its Version has none: the text stands for itself",
        "write Version `2012-10-17`, or take the variable out",
        aws="ERROR",
    ),
    Check(
        "EMPTY_OBJECT_CONDITION",
        "SUGGESTION",
        "an empty Condition, or an operator without keys, asks for nothing",
        "take it out, or fill it",
        aws="SUGGESTION",
    ),
    Check(
        "EMPTY_SID_VALUE", "SUGGESTION", "a Sid is empty", "give it a name or take it out", aws="SUGGESTION"
    ),
    Check(
        "UNIQUE_SIDS_RECOMMENDED",
        "WARNING",
        "two statements of a resource policy have one Sid, so that no report can tell them apart",
        "name each statement differently",
        aws="WARNING",
    ),
    Check(
        "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA",
        "WARNING",
        "an identity policy is longer than the quota admits; it would be refused when saved",
        "shorten or divide it, or make it a managed policy",
        aws="WARNING",
    ),
    Check(
        "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA",
        "WARNING",
        "a resource policy is longer than the quota admits; it would be refused when saved",
        "shorten it",
        aws="WARNING",
    ),
    Check(
        "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA",
        "WARNING",
        "a trust policy is longer than the quota admits; it would be refused when saved",
        "shorten it",
        aws="WARNING",
    ),
    Check(
        "POLICY_SIZE_EXCEEDS_SCP_QUOTA",
        "ERROR",
        "a guardrail is longer than the quota admits; it would be refused when saved",
        "shorten or divide it",
        aws="ERROR",
    ),
)


def check(subject: Subject) -> Iterator[Found]:
    """Everything about the document as a whole."""
    yield from _version(subject)
    yield from _empty(subject)
    yield from _sids(subject)
    yield from _size(subject)


def _version(subject: Subject) -> Iterator[Found]:
    policy = subject.policy
    if policy.version is None:
        message = f'the document is read as of {VERSIONS[1]}; add `"Version": "{VERSIONS[0]}"`'
        yield Found("MISSING_VERSION", message, (subject.span(subject.root),))
    elif policy.version != VERSIONS[0]:
        place = next(member.value for member in subject.root.members if member.name == "Version")
        message = f"variables are plain text in Version {policy.version}: write `{VERSIONS[0]}`"
        yield Found("OLD_VERSION", message, (subject.span(place),))
    if policy.variables:
        return
    for statement in policy.statements:
        values = (value for condition in statement.conditions for value in condition.values)
        for element in (*(statement.resources or ()), *values):
            if "${" in element.text:
                message = f"`{element.text[:80]}` stands for itself: variables need Version `{VERSIONS[0]}`"
                yield Found("VARIABLE_UNSUPPORTED_IN_VERSION", message, (element.span,))


def _empty(subject: Subject) -> Iterator[Found]:
    for statement in subject.policy.statements:
        for member in subject.statement_node(statement).members:
            if member.name == "Sid" and member.value.kind == "string" and not member.value.text:
                message = "the Sid is empty: give the statement a name, or take the Sid out"
                yield Found("EMPTY_SID_VALUE", message, (subject.span(member.value),))
            if member.name == "Condition":
                empty = [member.value, *(block.value for block in member.value.members)]
                for node in empty:
                    if _asks_nothing(node):
                        message = "this asks for nothing: take it out, or fill it"
                        yield Found("EMPTY_OBJECT_CONDITION", message, (subject.span(node),))


def _asks_nothing(node: Node) -> bool:
    return node.kind == "object" and not node.members


def _sids(subject: Subject) -> Iterator[Found]:
    if GRAMMARS[subject.kind].plain_sid:
        return
    seen: set[str] = set()
    for statement in subject.policy.statements:
        if statement.sid and statement.sid in seen:
            node = next(
                member.value for member in subject.statement_node(statement).members if member.name == "Sid"
            )
            message = f"Sid `{statement.sid[:80]}` is in use already: name each statement differently"
            yield Found("UNIQUE_SIDS_RECOMMENDED", message, (subject.span(node),))
        elif statement.sid:
            seen.add(statement.sid)


def _size(subject: Subject) -> Iterator[Found]:
    facts, kind = subject.facts, subject.kind
    own = MANAGED_SIZE if facts.managed else _SIZES[kind]
    if kind is PolicyKind.IDENTITY and facts.holder is not None:
        own = INLINE_SIZES[facts.holder]
    limit = facts.size_limit or own
    size = significant_length(subject.policy.text)
    if size > limit:
        code = f"POLICY_SIZE_EXCEEDS_{_SIZE_CODES.get(kind, 'IDENTITY_POLICY')}_QUOTA"
        message = f"{size} characters without white space are more than the quota of {limit}: shorten it"
        yield Found(code, message, (subject.span(subject.root),))
