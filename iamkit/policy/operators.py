"""The condition operators: one closed table of rows (SEM-C5), read by everything that knows an operator.

A row says how one request value is read, how one policy value is prepared, and whether the first stands
to the second as the operator says. Negation is a column, never part of the test: missing keys, several
values, quantifiers and IfExists are the same for every row and live in `conditions`. A plugin adds rows by
handing a larger table to `parse` and to `EvaluationOptions`; nothing is registered globally.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias, final

from iamkit.errors import EvaluationError, InvalidArn
from iamkit.policy import values
from iamkit.policy.patterns import Pattern, arn_matcher
from iamkit.policy.request import ContextValue
from iamkit.policy.tokens import Token, Wildcard, arn_parts


class Family(StrEnum):
    """What type of value an operator compares, in the words of a catalog's condition key."""

    STRING = "String"
    NUMERIC = "Numeric"
    DATE = "Date"
    BOOL = "Bool"
    BINARY = "Binary"
    IP = "IPAddress"
    ARN = "ARN"
    NULL = "Null"


class Form(StrEnum):
    """The form in which a list can be filtered by an operator; a row without one is not filterable."""

    TEXT = "text"
    FOLDED_TEXT = "text, case ignored"
    LIKE = "wildcards"
    NUMBER = "number"
    DATE = "date"
    BOOL = "truth"
    ARN = "arn"
    PRESENCE = "presence"


Prepared: TypeAlias = object
Comparison: TypeAlias = Callable[[object, object], bool]
Tokens: TypeAlias = tuple[Token, ...]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """One row, equal to itself alone.

    `read` turns one request value into what `holds` compares and raises EvaluationError where it has the
    wrong type (SEM-C38). `prepare` turns one policy value into the other side and raises ValueError
    (SEM-C37). `holds(request value, policy value)` is the positive test, also in a negated row.
    `wildcards` and `variables` say what a policy value may contain (SEM-V2). `comparison` is the symbol
    of the test in its filterable `form`; `words` reads between a key and its values.
    """

    name: str
    family: Family
    read: Callable[[ContextValue], object]
    prepare: Callable[[Tokens], Prepared]
    holds: Callable[[object, Prepared], bool]
    words: str
    negated: bool = False
    wildcards: bool = False
    variables: bool = False
    presence: bool = False
    form: Form | None = None
    # The type of request value that `read` leaves as it is, if there is one.
    native: type | None = None
    comparison: str = ""

    @property
    def filterable(self) -> bool:
        """Whether lists can be filtered by it in a store."""
        return self.form is not None


OperatorTable: TypeAlias = Mapping[str, Operator]


def _text(tokens: Tokens) -> str:
    return "".join(token if isinstance(token, str) else token.value for token in tokens)


def _folded(tokens: Tokens) -> str:
    return _text(tokens).lower()


def _read_folded(value: ContextValue) -> str:
    return values.text_of(value).lower()


def _pattern(tokens: Tokens) -> Callable[[str], bool]:
    return Pattern(tokens).matches


def _arn_pattern(tokens: Tokens) -> Callable[[str], bool]:
    try:
        first = arn_parts(tokens)[0]
    except InvalidArn as error:
        raise ValueError(error.message) from None
    if first != ("arn",) and not any(isinstance(token, Wildcard) for token in first):
        raise ValueError("an ARN pattern begins with `arn:`")
    return arn_matcher(tokens)


def _read_arn(value: ContextValue) -> str:
    if isinstance(value, str) and value.count(":") >= 5:
        return value
    raise EvaluationError("a condition key has a value that is not an ARN of six parts")


def _parsed(parse: Callable[[str], object]) -> Callable[[Tokens], object]:
    return lambda tokens: parse(_text(tokens))


def _matches(value: object, pattern: object) -> bool:
    return pattern(value)  # type: ignore[operator,no-any-return]  # what _pattern prepared


def _inside(address: object, network: object) -> bool:
    return address & network.mask == network.first  # type: ignore[attr-defined,no-any-return]  # numbers


# Two texts, numbers, instants, truths or bytes: whatever `read` and `prepare` of the row make.
SAME: Final[Comparison] = operator.eq
_LESS: Final[Comparison] = operator.lt  # type: ignore[assignment]  # as above
_AT_MOST: Final[Comparison] = operator.le  # type: ignore[assignment]  # as above
_GREATER: Final[Comparison] = operator.gt  # type: ignore[assignment]  # as above
_AT_LEAST: Final[Comparison] = operator.ge  # type: ignore[assignment]  # as above

# What the rows of one kind share.
_EXACT: Final = Operator(
    "",
    Family.STRING,
    values.text_of,
    _text,
    SAME,
    "equals",
    variables=True,
    form=Form.TEXT,
    comparison="=",
    native=str,
)
_FOLDED: Final = replace(_EXACT, native=None, read=_read_folded, prepare=_folded, form=Form.FOLDED_TEXT)
_LIKE: Final = replace(
    _EXACT,
    prepare=_pattern,
    holds=_matches,
    words="is like",
    wildcards=True,
    form=Form.LIKE,
    comparison="like",
)
_ARN: Final = replace(
    _LIKE, native=None, family=Family.ARN, read=_read_arn, prepare=_arn_pattern, form=Form.ARN
)
_NUMBER: Final = Operator(
    "", Family.NUMERIC, values.number_of, _parsed(values.parse_number), SAME, "equals",
    form=Form.NUMBER, comparison="=",
)  # fmt: skip
_DATE: Final = replace(
    _NUMBER, family=Family.DATE, read=values.instant_of, prepare=_parsed(values.parse_instant), form=Form.DATE
)
_BOOL: Final = Operator(
    "",
    Family.BOOL,
    values.truth_of,
    _parsed(values.parse_truth),
    SAME,
    "is",
    form=Form.BOOL,
    comparison="=",
    native=bool,
)
_NULL: Final = replace(_BOOL, family=Family.NULL, presence=True, words="is missing:", form=Form.PRESENCE)
_BINARY: Final = Operator("", Family.BINARY, values.bytes_of, _parsed(values.parse_bytes), SAME, "equals")
_IP: Final = Operator("", Family.IP, values.address_of, _parsed(values.parse_network), _inside, "is in")

_ROWS: Final = (
    replace(_EXACT, name="StringEquals"),
    replace(_EXACT, name="StringNotEquals", negated=True, words="does not equal"),
    replace(_FOLDED, name="StringEqualsIgnoreCase", words="equals in any case"),
    replace(_FOLDED, name="StringNotEqualsIgnoreCase", negated=True, words="does not equal in any case"),
    replace(_LIKE, name="StringLike"),
    replace(_LIKE, name="StringNotLike", negated=True, words="is not like"),
    replace(_NUMBER, name="NumericEquals"),
    replace(_NUMBER, name="NumericNotEquals", negated=True, words="does not equal"),
    replace(_NUMBER, name="NumericLessThan", holds=_LESS, words="is less than", comparison="<"),
    replace(_NUMBER, name="NumericLessThanEquals", holds=_AT_MOST, words="is at most", comparison="<="),
    replace(_NUMBER, name="NumericGreaterThan", holds=_GREATER, words="is greater than", comparison=">"),
    replace(_NUMBER, name="NumericGreaterThanEquals", holds=_AT_LEAST, words="is at least", comparison=">="),
    replace(_DATE, name="DateEquals"),
    replace(_DATE, name="DateNotEquals", negated=True, words="does not equal"),
    replace(_DATE, name="DateLessThan", holds=_LESS, words="is before", comparison="<"),
    replace(_DATE, name="DateLessThanEquals", holds=_AT_MOST, words="is not after", comparison="<="),
    replace(_DATE, name="DateGreaterThan", holds=_GREATER, words="is after", comparison=">"),
    replace(_DATE, name="DateGreaterThanEquals", holds=_AT_LEAST, words="is not before", comparison=">="),
    replace(_BOOL, name="Bool"),
    replace(_BINARY, name="BinaryEquals"),
    replace(_IP, name="IpAddress"),
    replace(_IP, name="NotIpAddress", negated=True, words="is not in"),
    replace(_ARN, name="ArnEquals"),
    replace(_ARN, name="ArnLike"),
    replace(_ARN, name="ArnNotEquals", negated=True, words="is not like"),
    replace(_ARN, name="ArnNotLike", negated=True, words="is not like"),
    replace(_NULL, name="Null"),
)

# The 27 operators of the language.
STANDARD: Final[OperatorTable] = MappingProxyType({row.name: row for row in _ROWS})
