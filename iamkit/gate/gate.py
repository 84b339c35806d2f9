"""The gate: every request to the app and every management operation passes here, and nowhere else.

    admit       HttpRequest → Principal        who is it (or anonymous); raises when a credential is bad
    authorize   Principal, action, resource → Verdict       decided, recorded
    refuse      Refusal → HttpResponse         said to the caller

What goes wrong while deciding is a denial (SEM-F2); a store that cannot be read is 503. Neither is
ever an allow.
"""

from __future__ import annotations

import json
import logging
import random
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Final

from iamkit.arn import Arn
from iamkit.audit.decision_log import DecisionLog, DecisionRecord
from iamkit.audit.text import one_line
from iamkit.clock import Clock
from iamkit.errors import IamkitError, MalformedRequest, ServiceUnavailable, kind_and_place
from iamkit.gate import cross_site, kept
from iamkit.gate.asking import Asking, request_of
from iamkit.gate.challenges import challenges_of, usable
from iamkit.gate.current import acting
from iamkit.gate.health import Health, examined
from iamkit.gate.manners import PLAIN, Manners
from iamkit.gate.parts import Parts, ReadsResourceLayers
from iamkit.gate.plans import PlanShelf
from iamkit.gate.standing import Standing
from iamkit.gate.verdict import Refusal, Verdict
from iamkit.http import HttpRequest, HttpResponse, NeedsBody
from iamkit.identity.principal import Principal
from iamkit.ids import Ids
from iamkit.policy import EvaluationOptions
from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.layers import AttachedPolicy, Layer, ResourceLayers
from iamkit.policy.request import AccessRequest, CallerKind, Context, ContextValue
from iamkit.policy.step_up import StepUp, step_up

_log = logging.getLogger("iamkit.decision")

# Nobody who signs in and could do so better.
_CANNOT_SIGN_IN: Final = (CallerKind.ANONYMOUS, CallerKind.SERVICE, CallerKind.PROVIDER)
UNCLASSIFIED: Final = "iamkit:Unclassified"


class Gate:
    """See the module. One per IAM; safe to use from many threads."""

    def __init__(
        self,
        *,
        parts: Callable[[], Parts],
        plugin_policies: Callable[[str], Sequence[AttachedPolicy]],
        log: DecisionLog,
        clock: Clock,
        ids: Ids,
        render: Callable[[Refusal], HttpResponse],
        options: EvaluationOptions,
        allow_sampling: float = 1.0,
        blocking: bool = False,
        hosts: Collection[str] = (),
        challenges: Callable[[], Sequence[str]] = lambda: (),
        manners: Manners = PLAIN,
    ) -> None:
        self._parts = parts
        # Tells whether an answer of `admit` and `authorize` still holds, for a socket that stays open.
        self.standing: Callable[[], Standing] = lambda: parts().standing
        self._plugin_policies = plugin_policies
        self._decisions = log
        self._clock = clock
        self._ids = ids
        self._render = render
        self._plans = PlanShelf(options)
        self._allow_sampling = allow_sampling
        self._layer_writer = kept.LayerWriter()
        self._hosts = frozenset(name.lower() for name in hosts)
        self._challenges = challenges
        self._options = options
        self.manners = manners
        # Whether a call may wait for a server, so that an event loop should not make it itself.
        self.blocking = blocking

    # --- who ------------------------------------------------------------------------------------

    def admit(self, request: HttpRequest) -> Principal | NeedsBody:
        """Who sent `request`.

        Raises AuthenticationError for a bad credential, MalformedRequest for an ambiguous one, AccessDenied
        for another site's, ServiceUnavailable if it cannot be told; nobody is anonymous by a fault.
        """
        self._require_own_host(request)
        parts = self._parts()
        proof = parts.authenticator.authenticate(request)
        if isinstance(proof, NeedsBody):
            return proof
        if proof is None:
            return replace(parts.principals.anonymous(), judge=Asking(self, request))
        unread = cross_site.check(request, proof, self.manners)
        if unread is not None:
            return unread
        try:
            principal = parts.principals.resolve(proof)
        except IamkitError:
            raise
        except Exception as fault:  # noqa: BLE001  # a fault of any kind
            _log.error("resolving a principal failed: %s", kind_and_place(fault))
            raise ServiceUnavailable("who is calling could not be established; see the log") from None
        return replace(principal, judge=Asking(self, request))

    def _require_own_host(self, request: HttpRequest) -> None:
        # A name with or without its port: `a.example`, `a.example:8443`, `[::1]:80` (THR-B7).
        asked = request.host.lower()
        if self._hosts and asked not in self._hosts and re.sub(r":[0-9]*$", "", asked) not in self._hosts:
            raise MalformedRequest(f"`{request.host[:255]}` is no host that this app is served under")

    def acting(self, principal: Principal) -> AbstractContextManager[Principal]:
        """Make `principal` the current one for a block."""
        return acting(principal)

    def asking(self, principal: Principal, request: HttpRequest) -> Principal:
        """`principal` as it would be, had it sent `request`: what it asks is judged with that one's facts."""
        return replace(principal, judge=Asking(self, request))

    # --- may they -------------------------------------------------------------------------------

    def authorize(
        self,
        principal: Principal,
        action: str,
        resource: str,
        *,
        request: HttpRequest | None = None,
        context: Mapping[str, ContextValue] | None = None,
        account: str | None = None,
        explicit_trust: bool = False,
        enforced: bool = True,
    ) -> Verdict:
        """Decide and record. `resource` is an ARN, `*`, or an app's short name (`doc/1`, see `arn`).

        `account` owns the resource (default: the one in the ARN, else the caller's). `request` defaults to
        the one that the principal was admitted with. `enforced` False: whoever asks lets a denial through,
        and the record says so.

        A denial is an answer, not an exception; StoreUnavailable is raised when the policies cannot be read.
        """
        request = request or request_of(principal)
        asked, layers, decision = self._decide(
            principal, action, resource, request, context, account, explicit_trust
        )
        verdict = self._recorded(principal, asked, layers, decision, request, enforced)
        if decision.allowed:
            return verdict
        needed = self._step_up(principal, asked, layers, decision)
        return verdict if needed is None else replace(verdict, step_up=needed)

    def _step_up(
        self, principal: Principal, asked: AccessRequest, layers: ResourceLayers, decision: Decision
    ) -> StepUp | None:
        """The sign-in that would help; a fault while looking for it is none."""
        if decision.error is not None or asked.caller.kind in _CANNOT_SIGN_IN:
            return None
        try:
            plan = self._plans.plan(asked.caller, asked.action, principal.layers, layers)
            return step_up(plan, asked, principal.layers, layers, self._options)
        except Exception as fault:  # noqa: BLE001  # the denial stands in any case
            _log.error("looking for a step-up failed: %s", kind_and_place(fault))
            return None

    def judge(
        self, principal: Principal, action: str, resource: str,
        context: Mapping[str, ContextValue], *, account: str | None = None,
    ) -> Decision:  # fmt: skip
        """Decide without recording, for a button or a menu. The same engine, the same answer."""
        request = request_of(principal)
        return self._decide(principal, action, resource, request, context, account, False)[2]

    def _decide(
        self,
        principal: Principal,
        action: str,
        resource: str,
        request: HttpRequest | None,
        told: Mapping[str, ContextValue] | None,
        account: str | None,
        explicit_trust: bool,
    ) -> tuple[AccessRequest, ResourceLayers, Decision]:
        parts = self._parts()
        if resource != "*" and not resource.startswith("arn:"):
            resource = self.arn(principal, action.partition(":")[0], resource)
        home = parts.deployment.home_account
        owner = account or owner_of(resource, asker=principal.account or home, home=home)
        asked = AccessRequest(principal.caller, action, resource, Context(), owner, explicit_trust)
        layers = ResourceLayers()
        try:
            if resource != "*":
                Arn.parse(resource)
            layers = self._resource_layers(parts.resources, resource, owner)
            context = parts.contexts.build(principal, request, resource_account=owner, told=told)
            asked = replace(asked, context=context)
            plan = self._plans.plan(asked.caller, action, principal.layers, layers)
            decision = plan.decide(asked)
        except ServiceUnavailable:
            raise
        except Exception as fault:  # noqa: BLE001  # an error while deciding is a denial (SEM-F2)
            if not isinstance(fault, IamkitError):
                _log.error("deciding %s failed: %s", one_line(action), kind_and_place(fault))
            decision = Decision(Outcome.IMPLICIT_DENY, missing=(Layer.IDENTITY,), error=_words(fault))
        if decision.error:
            _log.error(
                "%s was denied because deciding failed: %s", one_line(action), one_line(decision.error)
            )
        return asked, layers, decision

    def _resource_layers(self, reader: ReadsResourceLayers, resource: str, owner: str) -> ResourceLayers:
        held = reader.layers(resource, owner)
        supplied = self._plugin_policies(resource)
        if not supplied:
            return held
        return replace(held, policies=(*held.policies, *supplied))

    # --- kept -----------------------------------------------------------------------------------

    def _recorded(
        self,
        principal: Principal,
        asked: AccessRequest,
        layers: ResourceLayers,
        decision: Decision,
        request: HttpRequest | None,
        enforced: bool = True,
    ) -> Verdict:
        verdict = Verdict(decision, self._ids.handle("d"), principal, asked.action, asked.resource)
        sampled = decision.allowed and self._allow_sampling < 1.0
        if sampled and random.random() >= self._allow_sampling:  # noqa: S311  # sampling, no secret
            return verdict
        # What was not even decided on may be anything, and the record must be one that every store takes.
        failed = decision.error is not None
        layer_text, texts = self._layer_writer.write(principal.layers, layers)
        self._decisions.submit(
            (
                DecisionRecord(
                    decision_id=verdict.id,
                    account=asked.resource_account,
                    decided_at=self._clock.now(),
                    outcome=str(decision.outcome),
                    action=one_line(asked.action) if failed else asked.action,
                    resource=one_line(asked.resource) if failed else asked.resource,
                    resource_account=asked.resource_account,
                    explicit_trust=asked.explicit_trust,
                    principal=principal.name,
                    caller=kept.caller_text(asked.caller),
                    layers=layer_text,
                    context=kept.context_text(asked.context),
                    determining=json.dumps([ref.as_data() for ref in decision.determining]),
                    error=one_line(decision.error) if decision.error is not None else None,
                    request="" if request is None else one_line(f"{request.method} {request.raw_path}"),
                    enforced=enforced,
                    revision=decision.revision,
                ),
                texts,
            ),
            denial=not decision.allowed,
        )
        _log.info(
            "%s %s for %s: %s",
            one_line(asked.action),
            decision.outcome,
            one_line(principal.name),
            verdict.id,
            extra={"iamkit_decision": verdict.id, "iamkit_outcome": str(decision.outcome)},
        )
        return verdict

    def note_unclassified(self, principal: Principal, request: HttpRequest, endpoint: str) -> str:
        """Record that an endpoint without a declaration was refused; the id of the record.

        Says the fix in the log.
        """
        _log.error(
            "`%s` declares neither @iam.require(...) nor @iam.public and was refused; declare it",
            one_line(endpoint),
        )
        error = f"the endpoint `{endpoint}` declares neither an action nor that it is public"
        decision = Decision(Outcome.IMPLICIT_DENY, missing=(Layer.IDENTITY,), error=error)
        asked = AccessRequest(
            principal.caller, UNCLASSIFIED, "*", resource_account=self._parts().deployment.home_account
        )
        return self._recorded(principal, asked, ResourceLayers(), decision, request).id

    # --- said -----------------------------------------------------------------------------------

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """The answer to a refused request, as the plugins render it; a bare one if they fail."""
        try:
            answer = self._render(refusal)
            if not isinstance(answer, HttpResponse):
                raise TypeError(f"a refusal was rendered as {type(answer).__name__}")
            return answer
        except Exception as fault:  # noqa: BLE001  # a page that cannot be made lets nothing pass
            _log.error("rendering a refusal failed: %s", kind_and_place(fault))
            challenges = tuple(("WWW-Authenticate", value) for value in challenges_of(refusal))
            return HttpResponse(refusal.status, (("Content-Type", "text/plain"), *challenges), b"")

    def challenges(self) -> tuple[str, ...]:
        """The WWW-Authenticate values of a 401 (RFC 9110 §11.6.1): of the authenticators that there are.

        At least one, also where no authenticator names any.
        """
        return usable(self._challenges())

    def health(self) -> Health:
        """Whether requests can be answered now. Never raises."""
        return examined(self._parts, self._decisions, report_only=self.manners.report_only)

    def arn(self, principal: Principal, service: str, resource: str) -> str:
        """The ARN of an app's resource: the account is the credential's (the home account for anonymous).

        It is never taken from the URL.
        """
        deployment = self._parts().deployment
        account = principal.account or deployment.home_account
        return f"arn:{deployment.partition}:{service}::{account}:{resource}"


def owner_of(resource: str, *, asker: str, home: str) -> str:
    """The account that owns a resource, where nobody says so: `asker` and `home` are accounts."""
    parts = resource.split(":", 5)
    named = parts[4] if len(parts) == 6 else ""
    if re.fullmatch("[0-9]{12}", named):
        return named
    # What has no single resource, and shipped policies (`aws` stands for their account), are the asker's. An
    # ARN that names no account is the home account's: nobody comes to own it by asking about it.
    return home if named == "" and resource != "*" else asker


def _words(fault: Exception) -> str:
    # Only our own errors are worded for people; another exception's text may quote anything.
    if isinstance(fault, IamkitError):
        return fault.message
    return f"an unexpected {type(fault).__name__} was raised while deciding"
