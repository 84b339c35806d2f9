"""Managed policies and their versions (CAP-E3)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from iamkit import epochs
from iamkit.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    LimitExceeded,
    MalformedPolicyDocument,
    NoSuchEntity,
    PolicyNotAttachable,
    UnmodifiableEntity,
    ValidationError,
)
from iamkit.identity import attachments, boundaries, managed
from iamkit.identity.managed import ManagedPolicy
from iamkit.identity.quotas import Quotas
from iamkit.storage import Reader

if TYPE_CHECKING:
    from tests.identity.conftest import World

HOME: Final = "111122223333"
ADMINISTRATOR: Final = "arn:aws:iam::aws:policy/AdministratorAccess"


def _made(world: World, name: str = "readers", text: str | None = None) -> ManagedPolicy:
    with world.store.write() as unit:
        return managed.create(
            unit, world.house, account=HOME, name=name, path="/app/", text=text or world.document()
        )


def _now(world: World, policy: ManagedPolicy) -> ManagedPolicy:
    with world.store.read() as reader:
        return managed.get(reader, world.house, HOME, policy.arn)


def test_five_versions_and_numbers_that_never_come_back(world: World) -> None:
    """CAP-E3: v1..v5, a sixth is refused; after v2 and v4 went, two more make v1,v3,v5,v6,v7."""
    policy = _made(world)
    with world.store.write() as unit:
        for number in range(2, 6):
            assert (
                managed.add_version(
                    unit,
                    world.house,
                    _fresh(unit, world, policy),
                    text=world.document(action=f"doc:V{number}"),
                ).version
                == f"v{number}"
            )
        with pytest.raises(LimitExceeded, match="`policy_versions` is 5"):
            managed.add_version(unit, world.house, _fresh(unit, world, policy), text=world.document())
        for name in ("v2", "v4"):
            managed.delete_version(unit, policy, name)
        for _ in range(2):
            managed.add_version(unit, world.house, _fresh(unit, world, policy), text=world.document())
        found = [item.version for item in managed.versions(unit, policy)]

    assert found == ["v1", "v3", "v5", "v6", "v7"]


def _fresh(unit: Reader, world: World, policy: ManagedPolicy) -> ManagedPolicy:
    return managed.get(unit, world.house, HOME, policy.arn)


def test_a_rollback_changes_the_next_decision(world: World) -> None:
    """CAP-E3: setting an earlier version in force holds at once, and so does a new default."""
    user, policy = world.user(), _made(world, text=world.document(action="doc:Get"))
    with world.store.write() as unit:
        attachments.attach(unit, world.house, user.holder, policy.arn)
    assert world.decide(world.principal(user))

    with world.store.write() as unit:
        managed.add_version(
            unit, world.house, policy, text=world.document(action="doc:List"), set_as_default=True
        )
    assert not world.decide(world.principal(user))

    with world.store.write() as unit:
        managed.set_default(unit, world.house, _fresh(unit, world, policy), "v1")
    assert world.decide(world.principal(user))


def test_a_version_that_is_not_set_as_default_changes_nothing(world: World) -> None:
    """Only the default is in force."""
    user, policy = world.user(), _made(world)
    with world.store.write() as unit:
        attachments.attach(unit, world.house, user.holder, policy.arn)
        managed.add_version(unit, world.house, policy, text=world.document("Deny"))

    assert world.decide(world.principal(user))
    assert _now(world, policy).default_version == "v1"


def test_the_version_in_force_cannot_be_deleted(world: World) -> None:
    """CAP-E3: DeleteConflict; another one can; unknown and malformed ones are told apart."""
    policy = _made(world)
    with world.store.write() as unit:
        managed.add_version(unit, world.house, policy, text=world.document())
        with pytest.raises(DeleteConflict):
            managed.delete_version(unit, policy, "v1")
        managed.delete_version(unit, policy, "v2")
        with pytest.raises(NoSuchEntity):
            managed.delete_version(unit, policy, "v2")
        for name in ("2", "v0", "v01", "V1", "v1\n", "v" + "9" * 30):
            with pytest.raises(ValidationError):
                managed.version(unit, policy, name)


def test_a_policy_goes_only_when_nothing_uses_it(world: World) -> None:
    """CAP-E6: attachments, boundaries and other versions hold it."""
    user, policy = world.user(), _made(world)
    with world.store.write() as unit:
        attachments.attach(unit, world.house, user.holder, policy.arn)
        with pytest.raises(DeleteConflict, match="attached"):
            managed.delete(unit, policy)
        attachments.detach(unit, user.holder, policy.arn)
        bounded = boundaries.put(unit, world.house, user, policy.arn)
        with pytest.raises(DeleteConflict, match="boundary"):
            managed.delete(unit, policy)
        boundaries.remove(unit, bounded)
        managed.add_version(unit, world.house, policy, text=world.document())
        with pytest.raises(DeleteConflict, match="versions"):
            managed.delete(unit, policy)
        managed.delete_version(unit, policy, "v2")
        managed.delete(unit, policy)
        with pytest.raises(NoSuchEntity):
            managed.get(unit, world.house, HOME, policy.arn)


def test_names_are_unique_whatever_case_and_path(world: World) -> None:
    """The name alone is the identity within an account."""
    _made(world)
    with world.store.write() as unit, pytest.raises(EntityAlreadyExists):
        managed.create(unit, world.house, account=HOME, name="READERS", path="/x/", text=world.document())


def test_a_document_outside_the_grammar_changes_nothing(world: World) -> None:
    """SEM-F1, decision 6: neither a policy nor a version comes of it; the malformed ARN is explained."""
    policy = _made(world)
    for text in (
        "{",
        json.dumps({"Statement": {"Effect": "Allow", "Action": "a:b", "Resource": "*"}}),
        world.document(resource="arn:aws:s3::*"),
    ):
        with world.store.write() as unit:
            with pytest.raises(MalformedPolicyDocument):
                managed.create(unit, world.house, account=HOME, name="bad", text=text)
            with pytest.raises(MalformedPolicyDocument):
                managed.add_version(unit, world.house, policy, text=text)

    with world.store.read() as reader:
        assert [item.name for item in managed.listing(reader, HOME)] == ["readers"]
        assert len(managed.versions(reader, policy)) == 1


def test_the_launch_posts_own_arn_is_refused_with_the_corrected_one(world: World) -> None:
    """Issue, bad input: `arn:aws:s3::*` meant `arn:aws:s3:::*`."""
    with pytest.raises(MalformedPolicyDocument, match="arn:aws:s3:::\\*"):
        _made(world, text=world.document(resource="arn:aws:s3::*"))


def test_sizes_count_without_white_space(world: World) -> None:
    """SEM-G18: the quota holds at its value, white space is free."""
    text = world.document()
    size = len("".join(text.split()))
    spaced = text.replace(" ", "     \n")
    house = replace(world.house, quotas=Quotas(managed_policy_size=size, managed_policies=1))
    small = replace(world.house, quotas=Quotas(managed_policy_size=size - 1))
    with world.store.write() as unit:
        with pytest.raises(LimitExceeded, match="`managed_policy_size`"):
            managed.create(unit, small, account=HOME, name="p", text=text)
        managed.create(unit, house, account=HOME, name="p", text=spaced)
        with pytest.raises(LimitExceeded, match="`managed_policies` is 1"):
            managed.create(unit, house, account=HOME, name="q", text=text)


def test_shipped_policies_can_be_attached_and_never_changed(world: World) -> None:
    """CAP-E2: write attempts fail; a guardrail is not attachable; nor is another account's policy."""
    with world.store.write() as unit:
        assert managed.attachable(unit, world.house, HOME, ADMINISTRATOR).name == "AdministratorAccess"
        with pytest.raises(UnmodifiableEntity):
            managed.get(unit, world.house, HOME, ADMINISTRATOR)
        with pytest.raises(PolicyNotAttachable):
            managed.attachable(unit, world.house, HOME, "arn:aws:iam::aws:policy/guardrail/FullAccess")
        mine = managed.create(unit, world.house, account=HOME, name="mine", text=world.document())
        with pytest.raises(NoSuchEntity):
            managed.attachable(unit, world.house, "999900001111", mine.arn)


def test_every_change_bumps_the_accounts_policies(world: World) -> None:
    """Whoever has the policy is read again."""
    scope = epochs.policies_of(HOME)
    seen = world.scopes(scope)[0]
    policy = _made(world)
    with world.store.write() as unit:
        managed.add_version(unit, world.house, policy, text=world.document())
        managed.set_default(unit, world.house, policy, "v2")
        managed.set_default(unit, world.house, policy, "v1")
        managed.delete_version(unit, policy, "v2")
        managed.tag(unit, world.house, policy, {"a": "b"})
        managed.untag(unit, policy, ("a",))
        managed.delete(unit, policy)
    assert world.scopes(scope)[0] == seen + 8
