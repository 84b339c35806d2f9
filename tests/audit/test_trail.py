"""The trail: an event is kept with the change it tells of, or not at all."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from iamkit.audit.event import Actor, Event, new_event
from iamkit.audit.trail import Trail
from iamkit.ids import Ids
from iamkit.memory import MemoryStore

ACCOUNT = "111122223333"
OTHER = "444455556666"
START = datetime(2026, 1, 1, tzinfo=UTC)


def _event(name: str = "CreateUser", *, minute: int = 0, account: str = ACCOUNT, user: str = "jeff") -> Event:
    return new_event(
        Ids(),
        at=START + timedelta(minutes=minute),
        account=account,
        actor=Actor("IAMUser", user_name=user),
        source="iam.amazonaws.com",
        name=name,
        read_only=False,
    )


def test_an_event_is_kept_with_its_change() -> None:
    """After the unit both the change and the event are there."""
    store = MemoryStore()
    trail = Trail(store)
    change, event = _event("TheChange"), _event()

    with store.write() as unit:
        unit.add(change)
        trail.record(unit, event)

    assert {found.event_name for found in trail.lookup(ACCOUNT)} == {"TheChange", "CreateUser"}


def test_a_change_that_fails_takes_its_event_with_it() -> None:
    """A unit that raises leaves neither the change nor a claim that it happened."""
    store = MemoryStore()
    trail = Trail(store)

    def fail() -> None:
        with store.write() as unit:
            unit.add(_event("TheChange"))
            trail.record(unit, _event())
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        fail()

    assert trail.lookup(ACCOUNT) == []


def test_an_event_that_cannot_be_kept_takes_its_change_with_it() -> None:
    """No change without its event: the same event twice undoes the second unit."""
    store = MemoryStore()
    trail = Trail(store)
    event = _event()
    trail.record_alone(event)

    def again() -> None:
        with store.write() as unit:
            unit.add(_event("TheChange"))
            trail.record(unit, event)

    with pytest.raises(Exception, match="exists"):
        again()

    assert [found.event_name for found in trail.lookup(ACCOUNT)] == ["CreateUser"]


def test_plugins_see_an_event_after_it_is_kept() -> None:
    """What a sink is told can already be looked up."""
    store = MemoryStore()
    seen: list[list[Event]] = []
    trail = Trail(store, seen=lambda event: seen.append(Trail(store).lookup(event.account)))
    event = _event()

    trail.record_alone(event)

    assert seen == [[event]]


def test_a_plugin_that_raises_undoes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The fault is logged with the event's id, and the caller goes on."""

    def broken(event: Event) -> None:
        raise ValueError(event.event_name)

    trail = Trail(MemoryStore(), seen=broken)
    event = _event()

    with caplog.at_level(logging.ERROR, "iamkit.audit"):
        trail.record_alone(event)

    assert trail.lookup(ACCOUNT) == [event]
    assert event.event_id in caplog.text


def test_the_newest_come_first() -> None:
    """A lookup lists backwards in time, up to its limit."""
    trail = Trail(MemoryStore())
    for minute in (2, 0, 1):
        trail.record_alone(_event(f"Event{minute}", minute=minute))

    assert [event.event_name for event in trail.lookup(ACCOUNT)] == ["Event2", "Event1", "Event0"]
    assert [event.event_name for event in trail.lookup(ACCOUNT, limit=1)] == ["Event2"]


def test_a_lookup_stays_in_its_account() -> None:
    """Another account's events are not found, even when they are asked for by name."""
    trail = Trail(MemoryStore())
    trail.record_alone(_event("Mine"))
    trail.record_alone(_event("Theirs", account=OTHER))

    assert [event.event_name for event in trail.lookup(ACCOUNT)] == ["Mine"]
    assert [event.event_name for event in trail.lookup(ACCOUNT, where={"account": OTHER})] == ["Mine"]


def test_a_lookup_by_field() -> None:
    """Only events with that name, and by that user, are found."""
    trail = Trail(MemoryStore())
    trail.record_alone(_event("CreateUser"))
    trail.record_alone(_event("DeleteUser"))
    trail.record_alone(_event("DeleteUser", user="ana"))

    found = trail.lookup(ACCOUNT, where={"event_name": "DeleteUser", "user_name": "ana"})

    assert [(event.event_name, event.user_name) for event in found] == [("DeleteUser", "ana")]
