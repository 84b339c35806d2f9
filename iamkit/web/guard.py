"""The guard: what stands between a matched endpoint and its handler, whatever the framework.

An adapter makes an HttpRequest and has it admitted; when the framework has matched an endpoint, and before
its handler runs, it has the endpoint's marker checked. Every answer is a value: an `Admission` to carry on
with, or a `Refusal` to send. An error on the way is a refusal, never a pass.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

from iamkit.errors import (
    AccessDenied,
    ConfigurationError,
    EvaluationError,
    IamkitError,
    MissingAuthenticationToken,
    ServiceUnavailable,
    UnclassifiedRoute,
)
from iamkit.gate.verdict import DECISION_HEADER, Refusal, Verdict
from iamkit.http import Headers, HttpRequest, HttpResponse, NeedsBody
from iamkit.identity.principal import Principal
from iamkit.policy.request import CallerKind, ContextValue
from iamkit.values import quickly
from iamkit.web.marker import ADMISSION as ADMISSION
from iamkit.web.marker import Marker, Public, Requirement

_log = logging.getLogger("iamkit.web")


class Gatekeeper(Protocol):
    """What the web needs of the gate. `blocking`: a call may wait for a server, so no event loop makes it."""

    @property
    def blocking(self) -> bool: ...

    def admit(self, request: HttpRequest) -> Principal | NeedsBody: ...

    def authorize(
        self,
        principal: Principal,
        action: str,
        resource: str,
        *,
        request: HttpRequest | None = None,
        context: Mapping[str, ContextValue] | None = None,
    ) -> Verdict: ...

    def refuse(self, refusal: Refusal) -> HttpResponse: ...

    def challenges(self) -> tuple[str, ...]: ...

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


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What the framework is about to run: a name for logs, its mark, the route's parameters.

    `group` is the framework's own thing that it belongs to (`docs`, `static`, the name of a mount), if any.
    """

    name: str
    marker: Marker | None
    parameters: Mapping[str, object] = field(default_factory=dict)
    group: str | None = None


endpoint_of: Final = quickly(Endpoint)
"""`Endpoint(...)`, for each request."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that was let in, and whose it is. Being let in allows nothing yet.

    `decisions` collects the ids of what was decided for it, for the answer's header; `passed` what may run.
    """

    request: HttpRequest
    principal: Principal
    guard: Guard
    decisions: list[str] = field(default_factory=list, compare=False)
    passed: list[Endpoint] = field(default_factory=list, compare=False)

    def added_headers(self, present: Collection[str]) -> list[tuple[str, str]]:
        """What the answer of an app has to say beside its own headers, whose lower-case names are `present`.

        An answer that was decided on is for its caller only, so no shared cache may keep it (THR-B23).
        """
        if not self.decisions:
            return []
        added = [(DECISION_HEADER, self.decisions[-1]), ("Vary", "Cookie, Authorization")]
        return added if "cache-control" in present else [*added, ("Cache-Control", "private")]


admission_of: Final = quickly(Admission)
"""`Admission(...)`, for each request."""


class Guard:
    """Admits requests and checks endpoints for one app. `public` names what a framework adds by itself."""

    def __init__(self, gate: Gatekeeper, *, public: Collection[str] = ()) -> None:
        if isinstance(public, str):
            raise ConfigurationError(f'`public` is a set of names; write `public={{"{public}"}}`')
        self.gate = gate
        self._public = frozenset(public)

    def opens(self, group: str | None) -> bool:
        """Whether the set-up named `group` public."""
        return group is not None and group in self._public

    def admit(self, request: HttpRequest) -> Admission | NeedsBody | Refusal:
        """Who sent `request`. A refusal stands for a credential that is bad, not for one that is missing."""
        try:
            admitted = self.gate.admit(request)
            if not isinstance(admitted, NeedsBody):
                return admission_of(request, admitted, self)
            if request.body is None:
                return admitted
            raise ConfigurationError("an authenticator asked for the body again after it was given")
        except Exception as fault:  # noqa: BLE001  # whatever it is, it is a refusal
            return self.refusal(request, fault)

    def check(self, admission: Admission, endpoint: Endpoint) -> Refusal | None:
        """None if the endpoint may run for this caller; the decision was recorded. Otherwise the refusal."""
        try:
            if isinstance(endpoint.marker, Requirement):
                refusal = self._decide(admission, endpoint, endpoint.marker)
            elif isinstance(endpoint.marker, Public) or self.opens(endpoint.group):
                refusal = None
            else:
                refusal = self._unclassified(admission, endpoint)
            if refusal is None:
                admission.passed.append(endpoint)
            return refusal
        except Exception as fault:  # noqa: BLE001  # whatever it is, it is a refusal
            return self.refusal(admission.request, fault)

    def foresee(self, principal: Principal, endpoint: Endpoint, request: HttpRequest) -> bool:
        """Whether `check` would let `endpoint` run for `principal`, were `request` sent; nothing is recorded.

        For templates: a button is drawn exactly when its request would pass. An error is a no.
        """
        marker = endpoint.marker
        if not isinstance(marker, Requirement):
            return isinstance(marker, Public) or self.opens(endpoint.group)
        try:
            resource, context = self._asked(principal, endpoint, marker)
            asking = self.gate.asking(principal, request)
            if asking.judge is None:
                return False
            return asking.judge.judge(asking, marker.action, resource, context).allowed
        except EvaluationError:
            return False
        except Exception:  # noqa: BLE001  # a page is drawn without the button
            _log.exception("whether `%s` may be used could not be told", endpoint.name)
            return False

    def refusal(self, request: HttpRequest, fault: Exception) -> Refusal:
        """A refusal for what went wrong; an error that is not of iamkit's tree is logged and becomes 503."""
        if isinstance(fault, ConfigurationError | ServiceUnavailable):
            # The caller is told nothing of it, so whoever runs the app has to be.
            _log.error("the request was refused: %s", fault)
        elif not isinstance(fault, IamkitError):
            _log.error("the request could not be checked and was refused", exc_info=fault)
            fault = ServiceUnavailable("the request could not be checked; try again later")
        challenges = self.gate.challenges() if fault.status == 401 else ()
        decision_id = fault.decision_id if isinstance(fault, AccessDenied) else None
        return Refusal(request, fault, decision_id=decision_id, challenges=challenges)

    def response(self, refusal: Refusal) -> HttpResponse:
        """The refusal as the plugins render it; a bare answer of the same status if they fail to."""
        try:
            return self.gate.refuse(refusal)
        except Exception:  # noqa: BLE001  # a refusal is sent in any case
            _log.exception("the refusal could not be rendered; a bare one is sent")
            return bare_response(refusal)

    def _decide(self, admission: Admission, endpoint: Endpoint, needed: Requirement) -> Refusal | None:
        principal, request = admission.principal, admission.request
        try:
            resource, context = self._asked(principal, endpoint, needed)
        except EvaluationError as fault:
            _log.error("`%s` was refused: %s", endpoint.name, fault)
            error = AccessDenied(f"`{needed.action}` cannot be decided for this address")
            return Refusal(request, error, action=needed.action, hidden=needed.hidden)
        verdict = self.gate.authorize(
            principal, needed.action, resource, request=request, context=context or None
        )
        if verdict.allowed:
            admission.decisions.append(verdict.id)
            return None
        if principal.caller.kind is CallerKind.ANONYMOUS:
            return Refusal(
                request,
                MissingAuthenticationToken(f"sign in or sign the request: `{needed.action}` needs a caller"),
                decision_id=verdict.id,
                action=needed.action,
                challenges=self.gate.challenges(),
            )
        error = AccessDenied(f"you may not do `{needed.action}` here", decision_id=verdict.id)
        return Refusal(request, error, decision_id=verdict.id, action=needed.action, hidden=needed.hidden)

    def _asked(
        self, principal: Principal, endpoint: Endpoint, needed: Requirement
    ) -> tuple[str, dict[str, ContextValue]]:
        """The resource and the condition keys that an endpoint asks for. Raises EvaluationError."""
        context = needed.filled_context(endpoint.parameters)
        if needed.resource is None:
            return "*", context
        part = needed.resource.fill(endpoint.parameters)
        return self.gate.arn(principal, needed.service, part), context

    def _unclassified(self, admission: Admission, endpoint: Endpoint) -> Refusal:
        decision_id = self.gate.note_unclassified(admission.principal, admission.request, endpoint.name)
        if endpoint.group is not None:
            _log.warning(
                "`%s` is closed; to open it to everybody, name it: public={%r}", endpoint.name, endpoint.group
            )
        error = UnclassifiedRoute("nothing says who may use this, so nobody may", decision_id=decision_id)
        return Refusal(admission.request, error, decision_id=decision_id)


def gate_of(iam: HasGate | Gatekeeper) -> Gatekeeper:
    """The gate of an IAM, or the gate itself."""
    held: object = getattr(iam, "gate", iam)
    return cast(Gatekeeper, held)


def unreadable_request(method: str, accept: str = "") -> HttpRequest:
    """Stands for a request that could not be read, so that its refusal has something to answer."""
    headers = Headers((("accept", accept),)) if accept.isprintable() else Headers()
    return HttpRequest("HEAD" if method == "HEAD" else "GET", "http", "", "/", "/", "", headers)


def bare_response(refusal: Refusal) -> HttpResponse:
    """An answer that needs no plugin: the status and the code."""
    code = "NotFound" if refusal.hidden else refusal.error.code
    body = json.dumps({"type": f"urn:iamkit:error:{code}", "title": code, "status": refusal.status}).encode()
    headers = [("Content-Type", "application/problem+json"), ("Cache-Control", "no-store")]
    headers += [("WWW-Authenticate", challenge) for challenge in refusal.challenges]
    return HttpResponse(refusal.status, tuple(headers), b"" if refusal.request.method == "HEAD" else body)


def not_admitted() -> ConfigurationError:
    """For a request that reached a guarded app by another way than its middleware: refused, 503."""
    return ConfigurationError(
        "the request reached the app without passing iamkit's middleware; serve what `protect` returned"
    )
