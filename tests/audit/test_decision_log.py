"""The decision log: what is queued is written once, by whoever is left to write it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

import pytest

from iamkit.audit.decision_log import DecisionLog, DecisionRecord, Entry
from iamkit.errors import StoreUnavailable
from iamkit.memory import MemoryStore
from iamkit.storage import Epochs, Reader, Unit

THREAD = "iamkit-decision-log"


class Troubled:
    """A store in memory that does what `before` and `after` say around each writing unit, and counts them."""

    def __init__(
        self, *, before: Callable[[], None] | None = None, after: Callable[[], None] | None = None
    ) -> None:
        self.inner = MemoryStore()
        self.before = before
        self.after = after
        self.units = 0
        self.kept = threading.Event()

    def read(self) -> AbstractContextManager[Reader]:
        return self.inner.read()

    @contextmanager
    def write(self) -> Iterator[Unit]:
        if self.before is not None:
            self.before()
        with self.inner.write() as unit:
            yield unit
        self.units += 1
        self.kept.set()
        if self.after is not None:
            self.after()

    def epochs(self, scopes: Sequence[str]) -> Epochs:
        return self.inner.epochs(scopes)

    def close(self) -> None:
        self.inner.close()


def only_by_hand() -> None:
    """For `before`: the log's own thread finds the store away, so that a test decides when to write."""
    if threading.current_thread().name == THREAD:
        raise StoreUnavailable("not now")


def away() -> None:
    """For `before`: the store is away for everybody."""
    raise StoreUnavailable("the store is away")


def no_texts(unit: Unit, texts: Mapping[str, str]) -> None:
    """Keep no policy texts."""


def entry(name: str, **changes: str) -> Entry:
    values = {
        "account": "111122223333",
        "outcome": "implicitDeny",
        "action": "doc:Get",
        "resource": "*",
        "resource_account": "111122223333",
        "principal": "jeff",
        "caller": "{}",
        "layers": "{}",
        "context": "{}",
        "determining": "[]",
        "request": "GET /",
        **changes,
    }
    record = DecisionRecord(
        decision_id=name,
        decided_at=datetime(2026, 1, 1, tzinfo=UTC),
        explicit_trust=False,
        error=None,
        enforced=True,
        **values,
    )
    return record, {f"digest of {name}": f"text of {name}"}


def kept(store: Troubled | MemoryStore) -> list[str]:
    with store.read() as reader:
        return [record.decision_id for record in reader.find(DecisionRecord)]


def test_what_was_queued_is_written_at_the_latest_on_close() -> None:
    """After `close` every decision is in the store, and the thread has ended."""
    store = MemoryStore()
    log = DecisionLog(store, no_texts)
    for number in range(20):
        log.submit(entry(f"d{number:02}"), denial=number % 2 == 0)

    log.close()

    assert kept(store) == [f"d{number:02}" for number in range(20)]
    assert log.waiting == 0
    log.close()


def test_the_thread_writes_without_being_asked() -> None:
    """Nobody has to flush."""
    store = Troubled()
    log = DecisionLog(store, no_texts)

    log.submit(entry("d1"), denial=False)

    assert store.kept.wait(10)
    assert kept(store) == ["d1"]
    log.close()


def test_many_decisions_share_a_commit() -> None:
    """A thousand decisions take a few units of work, and their texts come once with each."""
    store = Troubled(before=only_by_hand)
    texts: list[int] = []
    log = DecisionLog(store, lambda _, given: texts.append(len(given)))
    for number in range(1000):
        log.submit(entry(f"d{number:04}"), denial=True)

    log.flush()

    assert store.units == 2
    assert texts == [500, 500]
    assert len(kept(store)) == 1000
    log.close()


def test_allows_are_dropped_and_counted_when_the_queue_is_full() -> None:
    """A full queue costs allows, never memory without end."""
    store = Troubled(before=away)
    log = DecisionLog(store, no_texts, capacity=3)

    for number in range(10):
        log.submit(entry(f"d{number}"), denial=False)

    assert (log.waiting, log.dropped) == (3, 7)
    store.before = None
    log.close()
    assert kept(store) == ["d0", "d1", "d2"]


def test_a_denial_is_never_dropped() -> None:
    """A denial that finds the queue full writes a group first, and is then queued like any other."""
    store = Troubled(before=only_by_hand)
    log = DecisionLog(store, no_texts, capacity=3)

    for number in range(10):
        log.submit(entry(f"d{number}"), denial=True)

    assert log.dropped == 0
    log.flush()
    assert len(kept(store)) == 10
    log.close()


def test_a_denial_that_can_be_neither_queued_nor_written_is_no_answer() -> None:
    """With the queue full and the store away the caller gets the 503, and nothing queued is lost."""
    store = Troubled(before=away)
    log = DecisionLog(store, no_texts, capacity=2)
    log.submit(entry("d0"), denial=True)
    log.submit(entry("d1"), denial=True)

    with pytest.raises(StoreUnavailable):
        log.submit(entry("d2"), denial=True)

    assert (log.waiting, log.dropped) == (2, 0)
    store.before = None
    log.close()
    assert kept(store) == ["d0", "d1"]


def test_flush_says_that_the_store_is_away_and_loses_nothing() -> None:
    """What could not be written stays queued, in order."""
    store = Troubled(before=away)
    log = DecisionLog(store, no_texts)
    log.submit(entry("d1"), denial=True)
    log.submit(entry("d2"), denial=False)

    with pytest.raises(StoreUnavailable):
        log.flush()

    assert log.waiting == 2
    store.before = None
    log.flush()
    assert kept(store) == ["d1", "d2"]
    log.close()


def test_the_thread_tries_again_by_itself() -> None:
    """A store that was away for a moment gets what waited, without another decision coming in."""
    attempts: list[str] = []

    def twice_away() -> None:
        attempts.append(threading.current_thread().name)
        if len(attempts) <= 2:
            raise StoreUnavailable("back in a moment")

    store = Troubled(before=twice_away)
    log = DecisionLog(store, no_texts)

    log.submit(entry("d1"), denial=True)

    assert store.kept.wait(10)
    assert attempts == [THREAD] * 3
    log.close()


def test_the_thread_outlives_a_fault_of_the_store(caplog: pytest.LogCaptureFixture) -> None:
    """An exception that no store should raise does not end the log, and its text is not logged."""
    faults = [RuntimeError("hunter2")]

    def once_broken() -> None:
        if faults:
            raise faults.pop()

    store = Troubled(before=once_broken)
    log = DecisionLog(store, no_texts)

    log.submit(entry("d1"), denial=True)

    assert store.kept.wait(10)
    log.close()
    assert kept(store) == ["d1"]
    assert "hunter2" not in caplog.text


def test_one_entry_that_no_store_takes_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """A poisoned record is named in the log and left out; everything around it is written."""
    store = Troubled(before=only_by_hand)
    log = DecisionLog(store, no_texts)
    log.submit(entry("d1"), denial=True)
    log.submit(entry("d2", request="GET /\x00"), denial=True)
    log.submit(entry("d3"), denial=True)

    with caplog.at_level(logging.ERROR, "iamkit.decision"):
        log.flush()

    assert kept(store) == ["d1", "d3"]
    assert "decision d2 (implicitDeny) cannot be kept" in caplog.text
    assert log.waiting == 0
    log.close()


def test_the_store_going_away_among_single_entries_loses_none() -> None:
    """Where each entry is tried alone, those behind the fault stay queued."""
    units = 0

    def away_later() -> None:
        nonlocal units
        only_by_hand()
        units += 1
        if units == 3:
            raise StoreUnavailable("gone")

    store = Troubled(before=away_later)
    log = DecisionLog(store, no_texts)
    log.submit(entry("d1"), denial=True)
    log.submit(entry("d2", request="\x00"), denial=True)
    log.submit(entry("d3"), denial=True)

    with pytest.raises(StoreUnavailable):
        log.flush()

    assert kept(store) == ["d1"]
    assert log.waiting == 2
    log.flush()
    assert kept(store) == ["d1", "d3"]
    log.close()


def test_a_commit_whose_answer_was_lost_is_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    """The store committed and the connection broke: trying again writes nothing twice and mourns nothing."""
    lost = [StoreUnavailable("the answer was lost")]

    def lose() -> None:
        if lost:
            raise lost.pop()

    store = Troubled(before=only_by_hand, after=lose)
    log = DecisionLog(store, no_texts)
    log.submit(entry("d1"), denial=True)
    log.submit(entry("d2"), denial=True)
    with pytest.raises(StoreUnavailable):
        log.flush()

    log.submit(entry("d3"), denial=True)
    log.flush()

    assert kept(store) == ["d1", "d2", "d3"]
    assert log.waiting == 0
    assert "cannot be kept" not in caplog.text
    log.close()


def test_texts_that_cannot_be_kept_are_no_written_entry(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An entry is settled when it is in the store, whatever error its texts raise."""
    store = Troubled(before=only_by_hand)

    def broken(unit: Unit, _: Mapping[str, str]) -> None:
        unit.add(entry("taken")[0])

    with store.inner.write() as unit:
        unit.add(entry("taken")[0])
    log = DecisionLog(store, broken)
    log.submit(entry("d1"), denial=True)

    with caplog.at_level(logging.ERROR, "iamkit.decision"):
        log.flush()

    assert kept(store) == ["taken"]
    assert "decision d1 " in caplog.text
    log.close()


def test_a_decision_after_close_is_written_at_once() -> None:
    """A straggler finds no thread, and is not left in a queue that nobody empties."""
    store = MemoryStore()
    log = DecisionLog(store, no_texts)
    log.close()

    log.submit(entry("d1"), denial=False)

    assert kept(store) == ["d1"]


def test_closing_with_the_store_away_ends_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """`close` does not raise and does not hang; what is left is counted in the log."""
    log = DecisionLog(Troubled(before=away), no_texts)
    log.submit(entry("d1"), denial=True)

    with caplog.at_level(logging.ERROR, "iamkit.decision"):
        log.close()

    assert "1 decisions wait" in caplog.text


def test_many_threads_lose_and_repeat_nothing() -> None:
    """Submitting and flushing from many threads at once writes each decision exactly once."""
    store = MemoryStore()
    log = DecisionLog(store, no_texts, capacity=50)

    def work(worker: int) -> None:
        for number in range(150):
            log.submit(entry(f"d{worker}-{number:03}"), denial=True)
            if number % 40 == 0:
                log.flush()

    workers = [threading.Thread(target=work, args=(worker,)) for worker in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    log.close()

    assert kept(store) == [f"d{worker}-{number:03}" for worker in range(6) for number in range(150)]


def test_a_flush_does_not_wait_for_those_who_keep_queueing() -> None:
    """A flush writes what was queued when it began; a steady stream does not hold it for ever."""
    store = Troubled(before=only_by_hand)
    log = DecisionLog(store, no_texts)
    more = iter(range(10_000))

    def refill(*_: object) -> None:
        log.submit(entry(f"e{next(more)}"), denial=True)

    log._keep_texts = refill
    log.submit(entry("d1"), denial=True)

    log.flush()

    assert log.waiting == 1
    log._keep_texts = no_texts
    log.close()


def _in_a_child(work: Callable[[], bool]) -> bool:
    """Whether `work` holds in a forked child."""
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            os._exit(0 if work() else 1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_writes_only_its_own() -> None:
    """What the parent queued is the parent's to write; the child starts with nothing."""
    store = Troubled(before=away)
    log = DecisionLog(store, no_texts)
    log.submit(entry("parent"), denial=True)

    def child() -> bool:
        store.before = None
        log.submit(entry("child"), denial=True)
        written = store.kept.wait(10)
        log.close()
        return written and kept(store) == ["child"]

    assert _in_a_child(child)
    store.before = None
    log.close()
    assert kept(store) == ["parent"]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("end", ["flush", "close"])
def test_a_forked_child_that_decides_nothing_writes_nothing(end: str) -> None:
    """Closing in the child does not write what the parent will write too."""
    store = Troubled(before=away)
    log = DecisionLog(store, no_texts)
    log.submit(entry("parent"), denial=True)

    def child() -> bool:
        store.before = None
        getattr(log, end)()
        return kept(store) == []

    assert _in_a_child(child)
    store.before = None
    log.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_in_the_middle_of_a_write_leaves_no_lock_behind() -> None:
    """The thread that held the lock does not exist in the child, so the lock must not either."""
    inside, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        inside.set()
        go_on.wait(20)

    store = Troubled(before=wait)
    log = DecisionLog(store, no_texts)
    log.submit(entry("parent"), denial=True)
    assert inside.wait(10)

    def child() -> bool:
        store.before = None
        log.submit(entry("child"), denial=True)
        log.flush()
        return kept(store) == ["child"]

    assert _in_a_child(child)
    go_on.set()
    log.close()
    assert kept(store) == ["parent"]


def test_what_waits_at_the_end_of_the_process_is_written() -> None:
    """A command that ends right after a denial leaves it behind, though nobody closed it."""
    script = textwrap.dedent(
        """
        import contextlib
        from datetime import UTC, datetime
        from iamkit.audit.decision_log import DecisionLog, DecisionRecord
        from iamkit.memory import MemoryStore

        class Told(MemoryStore):
            @contextlib.contextmanager
            def write(self):
                with super().write() as unit:
                    yield unit
                with self.read() as reader:
                    print("kept", [record.decision_id for record in reader.find(DecisionRecord)])

        record = DecisionRecord(
            "d", "1", datetime.now(UTC), "implicitDeny", "a:B", "*", "1", False, "p", "", "", "", "", None, ""
        )
        DecisionLog(Told(), lambda unit, texts: None).submit((record, {}), denial=True)
        """
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "kept ['d']\n"
    assert done.stderr == ""


def test_beside_a_writing_unit_a_denial_waits_and_is_kept() -> None:
    """A full queue is no reason for another answer where no second unit can be opened."""
    store = Troubled(before=only_by_hand)
    log = DecisionLog(store, no_texts, capacity=1)
    log.submit(entry("d1"), denial=True)

    with log.beside_a_unit(), store.inner.write():
        log.submit(entry("d2"), denial=True)
        log.submit(entry("d3"), denial=False)

        assert (log.waiting, log.dropped, store.units) == (2, 1, 0)

    assert log.waiting == 0
    assert kept(store) == ["d1", "d2"]
    log.close()


def test_only_the_thread_beside_a_unit_waits() -> None:
    """Another thread's denial still makes room first."""
    store = Troubled(before=only_by_hand)
    log = DecisionLog(store, no_texts, capacity=1)
    log.submit(entry("d1"), denial=True)

    with log.beside_a_unit():
        other = threading.Thread(target=log.submit, args=(entry("d2"),), kwargs={"denial": True})
        other.start()
        other.join()
        assert (log.waiting, store.units) == (1, 1)

    log.close()
    assert kept(store) == ["d1", "d2"]


def test_a_decision_can_be_put_into_words_by_the_thread_that_writes() -> None:
    """`submit` makes nothing of it; one that cannot be worded is said aloud and holds up no other."""
    store = Troubled(before=only_by_hand)
    log = DecisionLog(store, no_texts)
    worded: list[str] = []

    def late(name: str) -> Entry:
        worded.append(name)
        return entry(name)

    def never() -> Entry:
        raise ValueError("no words")

    log.submit(lambda: late("d1"), denial=True)
    log.submit(never, denial=True)
    log.submit(lambda: late("d2"), denial=False)
    assert not [name for name in worded if threading.current_thread().name != THREAD and store.units]

    log.flush()

    assert kept(store) == ["d1", "d2"]
    assert log.waiting == 0
    log.close()


def test_a_log_that_is_nearly_full_says_so() -> None:
    """So that an event loop can leave to a thread what may have to write first."""
    log = DecisionLog(Troubled(before=away), no_texts, capacity=10)
    for number in range(8):
        log.submit(entry(f"d{number}"), denial=False)
    assert not log.crowded

    log.submit(entry("d8"), denial=False)

    assert log.crowded
