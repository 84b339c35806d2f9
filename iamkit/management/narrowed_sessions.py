"""Less of oneself, for somebody else: a session that may do what its user and a policy allow (THR-K10).

For an agent, a job, a tool that is handed a task. Both names are in every event and decision: the user's, and
as `iamkit:Actor` that of whoever acts. It ends with the credential that it was got by.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from iamkit.audit.trail import Trail
from iamkit.credentials.authentication import SessionFacts, TemporaryKind
from iamkit.credentials.temporary import Wanted
from iamkit.errors import AccessDenied, ValidationError
from iamkit.identity import documents
from iamkit.identity.house import House
from iamkit.identity.principal import Principal
from iamkit.identity.principals import Principals
from iamkit.management import session_credentials, session_policies, workloads
from iamkit.management.desk import Authorizer, Desk
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.services import Services
from iamkit.management.session_credentials import Credentials
from iamkit.storage import Store

SHORTEST: Final = 60
LONGEST: Final = 43_200
DEFAULT: Final = timedelta(minutes=15)
_ACTOR: Final = re.compile(r"[A-Za-z0-9_+=,.@:/-]{2,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NarrowedCredentials:
    """Credentials of the caller that may do less."""

    credentials: Credentials


def _asks(work: Work, **_others: object) -> Asks:  # noqa: ARG001  # the shape of every such function
    return Asks(("*",))


@operation("iamkit:GetNarrowedCredentials", access="Write", asks=_asks)
def get_narrowed_credentials(
    work: Work, *, policy: str, duration_seconds: int = int(DEFAULT.total_seconds()), actor: str | None = None
) -> NarrowedCredentials:
    """Credentials that may do what both the caller and `policy` allow, for 60 to 43200 seconds.

    `actor` names who will act: 2 to 64 letters, digits or characters of `_+=,.@:/-`. Needs no permission: it
    gives nothing that the caller does not have. Raises ValidationError, MalformedPolicyDocument,
    ExpiredToken, AccessDenied for another actor than the session has already.
    """
    if not SHORTEST <= duration_seconds <= LONGEST:
        raise ValidationError(f"`duration_seconds` must be {SHORTEST} to {LONGEST}")
    proof = work.principal.authentication
    facts = _facts(work)
    if actor is not None and not _ACTOR.fullmatch(actor):
        raise ValidationError("an actor has 2 to 64 letters, digits or characters of `_+=,.@:/-`")
    if facts.actor and actor not in (None, facts.actor):
        # Policies that are about an actor would be about nobody.
        raise AccessDenied("the actor of a session cannot be changed by narrowing it")
    session_policies.checked(work.unit, work.house, work.account, policy, ())
    wanted = Wanted(
        account=work.account,
        subject=work.principal.caller.unique_id,
        kind=facts.kind,
        life=timedelta(seconds=duration_seconds),
        name=facts.name,
        session_policies=() if proof is None or proof.session is None else proof.session_policies,
        ceilings=(*(() if proof is None else proof.handed_down), documents.keep(work.unit, policy)),
        tags=facts.tags,
        transitive=facts.transitive,
        source_identity=facts.source_identity,
        actor=facts.actor or actor or "",
        since=None if proof is None else proof.issued_at,
        mfa_at=None if proof is None else proof.mfa_at,
        factors=() if proof is None else proof.factors,
        provider=facts.provider,
        claims=facts.claims,
    )
    return NarrowedCredentials(session_credentials.issued(work, wanted, parent=proof))


class Rooms(Protocol):
    """What a desk is made of, as the wiring has it."""

    @property
    def store(self) -> Store: ...
    @property
    def gate(self) -> Authorizer: ...
    @property
    def trail(self) -> Trail: ...
    @property
    def house(self) -> House: ...
    @property
    def services(self) -> Services: ...
    @property
    def principals(self) -> Principals: ...


def begun(rooms: Rooms, principal: Principal, policy: str, life: timedelta, actor: str | None) -> Principal:
    """`principal`, narrowed, as a principal of its own. Raises as `get_narrowed_credentials`."""
    desk = Desk(rooms.store, rooms.gate, rooms.trail, rooms.house, rooms.services, principal)
    seconds = int(life.total_seconds())
    made = desk.do(get_narrowed_credentials, policy=policy, duration_seconds=seconds, actor=actor)
    return workloads.bearer_of(made.credentials, rooms.store, rooms.principals)


def _facts(work: Work) -> SessionFacts:
    """What the caller's own session is, which the new one goes on being."""
    proof = work.principal.authentication
    if proof is None or proof.session is None:
        return SessionFacts(TemporaryKind.SELF)
    return proof.session
