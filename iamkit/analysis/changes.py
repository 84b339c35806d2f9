"""Changes of access: what a principal can do after its policies changed and could not before, or no more.

Nothing is guessed from texts. Where what is left of the policies for an action differs, the engine is asked
before and after about a witness of every resource pattern that either side names, and about every resource
at once. What differs and shows at none of them is told as such, never left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final, TypeAlias

from iamkit.analysis.access import Place, access, left
from iamkit.analysis.subjects import Subject
from iamkit.analysis.witnesses import (
    EVERYTHING,
    action_covers,
    covers,
    normal,
    owner,
    patterns,
    probe,
    witness,
)
from iamkit.policy import FALSE, TRUE, EvaluationOptions, Policy, Statement
from iamkit.policy.layers import CallerLayers, ResourceLayers
from iamkit.policy.patterns import action_pattern
from iamkit.policy.residual import Residual

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
    it could not be found out what differs, which may be more or less access. `but` are actions and resources
    that the patterns cover too and for which it is not so; empty stands for the change's own.
    """

    principal: str
    kind: str
    action: str
    resource: str
    before: Reached
    after: Reached
    keys: tuple[str, ...] = ()
    open: bool = False
    but: tuple[tuple[str, str], ...] = ()

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
    touched = _touched(before, after)
    named = None if touched is None else _Named(touched)
    cells: dict[tuple[str, str], Change | None] = {}
    looked = dict.fromkeys((*_actions_of(policies_of(before), policies_of(after)), *actions))
    for text in looked:
        action = probe(text)
        if not action:
            continue
        if named is None or named.holds(action):
            cells.update(_of_action(who, before, after, text, action, bare, options))
    changed = {action for (action, _), change in cells.items() if change is not None}
    unchanged = frozenset(text for text in looked if text not in changed)
    yield from summed_up(cells, unchanged)


def of_place(
    before: Subject | None, after: Subject | None, was: Place, now: Place, options: EvaluationOptions
) -> Iterator[Change]:
    """The changes of a principal on one resource, whose own policy has changed."""
    who = after or before
    if who is None:
        return
    cells: dict[tuple[str, str], Change | None] = {}
    for text in _actions_of(_standing(was.layers), _standing(now.layers)):
        action = probe(text)
        if action:
            had, has = _asked(before, action, was, options), _asked(after, action, now, options)
            cells[text, now.arn] = _between(who, text, now.arn, had, has)
    yield from summed_up(cells)


def summed_up(
    cells: Mapping[tuple[str, str], Change | None], unchanged: frozenset[str] = frozenset()
) -> Iterator[Change]:
    """The changes without those that a wider one tells already; what it does not hold for is told with it.

    `cells` are changes by action and resource, None where nothing changes; for the actions of `unchanged`
    nothing changes anywhere.
    """
    wide = [
        replace(change, but=_exceptions(change, cells, unchanged))
        for change in cells.values()
        if change is not None and "*" in change.action + change.resource
    ]
    # The widest first: what is told by one that is itself told by another would be told by nobody.
    wide.sort(key=lambda one: -sum(_covers(_place(one), _place(other)) for other in wide))
    kept: list[Change] = []
    for change in wide:
        if not any(_tells(other, change) for other in kept):
            kept.append(change)
    yield from kept
    for narrow in cells.values():
        if narrow is None or "*" in narrow.action + narrow.resource:
            continue
        if not any(_tells(other, narrow) for other in kept):
            yield narrow


def _exceptions(
    wide: Change, cells: Mapping[tuple[str, str], Change | None], unchanged: frozenset[str]
) -> tuple[tuple[str, str], ...]:
    found = [
        (action, wide.resource)
        for action in sorted(unchanged)
        if _covers(_place(wide), (action, wide.resource))
    ]
    found += [
        cell
        for cell, change in cells.items()
        if (change is None or _sort_of(change) != _sort_of(wide))
        and cell[0] not in unchanged
        and _covers(_place(wide), cell)
    ]
    return tuple(cell for cell in found if not any(_covers(other, cell) for other in found))


def _tells(wide: Change, narrow: Change) -> bool:
    """Whether a change says what a narrower one does."""
    cell = _place(narrow)
    return (
        _sort_of(wide) == _sort_of(narrow)
        and _covers(_place(wide), cell)
        and not any(other == cell or _covers(other, cell) for other in wide.but)
    )


def _place(change: Change) -> tuple[str, str]:
    return change.action, change.resource


def _sort_of(change: Change) -> object:
    return change.before, change.after, change.keys, change.open


def _covers(wide: tuple[str, str], narrow: tuple[str, str]) -> bool:
    """Whether an action and a resource, patterns both, surely hold another pair that is not the same."""
    if wide == narrow:
        return False
    action, other = wide[0], narrow[0]
    if action != other and not ("*" in action and action_covers(action, other)):
        return False
    return wide[1] == narrow[1] or covers(wide[1], narrow[1])


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


class _Named:
    """The actions that statements name: those written out are looked up, patterns are matched."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._named = []
        for statement in statements:
            texts = [element.text for element in statement.actions]
            plain = frozenset(text.lower() for text in texts if "*" not in text and "?" not in text)
            patterns = [action_pattern(text) for text in texts if "*" in text or "?" in text]
            self._named.append((plain, patterns, statement.not_action))

    def holds(self, action: str) -> bool:
        """Whether some statement is about an action."""
        name = action.lower()
        return any(
            (name in plain or any(pattern.matches(name) for pattern in patterns)) is not negated
            for plain, patterns, negated in self._named
        )


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
) -> dict[tuple[str, str], Change | None]:
    had = _NOTHING if before is None else left(before, action, bare, options)
    has = _NOTHING if after is None else left(after, action, bare, options)
    if had == has or (normal(had.allow), normal(had.deny)) == (normal(has.allow), normal(has.deny)):
        return {(shown, EVERYTHING): None}
    cells: dict[tuple[str, str], Change | None] = {}
    for pattern in patterns(had, has):
        arn = witness(pattern, bare.owner)
        place = Place(arn, bare.layers, owner(arn, bare.owner))
        first, second = _asked(before, action, place, options), _asked(after, action, place, options)
        cells[shown, pattern] = _between(who, shown, pattern, first, second)
    if any(cells.values()) or _is_nothing(had, has):
        return cells
    unclear = Reached.CONDITIONAL
    return {
        (shown, pattern): Change(who.arn, who.kind, shown, pattern, unclear, unclear, open=True)
        for _, pattern in cells
    }


def _between(who: Subject, action: str, resource: str, had: _Answer, has: _Answer) -> Change | None:
    if had == has:
        return None
    keys = has[1] if has[0] else had[1]
    return Change(who.arn, who.kind, action, resource, had[0], has[0], keys)


def _is_nothing(*residuals: Residual) -> bool:
    return all(item.allow is FALSE or item.deny is TRUE for item in residuals)


# How far a principal gets, on which keys that hangs, and what is left to decide.
_Answer: TypeAlias = tuple[Reached, tuple[str, ...], object]


def _asked(subject: Subject | None, action: str, place: Place, options: EvaluationOptions) -> _Answer:
    found = None if subject is None else access(subject, action, place, {}, options)
    if subject is None or found is None:
        return Reached.NO, (), None
    if found.allowed and not found.keys:
        return Reached.YES, (), None
    rest = left(subject, action, place, options, resource=place.arn)
    return Reached.CONDITIONAL, found.keys, (normal(rest.allow), normal(rest.deny))
