"""How one statement fared against one request, element by element; what explanations are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias, final

from iamkit.errors import EvaluationError, InvalidArn
from iamkit.policy.candidates import NAMING
from iamkit.policy.conditions import KeyTest
from iamkit.policy.decision import StatementRef
from iamkit.policy.formula import Unjudged
from iamkit.policy.layers import AttachedPolicy, Layer
from iamkit.policy.match import Leaf, leaves
from iamkit.policy.model import Effect, Statement
from iamkit.policy.operators import OperatorTable
from iamkit.policy.principals import levels
from iamkit.policy.request import AccessRequest
from iamkit.policy.targets import ActionTest, ResourceTest
from iamkit.policy.values import text_of
from iamkit.policy.variables import MalformedVariableError

Json: TypeAlias = "str | bool | int | list[Json] | dict[str, Json] | None"


@final
@dataclass(frozen=True, slots=True)
class ElementTrace:
    """One element of a statement. `held` is None where it could not be judged, `error` then says why.

    `request_value` is what the request carried for a condition key; it is shown only to those who may see
    it (SEM-E27). `missing` says that the key was not in the request.
    """

    element: str
    held: bool | None
    policy_values: tuple[str, ...] = ()
    operator: str = ""
    words: str = ""
    key: str = ""
    missing: bool = False
    error: str = ""
    request_value: str | None = field(default=None, repr=False)

    def line(self, *, show_values: bool) -> str:
        """The element and how it fared, as one line."""
        verdict = {True: "matches", False: "does not match", None: "cannot be judged"}[self.held]
        values = " or ".join(f"`{value}`" for value in self.policy_values)
        if self.element != "Condition":
            text = f"{self.element} {values}: {verdict}"
        elif self.missing:
            text = (
                f"Condition {self.operator} `{self.key}` {self.words} {values}: {verdict}, the key is missing"
            )
        else:
            text = f"Condition {self.operator} `{self.key}` {self.words} {values}: {verdict}"
            if show_values and self.request_value is not None:
                text += f", the request has `{self.request_value}`"
        return f"{text} ({self.error})" if self.error else text

    def as_data(self, *, show_values: bool) -> dict[str, Json]:
        """The same for programs."""
        data: dict[str, Json] = {
            "element": self.element,
            "held": self.held,
            "policyValues": list(self.policy_values),
        }
        if self.element == "Condition":
            data |= {"operator": self.operator, "key": self.key, "missing": self.missing}
            if show_values:
                data["requestValue"] = self.request_value
        if self.error:
            data["error"] = self.error
        return data


@final
@dataclass(frozen=True, slots=True)
class StatementTrace:
    """One statement and its elements. It matched if all of them held (SEM-E2).

    `leaves` are the tests behind its elements, the principal's apart.
    """

    ref: StatementRef
    effect: Effect
    elements: tuple[ElementTrace, ...]
    leaves: tuple[Leaf, ...] = field(default=(), repr=False, compare=False)

    @property
    def matched(self) -> bool | None:
        """Whether the statement matched, or None if that hangs on what could not be judged."""
        if any(element.held is False for element in self.elements):
            return False
        return None if any(element.held is None for element in self.elements) else True

    @property
    def failing(self) -> tuple[ElementTrace, ...]:
        """The elements that did not hold."""
        return tuple(element for element in self.elements if element.held is not True)


def trace(
    statement: Statement,
    attached: AttachedPolicy,
    layer: Layer,
    level: int,
    request: AccessRequest,
    operators: OperatorTable,
    *,
    bounded: bool,
) -> StatementTrace:
    """Test every element of a statement, also after one that does not hold."""
    elements: list[ElementTrace] = []
    tested: list[Leaf] = []
    if layer in NAMING:
        elements.append(_principal(statement, attached, request, bounded=bounded))
    try:
        for leaf in leaves(statement, attached.policy, operators):
            if isinstance(leaf, Unjudged):
                elements.append(ElementTrace("Condition", None, error=leaf.message))
            else:
                tested.append(leaf)
                elements.append(_element(leaf, statement, request))
    except (MalformedVariableError, InvalidArn) as error:
        elements.append(ElementTrace("Statement", None, error=str(error)))
    ref = StatementRef(layer, attached.source, statement.index, statement.sid, statement.place, level)
    return StatementTrace(ref, statement.effect, tuple(elements), tuple(tested))


def _principal(
    statement: Statement, attached: AttachedPolicy, request: AccessRequest, *, bounded: bool
) -> ElementTrace:
    found = levels(statement, request.caller, attached.principal_ids, bounded=bounded)
    name = "NotPrincipal" if statement.not_principal else "Principal"
    return ElementTrace(name, bool(found), tuple(entry.text for entry in statement.principals or ()))


def _element(leaf: Leaf, statement: Statement, request: AccessRequest) -> ElementTrace:
    error = ""
    held: bool | None = None
    try:
        held = leaf.test(request)
    except EvaluationError as failure:
        error = failure.message
    except Exception as failure:  # noqa: BLE001  # a plugin's operator may raise anything
        error = f"evaluation failed with {type(failure).__name__}"
    if isinstance(leaf, ActionTest):
        name = "NotAction" if leaf.negated else "Action"
        return ElementTrace(name, held, tuple(element.text for element in statement.actions), error=error)
    if isinstance(leaf, ResourceTest):
        name = "NotResource" if leaf.negated else "Resource"
        return ElementTrace(name, held, tuple(entry.text for entry in leaf.entries), error=error)
    return _condition(leaf, request, held, error)


def _condition(leaf: KeyTest, request: AccessRequest, held: bool | None, error: str) -> ElementTrace:
    value = request.context.by_lower.get(leaf.key)
    missing = value is None or value == ()
    shown: str | None = None
    if value is not None:
        try:
            shown = ", ".join(map(text_of, value)) if isinstance(value, tuple) else text_of(value)
        except EvaluationError:
            shown = f"a {type(value).__name__}"
    quantifier = f"{leaf.quantifier}:" if leaf.quantifier else ""
    return ElementTrace(
        element="Condition",
        held=held,
        policy_values=tuple(value.text for value in leaf.values),
        operator=f"{quantifier}{leaf.operator.name}{'IfExists' if leaf.if_exists else ''}",
        words=leaf.operator.words,
        key=leaf.name,
        missing=missing,
        error=error,
        request_value=shown,
    )
