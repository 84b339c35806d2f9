"""What operations use beside the store: sealing, hashing, password rules, the reading of policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from iamkit.credentials.challenges import Open
from iamkit.credentials.hashing import Hasher
from iamkit.credentials.mfa import MfaMethod
from iamkit.credentials.secret import Sealer
from iamkit.credentials.throttle import Throttle
from iamkit.federation.web_identity import WebIdentities
from iamkit.gate.letters import Letters
from iamkit.gate.new_passwords import NewPasswords
from iamkit.identity.caller_layers import CallerLayersReader
from iamkit.identity.principal import Principal
from iamkit.identity.resource_layers import ResourceLayersReader
from iamkit.policy import STANDARD_CATALOG, AttachedPolicy, Catalog, EvaluationOptions, ResourceLayers


def unchanged(principal: Principal) -> Principal:
    """The principal as it was resolved, for callers that resolve it for each operation themselves."""
    return principal


def nothing_queued() -> None:
    """For those who keep decisions at once, or not at all."""


def no_plugin_policies(arn: str) -> Sequence[AttachedPolicy]:  # noqa: ARG001  # the hook's shape
    """No plugin holds any."""
    return ()


def no_web_identities() -> WebIdentities | None:
    """No plugin verifies tokens."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Made once, by the wiring. Layers, `plugin_policies` and `catalog` serve simulations and analyses."""

    sealer: Sealer
    hasher: Hasher
    caller_layers: CallerLayersReader
    resource_layers: ResourceLayersReader
    options: EvaluationOptions
    throttle: Throttle
    passwords: NewPasswords
    letters: Letters
    # The second factors that there are, the counter of attempts at each, and a try at what was begun.
    mfa_methods: Mapping[str, MfaMethod] = field(default_factory=dict)
    factor_throttle: Callable[[str], Throttle]
    take_try: Callable[[tuple[str, str, str]], Open | None]
    # `Principals.current`: a desk that is used again must not go on with what its principal could do before.
    current: Callable[[Principal], Principal] = unchanged
    # Has the decisions that are queued written, for operations that read them.
    write_decisions: Callable[[], None] = nothing_queued
    # `DecisionLog.beside_a_unit`: decisions that are taken within a writing unit are written after it.
    beside_a_unit: Callable[[], AbstractContextManager[object]] = nullcontext
    # What plugins hold of resource policies, as the gate asks for it.
    plugin_policies: Callable[[str], Sequence[AttachedPolicy]] = no_plugin_policies
    catalog: Catalog = STANDARD_CATALOG
    # Where tokens of the account say to be from; empty: nowhere.
    issuer_base: str = ""
    # What verifies tokens of identity providers, None without a plugin that does.
    web_identities: Callable[[], WebIdentities | None] = no_web_identities

    def around(self, resource: str, owner: str) -> ResourceLayers:
        """What stands around a resource, as the gate would find it. Raises EvaluationError."""
        held = self.resource_layers.layers(resource, owner)
        supplied = self.plugin_policies(resource)
        return replace(held, policies=(*held.policies, *supplied)) if supplied else held
