"""What would make a denied request pass: the smallest honest list (SEM-E27).

A statement that is suggested names exactly this caller's action and resource, so that adding it opens
nothing else. Nothing here weighs whether the request should pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, final

from iamkit.policy.candidates import NAMING, Allows
from iamkit.policy.decision import StatementRef
from iamkit.policy.layers import Layer
from iamkit.policy.model import Effect
from iamkit.policy.request import AccessRequest, Caller, CallerKind
from iamkit.policy.trace import ElementTrace, Json, StatementTrace
from iamkit.policy.variables import escaped

FixKind: TypeAlias = Literal[
    "lift-deny",
    "avoid-deny",
    "add-statement",
    "meet-condition",
    "sign-in-with-mfa",
    "mend-policy",
    "mend-request",
]

_MFA_KEYS: Final = frozenset({"aws:multifactorauthpresent", "aws:multifactorauthage"})


@final
@dataclass(frozen=True, slots=True)
class Fix:
    """One thing to do. Fixes of one layer and level are alternatives; every layer named needs one.

    `statement` is the statement to add, for a document of Version 2012-10-17. `ref` is the statement that
    stands in the way or would match.
    """

    kind: FixKind
    text: str
    layer: Layer | None = None
    level: int = 0
    ref: StatementRef | None = None
    statement: dict[str, Json] | None = field(default=None, hash=False)

    def as_data(self) -> dict[str, Json]:
        """The same for programs."""
        data: dict[str, Json] = {"kind": self.kind, "text": self.text}
        if self.layer is not None:
            data |= {"layer": self.layer.value, "level": self.level}
        if self.ref is not None:
            data["at"] = str(self.ref)
        if self.statement is not None:
            data["statement"] = self.statement
        return data


def for_denies(traces: Iterable[StatementTrace]) -> tuple[Fix, ...]:
    """For each Deny that matched: lift it, or meet the condition under which it does not hold."""
    fixes: list[Fix] = []
    for trace in traces:
        if trace.effect is not Effect.DENY or trace.matched is not True:
            continue
        ref = trace.ref
        fixes.append(Fix("lift-deny", f"the Deny of the {ref} stands in the way", ref.layer, ref.level, ref))
        conditions = [element for element in trace.elements if element.element == "Condition"]
        for element in conditions:
            if element.key.lower() in _MFA_KEYS:
                text = f"sign in with MFA, fresh enough, so that the Deny of the {ref} does not hold"
                fixes.append(Fix("sign-in-with-mfa", text, ref.layer, ref.level, ref))
            else:
                text = f"it holds because {_because(element)}"
                fixes.append(Fix("avoid-deny", text, ref.layer, ref.level, ref))
    return tuple(fixes)


def for_missing(
    request: AccessRequest, lacking: Iterable[Allows], traces: Iterable[StatementTrace]
) -> tuple[Fix, ...]:
    """For each layer that lacks an Allow: conditions that an Allow waits for, or the statement to add."""
    traces = tuple(traces)
    fixes: list[Fix] = []
    for allows in lacking:
        for trace in traces:
            near = trace.ref.layer is allows.layer and trace.ref.level == allows.level
            if near and trace.effect is Effect.ALLOW:
                fixes.extend(_met(trace))
        fixes.append(_statement(request, allows))
    return tuple(fixes)


def _met(trace: StatementTrace) -> Iterable[Fix]:
    """What an Allow that fails by its conditions alone waits for."""
    failing = trace.failing
    if not failing or any(element.element != "Condition" for element in failing):
        return
    ref = trace.ref
    wants: list[str] = []
    kind: FixKind = "meet-condition"
    for element in failing:
        if element.held is None:
            text = f"mend the {ref}: {element.error}"
            yield Fix("mend-policy", text, ref.layer, ref.level, ref)
            return
        if element.key.lower() in _MFA_KEYS:
            kind = "sign-in-with-mfa"
            wants.append(
                "sign in with MFA" + ("" if element.missing else " again, as it is not fresh enough")
            )
        else:
            wants.append(_wanted(element))
    yield Fix(kind, f"{' and '.join(wants)}, as the {ref} asks", ref.layer, ref.level, ref)


def _wanted(element: ElementTrace) -> str:
    values = " or ".join(f"`{value}`" for value in element.policy_values)
    have = " (the request lacks it)" if element.missing else ""
    return f"have a `{element.key}`{have} for which {element.operator} {values} holds"


def _because(element: ElementTrace) -> str:
    values = " or ".join(f"`{value}`" for value in element.policy_values)
    missing = ", and the key is missing" if element.missing else ""
    return f"`{element.key}` {element.words} {values} ({element.operator}){missing}"


def _statement(request: AccessRequest, allows: Allows) -> Fix:
    statement: dict[str, Json] = {"Effect": "Allow"}
    if allows.layer is Layer.RESOURCE_GUARDRAIL:
        statement["Principal"] = "*"
    elif allows.layer in NAMING:
        statement["Principal"] = _principal(request.caller)
    statement["Action"] = request.action
    trust = allows.layer is Layer.RESOURCE and request.explicit_trust and request.action.startswith("sts:")
    resource = request.resource if request.resource == "*" else escaped(request.resource)
    if not trust:
        statement["Resource"] = resource
    where = f"{allows.layer}" + (f" level {allows.level + 1}" if allows.layer in _LEVELLED else "")
    text = f"add to the {where} a statement that allows `{request.action}` on `{request.resource}`"
    if trust:
        text = f"add to the trust policy a statement that allows `{request.action}` to the caller"
    if resource != request.resource:
        text += ", in a document of Version 2012-10-17"
    if allows.layer is Layer.SESSION and not allows.candidates:
        text += "; the session has to be started with it"
    return Fix("add-statement", text, allows.layer, allows.level, statement=statement)


_LEVELLED: Final = frozenset({Layer.GUARDRAIL, Layer.RESOURCE_GUARDRAIL})


def _principal(caller: Caller) -> Json:
    if caller.kind is CallerKind.ANONYMOUS:
        return "*"
    kinds = {CallerKind.SERVICE: "Service", CallerKind.PROVIDER: "Federated"}
    return {kinds.get(caller.kind, "AWS"): caller.arn}
