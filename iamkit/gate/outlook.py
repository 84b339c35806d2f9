"""The outlook: what the gate knows of a request before it is known which resource it is about."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from iamkit.gate.asking import request_of
from iamkit.gate.parts import Parts
from iamkit.identity.principal import Principal
from iamkit.identity.resource_layers import HeldPolicies, ResourceLayersReader
from iamkit.policy import EvaluationOptions
from iamkit.policy.layers import ResourceLayers
from iamkit.policy.match import Known


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a list has to know of its caller: the same facts and layers that a decision is taken from."""

    parts: Callable[[], Parts]
    resources: Callable[[], ResourceLayersReader]
    options: EvaluationOptions

    def known(
        self, principal: Principal, action: str, *, account: str, unknown_keys: Container[str]
    ) -> Known:
        """What is known about any resource of `account`. Raises EvaluationError, StoreUnavailable."""
        request = request_of(principal)
        context = self.parts().contexts.build(principal, request, resource_account=account)
        return Known(principal.caller, action, None, context, unknown_keys, account)

    def held_policies(self, service: str, account: str | None) -> Sequence[HeldPolicies]:
        """The policies on a service's resources, in one account or (None) in all."""
        return self.resources().held(service, account)

    def bare_layers(self, account: str) -> ResourceLayers:
        """The layers of a resource of `account` that has no policy of its own."""
        return self.resources().bare(account)

    def own_account(self, principal: Principal) -> str:
        """The account whose resources the principal means: the credential's, or the home account."""
        return principal.account or self.parts().deployment.home_account

    @property
    def partition(self) -> str:
        """The partition of every ARN of the deployment."""
        return self.parts().deployment.partition
