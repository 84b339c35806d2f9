"""ASGI's own dictionaries as types, and how the gate is asked from an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeVar

from iamkit.web.guard import Guard

# Typed as frameworks type them.
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

T = TypeVar("T")


async def judged(guard: Guard, question: Callable[[], T]) -> T:
    """Ask the gate: in place, or in a worker thread if the answer may have to wait for a server."""
    if guard.gate.blocking:
        return await asyncio.to_thread(question)
    return question()
