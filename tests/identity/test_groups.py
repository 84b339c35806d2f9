"""Groups and memberships (CAP-B5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from iamkit import epochs
from iamkit.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from iamkit.identity import departures, groups, inline
from iamkit.identity.quotas import Quotas

if TYPE_CHECKING:
    from tests.identity.conftest import World

HOME: Final = "111122223333"


def test_a_user_in_two_groups_has_the_union_of_allows_and_any_deny(world: World) -> None:
    """CAP-B5, SEM-E25: each group adds, one denial takes away."""
    user = world.user()
    readers, writers, barred = world.group("readers"), world.group("writers"), world.group("barred")
    world.grant(readers, world.document(action="doc:Get"))
    world.grant(writers, world.document(action="doc:Put"))
    world.grant(barred, world.document("Deny", action="doc:Put"))

    with world.store.write() as unit:
        groups.join(unit, world.house, readers, user)
        groups.join(unit, world.house, writers, user)
    united = world.principal(user)
    with world.store.write() as unit:
        groups.join(unit, world.house, barred, user)
    limited = world.principal(user)

    assert world.decide(united, "doc:Get")
    assert world.decide(united, "doc:Put")
    assert world.decide(limited, "doc:Get")
    assert not world.decide(limited, "doc:Put")


def test_leaving_takes_effect_on_the_next_resolve(world: World) -> None:
    """CAP-B5: what a group gave is gone with the membership."""
    user, group = world.user(), world.group()
    world.grant(group, world.document())
    with world.store.write() as unit:
        groups.join(unit, world.house, group, user)
    assert world.decide(world.principal(user))

    with world.store.write() as unit:
        groups.leave(unit, group, user)

    assert not world.decide(world.principal(user))
    with world.store.write() as unit, pytest.raises(NoSuchEntity):
        groups.leave(unit, group, user)


def test_a_policy_of_a_group_reaches_its_members_at_once(world: World) -> None:
    """A group's policy bumps the account's policies: every member is read again."""
    user, group = world.user(), world.group()
    with world.store.write() as unit:
        groups.join(unit, world.house, group, user)
    assert not world.decide(world.principal(user))
    seen = world.scopes(epochs.policies_of(HOME))

    world.grant(group, world.document())

    assert world.decide(world.principal(user))
    assert world.scopes(epochs.policies_of(HOME)) > seen
    with world.store.write() as unit:
        inline.delete(unit, group.holder, "p")
    assert not world.decide(world.principal(user))


def test_joining_twice_is_no_error_and_counts_once(world: World) -> None:
    """Membership is a set."""
    user, group = world.user(), world.group()
    with world.store.write() as unit:
        groups.join(unit, world.house, group, user)
        groups.join(unit, world.house, group, user)

    with world.store.read() as reader:
        assert groups.members(reader, group) == [user]
        assert groups.of_user(reader, user.user_id) == [group]


def test_the_eleventh_group_of_a_user_is_refused(world: World) -> None:
    """App. D: ten groups for a user, and not one more."""
    user = world.user()
    made = [world.group(f"g{number}") for number in range(11)]
    with world.store.write() as unit:
        for group in made[:10]:
            groups.join(unit, world.house, group, user)
        with pytest.raises(LimitExceeded, match="`groups_per_user` is 10"):
            groups.join(unit, world.house, made[10], user)


def test_a_group_goes_only_when_it_is_empty(world: World) -> None:
    """CAP-B5: members and policies hold it; then it goes, and its name is free."""
    user, group = world.user(), world.group()
    world.grant(group, world.document())
    with world.store.write() as unit:
        groups.join(unit, world.house, group, user)
        with pytest.raises(DeleteConflict, match="member `jeff`"):
            departures.delete_group(unit, group)
        groups.leave(unit, group, user)
        with pytest.raises(DeleteConflict, match="inline policy `p`"):
            departures.delete_group(unit, group)
        inline.delete(unit, group.holder, "p")
        departures.delete_group(unit, group)

    again = world.group()
    assert again.group_id != group.group_id


def test_a_recreated_group_has_no_members(world: World) -> None:
    """CAP-B4: membership is by unique id."""
    user, group = world.user(), world.group()
    with world.store.write() as unit:
        groups.join(unit, world.house, group, user)
        groups.leave(unit, group, user)
        departures.delete_group(unit, group)
    again = world.group()

    with world.store.read() as reader:
        assert groups.members(reader, again) == []


def test_a_renamed_group_keeps_members_and_policies(world: World) -> None:
    """CAP-B16: the id stays, name, path and ARN change; a taken name is refused."""
    user, group = world.user(), world.group()
    world.group("taken")
    world.grant(group, world.document())
    with world.store.write() as unit:
        groups.join(unit, world.house, group, user)
        renamed = groups.rename(unit, world.house, group, name="Ops", path="/x/")
        with pytest.raises(EntityAlreadyExists):
            groups.rename(unit, world.house, renamed, name="TAKEN")
        # A change of case only is a rename of the same name.
        assert groups.rename(unit, world.house, renamed, name="ops").name == "ops"

    assert renamed.arn == f"arn:aws:iam::{HOME}:group/x/Ops"
    assert renamed.group_id == group.group_id
    assert world.decide(world.principal(user))


def test_a_group_takes_users_of_its_own_account_only(world: World) -> None:
    """A user of another account is nobody here."""
    stranger, group = world.user("eve", account="999900001111"), world.group()

    with world.store.write() as unit, pytest.raises(NoSuchEntity):
        groups.join(unit, world.house, group, stranger)


def test_the_quota_of_groups_holds_at_its_value(world: World) -> None:
    """App. D: the n-th is made, the one beyond refused."""
    house = replace(world.house, quotas=Quotas(groups=1))
    with world.store.write() as unit:
        groups.create(unit, house, account=HOME, name="a")
        with pytest.raises(LimitExceeded, match="`groups` is 1"):
            groups.create(unit, house, account=HOME, name="b")
