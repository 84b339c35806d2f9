"""Requests for a role for a while: asked for by one, decided on by another, over by themselves (CAP-G9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from iamkit.errors import ConcurrentModification, ConflictError, NoSuchEntity, ValidationError
from iamkit.identity.house import House
from iamkit.identity.roles import Role
from iamkit.storage import Less, Reader, Unit, record

# How long an answer is waited for, and how long what is over is kept.
PENDING_FOR: Final = timedelta(days=1)
KEPT_FOR: Final = timedelta(days=90)
SECONDS: Final = (300, 43_200)
REASON_LENGTH: Final = 500


class RequestState(StrEnum):
    """AWS's words for a delegation request, as far as they are needed."""

    PENDING = "PENDING_APPROVAL"
    APPROVED = "ACCEPTED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


@record("role_request", key=("request_id",), index=(("account",), ("requester",)))
@dataclass(frozen=True, slots=True)
class RoleRequest:
    """One request. `ends_at` is when it is no good any more: unanswered after a day, else when the time that
    was asked for has passed since the answer. `decided_by` is an ARN.
    """

    request_id: str
    account: str
    requester: str
    requester_arn: str
    role_id: str
    role_arn: str
    reason: str
    seconds: int
    state: str
    asked_at: datetime
    ends_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    note: str = ""

    def state_at(self, now: datetime) -> RequestState:
        """Where it stands: what is over by itself is not written down."""
        over = self.state != RequestState.REJECTED and now >= self.ends_at
        return RequestState.EXPIRED if over else RequestState(self.state)


def ask(
    unit: Unit, house: House, role: Role, *, requester: str, requester_arn: str, reason: str, seconds: int
) -> RoleRequest:
    """Ask for a role for so many seconds. Raises ValidationError, ConflictError for a second one at once."""
    now = house.now()
    if not SECONDS[0] <= seconds <= min(SECONDS[1], role.max_session_seconds):
        longest = min(SECONDS[1], role.max_session_seconds)
        raise ValidationError(f"access is asked for {SECONDS[0]} to {longest} seconds")
    _check_text("a reason", reason, shortest=1)
    unit.remove_all(RoleRequest, {"account": role.account, "ends_at": Less(now - KEPT_FOR)})
    for other in unit.find(RoleRequest, {"requester": requester}):
        if other.role_id == role.role_id and other.state_at(now) is RequestState.PENDING:
            raise ConflictError(f"request `{other.request_id}` for this role waits for an answer already")
    made = RoleRequest(
        request_id=house.ids.handle("r"),
        account=role.account,
        requester=requester,
        requester_arn=requester_arn,
        role_id=role.role_id,
        role_arn=role.arn,
        reason=reason,
        seconds=seconds,
        state=str(RequestState.PENDING),
        asked_at=now,
        ends_at=now + PENDING_FOR,
    )
    unit.add(made)
    return made


def get(reader: Reader, account: str, request_id: str) -> RoleRequest:
    """One request of the account. Raises NoSuchEntity."""
    found = find(reader, account, request_id)
    if found is None:
        raise NoSuchEntity(f"there is no access request `{request_id[:80]}`")
    return found


def find(reader: Reader, account: str, request_id: str) -> RoleRequest | None:
    """One request of the account, if there is one."""
    found = reader.get(RoleRequest, (request_id,))
    return found if found is not None and found.account == account else None


def listing(reader: Reader, account: str) -> list[RoleRequest]:
    """The requests of an account, oldest first."""
    return reader.find(RoleRequest, {"account": account}, order="asked_at")


def approve(unit: Unit, house: House, found: RoleRequest, *, by: str, note: str) -> RoleRequest:
    """Grant what was asked for, from now on. Raises ConflictError for what no longer waits."""
    ends_at = house.now() + timedelta(seconds=found.seconds)
    return _decided(unit, house, found, RequestState.APPROVED, by=by, note=note, ends_at=ends_at)


def reject(unit: Unit, house: House, found: RoleRequest, *, by: str, note: str) -> RoleRequest:
    """Refuse, or take back what was granted. Raises ConflictError for what is over."""
    return _decided(unit, house, found, RequestState.REJECTED, by=by, note=note, ends_at=found.ends_at)


def _decided(
    unit: Unit,
    house: House,
    found: RoleRequest,
    state: RequestState,
    *,
    by: str,
    note: str,
    ends_at: datetime,
) -> RoleRequest:
    now = house.now()
    _check_text("a note", note, shortest=0)
    present = found.state_at(now)
    takes_back = present is RequestState.APPROVED and state is RequestState.REJECTED
    if present is not RequestState.PENDING and not takes_back:
        raise ConflictError(f"request `{found.request_id}` is {present} and waits for no answer")
    values = {"state": str(state), "decided_by": by, "decided_at": now, "note": note, "ends_at": ends_at}
    if not unit.change(RoleRequest, (found.request_id,), values, where={"state": found.state}):
        raise ConcurrentModification("somebody else answered first; read again")
    return get(unit, found.account, found.request_id)


def _check_text(what: str, text: str, *, shortest: int) -> None:
    if not shortest <= len(text.strip()) or len(text) > REASON_LENGTH or (not text.isprintable() and text):
        raise ValidationError(f"{what} has {shortest} to {REASON_LENGTH} printable characters")
