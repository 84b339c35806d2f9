"""Whether signing in anew with MFA would turn a denial into an allow, and how fresh that sign-in has to be.

Decided, not guessed: the same plan is asked with the condition keys that such a sign-in sets. So a Deny that
would remain, or a layer that would still lack an Allow, means that there is nothing to step up to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, final

from iamkit.policy.conditions import KeyTest
from iamkit.policy.layers import CallerLayers, ResourceLayers
from iamkit.policy.options import EvaluationOptions
from iamkit.policy.plan import Plan
from iamkit.policy.request import AccessRequest
from iamkit.policy.survey import Survey
from iamkit.policy.witness import FRESH_MFA, MFA_AGE, MFA_PRESENT, changed, near

# How many ages are tried at most, whatever a policy lists.
_TRIED: Final = 48
# Older than any session: an age that passes here is not asked about.
_AGES: Final = 10**9


@final
@dataclass(frozen=True, slots=True)
class StepUp:
    """The sign-in that would make a denied request pass: with MFA, at most `max_age` seconds ago (RFC 9470).

    `max_age` None: the policies do not care how long ago.
    """

    max_age: int | None


def step_up(
    plan: Plan,
    request: AccessRequest,
    caller_layers: CallerLayers,
    resource_layers: ResourceLayers,
    options: EvaluationOptions,
) -> StepUp | None:
    """What would turn the denial of `request` into an allow, or None. `plan` is the one that denied it."""
    if not plan.decide(changed(request, FRESH_MFA)).allowed:
        return None
    # Only for those few denials are the policies looked through.
    survey = Survey(request, caller_layers, resource_layers, options)
    oldest = 0
    for age in (*sorted(set(_ages(survey)))[:_TRIED], _AGES):
        if not plan.decide(changed(request, {MFA_PRESENT: True, MFA_AGE: age})).allowed:
            return StepUp(oldest)
        oldest = age
    return StepUp(None)


def _ages(survey: Survey) -> Iterator[int]:
    """The ages at, just below and just above those that conditions on the MFA's age name."""
    for trace in survey.told()[1]:
        for leaf in trace.leaves:
            if isinstance(leaf, KeyTest) and leaf.key == MFA_AGE.lower():
                for value in leaf.values[:_TRIED]:
                    for text in near(leaf, value, survey.request):
                        with suppress(InvalidOperation, ValueError, OverflowError):
                            age = int(Decimal(text))
                            if 0 <= age < _AGES:
                                yield age
