"""A gate in memory with a rule per caller, and a record of which handlers ran."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from iamkit.builtin.responses import render
from iamkit.errors import ExpiredToken, InvalidClientTokenId, StoreUnavailable
from iamkit.gate.current import acting
from iamkit.gate.health import Health
from iamkit.gate.manners import Manners
from iamkit.gate.verdict import Refusal, Verdict
from iamkit.http import HttpRequest, HttpResponse, NeedsBody
from iamkit.identity.principal import Principal
from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.layers import CallerLayers
from iamkit.policy.request import ANONYMOUS, Caller, CallerKind, ContextValue

ACCOUNT = "111122223333"


class MemoryGate:
    """Knows callers by bearer token (it is the name) and what each may do, `action resource` with `*`."""

    blocking = False
    manners = Manners()

    def __init__(self, rules: Mapping[str, tuple[str, ...]]) -> None:
        self.rules = dict(rules)
        self.recorded: list[tuple[str, str, str, bool]] = []
        self.unclassified: list[str] = []
        self.requests: list[HttpRequest] = []
        self.contexts: list[Mapping[str, ContextValue] | None] = []
        self.broken: Exception | None = None

    def admit(self, request: HttpRequest) -> Principal | NeedsBody:
        if self.broken is not None:
            raise self.broken
        self.requests.append(request)
        credential = request.headers.get("authorization")
        if credential is None:
            return Principal(ANONYMOUS, "anonymous", "", CallerLayers())
        scheme, _, name = credential.partition(" ")
        if scheme == "Body" and request.body is None:
            return NeedsBody(limit=16)
        if name not in self.rules:
            raise InvalidClientTokenId("the token is not valid")
        caller = Caller(CallerKind.USER, f"arn:aws:iam::{ACCOUNT}:user/{name}", ACCOUNT)
        return Principal(caller, name, ACCOUNT, CallerLayers(), judge=self)

    def authorize(
        self,
        principal: Principal,
        action: str,
        resource: str,
        *,
        request: HttpRequest | None = None,
        context: Mapping[str, ContextValue] | None = None,
        enforced: bool = True,
    ) -> Verdict:
        assert request is not None
        rules = self.rules.get(principal.name, ())
        allowed = any(fnmatch.fnmatchcase(f"{action} {resource}", rule) for rule in rules)
        self.recorded.append((principal.name, action, resource, allowed))
        self.contexts.append(context)
        decision = Decision(Outcome.ALLOWED if allowed else Outcome.IMPLICIT_DENY)
        return Verdict(decision, f"d_{len(self.recorded)}", principal, action, resource)

    def judge(
        self, principal: Principal, action: str, resource: str, context: Mapping[str, ContextValue]
    ) -> Decision:
        if resource != "*" and not resource.startswith("arn:"):
            resource = self.arn(principal, action.split(":")[0], resource)
        rules = self.rules.get(principal.name, ())
        allowed = any(fnmatch.fnmatchcase(f"{action} {resource}", rule) for rule in rules)
        return Decision(Outcome.ALLOWED if allowed else Outcome.IMPLICIT_DENY)

    def refuse(self, refusal: Refusal) -> HttpResponse:
        return render(refusal)

    def health(self) -> Health:
        return Health(self.broken is None, {"secret": "detail"})

    def challenges(self) -> tuple[str, ...]:
        return ('Bearer realm="iamkit"', 'AWS4-HMAC-SHA256 realm="iamkit"')

    def arn(self, principal: Principal, service: str, resource: str) -> str:
        return f"arn:aws:{service}::{principal.account or ACCOUNT}:{resource}"

    def note_unclassified(self, principal: Principal, request: HttpRequest, endpoint: str) -> str:
        assert request.path.startswith("/")
        self.unclassified.append(endpoint)
        return f"d_unclassified_{principal.name}"

    def acting(self, principal: Principal) -> AbstractContextManager[Principal]:
        return acting(principal)

    def standing(self) -> MemoryGate:
        return self

    def mark(self, principal: Principal, request: HttpRequest) -> object:
        if self.broken is not None:
            raise self.broken
        if principal.name not in (*self.rules, "anonymous"):
            raise ExpiredToken("the session has ended")
        return dict(self.rules)

    def renewed(self, principal: Principal, request: HttpRequest) -> Principal:
        return replace(principal)

    def asking(self, principal: Principal, request: HttpRequest) -> Principal:
        return principal

    def fail(self) -> None:
        """From now on the store cannot be read."""
        self.broken = StoreUnavailable("the store cannot be read")


@pytest.fixture
def gate() -> MemoryGate:
    """alice may do anything with documents, bob may only read the document 1, carol nothing."""
    return MemoryGate(
        {
            "alice": ("docs:* *",),
            "bob": (f"docs:Read arn:aws:docs::{ACCOUNT}:doc/1",),
            "carol": (),
        }
    )


@pytest.fixture
def ran() -> list[str]:
    """What handlers wrote down when they ran."""
    return []
