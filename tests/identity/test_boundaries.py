"""Permissions boundaries (CAP-E10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from iamkit.errors import NoSuchEntity, PolicyNotAttachable
from iamkit.identity import boundaries, managed, users

if TYPE_CHECKING:
    from tests.identity.conftest import World

HOME: Final = "111122223333"


def test_a_boundary_limits_and_never_grants(world: World) -> None:
    """SEM-E8, E-13: what both allow goes; what one alone allows does not; without it all is as before."""
    with world.store.write() as unit:
        ceiling = managed.create(
            unit, world.house, account=HOME, name="c", text=world.document(action=["doc:Get", "doc:List"])
        )
    user = world.user()
    world.grant(user, world.document(action=["doc:Get", "doc:Put"]))
    with world.store.write() as unit:
        bounded = boundaries.put(unit, world.house, user, ceiling.arn)

    limited = world.principal(user)
    assert limited.caller.bounded
    assert world.decide(limited, "doc:Get")
    assert not world.decide(limited, "doc:Put")
    assert not world.decide(limited, "doc:List")

    with world.store.write() as unit:
        boundaries.remove(unit, bounded)
    free = world.principal(user)
    assert not free.caller.bounded
    assert world.decide(free, "doc:Put")


def test_a_boundary_is_a_managed_policy_that_exists(world: World) -> None:
    """Neither a made-up ARN nor a guardrail; a shipped policy is one."""
    user = world.user()
    with world.store.write() as unit:
        with pytest.raises(NoSuchEntity):
            boundaries.put(unit, world.house, user, f"arn:aws:iam::{HOME}:policy/none")
        with pytest.raises(PolicyNotAttachable):
            boundaries.put(unit, world.house, user, "arn:aws:iam::aws:policy/guardrail/FullAccess")
        with pytest.raises(NoSuchEntity):
            boundaries.remove(unit, user)
        boundaries.put(unit, world.house, user, "arn:aws:iam::aws:policy/ReadOnlyAccess")
        kept = users.by_id(unit, user.user_id)
    assert kept is not None
    assert kept.boundary == "arn:aws:iam::aws:policy/ReadOnlyAccess"


def test_a_role_has_one_too(world: World) -> None:
    """Users and roles are bounded alike, and each change bumps its epoch."""
    role = world.role()
    seen = world.scopes(role.holder.scope)[0]
    with world.store.write() as unit:
        bounded = boundaries.put(unit, world.house, role, "arn:aws:iam::aws:policy/ReadOnlyAccess")
        boundaries.remove(unit, bounded)
    assert world.scopes(role.holder.scope)[0] == seen + 2
