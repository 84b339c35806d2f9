"""How a workload is put to engines that know nothing of AWS: facts, tests, patterns, statements by holder."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.benchmarks.engines import conditions_of
from tests.benchmarks.workload import Ask, Json, Workload

_CONTEXT = {"aws:SourceIp": "ip", "aws:PrincipalTag/team": "team", "aws:MultiFactorAuthPresent": "mfa"}


def facts_of(ask: Ask) -> dict[str, str | bool]:
    """The context under short names."""
    return {short: ask.context[key] for key, short in _CONTEXT.items()}


def facts_tested(statement: dict[str, Json]) -> Iterator[tuple[str, list[str]]]:
    """The conditions: which fact, and the values that it may have."""
    for _, key, values in conditions_of(statement):
        yield _CONTEXT[key], values


def regex_of_pattern(pattern: str) -> str:
    """A pattern with stars as a regular expression."""
    return "^" + ".*".join(map(re.escape, pattern.split("*"))) + "$"


def by_user(made: Workload) -> Iterator[tuple[str, dict[str, Json]]]:
    """Every statement under each user it concerns, for engines whose index is by user."""
    for user in made.users:
        for statement in made.statements_of(user):
            yield user, statement


def by_holder(made: Workload) -> Iterator[tuple[str, dict[str, Json]]]:
    """Every statement with the user or group that holds it."""
    for holder, documents in made.documents.items():
        for document in documents:
            for statement in document:
                yield holder, statement
