"""The guard: what stands between a matched endpoint and its handler, whatever the framework.

An adapter makes an HttpRequest and has it admitted; when the framework has matched an endpoint, and before
its handler runs, it has the endpoint's marker checked. Every answer is a value: an `Admission` to carry on
with, or a `Refusal` to send. An error on the way is a refusal, never a pass.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from iamkit.errors import (
    AccessDenied,
    ConfigurationError,
    EvaluationError,
    IamkitError,
    MissingAuthenticationToken,
    ServiceUnavailable,
    StepUpRequired,
    UnclassifiedRoute,
    kind_and_place,
)
from iamkit.gate.challenges import bearer_of, challenges_of
from iamkit.gate.verdict import Refusal
from iamkit.http import Headers, HttpRequest, HttpResponse, NeedsBody
from iamkit.identity.principal import Principal
from iamkit.policy.request import CallerKind, ContextValue
from iamkit.values import quickly
from iamkit.web import answers, health
from iamkit.web.gatekeeper import Gatekeeper as Gatekeeper
from iamkit.web.gatekeeper import HasGate as HasGate
from iamkit.web.gatekeeper import gate_of as gate_of
from iamkit.web.marker import ADMISSION as ADMISSION
from iamkit.web.marker import Marker, Public, Requirement

_log = logging.getLogger("iamkit.web")


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

    def completed(self, fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """The header fields of an app's answer with what has to be said beside them.

        An answer that was decided on, or that its caller was known for, is for that caller only: no shared
        cache may keep it (THR-B23).
        """
        return answers.completed(fields, decision=self._decision, own=self._own, cors=self._cors)

    def completed_raw(self, fields: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """`completed` for fields as ASGI has them."""
        return answers.completed_raw(fields, decision=self._decision, own=self._own, cors=self._cors)

    def added_headers(self, present: Collection[str]) -> list[tuple[str, str]]:
        """The same for an adapter that can only add fields; lower-case names of the app's are `present`."""
        added = answers.completed((), decision=self._decision, own=self._own, cors=self._cors)
        known = {*present} - {"vary"}
        if "access-control-allow-origin" in known:
            known |= {name.lower() for name, _ in self._cors} - {"vary"}
        return [(name, value) for name, value in added if name.lower() not in known]

    @property
    def _decision(self) -> str | None:
        return self.decisions[-1] if self.decisions else None

    @property
    def _own(self) -> bool:
        return bool(self.decisions) or self.principal.caller.kind is not CallerKind.ANONYMOUS

    @property
    def _cors(self) -> list[tuple[str, str]]:
        manners = self.guard.manners
        return answers.cors_fields(self.request, manners) if manners.cors else []


admission_of: Final = quickly(Admission)
"""`Admission(...)`, for each request."""


class Guard:
    """Admits requests and checks endpoints for one app. `public` names what a framework adds by itself."""

    def __init__(self, gate: Gatekeeper, *, public: Collection[str] = ()) -> None:
        if isinstance(public, str):
            raise ConfigurationError(f'`public` is a set of names; write `public={{"{public}"}}`')
        self.gate = gate
        self.manners = gate.manners
        self._public = frozenset(public)
        self._early = bool(self.manners.cors or self.manners.live or self.manners.ready)
        if self.manners.report_only:
            _log.critical(
                "REPORT-ONLY: what policies refuse is let through. Only endpoints without a declaration, bad"
                " credentials and malformed requests are refused. To enforce, set `report_only` to false;"
                " `iamkit would-refuse` lists what that will refuse"
            )

    def opens(self, group: str | None) -> bool:
        """Whether the set-up named `group` public."""
        return group is not None and group in self._public

    def admit(self, request: HttpRequest) -> Admission | NeedsBody | Refusal:
        """Who sent `request`. A refusal stands for a credential that is bad, not for one that is missing."""
        try:
            asked = answers.without_credentials(request) if answers.is_preflight(request) else request
            admitted = self.gate.admit(asked)
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
            # What the endpoint says of itself goes before what its group is opened for.
            marker = endpoint.marker
            if isinstance(marker, Requirement):
                asked = admission.request
                preflight = answers.is_preflight(asked)
                refusal = self.preflight(asked) if preflight else self._decide(admission, endpoint, marker)
            elif isinstance(marker, Public) or self.opens(endpoint.group):
                refusal = None
            elif answers.is_preflight(admission.request):
                refusal = self.preflight(admission.request)
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
            _log.error("the request could not be checked and was refused: %s", kind_and_place(fault))
            fault = ServiceUnavailable("the request could not be checked; try again later")
        decision_id = fault.decision_id if isinstance(fault, AccessDenied) else None
        return self._refused(Refusal(request, fault, decision_id=decision_id))

    def _refused(self, refusal: Refusal) -> Refusal:
        """The refusal with the challenges that its sender could meet."""
        bearer_sent = refusal.request.headers.get("authorization", "")[:7].lower() == "bearer "
        if refusal.hidden or not (refusal.status == 401 or (refusal.status == 403 and bearer_sent)):
            return refusal
        challenges, error = self.gate.challenges(), refusal.error
        if isinstance(error, StepUpRequired) and bearer_of(challenges) is None:
            # Nobody signs in here, so there is nothing to ask for (RFC 9470 knows it of bearer tokens).
            error = AccessDenied(error.message, decision_id=error.decision_id)
        return replace(refusal, error=error, challenges=challenges)

    def preflight(self, request: HttpRequest) -> Refusal:
        """For a preflight that no CORS middleware of the app answered: 204, and nothing of the app runs."""
        return Refusal(request, AccessDenied("a preflight runs nothing"), preflight=True)

    @property
    def answers_early(self) -> bool:
        """Whether `early` can have an answer at all, as settings are."""
        return self._early

    def early(self, request: HttpRequest) -> HttpResponse | None:
        """What is answered before anybody is asked who calls: health, and preflights of named origins."""
        if answers.is_preflight(request) and answers.is_named(request, self.manners):
            return answers.preflight(request, self.manners)
        return health.answer(request, self.manners, self.gate)

    def completed(self, refusal: Refusal) -> HttpResponse:
        """The answer to a refusal that no part of the app sees any more, with the fields of every answer."""
        answer = self.response(refusal)
        cors = answers.cors_fields(refusal.request, self.manners)
        if not cors:
            return answer
        fields = answers.completed(answer.headers, decision=None, own=False, cors=cors)
        return replace(answer, headers=tuple(fields))

    def response(self, refusal: Refusal) -> HttpResponse:
        """The refusal as the plugins render it; a bare answer of the same status if they fail to."""
        if refusal.preflight:
            return answers.preflight(refusal.request, self.manners)
        try:
            return self.gate.refuse(refusal)
        except Exception as fault:  # noqa: BLE001  # a refusal is sent in any case
            _log.error("the refusal could not be rendered, a bare one is sent: %s", kind_and_place(fault))
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
            principal,
            needed.action,
            resource,
            request=request,
            context=context or None,
            enforced=not self.manners.report_only,
        )
        if verdict.allowed:
            admission.decisions.append(verdict.id)
            return None
        if self.manners.report_only:
            admission.decisions.append(verdict.id)
            _log.warning("`%s` would have been refused: %s", endpoint.name, verdict.id)
            return None
        if principal.caller.kind is CallerKind.ANONYMOUS:
            missing = MissingAuthenticationToken(
                f"sign in or sign the request: `{needed.action}` needs a caller"
            )
            return self._refused(Refusal(request, missing, decision_id=verdict.id, action=needed.action))
        # Who would have to step up for a hidden endpoint is not told so: it is not there for them.
        denied = verdict.denial(f"you may not do `{needed.action}` here")
        return self._refused(
            Refusal(request, denied, decision_id=verdict.id, action=needed.action, hidden=needed.hidden)
        )

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


def unreadable_request(method: str, accept: str = "") -> HttpRequest:
    """Stands for a request that could not be read, so that its refusal has something to answer."""
    headers = Headers((("accept", accept),)) if accept.isprintable() else Headers()
    return HttpRequest("HEAD" if method == "HEAD" else "GET", "http", "", "/", "/", "", headers)


def bare_response(refusal: Refusal) -> HttpResponse:
    """An answer that needs no plugin: the status and the code."""
    code = "NotFound" if refusal.hidden else refusal.error.code
    body = json.dumps({"type": f"urn:iamkit:error:{code}", "title": code, "status": refusal.status}).encode()
    headers = [("Content-Type", "application/problem+json"), ("Cache-Control", "no-store")]
    headers += [("WWW-Authenticate", challenge) for challenge in challenges_of(refusal)]
    return HttpResponse(refusal.status, tuple(headers), b"" if refusal.request.method == "HEAD" else body)


def not_admitted() -> ConfigurationError:
    """For a request that reached a guarded app by another way than its middleware: refused, 503."""
    return ConfigurationError(
        "the request reached the app without passing iamkit's middleware; serve what `protect` returned"
    )
