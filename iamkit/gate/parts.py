"""The parts of the gate: what it asks, and what it needs of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from iamkit.credentials.authentication import Authentication
from iamkit.epochs import Look
from iamkit.gate.context import ContextBuilder
from iamkit.gate.standing import Standing
from iamkit.http import HttpRequest, NeedsBody
from iamkit.identity.deployment import Deployment
from iamkit.identity.principal import Principal
from iamkit.policy.layers import ResourceLayers


class Authenticates(Protocol):
    """Establishes who sent a request; None means that no credential came with it."""

    def authenticate(self, request: HttpRequest) -> Authentication | NeedsBody | None: ...


class ResolvesPrincipals(Protocol):
    """Turns a verified credential into a principal with its policy layers."""

    def resolve(self, authentication: Authentication) -> Principal: ...

    def anonymous(self) -> Principal: ...

    def current(self, principal: Principal) -> Principal: ...


class ReadsResourceLayers(Protocol):
    """Finds the policies that stand on a resource."""

    def layers(self, arn: str, account: str) -> ResourceLayers: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What the gate needs once the store is initialized; asking for them before raises NotInitialized."""

    deployment: Deployment
    authenticator: Authenticates
    principals: ResolvesPrincipals
    resources: ReadsResourceLayers
    contexts: ContextBuilder
    standing: Standing
    look: Look | None = None
