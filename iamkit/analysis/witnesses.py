"""Witnesses: concrete actions and resources that stand for patterns; and when two formulas say the same."""

from __future__ import annotations

from typing import Final

from iamkit.policy.formula import And, Formula, Not, Or, leaves
from iamkit.policy.patterns import action_pattern, resource_matcher
from iamkit.policy.residual import Residual
from iamkit.policy.targets import ResourceEntry, ResourceTest
from iamkit.policy.tokens import Wildcard

EVERYTHING: Final = "*"
# What stands for "any other" in a witness: no pattern names it.
_ANY: Final = "iamkit-any-other"
_ANY_ACTION: Final = "IamkitAnyOther"
# A letter that no pattern writes can only have been taken up by a wildcard.
_LETTER: Final = "\u2400"


def probe(text: str) -> str:
    """A concrete action for a pattern of actions, one that no other pattern names; empty for no action."""
    if text == EVERYTHING:
        return f"iamkit-any:{_ANY_ACTION}"
    service, colon, name = text.partition(":")
    if not colon:
        return ""
    service = service.replace("*", "any").replace("?", "x") or "any"
    return f"{service}:{name.replace('*', _ANY_ACTION).replace('?', 'X')}"


def action_covers(wide: str, narrow: str) -> bool:
    """Whether a pattern of actions surely matches all that another one does."""
    if "?" in wide:
        return wide == narrow
    return action_pattern(wide).matches(narrow.replace("*", _LETTER).replace("?", _LETTER).lower())


def patterns(*residuals: Residual) -> list[str]:
    """Every pattern of resources that the residuals name, everything first."""
    named = (
        _text(entry)
        for item in residuals
        for formula in (item.allow, item.deny)
        for leaf in leaves(formula)
        if isinstance(leaf, ResourceTest)
        for entry in leaf.entries
    )
    return list(dict.fromkeys((EVERYTHING, *named)))


def _text(entry: ResourceEntry) -> str:
    """A pattern as it reads with the values of its variables, where they are known."""
    if not entry.tokens:
        return entry.text
    parts = [
        part.value if isinstance(part, Wildcard) else part
        for part in entry.tokens
        if isinstance(part, Wildcard | str)
    ]
    return "".join(parts) if len(parts) == len(entry.tokens) else entry.text


def witness(pattern: str, account: str) -> str:
    """A resource that a pattern matches and that nobody had in mind."""
    if pattern == EVERYTHING:
        return f"arn:aws:{_ANY}::{account}:{_ANY}"
    parts = pattern.split(":", 5)
    if len(parts) != 6:
        return EVERYTHING
    fills = ("arn", "aws", _ANY, "", account, _ANY)
    return ":".join(
        part.replace("*", fill).replace("?", (fill or "x")[0])
        for part, fill in zip(parts, fills, strict=True)
    )


def owner(arn: str, account: str) -> str:
    """The account that an ARN names, else `account`."""
    named = arn.split(":", 5)[4] if arn.count(":") >= 5 else ""
    return named if len(named) == 12 and named.isdigit() else account


def covers(wide: str, narrow: str) -> bool:
    """Whether a pattern of resources surely matches all that another one does."""
    if wide == EVERYTHING:
        return True
    if "?" in wide or "${" in wide + narrow:
        return wide == narrow
    return resource_matcher(wide)(narrow.replace("*", _LETTER).replace("?", _LETTER))


def normal(formula: Formula) -> object:
    """A form that is equal for formulas which say the same in another order, or the same twice."""
    if isinstance(formula, Not):
        return "not", normal(formula.part)
    if isinstance(formula, And):
        return "and", frozenset(map(normal, formula.parts))
    parts = formula.parts if isinstance(formula, Or) else (formula,)
    plain = {
        entry.text
        for part in parts
        if isinstance(part, ResourceTest) and not part.negated
        for entry in part.entries
        if not entry.tokens
    }
    widest = frozenset(
        text for text in plain if not any(other != text and covers(other, text) for other in plain)
    )
    rest = frozenset(
        normal(part) if isinstance(part, And | Or | Not) else part
        for part in parts
        if not (isinstance(part, ResourceTest) and not part.negated and _is_plain(part))
    )
    return "or", widest, rest


def _is_plain(test: ResourceTest) -> bool:
    return all(not entry.tokens for entry in test.entries)
