"""What the web needs of the gate, so that a test can stand in for it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol, cast

from iamkit.gate.health import Health
from iamkit.gate.manners import Manners
from iamkit.gate.verdict import Refusal, Verdict
from iamkit.http import HttpRequest, HttpResponse, NeedsBody
from iamkit.identity.principal import Principal
from iamkit.policy.request import ContextValue


class Gatekeeper(Protocol):
    """What the web needs of the gate. `blocking`: a call may wait for a server, so no event loop makes it."""

    @property
    def blocking(self) -> bool: ...

    @property
    def manners(self) -> Manners: ...

    def admit(self, request: HttpRequest) -> Principal | NeedsBody: ...

    def authorize(
        self,
        principal: Principal,
        action: str,
        resource: str,
        *,
        request: HttpRequest | None = None,
        context: Mapping[str, ContextValue] | None = None,
        enforced: bool = True,
    ) -> Verdict: ...

    def refuse(self, refusal: Refusal) -> HttpResponse: ...

    def challenges(self) -> tuple[str, ...]: ...

    def health(self) -> Health: ...

    def arn(self, principal: Principal, service: str, resource: str) -> str: ...

    def note_unclassified(self, principal: Principal, request: HttpRequest, endpoint: str) -> str: ...

    def acting(self, principal: Principal) -> AbstractContextManager[object]: ...

    def standing(self) -> AsksAgain: ...

    def asking(self, principal: Principal, request: HttpRequest) -> Principal: ...


class AsksAgain(Protocol):
    """Whether what the gate said still holds; `mark` is equal while nothing changed."""

    def mark(self, principal: Principal, request: HttpRequest) -> object: ...

    def renewed(self, principal: Principal, request: HttpRequest) -> Principal: ...


class HasGate(Protocol):
    """Anything with a gate, such as `IAM`."""

    @property
    def gate(self) -> Gatekeeper: ...


def gate_of(iam: HasGate | Gatekeeper) -> Gatekeeper:
    """The gate of an IAM, or the gate itself."""
    held: object = getattr(iam, "gate", iam)
    return cast(Gatekeeper, held)
