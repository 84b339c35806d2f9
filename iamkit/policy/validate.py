"""Validation: everything there is to say about a policy document, as AWS's analyzer says it (CAP-K4).

What the strict grammar refuses is an ERROR; the rest is accepted when it is saved, whatever its type.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from iamkit.errors import MalformedPolicyDocument
from iamkit.policy.checks.subject import Subject
from iamkit.policy.checks.table import CHECKERS, CHECKS
from iamkit.policy.findings import FINDING_TYPES, Facts, Finding, Location
from iamkit.policy.model import Policy, PolicyKind
from iamkit.policy.parse import parse
from iamkit.policy.problem import Lines, Problem, Problems
from iamkit.policy.source import read

# Beyond this many of one subject a document is not worth a longer list.
MAX_FINDINGS: Final = 200
_NOTHING_KNOWN: Final = Facts()


def validate(text: str, kind: PolicyKind, facts: Facts = _NOTHING_KNOWN) -> tuple[Finding, ...]:
    """The findings about any text, in the order of their place. Never raises.

    Where the text is so broken that it has no meaning, only what breaks it is told.
    """
    problems = _problems(text, kind, facts)
    found = [
        Finding("ERROR", problem.code, _told(problem), (Location(problem.path, problem.span),))
        for problem in problems
    ]
    taken = {(problem.span.start, problem.span.end) for problem in problems}
    try:
        policy = parse(text, kind, stored=True, operators=facts.operators)
    except MalformedPolicyDocument:
        return _sorted(found)
    # Of an element that is refused, that is all there is to say.
    found.extend(
        finding for finding in findings(policy, facts) if (finding.span.start, finding.span.end) not in taken
    )
    return _sorted(found)


def findings(policy: Policy, facts: Facts = _NOTHING_KNOWN) -> tuple[Finding, ...]:
    """The findings about a document that could be read, in the order of their place."""
    return _sorted(list(_checked(policy, facts)))


def _checked(policy: Policy, facts: Facts) -> Iterator[Finding]:
    lines = Lines(policy.text)
    root = read(policy.text, Problems(lines))
    if root is None or root.kind != "object":
        return  # a policy whose text is not its own
    subject = Subject(policy, root, lines, facts)
    for check in CHECKERS:
        for found in islice(check(subject), MAX_FINDINGS):
            places = tuple(subject.location(place) for place in found.places)
            yield Finding(CHECKS[found.code].type, found.code, found.message, places, found.example)


def _problems(text: str, kind: PolicyKind, facts: Facts) -> tuple[Problem, ...]:
    try:
        parse(text, kind, managed=facts.managed, operators=facts.operators)
    except MalformedPolicyDocument as fault:
        return tuple(problem for problem in fault.problems if isinstance(problem, Problem))
    return ()


def _told(problem: Problem) -> str:
    hint = f"; did you mean `{problem.suggestion}`" if problem.suggestion else ""
    return problem.message + hint


def _sorted(found: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(found, key=lambda item: (item.span.start, FINDING_TYPES.index(item.type), item.code)))
