"""The outbox: nothing that was promised is lost, nothing is sent twice by two, and nothing waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from iamkit.audit.event import Event
from iamkit.clock import FrozenClock
from iamkit.credentials import message_queue
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.message import Channel, Kind, Message
from iamkit.credentials.message_queue import QueuedMessage
from iamkit.credentials.secret import Secret
from iamkit.errors import Throttling
from iamkit.hookspecs import hookimpl
from iamkit.http import Headers, HttpRequest
from iamkit.kit import IAM

CANARY = "canary-7f3a"


class Carrier:
    """Delivers as it is told to: True, False, None, or an error."""

    def __init__(self) -> None:
        self.answers: list[bool | Exception | None] = []
        self.taken: list[str] = []
        self.seen: list[Message] = []
        self.delivered = threading.Event()
        self.events: list[Event] = []

    @hookimpl
    def iamkit_deliver(self, message: Message) -> bool | None:
        self.seen.append(message)
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        if answer:
            self.taken.append(message.message_id)
            self.delivered.set()
        return answer

    @hookimpl
    def iamkit_audit(self, event: Event) -> None:
        self.events.append(event)


@pytest.fixture
def carrier() -> Carrier:
    return Carrier()


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def iam(tmp_path: Path, carrier: Carrier, clock: FrozenClock) -> Iterator[IAM]:
    with IAM(
        tmp_path / "iam", plugins=[carrier], clock=clock, entry_points=False, password_cost=CHEAPEST
    ) as iam:
        iam.initialize()
        assert iam.outbox.flush() == 0
        yield iam


def _message(clock: FrozenClock, lifetime: timedelta = timedelta(days=1)) -> Message:
    return Message(
        kind=Kind.RESET_PASSWORD,
        channel=Channel.EMAIL,
        address="ana@example.org",
        account="111122223333",
        good_until=clock.now() + lifetime,
        values={"user": "ana", "account": "main", "minutes": "15"},
        secret=Secret(CANARY),
    )


def _put(iam: IAM, message: Message) -> None:
    outbox = iam.outbox
    with iam.store.write() as unit:
        outbox.put(unit, message)


def _waiting(iam: IAM) -> int:
    with iam.store.read() as reader:
        return reader.count(QueuedMessage)


def test_a_thread_sends_what_was_committed(iam: IAM, carrier: Carrier, clock: FrozenClock) -> None:
    """Soon after the kick, without anybody waiting for it."""
    _put(iam, _message(clock))
    iam.outbox.kick()

    assert carrier.delivered.wait(20)
    iam.outbox.flush()
    assert _waiting(iam) == 0


def test_what_was_not_committed_is_not_sent(iam: IAM, carrier: Carrier, clock: FrozenClock) -> None:
    """The message shares the fate of its change."""

    def failing() -> None:
        with iam.store.write() as unit:
            iam.outbox.put(unit, _message(clock))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    iam.outbox.kick()

    assert iam.outbox.flush() == 0
    assert carrier.seen == []


def test_a_failed_try_is_made_again(
    iam: IAM, carrier: Carrier, clock: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Later, under the same id; the log tells the try and neither text nor fault's words."""
    carrier.answers = [False, None, ValueError(CANARY)]
    _put(iam, _message(clock))

    assert [iam.outbox.flush(), iam.outbox.flush()] == [0, 0]
    assert len(carrier.seen) == 1
    for pause in message_queue.PAUSES[:3]:
        clock.advance(pause)
        iam.outbox.flush()

    assert len(carrier.seen) == 4
    assert len({message.message_id for message in carrier.seen}) == 1
    assert carrier.taken
    assert _waiting(iam) == 0
    assert CANARY not in caplog.text


def test_what_cannot_be_delivered_is_dropped_with_an_event(
    iam: IAM, carrier: Carrier, clock: FrozenClock
) -> None:
    """After as many tries as there are pauses."""
    carrier.answers = [False] * 100
    _put(iam, _message(clock))

    for pause in message_queue.PAUSES:
        iam.outbox.flush()
        clock.advance(pause)
    iam.outbox.flush()

    assert len(carrier.seen) == len(message_queue.PAUSES)
    assert _waiting(iam) == 0
    (event,) = [item for item in carrier.events if item.event_name == "MessageDropped"]
    assert event.account == "111122223333"
    assert CANARY not in event.body


def test_what_is_too_old_is_not_delivered(iam: IAM, carrier: Carrier, clock: FrozenClock) -> None:
    """A link that is good no longer would only puzzle."""
    _put(iam, _message(clock, timedelta(minutes=5)))
    clock.advance(timedelta(minutes=5))

    iam.outbox.flush()

    assert carrier.seen == []
    assert _waiting(iam) == 0


def test_another_process_goes_on(iam: IAM, carrier: Carrier, clock: FrozenClock, tmp_path: Path) -> None:
    """What one left, because it was killed, another finds with its first request."""
    _put(iam, _message(clock))

    second = Carrier()
    with IAM(tmp_path / "iam", plugins=[second], clock=clock, entry_points=False) as other:
        other.gate.admit(HttpRequest("GET", "https", "app.example", "/", "/", "", Headers(())))
        assert second.delivered.wait(20)
    iam.outbox.flush()
    assert carrier.seen == []


def test_two_processes_deliver_once(iam: IAM, carrier: Carrier, clock: FrozenClock, tmp_path: Path) -> None:
    """Of many that try at once, one has the lease."""
    second = Carrier()
    with IAM(tmp_path / "iam", plugins=[second], clock=clock, entry_points=False) as other:
        for _ in range(10):
            _put(iam, _message(clock))
        threads = [threading.Thread(target=item.outbox.flush) for item in (iam, other) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    taken = carrier.taken + second.taken
    assert len(taken) == len(set(taken)) == 10


def test_the_queue_is_bounded(iam: IAM, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood is refused and fills no disk."""
    monkeypatch.setattr(message_queue, "LONGEST_QUEUE", 2)
    for _ in range(2):
        _put(iam, _message(clock))

    with pytest.raises(Throttling):
        _put(iam, _message(clock))


def test_a_row_is_sealed(iam: IAM, clock: FrozenClock, tmp_path: Path) -> None:
    """A copy of the database shows neither link nor address."""
    _put(iam, _message(clock))

    with iam.store.read() as reader:
        (row,) = reader.find(QueuedMessage)
    assert CANARY.encode() not in row.sealed
    assert b"ana@example.org" not in row.sealed
    assert message_queue.message_of(row, iam.keyring).secret == Secret(CANARY)
