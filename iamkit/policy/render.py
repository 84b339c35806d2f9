"""The canonical printer: a Policy back to text that parses to the same policy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeAlias

from iamkit.policy.model import Condition, Element, Policy, PrincipalEntry, Statement

Json: TypeAlias = "str | list[Json] | dict[str, Json]"


def render(policy: Policy) -> str:
    """The document as JSON: elements in the customary order, a list of one as a string, indented by two."""
    document: dict[str, Json] = {}
    if policy.version is not None:
        document["Version"] = policy.version
    if policy.id is not None:
        document["Id"] = policy.id
    document["Statement"] = [statement_data(statement) for statement in policy.statements]
    return json.dumps(document, indent=2, ensure_ascii=False)


def statement_data(statement: Statement) -> dict[str, Json]:
    """One statement as JSON data."""
    data: dict[str, Json] = {}
    if statement.sid is not None:
        data["Sid"] = statement.sid
    data["Effect"] = statement.effect.value
    if statement.principals is not None:
        data["NotPrincipal" if statement.not_principal else "Principal"] = _principals(statement.principals)
    data["NotAction" if statement.not_action else "Action"] = _texts(statement.actions)
    if statement.resources is not None:
        data["NotResource" if statement.not_resource else "Resource"] = _texts(statement.resources)
    if statement.conditions:
        data["Condition"] = _conditions(statement.conditions)
    return data


def _texts(elements: Sequence[Element | PrincipalEntry]) -> Json:
    texts: list[Json] = [element.text for element in elements]
    return texts[0] if len(texts) == 1 else texts


def _principals(entries: tuple[PrincipalEntry, ...]) -> Json:
    if len(entries) == 1 and entries[0].type == "*":
        return entries[0].text
    by_type: dict[str, list[PrincipalEntry]] = {}
    for entry in entries:
        by_type.setdefault(entry.type, []).append(entry)
    return {kind: _texts(group) for kind, group in by_type.items()}


def _conditions(conditions: tuple[Condition, ...]) -> Json:
    blocks: dict[str, Json] = {}
    for condition in conditions:
        block = blocks.setdefault(condition.operator_text, {})
        if isinstance(block, dict):
            block[condition.key] = _texts(condition.values)
    return blocks
