"""The queue of messages: sealed rows, written in the unit of the change that they tell of, tried until done.

A row is an errand: a message that is ready, or a request that is looked into later, so that whoever asked
cannot tell from the time it took what came of it (THR-P3). A try is a lease: it puts the row's next instant
off by one conditional write, so of many processes one tries, and what a killed one had is tried again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from iamkit.credentials.message import Channel, Kind, Message
from iamkit.credentials.secret import Sealer, Secret
from iamkit.errors import Throttling
from iamkit.ids import Ids
from iamkit.storage import Less, Plus, Reader, Unit, record

PURPOSE: Final = "message"
MESSAGE: Final = "message"
# How long to wait after each try; after the last one the row is dropped.
PAUSES: Final = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 300, 600, 1800, 3600))
LONGEST_QUEUE: Final = 10_000


@record("queued_message", key=("message_id",), index=(("next_at",),))
@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """One row. `task` is `message`, or what kind of request it is; `sealed` is all the rest of it."""

    message_id: str
    account: str
    task: str
    sealed: bytes = field(repr=False)
    tries: int
    next_at: datetime
    good_until: datetime


def add_message(unit: Unit, sealer: Sealer, ids: Ids, message: Message, *, now: datetime) -> None:
    """Queue a message. Raises Throttling while the queue is full."""
    body = {
        "kind": str(message.kind),
        "channel": str(message.channel),
        "address": message.address,
        "values": dict(message.values),
        "secret": None if message.secret is None else message.secret.reveal(),
    }
    add(unit, sealer, ids, MESSAGE, message.account, body, good_until=message.good_until, now=now)


def add(
    unit: Unit,
    sealer: Sealer,
    ids: Ids,
    task: str,
    account: str,
    body: Mapping[str, object],
    *,
    good_until: datetime,
    now: datetime,
) -> None:
    """Queue a task. Raises Throttling while the queue is full."""
    if unit.count(QueuedMessage) >= LONGEST_QUEUE:
        raise Throttling("too many messages are waiting to be sent; try again later", retry_after=60)
    message_id = ids.handle("m")
    sealed = sealer.seal(json.dumps(body).encode(), purpose=PURPOSE, account=account, record_id=message_id)
    unit.add(QueuedMessage(message_id, account, task, sealed, 0, now, good_until))


def message_of(row: QueuedMessage, sealer: Sealer) -> Message:
    """The message of a row. Raises SealBroken."""
    body = opened(row, sealer)
    secret = body["secret"]
    values = body["values"]
    return Message(
        kind=Kind(str(body["kind"])),
        channel=Channel(str(body["channel"])),
        address=str(body["address"]),
        account=row.account,
        good_until=row.good_until,
        values=values if isinstance(values, dict) else {},
        secret=None if secret is None else Secret(str(secret)),
        message_id=row.message_id,
    )


def opened(row: QueuedMessage, sealer: Sealer) -> dict[str, object]:
    """What a row has sealed. Raises SealBroken."""
    plain = sealer.unseal(row.sealed, purpose=PURPOSE, account=row.account, record_id=row.message_id)
    body: dict[str, object] = json.loads(plain)
    return body


def next_due(reader: Reader) -> QueuedMessage | None:
    """The row whose turn comes first, due or not."""
    found = reader.find(QueuedMessage, order="next_at", limit=1)
    return found[0] if found else None


def lease(unit: Unit, row: QueuedMessage, *, now: datetime) -> QueuedMessage | None:
    """Take a try, by which the next is put off. None if another took it, or the row is gone."""
    pause = PAUSES[min(row.tries, len(PAUSES) - 1)]
    due = {"tries": row.tries, "next_at": Less(now + timedelta(microseconds=1))}
    if not unit.change(
        QueuedMessage, (row.message_id,), {"tries": Plus(), "next_at": now + pause}, where=due
    ):
        return None
    return replace(row, tries=row.tries + 1, next_at=now + pause)


def spent(row: QueuedMessage, *, now: datetime) -> bool:
    """Whether there is no point in another try."""
    return now >= row.good_until or row.tries >= len(PAUSES)


def remove(unit: Unit, row: QueuedMessage) -> bool:
    """Take a row out, because it is done or given up. True for one of many."""
    return unit.remove(QueuedMessage, (row.message_id,))
