"""The policy document as values: what the parser makes and everything else reads.

Every element knows where in the source text it stands, so that a finding, an explanation or a simulator
result can point at it; the offsets are found when they are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from iamkit.policy.places import Place
from iamkit.policy.spans import Span

__all__ = [
    "Condition", "Effect", "Element", "Policy", "PolicyKind", "PrincipalEntry", "PrincipalType",
    "Quantifier", "Span", "Statement",
]  # fmt: skip


class PolicyKind(StrEnum):
    """What a document is used as; it decides which elements it must and must not have (SEM §1.3)."""

    IDENTITY = "identity"
    BOUNDARY = "boundary"
    SESSION = "session"
    RESOURCE = "resource"
    TRUST = "trust"
    GUARDRAIL = "guardrail"
    RESOURCE_GUARDRAIL = "resource-guardrail"
    ENDPOINT = "endpoint"


class Effect(StrEnum):
    """The two effects, spelt exactly so (SEM-G7)."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class Element:
    """One string of a list element (an action, a resource, a condition value) as written, and its place."""

    text: str
    place: Place = field(compare=False, repr=False)

    @property
    def span(self) -> Span:
        return self.place.span


PrincipalType = Literal["*", "AWS", "Service", "Federated", "CanonicalUser"]


@dataclass(frozen=True, slots=True)
class PrincipalEntry:
    """One entry of Principal or NotPrincipal. The plain string `"*"` has type `*`."""

    type: PrincipalType
    text: str
    place: Place = field(compare=False, repr=False)

    @property
    def span(self) -> Span:
        return self.place.span


class Quantifier(StrEnum):
    """The set prefix of a condition operator."""

    NONE = ""
    FOR_ALL = "ForAllValues"
    FOR_ANY = "ForAnyValue"


@dataclass(frozen=True, slots=True)
class Condition:
    """One (operator, key) pair of a Condition block with its values (SEM-C1, C-5).

    `operator` is the base name (`StringLike`), without prefix and suffix. `key` is as written.
    """

    operator: str
    quantifier: Quantifier
    if_exists: bool
    key: str
    values: tuple[Element, ...]
    place: Place = field(compare=False, repr=False)

    @property
    def span(self) -> Span:
        """From the name of the key to the end of its values."""
        return self.place.member_span

    @property
    def operator_text(self) -> str:
        """The operator as a document spells it."""
        prefix = f"{self.quantifier}:" if self.quantifier else ""
        return prefix + self.operator + ("IfExists" if self.if_exists else "")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Of each pair of elements the `not_…` flag says which half stands here."""

    index: int
    sid: str | None
    effect: Effect
    actions: tuple[Element, ...]
    not_action: bool
    resources: tuple[Element, ...] | None
    not_resource: bool
    principals: tuple[PrincipalEntry, ...] | None
    not_principal: bool
    conditions: tuple[Condition, ...]
    place: Place = field(compare=False, repr=False)

    @property
    def span(self) -> Span:
        return self.place.span

    @property
    def members(self) -> Mapping[str, Span]:
        """The span of each member present, by member name: "Action", "NotResource", "Condition", ..."""
        return self.place.member_spans


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed document. `variables` says whether `${...}` is live in it (SEM-G14)."""

    kind: PolicyKind
    version: str | None
    id: str | None
    statements: tuple[Statement, ...]
    text: str = field(repr=False)
    # What evaluation makes of the statements at first use, see `speakers`.
    speakers: object = field(default=None, init=False, repr=False, compare=False)

    @property
    def variables(self) -> bool:
        """Policy variables exist only under 2012-10-17 (SEM-G14)."""
        return self.version == "2012-10-17"
