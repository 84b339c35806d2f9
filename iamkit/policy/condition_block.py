"""The Condition block at load: operators, keys and values (SEM-G10, C-5 to C-7, C-15, C-37, §6.9)."""

from __future__ import annotations

from iamkit.policy.draft import Draft
from iamkit.policy.elements import Fault, nearest, value_fault
from iamkit.policy.model import Condition, Element, Quantifier
from iamkit.policy.operators import Operator, OperatorTable
from iamkit.policy.problem import Path
from iamkit.policy.source import Member, Node

_SUFFIX = "IfExists"


def read_conditions(draft: Draft, path: Path, node: Node) -> tuple[Condition, ...]:
    """The (operator, key) pairs of a Condition, each with its values."""
    if node.kind != "object":
        draft.refuse(path, node, "Condition is an object of operators", "DATA_TYPE_MISMATCH")
        return ()
    draft.fits(path, node)
    conditions: list[Condition] = []
    for member in node.members:
        conditions.extend(_block(draft, (*path, member.name), member))
    return tuple(conditions)


def taken_apart(text: str, operators: OperatorTable) -> tuple[Quantifier, str, bool]:
    """Quantifier, base name and IfExists of an operator as written (SEM-C5). The base may be unknown."""
    quantifier = Quantifier.NONE
    prefix, colon, rest = text.partition(":")
    if colon and prefix in (Quantifier.FOR_ALL, Quantifier.FOR_ANY):
        quantifier, text = Quantifier(prefix), rest
    if text not in operators and text.endswith(_SUFFIX):
        return quantifier, text.removesuffix(_SUFFIX), True
    return quantifier, text, False


def _block(draft: Draft, path: Path, member: Member) -> list[Condition]:
    quantifier, base, if_exists = taken_apart(member.name, draft.operators)
    name = Node("string", member.start, member.end, member.name)
    operator = draft.operators.get(base)
    if operator is None:
        message = f"`{member.name[:80]}` is not a condition operator"
        near = nearest(base, tuple(draft.operators))
        whole = (
            f"{quantifier}{':' if quantifier else ''}{near}{_SUFFIX if if_exists else ''}" if near else None
        )
        draft.note(path, name, Fault(message, "INVALID_CONDITION_OPERATOR", whole))
    elif operator.presence and (quantifier or if_exists):
        message = f"`{base}` takes neither a set prefix nor `{_SUFFIX}`"
        code = "NULL_WITH_QUALIFIER" if quantifier else "NULL_WITH_IF_EXISTS"
        draft.note(path, name, Fault(message, code, base))
    block = member.value
    if block.kind != "object":
        draft.refuse(path, block, "an operator holds an object of condition keys", "DATA_TYPE_MISMATCH")
        return []
    draft.fits(path, block)
    conditions: list[Condition] = []
    seen: dict[str, str] = {}
    for key in block.members:
        place = Node("string", key.start, key.end, key.name)
        lowered = key.name.lower()
        if lowered in seen and seen[lowered] != key.name:
            message = f"`{key.name[:80]}` and `{seen[lowered][:80]}` are one key: names ignore case"
            draft.refuse((*path, key.name), place, message, "DUPLICATE_KEYS_WITH_DIFFERENT_CASE")
        seen.setdefault(lowered, key.name)
        draft.note((*path, key.name), place, _key_fault(key.name))
        values = _values(draft, (*path, key.name), key.value, operator, _empty_code(quantifier, if_exists))
        span = draft.lines.span(key.start, key.value.end)
        conditions.append(Condition(base, quantifier, if_exists, key.name, values, span))
    return conditions


def _key_fault(key: str) -> Fault | None:
    shown = key[:80]
    if "${" in key:
        message = f"a variable may not stand in the name of a condition key: `{shown}`"
        return Fault(message, "VARIABLE_UNSUPPORTED_IN_ELEMENT")
    if ":" in key and key == key.strip():
        return None
    message = f"`{shown}` is not a condition key: write `prefix:Name`"
    return Fault(message, "INVALID_CONDITION_KEY_FORMAT", fatal=not key)


def _empty_code(quantifier: Quantifier, if_exists: bool) -> str:
    """The code of an empty list of values, which every prefix and suffix reads in its own way (SEM-G11)."""
    if quantifier is not Quantifier.NONE:
        return f"EMPTY_ARRAY_CONDITION_{quantifier.upper()}"
    return "EMPTY_ARRAY_CONDITION_IFEXISTS" if if_exists else "EMPTY_ARRAY_CONDITION"


def _values(
    draft: Draft, path: Path, node: Node, operator: Operator | None, empty: str
) -> tuple[Element, ...]:
    if node.kind == "array":
        if not node.items:
            draft.note(path, node, Fault("the key has an empty list of values", empty))
        if not draft.fits(path, node):
            return ()
        places: list[tuple[Path, Node]] = [((*path, index), item) for index, item in enumerate(node.items)]
    else:
        places = [(path, node)]
    elements: list[Element] = []
    for place, item in places:
        if item.kind in ("object", "array", "null"):
            message = "a condition value is a string, a number or a boolean"
            draft.refuse(place, item, message, "INVALID_CONDITION_DATA_TYPE")
            continue
        if operator is not None:
            draft.note(place, item, value_fault(item.text, operator, variables=draft.variables))
        elements.append(draft.element(item))
    return tuple(elements)
