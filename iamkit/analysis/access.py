"""Access: who can do something, and what somebody can do, asked of the engine that guards everything.

Two answers are kept apart. `allowed` is the decision in the context that was given, and exact. Where it
hangs on keys that the context lacks (an address, a second factor) the answer names them in `keys`; what is
then not allowed may be, under some values of theirs.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from iamkit.analysis.subjects import Subject
from iamkit.policy import FALSE, TRUE, EvaluationOptions, Formula, Known, evaluate, residual
from iamkit.policy.conditions import KeyTest
from iamkit.policy.formula import And, Or, given, leaves
from iamkit.policy.layers import ResourceLayers
from iamkit.policy.request import AccessRequest, Context, ContextValue
from iamkit.policy.residual import Residual
from iamkit.policy.simulate import keys_of
from iamkit.policy.targets import ResourceTest

# Keys that come with the principal: what a subject lacks of them, no request of it will have.
_INBORN: Final = ("aws:principal", "aws:userid", "aws:username")


@dataclass(frozen=True, slots=True)
class Place:
    """A resource with what stands around it and the account that owns it."""

    arn: str
    layers: ResourceLayers
    owner: str


@dataclass(frozen=True, slots=True)
class Access:
    """One subject, action and resource. See the module for `allowed` and `keys`."""

    subject: Subject
    action: str
    resource: str
    allowed: bool
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """What a subject can do with one action.

    `everywhere`: on every resource of its account that has no policy of its own; else `patterns` are what
    Allow statements name, of which conditions and Denies may take away. `allowed` and `refused` are exact,
    for the resources that were looked at one by one. `keys` as in the module.
    """

    action: str
    everywhere: bool
    patterns: tuple[str, ...]
    allowed: tuple[str, ...]
    refused: tuple[str, ...]
    keys: tuple[str, ...]


class _Unknown(Container[str]):
    """Every key but those that are known, or that only a principal can have."""

    def __init__(self, context: Context) -> None:
        self._known = context.by_lower

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key not in self._known and not key.startswith(_INBORN)


def access(
    subject: Subject,
    action: str,
    place: Place,
    context: Mapping[str, ContextValue],
    options: EvaluationOptions,
) -> Access | None:
    """Whether the subject can, or None if it cannot under any value of the keys that are not known.

    Raises ValueError if `context` names a key twice.
    """
    known = _context(subject, context)
    trust = _needs_trust(action, place.arn)
    asked = AccessRequest(subject.caller, action, place.arn, known, place.owner, trust)
    allowed = evaluate(asked, subject.layers, place.layers, options=options).allowed
    unknown = _Unknown(known)
    left = residual(
        Known(subject.caller, action, place.arn, known, unknown, place.owner, trust),
        subject.layers,
        place.layers,
        options=options,
    )
    if not allowed and not _possible(left):
        return None
    return Access(subject, action, place.arn, allowed, _keys(left, unknown))


def left(
    subject: Subject, action: str, place: Place, options: EvaluationOptions, *, resource: str | None = None
) -> Residual:
    """What is left of the policies for an action, on one resource or on whichever of `place`'s owner."""
    known = _context(subject, {})
    found = residual(
        Known(subject.caller, action, resource, known, _Unknown(known), place.owner),
        subject.layers,
        place.layers,
        options=options,
    )
    return Residual(given(found.deny, _everything), given(found.allow, _everything))


def who_can(
    subjects: Iterable[Subject],
    action: str,
    place: Place,
    context: Mapping[str, ContextValue],
    options: EvaluationOptions,
) -> tuple[Access, ...]:
    """Those of `subjects` who can do `action` on a resource, or may under further conditions."""
    found = (access(subject, action, place, context, options) for subject in subjects)
    return tuple(item for item in found if item is not None)


def what_can(
    subject: Subject,
    actions: Iterable[str],
    bare: Place,
    places: Iterable[Place],
    context: Mapping[str, ContextValue],
    options: EvaluationOptions,
) -> tuple[Reach, ...]:
    """The actions that a subject can do on some resource.

    `bare` is a resource without a policy of its own; `places` are looked at one by one: those with a policy,
    and whichever else one wants to know of.
    """
    looked = tuple(places)
    found = (_reach(subject, action, bare, looked, context, options) for action in actions)
    return tuple(reach for reach in found if reach is not None)


def _reach(
    subject: Subject,
    action: str,
    bare: Place,
    places: tuple[Place, ...],
    context: Mapping[str, ContextValue],
    options: EvaluationOptions,
) -> Reach | None:
    known = _context(subject, context)
    unknown = _Unknown(known)
    found = residual(
        Known(subject.caller, action, None, known, unknown, bare.owner),
        subject.layers,
        bare.layers,
        options=options,
    )
    left = Residual(given(found.deny, _everything), given(found.allow, _everything))
    possible = _possible(left)
    exact = [(place.arn, access(subject, action, place, context, options)) for place in places]
    if not possible and all(item is None for _, item in exact):
        return None
    keys = dict.fromkeys(_keys(left, unknown) if possible else ())
    for _, item in exact:
        keys |= dict.fromkeys(() if item is None else item.keys)
    return Reach(
        action,
        left.allow is TRUE and left.deny is FALSE,
        (_patterns(left.allow) or ("*",)) if possible else (),
        tuple(arn for arn, item in exact if item is not None and item.allowed),
        tuple(arn for arn, item in exact if item is None or not item.allowed),
        tuple(keys),
    )


def _needs_trust(action: str, arn: str) -> bool:
    """Whether the resource's own policy has to let everybody in: a role's, when it is assumed (CAP-B7)."""
    parts = arn.split(":", 5)
    return action.lower().startswith("sts:") and len(parts) == 6 and parts[5].startswith("role/")


def _context(subject: Subject, context: Mapping[str, ContextValue]) -> Context:
    return Context({**subject.keys, **context})


def _possible(left: Residual) -> bool:
    return left.allow is not FALSE and left.deny is not TRUE


def _everything(leaf: Formula) -> Formula:
    """TRUE for a test that every resource passes."""
    if isinstance(leaf, ResourceTest) and not leaf.negated:
        return TRUE if any(entry.text == "*" for entry in leaf.entries) else leaf
    return leaf


def _keys(left: Residual, unknown: _Unknown) -> tuple[str, ...]:
    """The unknown keys that decide, spelt as the policies do."""
    found: dict[str, str] = {}
    for leaf in (*leaves(left.allow), *leaves(left.deny)):
        if isinstance(leaf, KeyTest | ResourceTest):
            for key in keys_of(leaf):
                if key.lower() in unknown:
                    found.setdefault(key.lower(), key)
    return tuple(sorted(found.values(), key=str.lower))


def _patterns(formula: Formula) -> tuple[str, ...] | None:
    """Patterns that cover all resources for which it can hold, or None for all there are (SEM-R6)."""
    if isinstance(formula, ResourceTest):
        if formula.negated:
            return tuple(f"all but {entry.text}" for entry in formula.entries)
        return tuple(entry.text for entry in formula.entries)
    if isinstance(formula, Or):
        covers = [_patterns(part) for part in formula.parts]
        told = [cover for cover in covers if cover is not None]
        return tuple(dict.fromkeys(sum(told, ()))) if len(told) == len(covers) else None
    if isinstance(formula, And):
        # Each part covers the whole; the shortest says most.
        found = [cover for part in formula.parts if (cover := _patterns(part)) is not None]
        return min(found, key=len) if found else None
    return None
