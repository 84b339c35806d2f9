"""What the gate says: a verdict on one request, and a refusal when the answer is no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from iamkit.errors import AccessDenied, IamkitError, StepUpRequired
from iamkit.http import HttpRequest
from iamkit.identity.principal import Principal
from iamkit.policy.decision import Decision
from iamkit.policy.step_up import StepUp

# The response header that carries the id of the decision about a request, allowed or not.
DECISION_HEADER: Final = "x-iamkit-decision"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A recorded decision. Truthy exactly when it allows. `id` is what `iamkit why` takes.

    `step_up` is the sign-in that would turn this denial into an allow, if there is one.
    """

    decision: Decision
    id: str
    principal: Principal
    action: str
    resource: str
    step_up: StepUp | None = None

    @property
    def allowed(self) -> bool:
        return self.decision.allowed

    def __bool__(self) -> bool:
        return self.decision.allowed

    def denial(self, message: str) -> AccessDenied:
        """The error for this denial, which says so if another sign-in would help."""
        if self.step_up is None:
            return AccessDenied(message, decision_id=self.id)
        return StepUpRequired(
            f"{message} without a fresh sign-in with MFA", decision_id=self.id, max_age=self.step_up.max_age
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is not let through, as the page that says so sees it.

    `error` carries code, status and message. `hidden` asks for a 404 that cannot be told from a missing
    page. `challenges` are the WWW-Authenticate values of the authenticators there are (RFC 9110 §11.6.1).
    `preflight`: nothing was refused, but no handler runs either (see `iamkit.web.answers.preflight`).
    """

    request: HttpRequest
    error: IamkitError
    decision_id: str | None = None
    action: str | None = None
    hidden: bool = False
    challenges: tuple[str, ...] = ()
    preflight: bool = False

    @property
    def status(self) -> int:
        if self.preflight:
            return 204
        return 404 if self.hidden else self.error.status
