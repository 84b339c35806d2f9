"""Permissions as Django asks for them: an action and an object, answered by the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

from iamkit.identity.principal import Principal
from iamkit.web.django import inventory, options
from iamkit.web.django.resources import resource_of
from iamkit.web.guard import gate_of
from iamkit.web.marker import is_action

T = TypeVar("T")


def allowed(principal: Principal, action: str, thing: object = None) -> bool:
    """Whether `principal` may do `action` on `thing`; without one `*` is asked for, as for a list.

    False for a name that is no action, such as Django's own `notes.change_note`, and for an object that
    cannot be named.
    """
    if not is_action(action):
        return False
    resource = "*" if thing is None else resource_of(thing)
    return resource is not None and principal.can(action, resource)


def all_allowed(principal: Principal, actions: Iterable[str], thing: object = None) -> bool:
    """Whether all of `actions` are allowed. Raises ValueError for one text, which is no list of actions."""
    if isinstance(actions, str):
        raise ValueError("the actions must be a list or another collection, not one text")
    return all(allowed(principal, action, thing) for action in actions)


def any_allowed(principal: Principal, service: str) -> bool:
    """Whether any action of `service` that a view of the project asks for is allowed on `*`."""
    asked = {row.action for row in inventory.routes() if row.action is not None}
    return any(allowed(principal, one) for one in sorted(asked) if one.partition(":")[0] == service)


async def in_its_place(question: Callable[[], T]) -> T:
    """Ask in the event loop, or in a worker thread if the answer may have to wait for a server."""
    if gate_of(options.guardian()).blocking:
        return await asyncio.to_thread(question)
    return question()
