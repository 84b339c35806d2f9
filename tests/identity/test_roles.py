"""Roles and trust policies (CAP-B6, B7)."""

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
    ValidationError,
)
from iamkit.identity import departures, documents, inline, naming, references, roles
from iamkit.identity.quotas import Quotas
from iamkit.policy.model import PolicyKind

if TYPE_CHECKING:
    from tests.identity.conftest import World

HOME: Final = "111122223333"


def _trust(principal: object = HOME, action: str = "sts:AssumeRole") -> str:
    return json.dumps({"Statement": {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action}})


def test_a_role_has_a_trust_policy_and_no_credential(world: World) -> None:
    """CAP-B6: made with what it trusts; the longest session is an hour unless said otherwise."""
    role = world.role("worker", "/app/")

    assert role.arn == f"arn:aws:iam::{HOME}:role/app/worker"
    assert role.role_id.startswith("AROA")
    assert role.max_session_seconds == 3600
    with world.store.read() as reader:
        assert "sts:AssumeRole" in documents.text_of(reader, role.trust_digest)
    with pytest.raises(EntityAlreadyExists):
        world.role("WORKER")


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}),
        _trust(action="iam:CreateUser"),
        _trust(f"arn:aws:iam::{HOME}:group/admins"),
        _trust(f"arn:aws:iam::{HOME}:user/*"),
        json.dumps({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}}),
        "{}",
    ],
)
def test_a_trust_policy_names_whom_it_trusts(world: World, text: str) -> None:
    """CAP-B7: no `*`, no groups, no wildcards, no Resource, only sts actions."""
    with world.store.read() as reader, pytest.raises(MalformedPolicyDocument):
        naming.resolved(reader, world.house, text, PolicyKind.TRUST)


def test_trusting_a_user_keeps_who_it_was(world: World) -> None:
    """CAP-B4, SEM-P12: the unique id stands beside the ARN; an account has none."""
    user, role = world.user(), world.role()
    with world.store.write() as unit:
        trust = naming.resolved(unit, world.house, _trust([user.arn, HOME]), PolicyKind.TRUST)
        roles.set_trust(unit, world.house, role, trust)

    found = world.resources.layers(role.arn, HOME).policies
    assert [dict(item.principal_ids) for item in found] == [{user.arn: user.user_id}]
    assert found[0].policy.kind is PolicyKind.TRUST


def test_sizes_and_durations_are_bounded(world: World) -> None:
    """App. D: an hour to twelve, 2048 characters of trust, 1000 of description."""
    role = world.role()
    with world.store.write() as unit:
        assert roles.update(unit, role, max_session_seconds=43200).max_session_seconds == 43200
        for seconds in (3599, 43201):
            with pytest.raises(ValidationError):
                roles.update(unit, role, max_session_seconds=seconds)
        assert roles.update(unit, role, description="d" * 1000).description == "d" * 1000
        with pytest.raises(ValidationError):
            roles.update(unit, role, description="d" * 1001)
        house = replace(world.house, quotas=Quotas(trust_policy_size=10, roles=1))
        trust = naming.resolved(unit, house, _trust(), PolicyKind.TRUST)
        with pytest.raises(LimitExceeded, match="`trust_policy_size`"):
            roles.set_trust(unit, house, role, trust)
        with pytest.raises(LimitExceeded, match="`roles` is 1"):
            roles.create(unit, house, account=HOME, name="two", trust=trust)


def test_a_role_goes_without_policies_and_leaves_no_reference(world: World) -> None:
    """A re-created role trusts whom its new trust policy names, and nobody of before."""
    user, role = world.user(), world.role()
    world.grant(role, world.document())
    with world.store.write() as unit:
        trust = naming.resolved(unit, world.house, _trust(user.arn), PolicyKind.TRUST)
        roles.set_trust(unit, world.house, role, trust)
        with pytest.raises(DeleteConflict, match="inline policy"):
            departures.delete_role(unit, world.house, role)
        inline.delete(unit, role.holder, "p")
        departures.delete_role(unit, world.house, role)
        assert references.to_principal(unit, user.user_id) == []
        with pytest.raises(NoSuchEntity):
            roles.get(unit, HOME, role.name)
    assert world.resources.layers(role.arn, HOME).policies == ()


def test_every_change_bumps_the_role_and_trust_the_resources(world: World) -> None:
    """Sessions of the role, and those who want one, are read again."""
    role = world.role()
    own, resources = epochs.principal(role.role_id), epochs.resources_of(HOME)
    before = world.scopes(own, resources)
    with world.store.write() as unit:
        roles.update(unit, role, description="x")
        roles.tag(unit, world.house, role, {"a": "b"})
        roles.untag(unit, role, ("a",))
        trust = naming.resolved(unit, world.house, _trust(), PolicyKind.TRUST)
        roles.set_trust(unit, world.house, role, trust)
    after = world.scopes(own, resources)
    assert (after[0] - before[0], after[1] - before[1]) == (4, 1)
