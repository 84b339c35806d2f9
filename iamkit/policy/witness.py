"""Witnesses: values of condition keys with which a statement would match, or no longer would.

An explanation says only what was tried: every change that it proposes has been tested with the leaves of
evaluation. Values are found from what the policy's own values say; where none is found there is none to tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import Final, TypeAlias

from iamkit.errors import EvaluationError
from iamkit.policy.conditions import KeyTest, PolicyValue
from iamkit.policy.match import Leaf
from iamkit.policy.model import Quantifier
from iamkit.policy.operators import Family
from iamkit.policy.request import AccessRequest, Context, ContextValue
from iamkit.policy.tokens import Token, Wildcard
from iamkit.policy.values import Network
from iamkit.policy.variables import substituted

# Condition keys with the value they would have; None is a key that is not there.
Changes: TypeAlias = Mapping[str, ContextValue | None]

MFA_PRESENT: Final = "aws:MultiFactorAuthPresent"
MFA_AGE: Final = "aws:MultiFactorAuthAge"
MFA_KEYS: Final = frozenset({MFA_PRESENT.lower(), MFA_AGE.lower()})
# What a sign-in with MFA sets, now.
FRESH_MFA: Final[Changes] = {MFA_PRESENT: True, MFA_AGE: 0}

# Keys that say who asks and whose the resource is: with another value it would be another request.
_GIVEN: Final = frozenset(
    {
        "aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:principalisawsservice",
        "aws:principalservicename", "aws:principalservicenameslist", "aws:userid", "aws:username",
        "aws:resourceaccount",
    }
)  # fmt: skip
_PER_SECOND: Final = 10**12
# How many values of one key are tried: an explanation has to stay cheap, whatever a policy lists.
_TRIED: Final = 32
# Tried last: values that a policy is unlikely to speak of.
_OTHERS: Final[Mapping[Family, tuple[str, ...]]] = {
    Family.STRING: ("another",),
    Family.NUMERIC: ("0",),
    Family.DATE: ("2000-01-01T00:00:00Z",),
    Family.BOOL: ("true", "false"),
    Family.BINARY: ("AA==", "AQ=="),
    Family.IP: ("192.0.2.1", "2001:db8::1"),
    Family.ARN: ("arn:aws:another:::another",),
    Family.NULL: ("another",),
}


def changed(request: AccessRequest, changes: Changes) -> AccessRequest:
    """The request with other values of some condition keys."""
    lowered = {name.lower() for name in changes}
    values = {name: request.context[name] for name in request.context if name.lower() not in lowered}
    values |= {name: value for name, value in changes.items() if value is not None}
    return replace(request, context=Context(values))


def to_match(leaves: Sequence[Leaf], request: AccessRequest) -> Changes | None:
    """Changes with which all `leaves` hold, or None if none is found. A sign-in with MFA comes first."""
    failing = [leaf for leaf in leaves if not _holds(leaf, request)]
    tests = [leaf for leaf in failing if isinstance(leaf, KeyTest) and leaf.key not in _GIVEN]
    if len(tests) != len(failing):
        return None
    changes: dict[str, ContextValue | None] = {}
    if any(test.key in MFA_KEYS for test in tests):
        fresh = changed(request, FRESH_MFA)
        if all(_holds(test, fresh) for test in leaves if isinstance(test, KeyTest) and test.key in MFA_KEYS):
            changes |= FRESH_MFA
            tests = [test for test in tests if test.key not in MFA_KEYS]
    for test in {test.key: test for test in tests}.values():
        about = [leaf for leaf in leaves if isinstance(leaf, KeyTest) and leaf.key == test.key]
        so_far = changed(request, changes)
        for value in _candidates(about, so_far):
            trial = changed(so_far, {test.name: value})
            if all(_holds(leaf, trial) for leaf in about):
                changes[test.name] = value
                break
        else:
            return None
    done = changed(request, changes)
    return changes if all(_holds(leaf, done) for leaf in leaves) else None


def to_miss(test: KeyTest, request: AccessRequest) -> Iterator[Changes]:
    """Changes with which `test` does not hold any more, likely ones first."""
    if test.key in _GIVEN:
        return
    trials: Iterable[Changes] = ({test.name: value} for value in _candidates([test], request))
    if test.key in MFA_KEYS:
        trials = (FRESH_MFA, *trials)
    for trial in trials:
        if _fails(test, changed(request, trial)):
            yield trial


def _holds(leaf: Leaf, request: AccessRequest) -> bool:
    try:
        return leaf.test(request)
    except Exception:  # noqa: BLE001  # what cannot be judged, a plugin's operator included, does not hold
        return False


def _fails(leaf: Leaf, request: AccessRequest) -> bool:
    try:
        return not leaf.test(request)
    except Exception:  # noqa: BLE001  # nor does it fail
        return False


def _candidates(tests: Sequence[KeyTest], request: AccessRequest) -> Iterator[ContextValue | None]:
    """Values of one key that its tests may be about, the policy's own first, and the key's absence last."""
    texts: dict[str, None] = {}
    for test in tests:
        texts |= dict.fromkeys(_OTHERS[test.operator.family])
    others, texts = texts, {}
    for test in tests:
        for value in test.values[:_TRIED]:
            texts |= dict.fromkeys(near(test, value, request))
    texts = dict.fromkeys((*islice(texts, _TRIED), *others))
    listed = any(test.quantifier is not Quantifier.NONE for test in tests)
    for text in texts:
        if listed:
            yield (text,)
        else:
            yield text
    yield None


def near(test: KeyTest, value: PolicyValue, request: AccessRequest) -> Iterator[str]:
    """Texts at, just below and just above one policy value."""
    try:
        tokens = substituted(value.tokens, request.context.by_lower)
    except EvaluationError:
        return
    if tokens is None or test.operator.presence:
        return
    text = _sample(tokens, "")
    family = test.operator.family
    try:
        prepared = test.operator.prepare(tokens)
    except ValueError:
        return
    if family is Family.NUMERIC and isinstance(prepared, Decimal):
        yield from (str(prepared + step) for step in (0, -1, 1))
    elif family is Family.DATE and isinstance(prepared, int):
        yield text
        yield from (str(prepared // _PER_SECOND + step) for step in (-1, 1))
    elif isinstance(prepared, Network):
        yield prepared.example
    else:
        if text:
            yield text
        yield _sample(tokens, "x")


def _sample(tokens: tuple[Token, ...], run: str) -> str:
    """A text that the pattern matches, with `run` for each star."""
    return "".join(
        token if isinstance(token, str) else "x" if token is Wildcard.ONE else run for token in tokens
    )
