"""The one table of checks: every code, and every function that finds some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Final

from iamkit.policy.checks import (
    actions,
    condition_values,
    delegation,
    escalation,
    grammar_codes,
    keys,
    presence,
    principals,
    redundancy,
    resources,
    structure,
    tag_keys,
    trust,
    variables,
)
from iamkit.policy.checks.subject import Found, Subject
from iamkit.policy.findings import Check, CheckTable

_SUBJECTS: Final = (
    structure, actions, resources, principals, trust, keys, condition_values, presence, tag_keys, variables,
    delegation, escalation, redundancy,
)  # fmt: skip

CHECKERS: Final[tuple[Callable[[Subject], Iterator[Found]], ...]] = tuple(
    subject.check for subject in _SUBJECTS
)
_ROWS: Final[tuple[Check, ...]] = (
    *grammar_codes.CHECKS,
    *(row for subject in _SUBJECTS for row in subject.CHECKS),
)
CHECKS: Final[CheckTable] = MappingProxyType({row.code: row for row in sorted(_ROWS, key=lambda r: r.code)})
