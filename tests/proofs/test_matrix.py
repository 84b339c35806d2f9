"""A small matrix holds, and its comparison notices what it is for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.proofs.served.drafts import Tokens
from tests.proofs.served.marks import Ran, compared
from tests.proofs.served.mutations import stream
from tests.proofs.served.talk import _parsed

if TYPE_CHECKING:
    from tests.proofs.conftest import Run

TOKENS = Tokens(
    {"alice": b"iks_a", "bob": b"iks_b"}, {"alice": b"iks_ac", "bob": b"iks_bc"}, b"__Host-iamkit"
)
READ = Ran("7", "docs:Read", "doc/2", "bob")


@pytest.mark.parametrize(("shape", "server"), [("wsgi flask", "waitress"), ("asgi starlette", "uvicorn")])
def test_a_handler_runs_exactly_when_it_was_allowed(shape: str, server: str, run: Run) -> None:
    """Sixty requests to one server of each colour."""
    done = run("matrix", "--mutations", "60", "--shape", shape, "--server", server, "--strong-only")

    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 cells failed" in done.stdout


@pytest.mark.parametrize(
    ("guard", "hole"),
    [
        ("prefix", rb"(GET|PUT) /%2[fF]/?(docs/|admin)"),
        ("twice", rb"(GET|PUT) /docs/%25[0-9]"),
        ("only-get", rb"HEAD /(docs/|admin|api/v1/items/)\S* HTTP/1.1\r\nHost: 127.0.0.1\r\n"),
        ("only-http", rb"GET /live/\S HTTP/1.1\r\nHost: 127.0.0.1\r\n"),
    ],
    ids=["prefix", "twice", "only-get", "only-http"],
)
def test_a_weak_guard_is_caught(guard: str, hole: bytes, run: Run) -> None:
    """By the requests that look for its hole; the whole matrix finds it too."""
    sockets = guard == "only-http"
    asked = [
        one
        for number in range(6000)
        if re.match(hole, (one := stream(1, number, TOKENS, sockets=sockets)).data)
    ]

    done = run("matrix", "--weak", guard, *(f"--only={one.number}" for one in asked[:12]))

    assert asked
    assert done.returncode == 1, done.stdout + done.stderr
    assert " caught, " in done.stdout


def test_a_weak_guard_looks_sound_to_ordinary_requests(run: Run) -> None:
    """Requests that are in order find no hole in it: it is the mutations that do."""
    done = run("matrix", "--weak", "prefix", "--only=9", "--only=18", "--only=27")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "NOT CAUGHT" in done.stdout


def test_what_ran_and_what_was_allowed_have_to_be_the_same() -> None:
    """In both directions, for the same probe, resource and caller."""
    callers = {"7": frozenset({"bob"})}

    assert compared([("read", READ)], [READ], callers).faults == []
    assert len(compared([("read", READ)], [], callers).faults) == 1
    assert len(compared([], [READ], callers).faults) == 1
    assert compared([("open", Ran("8", "open", "*", "anonymous"))], [], callers).faults == []


def test_a_log_that_lies_is_noticed() -> None:
    """A run for one who may not, or who sent nothing, is a fault even with an allow for it."""
    other = Ran("7", "docs:Read", "doc/1", "bob")

    assert (
        compared([("read", other)], [other], {"7": frozenset({"bob"})})
        .faults[0]
        .startswith("ran for one who may not")
    )
    assert compared([("read", READ)], [READ], {}).faults[0].startswith("ran for one who was not asking")


def test_the_same_seed_gives_the_same_requests() -> None:
    """And another one others, so that a finding can be asked for again by its number."""

    def asked(seed: int) -> list[bytes]:
        return [stream(seed, number, TOKENS, sockets=True).data for number in range(300)]

    assert asked(1) == asked(1)
    assert len(set(asked(1)) & set(asked(2))) < 30


def test_every_mutation_is_drawn() -> None:
    """Twenty-seven kinds, and requests that are in order among them."""
    drawn = [stream(1, number, TOKENS, sockets=True).done for number in range(2000)]

    assert len({name for done in drawn for name in done}) == 27
    assert drawn.count(()) >= 200


@pytest.mark.parametrize(
    ("data", "statuses", "complete"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", [(200, False)], True),
        (b"HTTP/1.1 403 No\r\nX-Matrix-App: 1\r\nContent-Length: 2\r\n\r\no", [(403, True)], False),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 None\r\n\r\n", [(204, False)], True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", [(200, False)], True),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", [(200, False)], False),
        (b"not HTTP", [], False),
    ],
)
def test_answers_are_read_to_their_end(data: bytes, statuses: list[tuple[int, bool]], complete: bool) -> None:
    """By length, by chunks, or not at all."""
    asked = next(
        one
        for one in (stream(1, number, TOKENS, sockets=False) for number in range(99))
        if one.replies == 1 and not one.head
    )

    answer, whole = _parsed(data, asked, ended=False)

    assert (answer.statuses, whole) == (statuses, complete)
