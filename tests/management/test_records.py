"""What was recorded is read through the gate, by account, and reading it leaves an event."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.errors import AccessDenied, NoSuchEntity, ValidationError
from iamkit.management import inline, records, users
from iamkit.policy.layers import CallerLayers
from iamkit.policy.request import Caller, CallerKind

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"
NOTE: Final = f"arn:aws:doc::{HOME}:note/1"


def test_a_decision_is_found_as_soon_as_it_was_taken(office: Office) -> None:
    """Its id leads to who, what and why, although it was only queued."""
    owner = office.owner()
    owner.do(users.create_user, user_name="ana")
    verdict = office.gate.authorize(office.principals.find(HOME, "ana"), "doc:Get", NOTE)

    found = owner.do(records.get_decision, decision_id=verdict.id)

    assert (found.record.principal, found.record.resource) == ("ana", NOTE)
    assert found.explanation is not None
    assert not found.explanation.decision.allowed
    with pytest.raises(NoSuchEntity, match="d_nowhere"):
        owner.do(records.get_decision, decision_id="d_nowhere")


def test_decisions_and_events_are_listed_newest_first(office: Office) -> None:
    """Filters narrow them, a bound cuts them, and a senseless bound is refused."""
    owner = office.owner()
    for name in ("ana", "ben"):
        owner.do(users.create_user, user_name=name)
        office.gate.authorize(office.principals.find(HOME, name), "doc:Get", NOTE)
        office.clock.advance(timedelta(seconds=1))

    about_ana = owner.do(records.list_decisions, principal="ana").items
    made = owner.do(records.lookup_events, event_name="CreateUser").items

    assert [item.principal for item in about_ana] == ["ana"]
    assert [event.as_data()["requestParameters"] for event in made] == [
        {"userName": "ben"},
        {"userName": "ana"},
    ]
    assert len(owner.do(records.list_decisions, outcome="implicitDeny", max_items=1).items) == 1
    for senseless in (0, 1001):
        with pytest.raises(ValidationError):
            owner.do(records.lookup_events, max_items=senseless)


def test_whoever_may_not_read_the_log_learns_nothing(office: Office) -> None:
    """Each of the three is an action of its own, and none comes with another."""
    owner = office.owner()
    owner.do(users.create_user, user_name="ana")
    owner.do(
        inline.put_user_policy,
        user_name="ana",
        policy_name="lists",
        policy_document=office.document(action="iamkit:ListDecisions"),
    )
    verdict = office.gate.authorize(office.principals.find(HOME, "ana"), "doc:Get", NOTE)
    ana = office.desk("ana")

    assert ana.do(records.list_decisions).items
    with pytest.raises(AccessDenied):
        ana.do(records.get_decision, decision_id=verdict.id)
    with pytest.raises(AccessDenied):
        ana.do(records.lookup_events)


def test_reading_the_log_is_in_the_log(office: Office) -> None:
    """Who looked at the events stands among them."""
    owner = office.owner()

    owner.do(records.lookup_events)

    assert owner.do(records.lookup_events).items[0].event_name == "LookupEvents"


def test_another_accounts_policies_are_not_told(office: Office) -> None:
    """The owner of a resource sees who of elsewhere asked and what came of it, not that caller's policies."""
    stranger = replace(
        office.principals.root(HOME),
        caller=Caller(
            CallerKind.USER, "arn:aws:iam::999988887777:user/eve", "999988887777", unique_id="AIDAEVE"
        ),
        account="999988887777",
        layers=CallerLayers(),
    )
    verdict = office.gate.authorize(stranger, "doc:Get", NOTE)

    found = office.owner().do(records.get_decision, decision_id=verdict.id)

    assert found.record.resource == NOTE
    assert (found.explanation, found.withheld) == (None, True)
