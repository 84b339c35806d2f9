"""Findings about a policy document, as values: what, how grave, where, and a request that shows it."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from iamkit.policy.catalog import STANDARD_CATALOG, Catalog
from iamkit.policy.model import Span
from iamkit.policy.operators import STANDARD, OperatorTable
from iamkit.policy.problem import Path, path_text
from iamkit.policy.request import AccessRequest, ContextValue
from iamkit.policy.values import text_of

FindingType: TypeAlias = Literal["ERROR", "SECURITY_WARNING", "WARNING", "SUGGESTION"]

# The gravest first.
FINDING_TYPES: Final[tuple[FindingType, ...]] = ("ERROR", "SECURITY_WARNING", "WARNING", "SUGGESTION")
_PAGE: Final = "docs/policy-checks.md"


@dataclass(frozen=True, slots=True)
class Location:
    """One element at fault: its path in the document, and its place in the text."""

    path: Path
    span: Span


@dataclass(frozen=True, slots=True)
class Example:
    """A request that the document lets pass and its author most likely did not mean to.

    `beside` says that the caller also has a policy that allows everything, without which nothing
    would be left for a Deny, or a resource's own policy, to decide.
    """

    request: AccessRequest
    beside: bool = False

    def __str__(self) -> str:
        request = self.request
        who = request.caller.arn or "an anonymous caller"
        context = ", ".join(f"{key}={shown(value)}" for key, value in request.context.items())
        more = f" with {context}" if context else ""
        return f"{who} may {request.action} on {request.resource}{more}"


def shown(value: ContextValue) -> str:
    """A context value as text; the values of a list stand in brackets."""
    return f"[{', '.join(value)}]" if isinstance(value, tuple) else text_of(value)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `code` is AWS's issue code where AWS has one, `message` says what to do.

    A SECURITY_WARNING has an `example` that evaluation confirms, unless none could be made.
    """

    type: FindingType
    code: str
    message: str
    locations: tuple[Location, ...]
    example: Example | None = None

    @property
    def span(self) -> Span:
        """The place of the first element at fault."""
        return self.locations[0].span

    @property
    def path(self) -> Path:
        """The path of the first element at fault."""
        return self.locations[0].path

    @property
    def learn_more(self) -> str:
        """Where the check is described."""
        return f"{_PAGE}#{self.code.lower()}"

    def __str__(self) -> str:
        place = f"at `{path_text(self.path)}`, " if self.path else ""
        return (
            f"{self.type} {self.code} {place}line {self.span.line} column {self.span.column}: {self.message}"
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known beside the document. What is not known is not checked.

    `complete`: the catalog names every service there is; of a `partial` service it names some actions, types
    and keys only, as of AWS's own. `principals`: the ARNs of the users and roles of
    `account`. `resource`: the ARN that a resource policy hangs on. `holder`: what an identity policy is
    attached to. `managed`: it is a managed policy. `size_limit`: characters without white space that are
    admitted, instead of the kind's own limit.
    """

    catalog: Catalog = STANDARD_CATALOG
    operators: OperatorTable = field(default_factory=lambda: STANDARD, repr=False)
    complete: bool = False
    partial: frozenset[str] = frozenset({"iam", "sts"})
    partition: str | None = None
    account: str | None = None
    principals: Container[str] | None = None
    resource: str | None = None
    holder: Literal["user", "group", "role"] | None = None
    managed: bool = False
    size_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the table of checks: what a code means and what to do about it.

    `aws` is the type that AWS's analyzer gives the code, or None where the check is iamkit's own. Where
    `refused` the strict grammar finds it, so that it is an ERROR here whatever it is there.
    """

    code: str
    type: FindingType
    meaning: str
    remedy: str
    aws: FindingType | None = None
    refused: bool = False


CheckTable: TypeAlias = Mapping[str, Check]
