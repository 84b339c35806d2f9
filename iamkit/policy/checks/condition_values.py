"""Checks of condition values: their types, and values that say less, or other, than they seem to."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from iamkit.policy.checks.subject import Found, Subject
from iamkit.policy.findings import Check
from iamkit.policy.model import Condition, Element
from iamkit.policy.operators import Family, Operator

_EPOCH: Final = re.compile(r"-?[0-9]+")
_ORDERED: Final = re.compile(r"Numeric(?:Less|Greater)Than(?:Equals)?")

CHECKS: Final = (
    Check("INVALID_CONDITION_DATA_TYPE", "ERROR",
          "a value is null, a list or an object, or the values of one key are of several JSON types",
          "write strings, or all values in one type", aws="ERROR"),
    Check("INVALID_CONDITION_MULTIPLE_BOOLEAN", "ERROR", "a key is to be both true and false",
          "write the one that is meant", aws="ERROR"),
    Check("INVALID_DATE_VALUE", "WARNING", "a date is written as seconds since 1970, which nobody reads",
          "write it as 2024-01-31T12:00:00Z", aws="WARNING"),
    Check("TYPE_MISMATCH_STRING", "WARNING", "an operator for text has a number or a boolean as its value",
          "put the value in quotes", aws="WARNING"),
    Check("WILDCARD_WITHOUT_LIKE_OPERATOR", "WARNING", "the operator takes `*` and `?` as they are",
          "use StringLike, or write `${*}` where the character itself is meant", aws="WARNING"),
    Check("IMPROVE_IP_RANGE", "SUGGESTION", "bits below the mask are set; they do not count",
          "write the range that the finding suggests", aws="SUGGESTION"),
    Check("REDUNDANT_CONDITION_VALUE_NUM", "SUGGESTION", "of several bounds only one counts",
          "keep the one that the finding names", aws="SUGGESTION"),
)  # fmt: skip


def check(subject: Subject) -> Iterator[Found]:
    """Everything about condition values."""
    for _, condition, operator in subject.conditions():
        yield from _types(subject, condition, operator)
        yield from _booleans(condition, operator)
        if _ORDERED.fullmatch(operator.name):
            yield from _bounds(condition)
        for value in condition.values:
            found = _single(subject, value, condition, operator)
            if found is not None:
                yield found


def _json_type(subject: Subject, value: Element) -> str:
    first = subject.policy.text[value.span.start]
    return "text" if first == '"' else "boolean" if first in "tf" else "number"


def _types(subject: Subject, condition: Condition, operator: Operator) -> Iterator[Found]:
    types = [_json_type(subject, value) for value in condition.values]
    odd = [value for value, kind in zip(condition.values, types, strict=True) if kind != types[0]]
    if odd:
        message = f"one value is a {types[0]}, this is not: write all values of one key in one type"
        yield Found("INVALID_CONDITION_DATA_TYPE", message, (odd[0].span,))
    elif operator.family in (Family.STRING, Family.ARN) and types and types[0] != "text":
        value = condition.values[0]
        message = f'`{operator.name}` compares text: write `"{value.text[:40]}"`'
        yield Found("TYPE_MISMATCH_STRING", message, (value.span,))


def _booleans(condition: Condition, operator: Operator) -> Iterator[Found]:
    if operator.family not in (Family.BOOL, Family.NULL):
        return
    if {value.text.lower() for value in condition.values} >= {"true", "false"}:
        places = tuple(value.span for value in condition.values)
        message = f"`{condition.key[:80]}` cannot be both true and false: write the one that is meant"
        yield Found("INVALID_CONDITION_MULTIPLE_BOOLEAN", message, places)


def _bounds(condition: Condition) -> Iterator[Found]:
    """Values are alternatives, so that the widest bound decides."""
    try:
        numbers = [(float(value.text), value) for value in condition.values]
    except ValueError:
        return
    if len(numbers) < 2:
        return
    pick = max if "Less" in condition.operator else min
    best = pick(numbers, key=lambda pair: pair[0])[1]
    places = tuple(value.span for value in condition.values if value is not best)
    yield Found("REDUNDANT_CONDITION_VALUE_NUM", f"only `{best.text[:40]}` counts: take this out", places)


def _single(subject: Subject, value: Element, condition: Condition, operator: Operator) -> Found | None:
    text = value.text
    if operator.family is Family.STRING and not operator.wildcards:
        bare = text.replace("${*}", "").replace("${?}", "") if subject.policy.variables else text
        if "*" in bare or "?" in bare:
            message = f"`{condition.operator_text}` takes `*` and `?` as they are: use StringLike"
            return Found("WILDCARD_WITHOUT_LIKE_OPERATOR", message, (value.span,))
    if operator.family is Family.DATE and _EPOCH.fullmatch(text):
        message = f"`{text[:40]}` is read as seconds since 1970: write the date as 2024-01-31T12:00:00Z"
        return Found("INVALID_DATE_VALUE", message, (value.span,))
    if operator.family is Family.IP and "/" in text:
        try:
            network = str(ipaddress.ip_network(text, strict=False))
        except ValueError:
            return None
        if ipaddress.ip_network(network).network_address != ipaddress.ip_interface(text).ip:
            return Found("IMPROVE_IP_RANGE", f"write `{network}`: the other bits do not count", (value.span,))
    return None
