"""Whether one pattern matches everything that another does: the inclusion that redundancy rests on.

A pattern covers another if it matches the other's text with the other's wildcards read as letters that only
a wildcard takes: `*` only by `*`, `?` by `?` or `*`, a variable by itself or `*`. What is said to be covered
always is; that suffices for a suggestion.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from iamkit.errors import InvalidArn
from iamkit.policy.model import Condition, Element, Statement
from iamkit.policy.tokens import Wildcard
from iamkit.policy.variables import MalformedVariableError, Template, Variable, arn_templates, template

# Lists of more entries times letters are left alone: pairs grow with the square.
_BUDGET: Final = 400_000
# Steps a letter after which two patterns are taken not to cover each other.
_PATIENCE: Final = 4

_Letter: TypeAlias = "str | Wildcard | Variable"


def covers(wide: Template, narrow: Template) -> bool:
    """Whether `wide` matches whatever `narrow` matches."""
    pattern, text = _letters(wide), _letters(narrow)
    star = mark = -1
    i = j = steps = 0
    patience = _PATIENCE * (len(pattern) + len(text))
    while j < len(text):
        steps += 1
        if steps > patience:
            return False
        if i < len(pattern) and pattern[i] is Wildcard.RUN:
            star, mark = i, j
            i += 1
        elif i < len(pattern) and _takes(pattern[i], text[j]):
            i, j = i + 1, j + 1
        elif star >= 0:
            mark += 1
            i, j = star + 1, mark
        else:
            return False
    return all(letter is Wildcard.RUN for letter in pattern[i:])


def comparable(elements: Sequence[Element]) -> bool:
    """Whether a list is short enough to compare each entry with each."""
    return len(elements) * sum(len(element.text) for element in elements) <= _BUDGET


def action_covers(wide: str, narrow: str) -> bool:
    """The same for two entries of Action."""
    return covers(
        template(wide.lower(), variables=False),
        template(narrow.lower(), variables=False),
    )


def resource_covers(wide: str, narrow: str, *, variables: bool) -> bool:
    """The same for two entries of Resource, part by part as ARNs are matched (SEM-R2)."""
    if wide == "*" or wide == narrow:
        return True
    try:
        parts = arn_templates(wide, variables=variables)
        others = arn_templates(narrow, variables=variables)
    except (MalformedVariableError, InvalidArn):
        return False
    return all(covers(part, other) for part, other in zip(parts, others, strict=True))


def actions_covered(wide: Statement, narrow: Statement) -> bool:
    """Whether every action that `narrow` speaks of is one that `wide` speaks of."""
    if wide.not_action or narrow.not_action:
        if not wide.not_action:
            return any(element.text == "*" for element in wide.actions)
        return narrow.not_action and _lowered(wide.actions) <= _lowered(narrow.actions)
    return all(
        any(action_covers(outer.text, inner.text) for outer in wide.actions) for inner in narrow.actions
    )


def resources_covered(wide: Statement, narrow: Statement, *, variables: bool) -> bool:
    """The same for resources; a statement without the element speaks of the resource it hangs on."""
    if wide.resources is None or narrow.resources is None:
        return wide.resources is None and narrow.resources is None
    if wide.not_resource or narrow.not_resource:
        if not wide.not_resource:
            return any(element.text == "*" for element in wide.resources)
        return narrow.not_resource and _texts(wide.resources) <= _texts(narrow.resources)
    return all(
        any(resource_covers(outer.text, inner.text, variables=variables) for outer in wide.resources)
        for inner in narrow.resources
    )


def principals_covered(wide: Statement, narrow: Statement) -> bool:
    """Whether `wide` names whomever `narrow` names."""
    if wide.not_principal or narrow.not_principal:
        return wide.not_principal == narrow.not_principal and _named(wide) == _named(narrow)
    return _named(narrow) <= _named(wide)


def conditions_covered(wide: Statement, narrow: Statement) -> bool:
    """Whether `wide` asks for nothing that `narrow` does not ask for too."""
    return set(map(_told, wide.conditions)) <= set(map(_told, narrow.conditions))


def _letters(tokens: Template) -> list[_Letter]:
    letters: list[_Letter] = []
    for token in tokens:
        if isinstance(token, str):
            letters.extend(token)
        else:
            letters.append(token)
    return letters


def _takes(one: _Letter, other: _Letter) -> bool:
    if one is Wildcard.ONE:
        return other is Wildcard.ONE or isinstance(other, str)
    return one == other


def _lowered(elements: Iterable[Element]) -> set[str]:
    return {element.text.lower() for element in elements}


def _texts(elements: Iterable[Element]) -> set[str]:
    return {element.text for element in elements}


def _named(statement: Statement) -> set[tuple[str, str]]:
    entries = statement.principals or ()
    return {("AWS" if entry.type == "*" else entry.type, entry.text) for entry in entries}


def _told(condition: Condition) -> tuple[str, str, frozenset[str]]:
    values = frozenset(value.text for value in condition.values)
    return (condition.operator_text, condition.key.lower(), values)
