"""Assertions about decisions, whose failure is the explanation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from iamkit.gate.verdict import Verdict
from iamkit.identity.principal import Principal
from iamkit.kit import IAM
from iamkit.policy.decision import Decision
from iamkit.policy.request import ContextValue

# Shown instead of a traceback that ends in iamkit: pytest leaves out frames with this name.
_HIDE: Final = True


@dataclass(frozen=True, slots=True)
class Assertion:
    """`assert_allowed` or `assert_denied`: decides as a route would, records it, and says why it fails."""

    iam: IAM
    find: Callable[[str | Principal], Principal]
    expected: bool

    def __call__(
        self,
        principal: str | Principal,
        action: str,
        resource: str = "*",
        *,
        context: Mapping[str, ContextValue] | None = None,
        reason: str | None = None,
    ) -> Verdict:
        """The verdict. Raises AssertionError with the explanation if it is not as expected.

        `principal` is a name or a principal, `resource` an ARN, `*` or a short name. `reason` is a text which
        has to stand in `reasons_of` the decision: an outcome such as `explicitDeny`, a Sid, the name
        of a policy, or a layer that allows nothing.
        """
        __tracebackhide__ = _HIDE
        verdict = self.iam.check(action, resource, principal=self.find(principal), context=context)
        if verdict.allowed is not self.expected:
            words = "allowed" if self.expected else "denied"
            raise AssertionError("\n".join((f"expected to be {words}:", *self._told(verdict))))
        reasons = reasons_of(verdict.decision)
        if reason is not None and not any(reason.casefold() in text.casefold() for text in reasons):
            raise AssertionError(
                "\n".join(
                    (f"expected `{reason}` among the reasons, which are:", *reasons, *self._told(verdict))
                )
            )
        return verdict

    def _told(self, verdict: Verdict) -> list[str]:
        explanation = self.iam.why(verdict.id).explanation
        if explanation is None:
            return [f"deciding failed: {verdict.decision.error}"]
        return explanation.lines(show_values=True)


def reasons_of(decision: Decision) -> list[str]:
    """Why a decision fell as it did: its outcome, what determined it, what was missing, what failed."""
    found = [str(decision.outcome)]
    found += [f"because of the {ref}" for ref in decision.determining]
    found += [f"no {layer.value} allows it" for layer in decision.missing]
    return found + ([decision.error] if decision.error else [])
