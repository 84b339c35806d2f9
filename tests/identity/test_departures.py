"""Deleting users, and what a re-created name does not regain (CAP-B4, B16)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.credentials import access_keys, sessions
from iamkit.credentials.access_keys import AccessKey
from iamkit.errors import DeleteConflict, InvalidClientTokenId, MalformedPolicyDocument
from iamkit.identity import (
    attachments,
    boundaries,
    departures,
    documents,
    groups,
    inline,
    resource_policies,
    users,
)
from iamkit.identity.users import User

if TYPE_CHECKING:
    from tests.identity.conftest import World

HOME: Final = "111122223333"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"
READ_ONLY: Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"


class _Sealer:
    def seal(self, plain: bytes, *, purpose: str, account: str, record_id: str) -> bytes:
        return bytes(len(plain))

    def unseal(self, blob: bytes, *, purpose: str, account: str, record_id: str) -> bytes:
        return blob


def _loaded(world: World) -> User:
    """A user with everything that can hang on one."""
    user, group = world.user(), world.group()
    world.grant(user, world.document())
    world.grant(group, world.document())
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": "doc:Get"},
        }
    )
    with world.store.write() as unit:
        groups.join(unit, world.house, group, user)
        attachments.attach(unit, world.house, user.holder, READ_ONLY)
        boundaries.put(unit, world.house, user, READ_ONLY)
        resource_policies.put(unit, world.house, account=HOME, resource_arn=NOTE, text=text)
        access_keys.create(
            unit, _Sealer(), world.house.ids, account=HOME, user_id=user.user_id, now=world.house.now()
        )
        sessions.end_all(unit, account=HOME, user_id=user.user_id)
    return user


def test_a_user_goes_only_when_nothing_hangs_on_it(world: World) -> None:
    """CAP-B16: each thing is named, and each has to be removed."""
    user = _loaded(world)
    with world.store.write() as unit:
        with pytest.raises(DeleteConflict, match="inline policy `p`"):
            departures.delete_user(unit, world.house, user)
        inline.delete(unit, user.holder, "p")
        with pytest.raises(DeleteConflict, match="attached policy"):
            departures.delete_user(unit, world.house, user)
        attachments.detach(unit, user.holder, READ_ONLY)
        with pytest.raises(DeleteConflict, match="access key `AKIA"):
            departures.delete_user(unit, world.house, user)
        unit.remove_all(AccessKey, {"user_id": user.user_id})
        with pytest.raises(DeleteConflict, match="group `admins`"):
            departures.delete_user(unit, world.house, user)
        groups.leave(unit, groups.get(unit, HOME, "admins"), user)
        departures.delete_user(unit, world.house, user)
        assert users.find(unit, HOME, "jeff") is None


def test_cascade_takes_everything_at_once(world: World) -> None:
    """One unit of work, nothing left behind, and the principal is nobody."""
    user = _loaded(world)
    assert world.principal(user).name == "jeff"
    with world.store.write() as unit:
        departures.delete_user(unit, world.house, user, cascade=True)

    with world.store.read() as reader:
        assert inline.of_holder(reader, user.holder) == []
        assert attachments.of_holder(reader, user.holder) == []
        assert groups.of_user(reader, user.user_id) == []
        assert access_keys.held_by(reader, user.user_id) == []
    with pytest.raises(InvalidClientTokenId):
        world.principal(user)


def test_a_recreated_user_regains_nothing(world: World) -> None:
    """CAP-B4: not by a resource policy, an attachment, an inline policy, a group, a boundary or a key."""
    user = _loaded(world)
    assert world.decide(world.principal(user))
    with world.store.write() as unit:
        departures.delete_user(unit, world.house, user, cascade=True)

    again = world.user()

    principal = world.principal(again)
    assert again.arn == user.arn
    assert again.user_id != user.user_id
    assert again.boundary is None
    assert principal.layers.identity == ()
    assert not world.decide(principal)
    with pytest.raises(InvalidClientTokenId):
        world.principal(user)


def test_a_departed_principal_shows_as_its_id_and_cannot_be_saved_again(world: World) -> None:
    """SEM-P12: reading, editing and saving the policy does not revive the name by the way."""
    user = _loaded(world)
    with world.store.write() as unit:
        departures.delete_user(unit, world.house, user, cascade=True)
    world.user()

    with world.store.read() as reader:
        kept = resource_policies.get(reader, account=HOME, resource_arn=NOTE)
        text = documents.text_of(reader, kept.digest)
    assert user.user_id in text
    assert user.arn not in text
    with world.store.write() as unit, pytest.raises(MalformedPolicyDocument):
        resource_policies.put(unit, world.house, account=HOME, resource_arn=NOTE, text=text)


def test_a_denial_of_everybody_but_the_departed_still_denies_everybody(world: World) -> None:
    """NotPrincipal excepts nobody once the excepted one is gone, and not the next of the name."""
    user = world.user()
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Deny",
                "NotPrincipal": {"AWS": [user.arn, HOME]},
                "Action": "doc:Get",
            },
        }
    )
    world.grant(user, world.document())
    with world.store.write() as unit:
        resource_policies.put(unit, world.house, account=HOME, resource_arn=NOTE, text=text)
    assert world.decide(world.principal(user))

    with world.store.write() as unit:
        departures.delete_user(unit, world.house, user, cascade=True)
    again = world.user()
    world.grant(again, world.document())

    found = world.resources.layers(NOTE, HOME).policies[0]
    assert user.arn not in found.policy.text
    assert found.principal_ids == {}
