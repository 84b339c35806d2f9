"""Attachments (CAP-E6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from iamkit.errors import LimitExceeded, NoSuchEntity, PolicyNotAttachable
from iamkit.identity import attachments, groups, managed, policy_use
from iamkit.identity.caller_layers import CallerLayersReader
from iamkit.identity.documents import Library

if TYPE_CHECKING:
    from tests.identity.conftest import World

HOME: Final = "111122223333"
READ_ONLY: Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def test_one_policy_decides_the_same_on_all_three_kinds(world: World) -> None:
    """CAP-E6: on a user, through a group, and on a role."""
    with world.store.write() as unit:
        policy = managed.create(unit, world.house, account=HOME, name="p", text=world.document())
    direct, member, group, role = world.user("a"), world.user("b"), world.group(), world.role()
    with world.store.write() as unit:
        groups.join(unit, world.house, group, member)
        for holder in (direct.holder, group.holder, role.holder):
            attachments.attach(unit, world.house, holder, policy.arn)

    assert world.decide(world.principal(direct))
    assert world.decide(world.principal(member))
    with world.store.read() as reader:
        assert policy_use.attachment_count(reader, HOME, policy.arn) == 3
        of_role = CallerLayersReader(world.house, Library()).of_role(reader, role)
    assert [item.source.version for item in of_role.identity] == ["v1"]


def test_the_eleventh_policy_is_refused_on_each_kind(world: World) -> None:
    """App. D: ten managed policies for a user, a group, a role; attaching one again is no eleventh."""
    with world.store.write() as unit:
        arns = [
            managed.create(unit, world.house, account=HOME, name=f"p{number}", text=world.document()).arn
            for number in range(11)
        ]
    for holder in (world.user().holder, world.group().holder, world.role().holder):
        with world.store.write() as unit:
            for arn in [*arns[:10], arns[0]]:
                attachments.attach(unit, world.house, holder, arn)
            with pytest.raises(LimitExceeded, match=f"`policies_per_{holder.kind}` is 10"):
                attachments.attach(unit, world.house, holder, arns[10])


def test_detaching_takes_the_right_away_at_once(world: World) -> None:
    """The very next resolve is without it; a second time is NoSuchEntity."""
    user = world.user()
    with world.store.write() as unit:
        attachments.attach(unit, world.house, user.holder, READ_ONLY)
    assert world.decide(world.principal(user), "doc:Get")
    assert not world.decide(world.principal(user), "doc:Put")

    with world.store.write() as unit:
        attachments.detach(unit, user.holder, READ_ONLY)
        with pytest.raises(NoSuchEntity):
            attachments.detach(unit, user.holder, READ_ONLY)

    assert not world.decide(world.principal(user), "doc:Get")


def test_only_what_exists_and_is_an_identity_policy_can_be_attached(world: World) -> None:
    """Neither a made-up ARN nor a guardrail."""
    user = world.user()
    with world.store.write() as unit:
        with pytest.raises(NoSuchEntity):
            attachments.attach(unit, world.house, user.holder, f"arn:aws:iam::{HOME}:policy/none")
        with pytest.raises(PolicyNotAttachable):
            attachments.attach(unit, world.house, user.holder, "arn:aws:iam::aws:policy/guardrail/FullAccess")
        assert attachments.of_holder(unit, user.holder) == []
