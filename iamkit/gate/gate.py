"""The gate: every request to the app and every management operation passes here, and nowhere else.

    admit       HttpRequest → Principal        who is it (or anonymous); raises when a credential is bad
    authorize   Principal, action, resource → Verdict       decided, recorded
    refuse      Refusal → HttpResponse         said to the caller

What goes wrong while deciding is a denial (SEM-F2); a store that cannot be read is 503. Neither is
ever an allow.
"""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Final

from iamkit.arn import Arn
from iamkit.audit.decision_log import DecisionLog
from iamkit.audit.text import one_line
from iamkit.clock import Clock
from iamkit.errors import IamkitError, MalformedRequest, ServiceUnavailable, kind_and_place
from iamkit.gate import cross_site, kept
from iamkit.gate.asking import Asking, request_of, seen_for
from iamkit.gate.better_sign_in import better_sign_in
from iamkit.gate.challenges import challenges_of, usable
from iamkit.gate.current import acting
from iamkit.gate.health import Health, examined
from iamkit.gate.manners import PLAIN, Manners
from iamkit.gate.owner import owner_of
from iamkit.gate.parts import Parts, ReadsResourceLayers
from iamkit.gate.plans import PlanShelf
from iamkit.gate.standing import Standing
from iamkit.gate.verdict import Refusal, Verdict
from iamkit.http import HttpRequest, HttpResponse, NeedsBody
from iamkit.identity.principal import Principal
from iamkit.ids import Handles, Ids
from iamkit.policy import EvaluationOptions
from iamkit.policy.decision import Decision, Outcome
from iamkit.policy.layers import AttachedPolicy, Layer, ResourceLayers
from iamkit.policy.request import AccessRequest, Context, ContextValue
from iamkit.values import quickly

_log = logging.getLogger("iamkit.decision")

UNCLASSIFIED: Final = "iamkit:Unclassified"

_NOTHING_KNOWN: Final = Context()
_NO_LAYERS: Final = ResourceLayers()
_access_request: Final = quickly(AccessRequest)
_verdict: Final = quickly(Verdict)


class Gate:
    """See the module. One per IAM; safe to use from many threads."""

    def __init__(
        self,
        *,
        parts: Callable[[], Parts],
        plugin_policies: Callable[[str], Sequence[AttachedPolicy]] | None,
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
        self._render = render
        self._plans = PlanShelf(options)
        self._allow_sampling = allow_sampling
        self._entries = kept.EntryWriter()
        self._handles = Handles(ids, "d")
        self._hosts = frozenset(name.lower() for name in hosts)
        self._challenges = challenges
        self._options = options
        self.manners = manners
        self._remote = blocking

    @property
    def blocking(self) -> bool:
        """Whether a call may wait, for a server or a full log, so that an event loop should not make it."""
        return self._remote or self._decisions.crowded

    # --- who ------------------------------------------------------------------------------------

    def admit(self, request: HttpRequest) -> Principal | NeedsBody:
        """Who sent `request`.

        Raises AuthenticationError for a bad credential, MalformedRequest for an ambiguous one, AccessDenied
        for another site's, ServiceUnavailable if it cannot be told; nobody is anonymous by a fault.
        """
        if self._hosts:
            self._require_own_host(request)
        parts = self._parts()
        asking = Asking(self.judge, request, self._clock.now())
        if parts.look is None:
            return self._admitted(parts, request, asking)
        before = parts.look.begin()
        try:
            return self._admitted(parts, request, asking)
        finally:
            asking.seen = parts.look.end(before)

    def _admitted(self, parts: Parts, request: HttpRequest, asking: Asking) -> Principal | NeedsBody:
        proof = parts.authenticator.authenticate(request)
        if isinstance(proof, NeedsBody):
            return proof
        if proof is None:
            return parts.principals.anonymous().asking(asking)
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
        return principal.asking(asking)

    def _require_own_host(self, request: HttpRequest) -> None:
        # A name with or without its port: `a.example`, `a.example:8443`, `[::1]:80` (THR-B7).
        asked = request.host.lower()
        if asked not in self._hosts and re.sub(r":[0-9]*$", "", asked) not in self._hosts:
            raise MalformedRequest(f"`{request.host[:255]}` is no host that this app is served under")

    def acting(self, principal: Principal) -> AbstractContextManager[Principal]:
        """Make `principal` the current one for a block."""
        return acting(principal)

    def asking(self, principal: Principal, request: HttpRequest) -> Principal:
        """`principal` as it would be, had it sent `request`: what it asks is judged with that one's facts."""
        return principal.asking(Asking(self.judge, request, self._clock.now()))

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
        look = self._parts().look
        # What was seen when the request came is good for the first decision about it, unless that is late.
        seen = seen_for(principal, request, self._clock)
        request = request or request_of(principal)
        before = None if look is None else look.begin(seen)
        try:
            asked, layers, decision = self._decide(
                principal, action, resource, request, context, account, explicit_trust
            )
        finally:
            if look is not None and before is not None:
                look.end(before)
        verdict = self._recorded(principal, asked, layers, decision, request, enforced)
        if decision.allowed:
            return verdict
        needed = better_sign_in(self._plans, self._options, principal, asked, layers, decision)
        return verdict if needed is None else replace(verdict, step_up=needed)

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
        context = _NOTHING_KNOWN
        layers = _NO_LAYERS
        asked: AccessRequest | None = None
        try:
            if resource != "*":
                Arn.check(resource)
            proof = principal.authentication
            if proof is not None and proof.session is not None:
                principal = parts.principals.current(principal)  # an agent goes on after its request
            layers = self._resource_layers(parts.resources, resource, owner)
            context = parts.contexts.build(principal, request, resource_account=owner, told=told)
            asked = _access_request(principal.caller, action, resource, context, owner, explicit_trust)
            plan = self._plans.plan(asked.caller, action, principal.layers, layers)
            decision = plan.decide(asked)
        except ServiceUnavailable:
            raise
        except Exception as fault:  # noqa: BLE001  # an error while deciding is a denial (SEM-F2)
            if not isinstance(fault, IamkitError):
                _log.error("deciding %s failed: %s", one_line(action), kind_and_place(fault))
            decision = Decision(Outcome.IMPLICIT_DENY, missing=(Layer.IDENTITY,), error=_words(fault))
        if asked is None:
            asked = AccessRequest(principal.caller, action, resource, context, owner, explicit_trust)
        if decision.error:
            _log.error(
                "%s was denied because deciding failed: %s", one_line(action), one_line(decision.error)
            )
        return asked, layers, decision

    def _resource_layers(self, reader: ReadsResourceLayers, resource: str, owner: str) -> ResourceLayers:
        held = reader.layers(resource, owner)
        if self._plugin_policies is None:
            return held
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
        allowed = decision.allowed
        verdict = _verdict(decision, self._handles.next(), principal, asked.action, asked.resource)
        sampled = allowed and self._allow_sampling < 1.0
        if sampled and random.random() >= self._allow_sampling:  # noqa: S311  # sampling, no secret
            self._decisions.pass_by(
                asked.caller.unique_id, asked.caller.account, asked.action, self._clock.now()
            )
            return verdict
        asked_for = None if request is None else (request.method, request.raw_path)
        # Put into words by the log's own thread: a request does not wait for that.
        entry = partial(
            self._entries.entry,
            verdict.id,
            self._clock.now(),
            principal,
            asked,
            layers,
            decision,
            asked_for,
            enforced,
        )
        self._decisions.submit(entry, denial=not allowed)
        if _log.isEnabledFor(logging.INFO):
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


def _words(fault: Exception) -> str:
    # Only our own errors are worded for people; another exception's text may quote anything.
    if isinstance(fault, IamkitError):
        return fault.message
    return f"an unexpected {type(fault).__name__} was raised while deciding"
