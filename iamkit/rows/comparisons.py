"""The condition operators in their filterable forms: one value of a row, or a known text, with a policy's.

These read the same rows of the operator table that decisions read; a row without a form is refused.
"""

from __future__ import annotations

from typing import Final

from iamkit.errors import InvalidArn, NotFilterable
from iamkit.policy.conditions import PolicyValue
from iamkit.policy.operators import Form, Operator
from iamkit.policy.tokens import Verbatim, Wildcard, arn_parts
from iamkit.rows.likeness import like
from iamkit.rows.predicate import (
    NO,
    YES,
    Compared,
    Dated,
    Field,
    Finite,
    Folded,
    Holds,
    PartLike,
    Predicate,
    Text,
    Token,
    all_of,
    any_of,
    opposite,
)
from iamkit.rows.sources import Kind, Source

_TEXTUAL: Final = frozenset({Kind.TEXT, Kind.CHOICE, Kind.TAG, Kind.ELEMENT, Kind.UUID})
AS_TEXT: Final = _TEXTUAL | {Kind.INTEGER, Kind.BOOL}
_NUMBERS: Final = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT})
_SIX: Final = (Wildcard.RUN, *(":", Wildcard.RUN) * 5)


def require(source: Source, kinds: frozenset[Kind], use: str) -> None:
    if source.kind not in kinds:
        raise NotFilterable(
            f"`{source.name}` is a {source.kind.name.lower()} column and {use}, for which there is no SQL"
        )


def readable(operator: Operator, source: Source | str) -> Predicate:
    """When a value of the source can be read by the operator; NO: never, as with a wrong type (SEM-C38)."""
    if isinstance(source, str):
        return YES
    form, kind = operator.form, source.kind
    if form in (Form.TEXT, Form.FOLDED_TEXT, Form.LIKE):
        require(source, AS_TEXT, "is compared as text")
        return YES
    if form is Form.ARN:
        return like((Field(source),), _SIX) if kind in _TEXTUAL else NO
    if form is Form.NUMBER:
        if kind in (Kind.BOOL, Kind.UUID):
            return NO
        require(source, _NUMBERS, "is compared as a number")
        return YES if kind is Kind.INTEGER else Finite(source)
    if form is Form.DATE:
        if kind in (Kind.BOOL, Kind.UUID):
            return NO
        require(source, frozenset({Kind.INSTANT, Kind.DAY, Kind.INTEGER}), "is compared as a date")
        return YES
    if form is Form.BOOL:
        if kind is Kind.BOOL:
            return YES
        if kind not in _TEXTUAL:
            return NO
        return any_of((Folded((Field(source),), "true"), Folded((Field(source),), "false")))
    raise NotFilterable(f"the condition operator `{operator.name}` has no form in SQL")


def _exact(
    operator: Operator, source: Source | str, value: PolicyValue, tokens: tuple[Token, ...]
) -> Predicate:
    del operator, value
    return like(_text(source), tokens)


def _folded(
    operator: Operator, source: Source | str, value: PolicyValue, tokens: tuple[Token, ...]
) -> Predicate:
    del operator, value
    fields = any(isinstance(token, Field) for token in tokens)
    if fields and not isinstance(source, str):
        raise NotFilterable(
            f"`{source.name}` is compared without case with another column, for which there is no SQL"
        )
    text = _text(source)
    lowered = "".join(token for token in tokens if isinstance(token, str)).lower()
    if isinstance(source, str):
        if not fields:
            return YES if source == lowered else NO
        text = tuple(token for token in tokens if not isinstance(token, Wildcard))
        lowered = source
    if "σ" in lowered or "ς" in lowered:
        raise NotFilterable("a sigma is compared without case by what follows it, for which there is no SQL")
    return NO if "\0" in lowered else Folded(text, lowered)


def _arn(
    operator: Operator, source: Source | str, value: PolicyValue, tokens: tuple[Token, ...]
) -> Predicate:
    del operator, value
    first = tokens[0] if tokens else ""
    if isinstance(first, str) and not isinstance(first, Verbatim) and first.count(":") >= 5:
        return like(_text(source), tokens)
    try:
        parts: tuple[tuple[Token, ...], ...] = arn_parts(tokens)
    except InvalidArn as error:
        raise NotFilterable(error.message) from None
    if isinstance(source, str):
        own = source.split(":", 5)
        return all_of(like((one,), part) for one, part in zip(own, parts, strict=True))
    return all_of(
        PartLike(source, index, part) for index, part in enumerate(parts) if part != (Wildcard.RUN,)
    )


def _text(source: Source | str) -> Text:
    return (source,) if isinstance(source, str) else (Field(source),)


def _column(source: Source | str) -> Source:
    if isinstance(source, str):
        raise NotFilterable("a fact of the request is compared with a variable of the row that is no text")
    return source


def _number(
    operator: Operator, source: Source | str, value: PolicyValue, tokens: tuple[Token, ...]
) -> Predicate:
    del tokens
    source = _column(source)
    return Compared(source, operator.comparison, value.prepared)  # type: ignore[arg-type]  # a Decimal


def _date(
    operator: Operator, source: Source | str, value: PolicyValue, tokens: tuple[Token, ...]
) -> Predicate:
    del tokens
    source = _column(source)
    return Dated(source, operator.comparison, value.prepared)  # type: ignore[arg-type]  # picoseconds


def _truth(
    operator: Operator, source: Source | str, value: PolicyValue, tokens: tuple[Token, ...]
) -> Predicate:
    del operator, tokens
    source = _column(source)
    if source.kind is Kind.BOOL:
        return Holds(source) if value.prepared else opposite(Holds(source))
    return Folded((Field(source),), "true" if value.prepared else "false")


COMPARISONS: Final = {
    Form.TEXT: _exact,
    Form.FOLDED_TEXT: _folded,
    Form.LIKE: _exact,
    Form.ARN: _arn,
    Form.NUMBER: _number,
    Form.DATE: _date,
    Form.BOOL: _truth,
}
