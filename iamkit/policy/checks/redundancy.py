"""Checks for what adds nothing: entries and statements that others cover, Allows that a Deny overrides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from iamkit.policy.checks import cover
from iamkit.policy.checks.subject import Found, Subject
from iamkit.policy.findings import Check
from iamkit.policy.model import Effect, Element, Statement

CHECKS: Final = (
    Check("REDUNDANT_ACTION", "SUGGESTION", "another entry of the list covers this action",
          "take it out", aws="SUGGESTION"),
    Check("REDUNDANT_RESOURCE", "SUGGESTION", "another entry of the list covers this resource",
          "take it out", aws="SUGGESTION"),
    Check("REDUNDANT_STATEMENT", "SUGGESTION", "another statement of the same effect covers this one",
          "take it out", aws="SUGGESTION"),
    Check("SHADOWED_ALLOW", "WARNING", "a Deny of the same document covers this Allow, which so never allows",
          "take it out, or narrow the Deny"),
)  # fmt: skip


def check(subject: Subject) -> Iterator[Found]:
    """Everything that adds nothing."""
    variables = subject.policy.variables

    def resources_cover(one: str, other: str) -> bool:
        return cover.resource_covers(one, other, variables=variables)

    for statement in subject.policy.statements:
        yield from _entries("REDUNDANT_ACTION", statement.actions, cover.action_covers)
        yield from _entries("REDUNDANT_RESOURCE", statement.resources or (), resources_cover)
    yield from _statements(subject)


def _entries(code: str, entries: Sequence[Element], covers: Callable[[str, str], bool]) -> Iterator[Found]:
    if not cover.comparable(entries):
        return
    for index, entry in enumerate(entries):
        for other, wide in enumerate(entries):
            # Of two that say the same, the later one is in excess.
            if index == other or not covers(wide.text, entry.text):
                continue
            if other < index or not covers(entry.text, wide.text):
                yield Found(code, f"`{wide.text[:80]}` covers it: take it out", (entry.span,))
                break


def _statements(subject: Subject) -> Iterator[Found]:
    statements = subject.policy.statements
    if not cover.comparable([e for item in statements for e in (*item.actions, *(item.resources or ()))]):
        return
    for statement in statements:
        for other in statements:
            if other is statement or not _covers(subject, other, statement):
                continue
            if other.effect is statement.effect:
                if other.index < statement.index or not _covers(subject, statement, other):
                    message = f"statement {other.index + 1} covers it: take it out"
                    yield Found("REDUNDANT_STATEMENT", message, (statement.span,))
                    break
            elif statement.effect is Effect.ALLOW:
                message = f"statement {other.index + 1} denies all of it: take it out, or narrow that Deny"
                yield Found("SHADOWED_ALLOW", message, (statement.span,))
                break


def _covers(subject: Subject, wide: Statement, narrow: Statement) -> bool:
    if wide.not_resource and wide.effect is Effect.DENY and any("${" in e.text for e in wide.resources or ()):
        return False  # SEM-R8: without a value the Deny is out of effect
    return (
        cover.principals_covered(wide, narrow)
        and cover.conditions_covered(wide, narrow)
        and cover.actions_covered(wide, narrow)
        and cover.resources_covered(wide, narrow, variables=subject.policy.variables)
    )
