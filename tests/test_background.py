"""Writes that no request waits for: done in order, by another thread, and all of them when it closes."""

from __future__ import annotations

import logging
import os
import signal
import threading
from functools import partial

import pytest

from iamkit.background import Background


def hold(begun: threading.Event, held: threading.Event) -> None:
    """Keep the thread busy until it is let go."""
    begun.set()
    held.wait(10)


def test_jobs_are_done_in_order_by_another_thread() -> None:
    """Whoever hands one over does not do it."""
    background = Background()
    done: list[tuple[int, bool]] = []
    here = threading.get_ident()
    last = threading.Event()

    def note(number: int) -> None:
        done.append((number, threading.get_ident() == here))

    for number in range(20):
        background.later(partial(note, number))
    background.later(last.set)

    assert last.wait(10)
    assert done == [(number, False) for number in range(20)]
    background.close()


def test_closing_does_what_is_left_and_later_jobs_are_done_at_once() -> None:
    """Nothing that was queued is forgotten; after the end the caller does it."""
    background = Background()
    done: list[str] = []
    held = threading.Event()

    def wait() -> None:
        held.wait(10)
        done.append("held")

    background.later(wait)
    background.later(lambda: done.append("queued"))
    held.set()

    background.close()
    background.later(lambda: done.append("late"))

    assert done == ["held", "queued", "late"]
    background.close()


def test_a_job_that_fails_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """It is said by its kind alone: the message of an error may quote anything."""
    background = Background()
    done: list[str] = []

    def fail() -> None:
        raise ValueError("secret")

    background.later(fail)
    background.later(lambda: done.append("next"))
    with caplog.at_level(logging.ERROR):
        background.close()

    assert done == ["next"]
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_a_full_queue_drops_and_counts() -> None:
    """Memory has an end: what does not fit is dropped, as it might have been lost with the process."""
    background = Background(capacity=2)
    held, begun = threading.Event(), threading.Event()
    background.later(partial(hold, begun, held))
    assert begun.wait(10)
    for _ in range(5):
        background.later(lambda: None)

    assert background.dropped == 3
    held.set()
    background.close()


def test_a_forked_child_starts_with_nothing_queued() -> None:
    """What waits in the parent is the parent's to do; the child's own jobs are done in the child."""
    background = Background()
    held, begun = threading.Event(), threading.Event()
    background.later(partial(hold, begun, held))
    assert begun.wait(10)
    done: list[str] = []
    background.later(lambda: done.append("parent's"))

    child = os.fork()
    if child == 0:
        signal.alarm(20)
        background.later(lambda: done.append("child's"))
        background.close()
        os._exit(0 if done == ["child's"] else 1)
    held.set()
    background.close()

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert done == ["parent's"]
