"""Last access: each attempt is counted once, and kept without a write for each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from iamkit.audit import last_access
from iamkit.audit.decision_log import DecisionLog, DecisionRecord
from iamkit.audit.last_access import LastAccess, Uses
from iamkit.errors import StoreUnavailable
from iamkit.memory import MemoryStore
from iamkit.storage import Unit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def decided(
    number: int, *, outcome: str = "allowed", action: str = "doc:Get", after: timedelta = timedelta(0)
) -> DecisionRecord:
    """A decision about ana."""
    caller = json.dumps({"unique_id": "AIDAANA", "account": "1"})
    return DecisionRecord(
        decision_id=f"d_{number}",
        account="1",
        decided_at=NOON + after,
        outcome=outcome,
        action=action,
        resource="*",
        resource_account="1",
        explicit_trust=False,
        principal="ana",
        caller=caller,
        layers="{}",
        context="{}",
        determining="[]",
        error=None,
        request="",
    )


def no_texts(_unit: Unit, _texts: Mapping[str, str]) -> None:
    """Keep none."""


class Counting:
    """A store in memory that counts writing units, and is away when told so."""

    def __init__(self) -> None:
        self.inner = MemoryStore()
        self.units = 0
        self.away = False
        self.read, self.epochs, self.close = self.inner.read, self.inner.epochs, self.inner.close

    def write(self) -> AbstractContextManager[Unit]:
        if self.away:
            raise StoreUnavailable("away")
        self.units += 1
        return self.inner.write()


def kept(store: Counting) -> dict[str, LastAccess]:
    """What is kept of ana, by action."""
    with store.read() as reader:
        return {item.action: item for item in last_access.of_principal(reader, "AIDAANA")}


def test_allowed_and_denied_are_counted_apart() -> None:
    """With the last of each, and an attempt is an access whatever came of it."""
    store = Counting()
    log = DecisionLog(store, no_texts, accesses=Uses())
    hour = timedelta(hours=1)
    log.submit((decided(1), {}), denial=False)
    log.submit((decided(2, outcome="implicitDeny", after=hour), {}), denial=True)
    log.submit((decided(3, outcome="explicitDeny", after=2 * hour), {}), denial=True)
    log.submit((decided(4, action="doc:Put"), {}), denial=False)
    log.flush()
    log.close()

    found = kept(store)
    assert set(found) == {"doc:Get", "doc:Put"}
    assert (found["doc:Get"].allowed, found["doc:Get"].denied) == (1, 2)
    assert found["doc:Get"].allowed_at == NOON
    assert found["doc:Get"].denied_at == found["doc:Get"].last_at == NOON + 2 * hour


def test_many_decisions_are_few_writes() -> None:
    """A principal that asks all the time costs one write a minute, and no count is lost."""
    store, uses = Counting(), Uses()
    for second in range(600):
        uses.count([decided(second, after=timedelta(seconds=second))])
        if uses.due:
            uses.keep(store)
    assert store.units == 10
    uses.keep(store)
    assert kept(store)["doc:Get"].allowed == 600


def test_what_cannot_be_written_waits() -> None:
    """And is counted once, with what came meanwhile."""
    store, uses = Counting(), Uses()
    uses.count([decided(1)])
    store.away = True
    with pytest.raises(StoreUnavailable):
        uses.keep(store)
    uses.count([decided(2, after=timedelta(seconds=5))])
    store.away = False
    uses.keep(store)
    assert not uses.waiting
    found = kept(store)["doc:Get"]
    assert found.allowed == 2
    assert found.last_at == NOON + timedelta(seconds=5)


def test_what_is_not_kept_as_a_decision_is_an_access_all_the_same() -> None:
    """Sampling leaves decisions out, and no access."""
    store = Counting()
    log = DecisionLog(store, no_texts, accesses=Uses())
    log.pass_by("AIDAANA", "1", "doc:Get", NOON)
    log.flush()
    log.close()
    assert kept(store)["doc:Get"].allowed == 1
    DecisionLog(store, no_texts).pass_by("AIDAANA", "1", "doc:Get", NOON)


def test_nobody_and_what_could_not_be_decided_are_not_counted() -> None:
    """Neither an anonymous caller nor a name that may be anything."""
    uses = Uses()
    nobody = json.dumps({"unique_id": "", "account": ""})
    uses.count([replace(decided(1), caller=nobody), replace(decided(2), error="broken")])
    assert not uses.waiting


def test_a_forked_child_starts_with_nothing() -> None:
    """Its parent keeps what it counted."""
    uses = Uses()
    uses.count([decided(1)])
    uses.begin()
    assert not uses.waiting
