"""The answer to an access request."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum

from iamkit.policy.layers import Layer, PolicySource
from iamkit.policy.places import Place
from iamkit.policy.revision import Basis
from iamkit.policy.spans import Span


class Outcome(StrEnum):
    """The three results (SEM §8); the values are AWS's simulator's words."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


@dataclass(frozen=True, slots=True)
class StatementRef:
    """One statement where it hangs: enough to find it, quote it and cut it out of its source."""

    layer: Layer
    source: PolicySource
    index: int
    sid: str | None
    place: Place = field(compare=False, repr=False)
    level: int = 0

    @property
    def span(self) -> Span:
        """The statement within the text of its document."""
        return self.place.span

    def as_data(self) -> dict[str, object]:
        """The same as data that JSON can carry, for records."""
        return {
            "layer": self.layer.value,
            "source": asdict(self.source),
            "index": self.index,
            "sid": self.sid,
            "span": asdict(self.span),
            "level": self.level,
        }

    def __str__(self) -> str:
        where = self.source.name + (f" {self.source.version}" if self.source.version else "")
        return f"{self.layer} {where}, statement {self.sid or self.index + 1}"


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome and what determined it. The truth of a Decision is `allowed`; a denial is never truthy.

    `determining` holds, for an explicit deny, the Deny statements that matched; for an allow, the Allow
    statements that together sufficed; for an implicit deny it is empty and `missing` names the layers that
    lacked an Allow, the deciding one first. Both are in a fixed order that does not depend on the order of
    statements in a document. `error` is set when evaluation could not be finished (SEM-F2); such a
    decision is an implicit deny. `basis` is what it was taken from, which plays no part in equality.
    """

    outcome: Outcome
    determining: tuple[StatementRef, ...] = ()
    missing: tuple[Layer, ...] = ()
    error: str | None = None
    basis: Basis | None = field(default=None, compare=False, repr=False)
    # A field, as it is read more often than a decision is made.
    allowed: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", self.outcome is Outcome.ALLOWED)

    def __bool__(self) -> bool:
        return self.allowed

    @property
    def revision(self) -> str:
        """Names the very policies that it was taken from (`revision_of`); empty where it was taken from none.

        Two decisions of one revision saw the same texts in the same places.
        """
        return "" if self.basis is None else self.basis.revision

    @property
    def layer(self) -> Layer | None:
        """The layer that decided."""
        if self.determining:
            return self.determining[0].layer
        return self.missing[0] if self.missing else None
