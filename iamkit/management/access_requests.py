"""Just-in-time access: ask for a role, have somebody else say yes, be it until the time is over (CAP-G9).

Whoever may approve gives the role away, so `iamkit:ApproveAccess` is a permission like changing its trust
policy. Nobody answers a request of its own, whichever way it comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from iamkit.credentials import temporary
from iamkit.credentials.authentication import TemporaryKind
from iamkit.credentials.temporary import TemporaryCredential, Wanted
from iamkit.errors import AccessDenied, ConflictError, InputError, NoSuchEntity
from iamkit.identity import access_requests, roles
from iamkit.identity.access_requests import RequestState, RoleRequest
from iamkit.identity.roles import Role
from iamkit.management import session_credentials, targets
from iamkit.management.assume_role import AssumedRole
from iamkit.management.assumed_roles import session_of
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page
from iamkit.policy.request import CallerKind


@dataclass(frozen=True, slots=True)
class AccessRequestFace:
    """A request as people see it; `state` is where it stands now."""

    request_id: str
    requester: str
    role: str
    reason: str
    duration_seconds: int
    state: str
    asked_at: datetime
    ends_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str


def _role_asks(work: Work, *, role_name: str, **_others: object) -> Asks:
    return targets.role(work, role_name)


@operation("iamkit:RequestAccess", access="Write", on=("role",), asks=_role_asks)
def request_access(
    work: Work, *, role_name: str, reason: str, duration_seconds: int = 3600
) -> AccessRequestFace:
    """Ask to be a role for `duration_seconds` (300 to the role's longest). Waits a day for an answer.

    Raises NoSuchEntity, ValidationError, InputError for a caller that is no user, ConflictError for a request
    that waits already.
    """
    caller = work.principal.caller
    if caller.kind is not CallerKind.USER:
        raise InputError("access is asked for by users; sign in as one")
    role = roles.get(work.unit, work.account, role_name)
    made = access_requests.ask(
        work.unit,
        work.house,
        role,
        requester=caller.unique_id,
        requester_arn=caller.arn,
        reason=reason,
        seconds=duration_seconds,
    )
    return _face(work, made)


def _list_asks(work: Work) -> Asks:
    return targets.below(work, "role", "/")


@operation("iamkit:ListAccessRequests", access="List", on=("role",), asks=_list_asks)
def list_access_requests(work: Work) -> Page[AccessRequestFace]:
    """The requests of the account in the last 90 days, oldest first."""
    return Page(tuple(_face(work, found) for found in access_requests.listing(work.unit, work.account)))


def _answer_asks(work: Work, *, request_id: str, **_others: object) -> Asks:
    """Asked on the role, as it is named in the request."""
    found = access_requests.find(work.unit, work.account, request_id)
    role = None if found is None else roles.by_id(work.unit, found.role_id)
    if role is None:
        return Asks((work.house.arn(work.account, "role", "/", "-"),))
    return Asks((role.arn,), targets.tag_keys(role))


@operation("iamkit:ApproveAccess", access="Permissions management", on=("role",), asks=_answer_asks)
def approve_access(work: Work, *, request_id: str, note: str = "") -> AccessRequestFace:
    """Say yes: the requester may be the role from now until the time is over.

    Raises NoSuchEntity, AccessDenied for a request of one's own, ConflictError for what waits no more.
    """
    found = access_requests.get(work.unit, work.account, request_id)
    _require_other(work, found)
    by = work.principal.arn
    return _face(work, access_requests.approve(work.unit, work.house, found, by=by, note=note))


@operation("iamkit:RejectAccess", access="Permissions management", on=("role",), asks=_answer_asks)
def reject_access(work: Work, *, request_id: str, note: str = "") -> AccessRequestFace:
    """Say no, also later: what was granted is over, and its sessions end. Raises as `approve_access`."""
    found = access_requests.get(work.unit, work.account, request_id)
    by = work.principal.arn
    answered = access_requests.reject(work.unit, work.house, found, by=by, note=note)
    given = {"subject": found.role_id, "name": found.request_id}
    for kept in work.unit.find(TemporaryCredential, given):
        temporary.end(work.unit, kept)
    return _face(work, answered)


def _start_asks(work: Work, *, request_id: str) -> Asks:
    return _answer_asks(work, request_id=request_id)


@operation("iamkit:StartApprovedSession", access="Write", on=("role",), asks=_start_asks)
def start_approved_session(work: Work, *, request_id: str) -> AssumedRole:
    """Be the role that was granted: credentials that end when the grant does, as often as they are needed.

    Raises NoSuchEntity, AccessDenied for a request of somebody else's, ConflictError for one that is not
    granted now, ExpiredToken.
    """
    found = access_requests.get(work.unit, work.account, request_id)
    proof = work.principal.authentication
    if found.requester != work.principal.caller.unique_id:
        raise AccessDenied("this access was granted to somebody else")
    if proof is not None and proof.narrowed:
        raise AccessDenied("a credential that was narrowed does not become a role by a grant; sign in")
    now = work.house.now()
    state = found.state_at(now)
    if state is not RequestState.APPROVED:
        raise ConflictError(f"request `{found.request_id}` is {state}, so there is no access by it now")
    role = _role(work, found)
    wanted = Wanted(
        account=role.account,
        subject=role.role_id,
        kind=TemporaryKind.ROLE,
        life=found.ends_at - now,
        name=found.request_id,
        source_identity="" if proof is None or proof.session is None else proof.session.source_identity,
        mfa_at=None if proof is None else proof.mfa_at,
        factors=() if proof is None else proof.factors,
    )
    credentials = session_credentials.issued(work, wanted, parent=proof)
    return AssumedRole(credentials, session_of(work, role, wanted.name))


def _role(work: Work, found: RoleRequest) -> Role:
    role = roles.by_id(work.unit, found.role_id)
    if role is None:
        raise NoSuchEntity(f"the role `{found.role_arn}` of this request is gone")
    return role


def _require_other(work: Work, found: RoleRequest) -> None:
    """Raise AccessDenied for whoever asked, also as a role or another session that it got (CAP-G9)."""
    proof = work.principal.authentication
    origin = "" if proof is None or proof.session is None else proof.session.origin
    if found.requester in (work.principal.caller.unique_id, origin):
        raise AccessDenied("nobody approves a request of one's own; ask somebody else to")


def _face(work: Work, found: RoleRequest) -> AccessRequestFace:
    return AccessRequestFace(
        found.request_id,
        found.requester_arn,
        found.role_arn,
        found.reason,
        found.seconds,
        str(found.state_at(work.house.now())),
        found.asked_at,
        found.ends_at,
        found.decided_by,
        found.decided_at,
        found.note,
    )
