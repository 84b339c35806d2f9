"""What the gate says: a verdict on one request, and a refusal when the answer is no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from iamkit.errors import IamkitError
from iamkit.http import HttpRequest
from iamkit.identity.principal import Principal
from iamkit.policy.decision import Decision

# The response header that carries the id of the decision about a request, allowed or not.
DECISION_HEADER: Final = "x-iamkit-decision"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A recorded decision. Truthy exactly when it allows. `id` is what `iamkit why` takes."""

    decision: Decision
    id: str
    principal: Principal
    action: str
    resource: str

    @property
    def allowed(self) -> bool:
        return self.decision.allowed

    def __bool__(self) -> bool:
        return self.decision.allowed


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is not let through, as the page that says so sees it.

    `error` carries code, status and message. `hidden` asks for a 404 that cannot be told from a missing
    page. `challenges` are the WWW-Authenticate values to send with a 401.
    """

    request: HttpRequest
    error: IamkitError
    decision_id: str | None = None
    action: str | None = None
    hidden: bool = False
    challenges: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        return 404 if self.hidden else self.error.status
