"""The Condition block at load: operators, keys and values (SEM-G10, C-5 to C-7, C-15, C-37, §6.9)."""

from __future__ import annotations

from iamkit.policy.draft import Draft
from iamkit.policy.elements import Fault, nearest, value_fault
from iamkit.policy.model import Condition, Element, Quantifier
from iamkit.policy.operators import Operator, OperatorTable
from iamkit.policy.places import Place
from iamkit.policy.plain import Plain, text_of

_SUFFIX = "IfExists"


def read_conditions(draft: Draft, place: Place, value: Plain) -> tuple[Condition, ...]:
    """The (operator, key) pairs of a Condition, each with its values."""
    if not isinstance(value, dict):
        draft.refuse(place, "Condition is an object of operators", "DATA_TYPE_MISMATCH")
        return ()
    draft.fits(place, value)
    conditions: list[Condition] = []
    for name, block in value.items():
        conditions.extend(_block(draft, Place(place, name), name, block))
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


def _block(draft: Draft, place: Place, name: str, block: Plain) -> list[Condition]:
    quantifier, base, if_exists = taken_apart(name, draft.operators)
    operator = draft.operators.get(base)
    if operator is None:
        message = f"`{name[:80]}` is not a condition operator"
        near = nearest(base, tuple(draft.operators))
        whole = (
            f"{quantifier}{':' if quantifier else ''}{near}{_SUFFIX if if_exists else ''}" if near else None
        )
        draft.note(place, Fault(message, "INVALID_CONDITION_OPERATOR", whole), name=True)
    elif operator.presence and (quantifier or if_exists):
        message = f"`{base}` takes neither a set prefix nor `{_SUFFIX}`"
        code = "NULL_WITH_QUALIFIER" if quantifier else "NULL_WITH_IF_EXISTS"
        draft.note(place, Fault(message, code, base), name=True)
    if not isinstance(block, dict):
        draft.refuse(place, "an operator holds an object of condition keys", "DATA_TYPE_MISMATCH")
        return []
    draft.fits(place, block)
    conditions: list[Condition] = []
    seen: dict[str, str] = {}
    for key, value in block.items():
        here = Place(place, key)
        lowered = key.lower()
        if lowered in seen:
            message = f"`{key[:80]}` and `{seen[lowered][:80]}` are one key: names ignore case"
            draft.refuse(here, message, "DUPLICATE_KEYS_WITH_DIFFERENT_CASE", name=True)
        seen.setdefault(lowered, key)
        draft.note(here, _key_fault(key), name=True)
        values = _values(draft, here, value, operator, _empty_code(quantifier, if_exists))
        conditions.append(Condition(base, quantifier, if_exists, key, values, here))
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
    draft: Draft, place: Place, value: Plain, operator: Operator | None, empty: str
) -> tuple[Element, ...]:
    if isinstance(value, list):
        if not value:
            draft.note(place, Fault("the key has an empty list of values", empty))
        if not draft.fits(place, value):
            return ()
        listed = [(Place(place, index), item) for index, item in enumerate(value)]
    else:
        listed = [(place, value)]
    elements: list[Element] = []
    for here, item in listed:
        if item is None or isinstance(item, list | dict):
            message = "a condition value is a string, a number or a boolean"
            draft.refuse(here, message, "INVALID_CONDITION_DATA_TYPE")
            continue
        text = text_of(item)
        if operator is not None:
            draft.note(here, value_fault(text, operator, variables=draft.variables))
        elements.append(Element(text, here))
    return tuple(elements)
