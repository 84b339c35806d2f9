"""What would make a denied request pass: the smallest honest list (SEM-E27).

A statement that is suggested lets exactly this request through. A condition that is said to be met has
been tried: with the values in `context` its layer allows, no other layer ceases to, and no further Deny
holds. Nothing here weighs whether the request should pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, final

from iamkit.errors import EvaluationError
from iamkit.policy.conditions import KeyTest
from iamkit.policy.decision import StatementRef
from iamkit.policy.grants import grant
from iamkit.policy.layers import Layer
from iamkit.policy.model import Effect, PolicyKind
from iamkit.policy.request import ContextValue
from iamkit.policy.survey import Place, Survey
from iamkit.policy.trace import ElementTrace, Json, StatementTrace
from iamkit.policy.values import text_of
from iamkit.policy.witness import MFA_KEYS, MFA_PRESENT, Changes, changed, to_match, to_miss

FixKind: TypeAlias = Literal[
    "lift-deny",
    "avoid-deny",
    "add-statement",
    "meet-condition",
    "sign-in-with-mfa",
    "mend-policy",
    "mend-request",
]

# How many Allows of one layer are told that wait for a condition, and how many are tried; also of Denies.
_MOST: Final = 3
_TRIED: Final = 20
_LEVELLED: Final = frozenset({Layer.GUARDRAIL, Layer.RESOURCE_GUARDRAIL})


@final
@dataclass(frozen=True, slots=True)
class Fix:
    """One thing to do. Fixes of one layer and level, or of one Deny, are alternatives; every layer named and
    every Deny needs one.

    `statement` is the statement to add, for a document of the kind `document` and Version 2012-10-17.
    `context` are condition keys with values under which it passes, None for one that is left out. `ref` is
    the statement that stands in the way or would match. `private` says that `statement` quotes the request.
    """

    kind: FixKind
    text: str
    layer: Layer | None = None
    level: int = 0
    ref: StatementRef | None = None
    statement: dict[str, Json] | None = field(default=None, hash=False)
    document: PolicyKind | None = None
    context: Mapping[str, ContextValue | None] | None = field(default=None, hash=False, repr=False)
    private: bool = False

    def as_data(self, *, show_values: bool = False) -> dict[str, Json]:
        """The same for programs. What may come from the request is left out unless told to show it."""
        data: dict[str, Json] = {"kind": self.kind, "text": self.text}
        if self.layer is not None:
            data |= {"layer": self.layer.value, "level": self.level}
        if self.ref is not None:
            data["at"] = str(self.ref)
        if self.statement is not None and (show_values or not self.private):
            data["statement"] = self.statement
        if self.document is not None:
            data["document"] = self.document.value
        if self.context is not None and show_values:
            data["context"] = {name: _json(value) for name, value in self.context.items()}
        return data


def _json(value: ContextValue | None) -> Json:
    if isinstance(value, tuple):
        return list(value)
    try:
        return value if value is None or isinstance(value, bool | int) else text_of(value)
    except EvaluationError:
        return None


def fixes(survey: Survey, traces: Iterable[StatementTrace], *, trust: bool) -> tuple[Fix, ...]:
    """The list for a denied request. `trust` says that the resource's policy is a role's trust policy."""
    traces = tuple(traces)
    lacking = survey.lacking(survey.request) or ()
    return (
        *_for_denies(survey, traces, frozenset(lacking)),
        *_mending(traces),
        *_for_missing(survey, traces, lacking, trust=trust),
    )


def _for_denies(
    survey: Survey, traces: tuple[StatementTrace, ...], lacking: frozenset[Place]
) -> Iterator[Fix]:
    """For each Deny that matched: lift it, or ask so that it does not hold."""
    tried = 0
    for trace in traces:
        if trace.effect is not Effect.DENY or trace.matched is not True:
            continue
        ref = trace.ref
        yield Fix("lift-deny", f"the Deny of the {ref} stands in the way", ref.layer, ref.level, ref)
        tried += 1
        avoided = _avoided(survey, trace, lacking) if tried <= _MOST else None
        if avoided is None:
            continue
        element, changes = avoided
        if MFA_PRESENT in changes and changes[MFA_PRESENT] is True:
            text = f"sign in with MFA, fresh enough, so that the Deny of the {ref} does not hold"
            yield Fix("sign-in-with-mfa", text, ref.layer, ref.level, ref, context=changes)
        else:
            other = "without the key" if None in changes.values() else "with another value"
            text = f"it holds because {_because(element)}; {other} it would not"
            yield Fix("avoid-deny", text, ref.layer, ref.level, ref, context=changes)


def _avoided(
    survey: Survey, trace: StatementTrace, lacking: frozenset[Place]
) -> tuple[ElementTrace, Changes] | None:
    """The condition of a Deny that a request can fail to meet, and how; a sign-in with MFA comes first."""
    elements = {
        (item.key.lower(), item.operator): item for item in trace.elements if item.element == "Condition"
    }
    tests = [leaf for leaf in trace.leaves if isinstance(leaf, KeyTest)]
    refused = survey.refused_by(survey.request)
    for test in sorted(tests, key=lambda test: test.key not in MFA_KEYS):
        for changes in to_miss(test, survey.request):
            other = changed(survey.request, changes)
            now = survey.lacking(other)
            left = survey.refused_by(other)
            if now is not None and lacking.issuperset(now) and left <= refused - {trace.ref}:
                return elements[test.key, _operator(test)], changes
    return None


def _operator(test: KeyTest) -> str:
    quantifier = f"{test.quantifier}:" if test.quantifier else ""
    return f"{quantifier}{test.operator.name}{'IfExists' if test.if_exists else ''}"


def _mending(traces: tuple[StatementTrace, ...]) -> Iterator[Fix]:
    """Denies that could not be judged, which stand in the way until they can be."""
    for item in traces:
        if item.effect is Effect.DENY and item.matched is None:
            for element in item.elements:
                if element.held is None:
                    yield _mend(item, element)


def _mend(trace: StatementTrace, element: ElementTrace) -> Fix:
    ref = trace.ref
    return Fix("mend-policy", f"mend the {ref}: {element.error}", ref.layer, ref.level, ref)


def _for_missing(
    survey: Survey, traces: tuple[StatementTrace, ...], lacking: tuple[Place, ...], *, trust: bool
) -> Iterator[Fix]:
    """For each layer that lacks an Allow: conditions that an Allow waits for, and the statement to add."""
    for place in lacking:
        told = 0
        waiting = [
            trace
            for trace in traces
            if (trace.ref.layer, trace.ref.level) == place and trace.effect is Effect.ALLOW
        ]
        for trace in waiting[:_TRIED]:
            if told < _MOST:
                for fix in _met(survey, trace, frozenset(lacking)):
                    told += 1
                    yield fix
        yield _added(survey, *place, trust=trust)


def _met(survey: Survey, trace: StatementTrace, lacking: frozenset[Place]) -> Iterator[Fix]:
    """What an Allow that fails by its conditions alone waits for."""
    failing = trace.failing
    if not failing or any(element.element != "Condition" for element in failing):
        return
    ref, request = trace.ref, survey.request
    broken = [element for element in failing if element.held is None]
    # An operator that does not exist has no test that any value could meet.
    changes = None if any(not element.operator for element in broken) else to_match(trace.leaves, request)
    if changes is None:
        if broken:
            yield _mend(trace, broken[0])
        return
    other = changed(request, changes)
    now = survey.lacking(other)
    helps = now is not None and (lacking - {(ref.layer, ref.level)}).issuperset(now)
    if not helps or not survey.refused_by(other) <= survey.refused_by(request):
        return
    kind: FixKind = "meet-condition"
    wants: dict[str, None] = {}
    for element in failing:
        if element.key.lower() in MFA_KEYS and changes.get(MFA_PRESENT) is True:
            kind = "sign-in-with-mfa"
            again = "" if element.missing else " again, as it is not fresh enough"
            wants[f"sign in with MFA{again}"] = None
        else:
            wants[_wanted(element)] = None
    text = f"{' and '.join(wants)}, as the {ref} asks"
    yield Fix(kind, text, ref.layer, ref.level, ref, context=changes)


def _wanted(element: ElementTrace) -> str:
    values = " or ".join(f"`{value}`" for value in element.policy_values)
    have = " (the request lacks it)" if element.missing else ""
    return f"have a `{element.key}`{have} for which {element.operator} {values} holds"


def _because(element: ElementTrace) -> str:
    values = " or ".join(f"`{value}`" for value in element.policy_values)
    missing = ", and the key is missing" if element.missing else ""
    return f"`{element.key}` {element.words} {values} ({element.operator}){missing}"


def _added(survey: Survey, layer: Layer, level: int, *, trust: bool) -> Fix:
    request = survey.request
    made = grant(request, layer, trust=trust)
    where = f"{layer}" + (f" level {level + 1}" if layer in _LEVELLED else "")
    if made.statement is None:
        text = f"the {where} has to allow `{request.action}` on `{request.resource}`: {made.fault}"
        return Fix("add-statement", text, layer, level, document=made.kind)
    text = f"add to the {where} a statement that allows `{request.action}` on `{request.resource}`"
    if made.kind is PolicyKind.TRUST:
        text = f"add to the trust policy a statement that allows `{request.action}` to the caller"
    if "${" in str(made.statement):
        text += ", in a document of Version 2012-10-17"
    if layer is Layer.SESSION and survey.unbound:
        text += "; the session has to be started with it, and with all else that it is to do"
    if made.also:
        text += f"; it is then open to {made.also}"
    return Fix(
        "add-statement",
        text,
        layer,
        level,
        statement=made.statement,
        document=made.kind,
        private=made.private,
    )
