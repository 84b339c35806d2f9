"""Instance profiles (CAP-B8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from iamkit.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity, ValidationError
from iamkit.identity import departures, instance_profiles
from iamkit.identity.quotas import Quotas

if TYPE_CHECKING:
    from tests.identity.conftest import World

HOME: Final = "111122223333"


def test_a_profile_is_empty_at_first_and_holds_one_role(world: World) -> None:
    """A second role is refused, whichever it is; a role that is not in cannot be taken out."""
    worker, other = world.role("worker"), world.role("other")
    with world.store.write() as unit:
        made = instance_profiles.create(unit, world.house, account=HOME, name="Box", path="/app/")
        assert made.profile_id.startswith("AIPA")
        assert len(made.profile_id) == 21
        assert made.arn == f"arn:aws:iam::{HOME}:instance-profile/app/Box"
        assert made.role_id is None
        held = instance_profiles.put_role(unit, made, worker)
        for role in (worker, other):
            with pytest.raises(LimitExceeded):
                instance_profiles.put_role(unit, made, role)
        with pytest.raises(NoSuchEntity):
            instance_profiles.take_role(unit, held, other)
        assert instance_profiles.of_role(unit, worker) == [held]
        assert instance_profiles.take_role(unit, held, worker) == made
        assert instance_profiles.of_role(unit, worker) == []


def test_names_are_unique_whatever_their_case(world: World) -> None:
    """And have at most 128 of AWS's characters."""
    with world.store.write() as unit:
        instance_profiles.create(unit, world.house, account=HOME, name="Box")
        assert instance_profiles.get(unit, HOME, "BOX").name == "Box"
        with pytest.raises(EntityAlreadyExists):
            instance_profiles.create(unit, world.house, account=HOME, name="box")
        for name in ("", "a" * 129, "a b", "a/b"):
            with pytest.raises(ValidationError):
                instance_profiles.create(unit, world.house, account=HOME, name=name)
        with pytest.raises(NoSuchEntity):
            instance_profiles.get(unit, "999900001111", "box")


def test_neither_a_full_profile_nor_its_role_can_be_deleted(world: World) -> None:
    """The role has to leave first; then both can go."""
    role = world.role("worker")
    with world.store.write() as unit:
        made = instance_profiles.create(unit, world.house, account=HOME, name="box")
        held = instance_profiles.put_role(unit, made, role)
        with pytest.raises(DeleteConflict, match="role"):
            instance_profiles.delete(unit, held)
        with pytest.raises(DeleteConflict, match="instance profile `box`"):
            departures.delete_role(unit, world.house, role)
        instance_profiles.delete(unit, instance_profiles.take_role(unit, held, role))
        departures.delete_role(unit, world.house, role)
        assert instance_profiles.find(unit, HOME, "box") is None


def test_how_many_there_may_be_is_a_quota(world: World) -> None:
    """Counted by account."""
    house = world.house
    object.__setattr__(house, "quotas", Quotas(instance_profiles=1))
    with world.store.write() as unit:
        instance_profiles.create(unit, house, account=HOME, name="one")
        with pytest.raises(LimitExceeded, match="instance_profiles"):
            instance_profiles.create(unit, house, account=HOME, name="two")
        instance_profiles.create(unit, house, account="999900001111", name="two")
