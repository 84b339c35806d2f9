"""Changes of access: what a principal can do after its policies changed and could not before, or no more.

Nothing is guessed from texts. Where what is left of the policies for an action differs, the engine is asked
before and after about a witness of every resource pattern that either side names, and about every resource
at once. What differs and shows at none of them is told as such, never left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from iamkit.analysis.access import Place, access, left
from iamkit.analysis.subjects import Subject
from iamkit.policy import FALSE, TRUE, EvaluationOptions, Formula, Policy, Statement
from iamkit.policy.formula import And, Not, Or
from iamkit.policy.layers import CallerLayers, ResourceLayers
from iamkit.policy.patterns import action_pattern, resource_matcher
from iamkit.policy.residual import Residual
from iamkit.policy.targets import ResourceEntry, ResourceTest
from iamkit.policy.tokens import Wildcard

EVERYTHING: Final = "*"
# What stands for "any other" in a witness: no pattern names it.
_ANY: Final = "iamkit-any-other"
_ANY_ACTION: Final = "IamkitAnyOther"
_NOTHING: Final = Residual(FALSE, FALSE)


class Reached(IntEnum):
    """How far access goes."""

    NO = 0
    CONDITIONAL = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Change:
    """One principal, action and resource, the last two perhaps patterns; what could be done and can be.

    `before` and `after` are equal where only conditions differ; `keys` are those that decide. With `open`
    it could not be found out what differs, which may be more or less access.
    """

    principal: str
    kind: str
    action: str
    resource: str
    before: Reached
    after: Reached
    keys: tuple[str, ...] = ()
    open: bool = False

    @property
    def widens(self) -> bool:
        """Whether it may give access that was not there."""
        return self.open or self.after > self.before or self.after is self.before is Reached.CONDITIONAL


def of_subject(
    before: Subject | None,
    after: Subject | None,
    bare: Place,
    actions: Iterable[str],
    options: EvaluationOptions,
) -> Iterator[Change]:
    """The changes of a principal, on resources of its account that have no policy of their own.

    `actions` are looked at beside whatever the policies name; None is a principal that is not there.
    """
    who = after or before
    if who is None:
        return
    had, has = policies_of(before), policies_of(after)
    touched = _touched(before, after)
    found: list[Change] = []
    for text in dict.fromkeys((*_actions_of(had, has), *actions)):
        action = probe(text)
        if action and (touched is None or any(_reads(statement, action) for statement in touched)):
            found += _of_action(who, before, after, text, action, bare, options)
    yield from pruned(found)


def of_place(
    before: Subject | None, after: Subject | None, was: Place, now: Place, options: EvaluationOptions
) -> Iterator[Change]:
    """The changes of a principal on one resource, whose own policy has changed."""
    who = after or before
    if who is None:
        return
    found = []
    for text in _actions_of(_standing(was.layers), _standing(now.layers)):
        action = probe(text)
        if not action:
            continue
        had, has = _asked(before, action, was, options), _asked(after, action, now, options)
        if had != has:
            found.append(
                Change(who.arn, who.kind, text, now.arn, had[0], has[0], (had[1], has[1])[has[0] > 0])
            )
    yield from pruned(found)


def pruned(changes: list[Change]) -> list[Change]:
    """Without those that a wider one of the same kind tells already."""
    alike: dict[object, list[Change]] = {}
    for change in changes:
        if "*" in change.action + change.resource:
            alike.setdefault(_sort_of(change), []).append(change)
    return [
        change
        for change in changes
        if not any(_covers(other, change) for other in alike.get(_sort_of(change), ()))
    ]


def _sort_of(change: Change) -> object:
    return change.principal, change.before, change.after, change.keys, change.open


def _covers(wide: Change, narrow: Change) -> bool:
    if (wide.action, wide.resource) == (narrow.action, narrow.resource):
        return False
    if wide.action != narrow.action and not (
        "*" in wide.action and action_pattern(wide.action).matches(narrow.action.lower())
    ):
        return False
    return wide.resource == narrow.resource or covers(wide.resource, narrow.resource)


def probe(text: str) -> str:
    """A concrete action for a pattern of actions, one that no other pattern names; empty for no action."""
    if text == EVERYTHING:
        return f"iamkit-any:{_ANY_ACTION}"
    service, colon, name = text.partition(":")
    if not colon:
        return ""
    service = service.replace("*", "any").replace("?", "x") or "any"
    return f"{service}:{name.replace('*', _ANY_ACTION).replace('?', 'X')}"


def _touched(before: Subject | None, after: Subject | None) -> list[Statement] | None:
    """The statements that one side has and the other has not; None if more than statements may differ."""
    if before is None or after is None or before.keys != after.keys:
        return None
    one, other = before.layers, after.layers
    if (one.boundary is None) != (other.boundary is None) or len(one.guardrails or ()) != len(
        other.guardrails or ()
    ):
        return None
    had, has = policies_of(before), policies_of(after)
    texts, others = {policy.text for policy in had}, {policy.text for policy in has}
    return [
        statement
        for policies, known in ((had, others), (has, texts))
        for policy in policies
        if policy.text not in known
        for statement in policy.statements
    ] or None


def _reads(statement: Statement, action: str) -> bool:
    name = action.lower()
    named = any(action_pattern(element.text).matches(name) for element in statement.actions)
    return named is not statement.not_action


def policies_of(subject: Subject | None) -> list[Policy]:
    """Every policy that comes with a principal."""
    layers = CallerLayers() if subject is None else subject.layers
    groups = (layers.identity, layers.boundary or (), layers.session or (), *(layers.guardrails or ()))
    return [attached.policy for group in groups for attached in group]


def _standing(layers: ResourceLayers) -> list[Policy]:
    return [attached.policy for attached in layers.policies]


def _actions_of(*policies: list[Policy]) -> list[str]:
    """What policies write as actions, patterns included, and everything besides."""
    named = (
        element.text
        for listed in policies
        for policy in listed
        for statement in policy.statements
        for element in statement.actions
    )
    return list(dict.fromkeys((*named, EVERYTHING)))


def _of_action(
    who: Subject,
    before: Subject | None,
    after: Subject | None,
    shown: str,
    action: str,
    bare: Place,
    options: EvaluationOptions,
) -> Iterator[Change]:
    had = _NOTHING if before is None else left(before, action, bare, options)
    has = _NOTHING if after is None else left(after, action, bare, options)
    if had == has or (_normal(had.allow), _normal(had.deny)) == (_normal(has.allow), _normal(has.deny)):
        return
    patterns = _patterns(had, has)
    differs = False
    for pattern in patterns:
        witness = _witness(pattern, bare.owner)
        place = Place(witness, bare.layers, _owner(witness, bare.owner))
        first, second = _asked(before, action, place, options), _asked(after, action, place, options)
        if first != second:
            differs = True
            keys = second[1] if second[0] else first[1]
            yield Change(who.arn, who.kind, shown, pattern, first[0], second[0], keys)
    if not differs and not _is_nothing(had, has):
        for pattern in patterns:
            yield Change(
                who.arn, who.kind, shown, pattern, Reached.CONDITIONAL, Reached.CONDITIONAL, open=True
            )


def _is_nothing(*residuals: Residual) -> bool:
    return all(item.allow is FALSE or item.deny is TRUE for item in residuals)


def _asked(
    subject: Subject | None, action: str, place: Place, options: EvaluationOptions
) -> tuple[Reached, tuple[str, ...], object]:
    """How far a principal gets, on which keys it hangs, and by which conditions."""
    found = None if subject is None else access(subject, action, place, {}, options)
    if subject is None or found is None:
        return Reached.NO, (), None
    if found.allowed and not found.keys:
        return Reached.YES, (), None
    rest = left(subject, action, place, options, resource=place.arn)
    return Reached.CONDITIONAL, found.keys, (_normal(rest.allow), _normal(rest.deny))


# --- formulas and patterns ----------------------------------------------------------------------


def _leaves(formula: Formula) -> Iterator[Formula]:
    if isinstance(formula, And | Or):
        for part in formula.parts:
            yield from _leaves(part)
    elif isinstance(formula, Not):
        yield from _leaves(formula.part)
    else:
        yield formula


def _patterns(*residuals: Residual) -> list[str]:
    """Every pattern of resources that the residuals name, everything first."""
    named = (
        _text(entry)
        for item in residuals
        for formula in (item.allow, item.deny)
        for leaf in _leaves(formula)
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


def _witness(pattern: str, account: str) -> str:
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


def _owner(arn: str, account: str) -> str:
    named = arn.split(":", 5)[4] if arn.count(":") >= 5 else ""
    return named if len(named) == 12 and named.isdigit() else account


def covers(wide: str, narrow: str) -> bool:
    """Whether a pattern of resources surely matches all that another one does."""
    if wide == EVERYTHING:
        return True
    if "?" in wide or "${" in wide + narrow:
        return wide == narrow
    # A letter that no pattern writes can only have been taken up by a wildcard.
    return resource_matcher(wide)(narrow.replace("*", "\u2400").replace("?", "\u2400"))


def _normal(formula: Formula) -> object:
    """A form that is equal for formulas which say the same in another order, or the same twice."""
    if isinstance(formula, Not):
        return "not", _normal(formula.part)
    if isinstance(formula, And):
        return "and", frozenset(map(_normal, formula.parts))
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
        _normal(part) if isinstance(part, And | Or | Not) else part
        for part in parts
        if not (isinstance(part, ResourceTest) and not part.negated and _is_plain(part))
    )
    return "or", widest, rest


def _is_plain(test: ResourceTest) -> bool:
    return all(not entry.tokens for entry in test.entries)
