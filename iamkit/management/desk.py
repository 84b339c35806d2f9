"""The desk: where a principal has operations done, each authorised, done and recorded in one unit of work."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final, ParamSpec, Protocol, TypeVar, cast

from iamkit.audit.event import Event, Origin
from iamkit.audit.trail import Trail
from iamkit.credentials import sources
from iamkit.errors import MissingAuthenticationToken, StoreUnavailable, kind_and_place
from iamkit.gate.verdict import Verdict
from iamkit.http import HttpRequest
from iamkit.identity.house import House
from iamkit.identity.principal import Principal
from iamkit.management.denial import denied
from iamkit.management.operation import Asks, Beside, Operation, Preparation, Work
from iamkit.management.scribe import EventDraft, event_of, events_of
from iamkit.management.services import Services
from iamkit.policy.request import CallerKind, ContextValue
from iamkit.storage import Reader, Store, Unit

_log = logging.getLogger("iamkit.management")

INTERNAL: Final = Origin()

P = ParamSpec("P")
R = TypeVar("R")


class Authorizer(Protocol):
    """What the desk needs of the gate: a recorded verdict."""

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
    ) -> Verdict: ...


class Counter(Protocol):
    """Where operations are had done: a desk, or what stands for one elsewhere."""

    def do(self, operation: Operation[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Have an operation done; see `Desk.do`."""


class _Attempt:
    """What is known so far of one attempt, for its event."""

    def __init__(self) -> None:
        self.resources: tuple[str, ...] = ()
        # The account of what is acted on, where an operation says so.
        self.owner = ""
        self.decision_ids: list[str] = []
        # Who asks, where the call itself shows it.
        self.stranger: Principal | None = None


class Desk:
    """Has operations done for one principal.

    A change, the decisions that allowed it and its event commit together. A refused or failed attempt
    changes nothing; its event is kept in a unit of its own.
    """

    def __init__(
        self,
        store: Store,
        gate: Authorizer,
        trail: Trail,
        house: House,
        services: Services,
        principal: Principal,
        *,
        origin: Origin = INTERNAL,
        request: HttpRequest | None = None,
    ) -> None:
        self._store = store
        self._gate = gate
        self._trail = trail
        self._house = house
        self._services = services
        self._principal = principal
        self._origin = origin
        self._network = sources.network_of(origin.source_ip)
        self._request = request

    def do(self, operation: Operation[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run an operation. Raises AccessDenied with the decision's id, or whatever the operation raises."""
        if self._principal.caller.kind is CallerKind.ANONYMOUS and not operation.for_strangers:
            raise MissingAuthenticationToken(
                "management operations need a caller; sign in or sign the request"
            )
        attempt = _Attempt()
        try:
            prepared = self._prepared(operation, kwargs, attempt)
            if operation.read_only:
                with self._store.read() as reader:
                    result = operation.run(
                        self._allowed(operation, reader, kwargs, attempt, prepared), *args, **kwargs
                    )
                events = self._events(self._draft(operation, kwargs, attempt, result=result), attempt)
                # Nothing is told of what was read unless the reading was recorded.
                self._trail.record_alone(*events)
                return result
            with self._services.beside_a_unit(), self._store.write() as unit:
                # Writing units are serialised: what the principal may do now is still so at the commit.
                work = self._allowed(operation, unit, kwargs, attempt, prepared)
                result = operation.run(work, *args, **kwargs)
                events = self._events(self._draft(operation, kwargs, attempt, result=result), attempt)
                for event in events:
                    self._trail.record(unit, event)
        except Exception as fault:
            if operation.for_strangers and attempt.stranger is None:
                # Whoever proved nothing must not be able to fill the trail.
                _log.warning("a call of %s was refused: %s", operation.action, kind_and_place(fault))
                raise
            self._keep_failure(self._draft(operation, kwargs, attempt, error=fault))
            raise
        for event in events:
            self._trail.announce(event)
        self._services.letters.kick()
        return result

    def _prepared(
        self, operation: Operation[P, R], kwargs: Mapping[str, object], attempt: _Attempt
    ) -> object:
        if operation.prepare is None:
            return None
        with self._store.read() as reader:
            if not operation.read_only and operation.ask_first:
                # Preparing hashes, and says what is wrong with a password: not to those who may not ask.
                self._allowed(operation, reader, kwargs, attempt, None)
            preparation = Preparation(
                reader, self._house, self._services, self._principal, self._principal.account, self._network
            )
            prepared = operation.prepare(preparation, **kwargs)
        return prepared if operation.verify is None else operation.verify(self._services, prepared)

    def _allowed(
        self,
        operation: Operation[P, R],
        reader: Reader,
        kwargs: Mapping[str, object],
        attempt: _Attempt,
        prepared: object,
    ) -> Work:
        """What the operation works with, once it is allowed on what `reader` shows. Raises AccessDenied."""
        principal = self._services.current(self._principal)
        # An operation that only reads is handed what can only read.
        unit = cast("Unit", reader)
        work = Work(unit, self._house, self._services, principal, principal.account, prepared, self._network)
        self._authorize(operation, work, kwargs, attempt)
        return work

    def _events(self, draft: EventDraft, attempt: _Attempt) -> tuple[Event, ...]:
        return events_of(draft, self._house, self._origin, attempt.owner)

    def _authorize(
        self, operation: Operation[P, R], work: Work, kwargs: Mapping[str, object], attempt: _Attempt
    ) -> None:
        asks: Asks = operation.asks(work, **kwargs)
        attempt.resources = (*asks.resources, *(each.resource for each in asks.beside))
        attempt.owner = asks.account if asks.explicit_trust else ""
        attempt.stranger = asks.principal if operation.for_strangers else None
        if not asks.resources:
            raise RuntimeError(f"`{operation.action}` names no resource to be authorised on")
        asked = [
            Beside(action, resource, asks.context, shown)
            for resource, shown in zip(asks.resources, asks.shown or asks.resources, strict=True)
            for action in (operation.action, *asks.also)
        ]
        for each in (*asked, *asks.beside):
            verdict = self._gate.authorize(
                asks.principal or work.principal,
                each.action,
                each.resource,
                request=self._request,
                context=each.context,
                account=asks.account or None,
                explicit_trust=asks.explicit_trust,
            )
            attempt.decision_ids.append(verdict.id)
            if not verdict.allowed:
                raise denied(verdict, shown=each.shown or each.resource)

    def _draft(
        self,
        operation: Operation[P, R],
        kwargs: Mapping[str, object],
        attempt: _Attempt,
        *,
        result: object = None,
        error: Exception | None = None,
    ) -> EventDraft:
        return EventDraft(
            name=operation.name,
            service=operation.service,
            read_only=operation.read_only,
            principal=attempt.stranger or self._principal,
            account=(attempt.stranger or self._principal).account,
            parameters=kwargs,
            resources=attempt.resources,
            decision_ids=tuple(attempt.decision_ids),
            result=result,
            error=error,
        )

    def _keep_failure(self, draft: EventDraft) -> None:
        try:
            self._trail.record_alone(event_of(draft, self._house, self._origin))
        except StoreUnavailable as fault:
            # The attempt's own error is what the caller has to see.
            _log.error("the event of a failed %s could not be kept: %s", draft.name, fault)
