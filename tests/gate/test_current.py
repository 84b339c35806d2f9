"""The current principal: there while its block runs, and nobody's afterwards."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from iamkit.errors import MissingAuthenticationToken
from iamkit.gate.current import acting, current_principal
from iamkit.identity.principal import Principal
from iamkit.policy.request import CallerKind

Make = Callable[..., Any]


def test_outside_a_block_there_is_nobody() -> None:
    """Without a request the question is an error, not anonymous."""
    with pytest.raises(MissingAuthenticationToken):
        current_principal()


def test_the_principal_of_the_block(make_principal: Make) -> None:
    """Within the block it is the one that was given; blocks nest, and each ends with its own."""
    jeff, root = make_principal(), make_principal(CallerKind.ROOT)

    with acting(jeff) as given:
        assert given is current_principal() is jeff
        with acting(root):
            assert current_principal() is root
        assert current_principal() is jeff

    with pytest.raises(MissingAuthenticationToken):
        current_principal()


def test_a_block_that_raises_leaves_nobody(make_principal: Make) -> None:
    """An exception of the app does not leave its caller behind for the next request."""
    with pytest.raises(ValueError, match="app"), acting(make_principal()):
        raise ValueError("the app failed")

    with pytest.raises(MissingAuthenticationToken):
        current_principal()


def test_another_thread_sees_nobody(make_principal: Make) -> None:
    """A thread that is started or reused during a request has no principal of its own accord."""

    def ask() -> Principal | None:
        try:
            return current_principal()
        except MissingAuthenticationToken:
            return None

    with ThreadPoolExecutor(max_workers=1) as pool, acting(make_principal()) as jeff:
        assert pool.submit(ask).result() is None
        # Who wants it there passes the context on.
        assert pool.submit(contextvars.copy_context().run, ask).result() is jeff
        assert pool.submit(ask).result() is None


def test_threads_do_not_see_each_other(make_principal: Make) -> None:
    """Many requests at once each see their own principal all the time."""
    together = threading.Barrier(8)
    wrong: list[str] = []

    def serve(number: int) -> None:
        mine = replace(make_principal(), name=f"user{number}")
        for _ in range(20):
            with acting(mine):
                together.wait(20)
                if current_principal() is not mine:
                    wrong.append(mine.name)

    threads = [threading.Thread(target=serve, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_tasks_do_not_see_each_other(make_principal: Make) -> None:
    """Requests that take turns on one event loop each see their own principal."""

    async def serve(number: int) -> bool:
        mine = replace(make_principal(), name=f"user{number}")
        with acting(mine):
            for _ in range(10):
                await asyncio.sleep(0)
                if current_principal() is not mine:
                    return False
        return True

    async def all_at_once() -> list[bool]:
        return list(await asyncio.gather(*(serve(number) for number in range(10))))

    assert all(asyncio.run(all_at_once()))
