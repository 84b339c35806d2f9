"""Renames: what follows and what does not (CAP-B16)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.errors import EntityAlreadyExists, ValidationError
from iamkit.identity import departures, documents, groups, moves, naming, resource_policies, roles
from iamkit.policy.model import PolicyKind

if TYPE_CHECKING:
    from tests.identity.conftest import World

HOME: Final = "111122223333"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"


def _admit(world: World, *arns: str) -> str:
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": arn.rsplit("/", 1)[-1],
                    "Effect": "Allow",
                    "Principal": {"AWS": [arn]},
                    "Action": "doc:*",
                }
                for arn in arns
            ],
        },
        indent=3,
    )
    with world.store.write() as unit:
        resource_policies.put(unit, world.house, account=HOME, resource_arn=NOTE, text=text)
    return text


def _kept(world: World) -> str:
    with world.store.read() as reader:
        policy = resource_policies.get(reader, account=HOME, resource_arn=NOTE)
        return documents.text_of(reader, policy.digest)


def test_principals_follow_and_resources_do_not(world: World) -> None:
    """CAP-B16: who was admitted by name stays admitted; a grant about the old name speaks of a name."""
    user, keeper = world.user("jeff", "/family/"), world.user("keeper")
    world.grant(keeper, world.document(action="iam:GetUser", resource=user.arn))
    text = _admit(world, user.arn, keeper.arn)
    assert world.decide(world.principal(user))

    with world.store.write() as unit:
        renamed = moves.rename_user(unit, world.house, user, name="geoff", path="/app/")

    assert renamed.user_id == user.user_id
    assert world.decide(world.principal(renamed))
    assert _kept(world) == text.replace(user.arn, renamed.arn)
    keeps = world.principal(keeper)
    assert world.decide(keeps, "iam:GetUser", user.arn)
    assert not world.decide(keeps, "iam:GetUser", renamed.arn)


def test_trust_policies_follow_too(world: World) -> None:
    """A role goes on trusting the user."""
    user, role = world.user(), world.role()
    trust = json.dumps(
        {"Statement": {"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": "sts:AssumeRole"}}
    )
    with world.store.write() as unit:
        roles.set_trust(unit, world.house, role, naming.resolved(unit, world.house, trust, PolicyKind.TRUST))
        renamed = moves.rename_user(unit, world.house, user, name="geoff")

    found = world.resources.layers(role.arn, HOME).policies[0]
    assert found.principal_ids == {renamed.arn: user.user_id}
    assert found.policy.text == trust.replace(user.arn, renamed.arn)


def test_who_takes_the_old_name_takes_nothing_else(world: World) -> None:
    """SEM-P12: the name is free again and worth nothing."""
    user = world.user("jeff")
    _admit(world, user.arn)
    with world.store.write() as unit:
        moves.rename_user(unit, world.house, user, name="geoff")

    assert not world.decide(world.principal(world.user("jeff")))


def test_a_name_of_somebody_who_went_gives_the_renamed_nothing(world: World) -> None:
    """Bob, renamed to the late Jeff's name, has Bob's grants and none of Jeff's."""
    jeff, bob = world.user("jeff"), world.user("bob")
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": jeff.arn}, "Action": "doc:Put"},
                {"Effect": "Allow", "Principal": {"AWS": bob.arn}, "Action": "doc:Get"},
            ],
        }
    )
    with world.store.write() as unit:
        resource_policies.put(unit, world.house, account=HOME, resource_arn=NOTE, text=text)
        departures.delete_user(unit, world.house, jeff)
        heir = moves.rename_user(unit, world.house, bob, name="jeff")

    principal = world.principal(heir)
    assert principal.arn == jeff.arn
    assert world.decide(principal, "doc:Get")
    assert not world.decide(principal, "doc:Put")


def test_memberships_and_policies_stay(world: World) -> None:
    """They hang on the id."""
    user, group = world.user(), world.group()
    world.grant(group, world.document())
    with world.store.write() as unit:
        groups.join(unit, world.house, group, user)
        renamed = moves.rename_user(unit, world.house, user, name="geoff")

    assert world.decide(world.principal(renamed))


def test_a_taken_name_and_a_bad_path_change_nothing(world: World) -> None:
    """Names differ by more than case; one's own in another case is free."""
    user = world.user("jeff")
    world.user("ana")
    with world.store.write() as unit:
        with pytest.raises(EntityAlreadyExists):
            moves.rename_user(unit, world.house, user, name="ANA")
        with pytest.raises(ValidationError):
            moves.rename_user(unit, world.house, user, path="/app")
        assert moves.rename_user(unit, world.house, user) is user
        assert moves.rename_user(unit, world.house, user, name="Jeff").arn.endswith("user/Jeff")
