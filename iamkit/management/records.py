"""Operations on what was recorded: decisions with their reasons, and events. Reading is recorded too."""

from __future__ import annotations

import json
from typing import Final

from iamkit.audit.decision_log import DecisionRecord
from iamkit.audit.event import CRITICAL, NORMAL, Event
from iamkit.errors import NoSuchEntity, ValidationError
from iamkit.gate.why import Told, told
from iamkit.management.operation import Asks, Preparation, Work, operation
from iamkit.management.paging import LARGEST, Page
from iamkit.policy.decision import Outcome

# The word that asks for every denial, whatever its kind.
DENIED: Final = "denied"
_DENIALS: Final = (str(Outcome.EXPLICIT_DENY), str(Outcome.IMPLICIT_DENY))


def _written(preparation: Preparation, **_others: object) -> None:
    """What is queued is written first, so that an answer's id is found as soon as the answer is there."""
    preparation.services.write_decisions()


def _decision_asks(work: Work, *, decision_id: str) -> Asks:
    return Asks((work.house.own_arn(work.account, f"decision/{decision_id}"),))


@operation("iamkit:GetDecision", access="Read", on=("decision",), asks=_decision_asks, prepare=_written)
def get_decision(work: Work, *, decision_id: str) -> Told:
    """A decision of the account, explained from the policies as they were then. Raises NoSuchEntity.

    The host operator sees those of every account.
    """
    found = told(work.unit, decision_id, options=work.services.options)
    if found.record.account != work.account and not work.everywhere:
        raise NoSuchEntity(f"no decision `{decision_id[:80]}` of this account is recorded")
    if json.loads(found.record.caller)["account"] not in ("", work.account) and not work.everywhere:
        return Told(found.record, None, withheld=True)
    return found


def _decisions_asks(work: Work, **_others: object) -> Asks:
    return Asks((work.house.own_arn(work.account, "decision/"),))


@operation("iamkit:ListDecisions", access="List", on=("decision",), asks=_decisions_asks, prepare=_written)
def list_decisions(
    work: Work,
    *,
    outcome: str | None = None,
    principal: str | None = None,
    enforced: bool | None = None,
    max_items: int = 50,
) -> Page[DecisionRecord]:
    """The last decisions of the account, newest first; only of one outcome, only about one principal.

    `outcome` is one of `Outcome`, or `denied` for both kinds of denial. `enforced` False: those that
    report-only mode let through, whatever they were.
    """
    limit = _bounded(max_items)
    outcomes = _DENIALS if outcome == DENIED else (outcome,)
    found: list[DecisionRecord] = []
    for one in outcomes:
        wanted = {"account": work.account, "outcome": one, "principal": principal, "enforced": enforced}
        where = {name: value for name, value in wanted.items() if value is not None}
        found += work.unit.find(DecisionRecord, where, order="decided_at", newest_first=True, limit=limit)
    if len(outcomes) > 1:
        found.sort(key=lambda kept: kept.decided_at, reverse=True)
    return Page(tuple(found[:limit]))


def _events_asks(work: Work, **_others: object) -> Asks:
    return Asks((work.house.own_arn(work.account, "event/"),))


@operation("iamkit:LookupEvents", access="Read", on=("event",), asks=_events_asks)
def lookup_events(
    work: Work,
    *,
    event_name: str | None = None,
    user_name: str | None = None,
    severity: str | None = None,
    max_items: int = 50,
) -> Page[Event]:
    """The last audit events of the account, newest first; only of one name, only by one user.

    `severity` is `critical` for what root users did and what was done to them, else `normal`.
    """
    if severity not in (None, CRITICAL, NORMAL):
        raise ValidationError(f"severity must be `{CRITICAL}` or `{NORMAL}`")
    wanted = {
        "account": work.account,
        "event_name": event_name,
        "user_name": user_name,
        "severity": severity,
    }
    where = {name: value for name, value in wanted.items() if value is not None}
    return Page(
        tuple(work.unit.find(Event, where, order="event_time", newest_first=True, limit=_bounded(max_items)))
    )


def _bounded(max_items: int) -> int:
    if not 1 <= max_items <= LARGEST:
        raise ValidationError(f"`max_items` must be 1 to {LARGEST}, not {max_items}")
    return max_items
