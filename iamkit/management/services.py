"""What operations use beside the store: sealing, hashing, password rules, the reading of policies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iamkit.credentials.hashing import Hasher
from iamkit.credentials.passwords import MODERN, PasswordRules
from iamkit.credentials.secret import Sealer
from iamkit.credentials.throttle import Throttle
from iamkit.identity.caller_layers import CallerLayersReader
from iamkit.identity.principal import Principal
from iamkit.identity.resource_layers import ResourceLayersReader
from iamkit.policy import EvaluationOptions


def unchanged(principal: Principal) -> Principal:
    """The principal as it was resolved, for callers that resolve it for each operation themselves."""
    return principal


def nothing_queued() -> None:
    """For those who keep decisions at once, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Made once, by the wiring. `caller_layers` and `resource_layers` serve simulations."""

    sealer: Sealer
    hasher: Hasher
    caller_layers: CallerLayersReader
    resource_layers: ResourceLayersReader
    options: EvaluationOptions
    throttle: Throttle
    password_rules: PasswordRules = MODERN
    # `Principals.current`: a desk that is used again must not go on with what its principal could do before.
    current: Callable[[Principal], Principal] = unchanged
    # Has the decisions that are queued written, for operations that read them.
    write_decisions: Callable[[], None] = nothing_queued
