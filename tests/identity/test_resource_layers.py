"""The layers of resources, and when they are read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from iamkit.errors import EvaluationError
from iamkit.identity import resource_layers, resource_policies
from iamkit.identity.documents import PolicyDocument
from iamkit.identity.resource_layers import ResourceLayersReader

if TYPE_CHECKING:
    from tests.identity.conftest import World

HOME: Final = "111122223333"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"
EVERYBODY: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "doc:Get"}}
)


def _put(world: World, arn: str = NOTE) -> None:
    with world.store.write() as unit:
        resource_policies.put(unit, world.house, account=HOME, resource_arn=arn, text=EVERYBODY)


@pytest.mark.parametrize("listed", [10_000, 0])
def test_a_policy_is_found_and_gone_whether_or_not_the_list_is_kept(
    world: World, monkeypatch: pytest.MonkeyPatch, listed: int
) -> None:
    """An account with few policies is known by list, one with many is asked for each resource."""
    monkeypatch.setattr(resource_layers, "_LISTED", listed)
    reader = ResourceLayersReader(world.store, world.house)
    assert reader.layers(NOTE, HOME).policies == ()

    _put(world)
    _put(world, NOTE + "b")
    found = reader.layers(NOTE, HOME)
    assert len(found.policies) == 1
    assert reader.layers(NOTE, HOME) is found
    assert reader.layers(NOTE + "c", HOME).policies == ()

    with world.store.write() as unit:
        resource_policies.delete(unit, account=HOME, resource_arn=NOTE)
    assert reader.layers(NOTE, HOME).policies == ()
    assert len(reader.layers(NOTE + "b", HOME).policies) == 1


def test_sources_say_resource_and_name_the_text(world: World) -> None:
    """AWS's word, the ARN and the digest; a trust policy by its role."""
    _put(world)
    role = world.role()

    policy = world.resources.layers(NOTE, HOME).policies[0].source
    trust = world.resources.layers(role.arn, HOME).policies[0].source

    assert (policy.type, policy.arn, bool(policy.digest)) == ("resource", NOTE, True)
    assert (trust.type, trust.name, trust.digest) == ("resource", "trust policy", role.trust_digest)


def test_a_role_is_its_own_arn_and_account(world: World) -> None:
    """Another path, another account, an unknown name: no trust policy."""
    role = world.role("worker", "/app/")

    assert world.resources.layers(role.arn, HOME).policies
    for arn in (role.arn.replace("/app/", "/"), role.arn + "x", role.arn.replace("worker", "WORKER")):
        assert world.resources.layers(arn, HOME).policies == ()
    assert world.resources.layers(role.arn, "999900001111").policies == ()


def test_a_broken_document_is_an_error(world: World) -> None:
    """SEM-F2: a resource policy that no longer parses is not left out."""
    _put(world)
    with world.store.write() as unit:
        kept = resource_policies.get(unit, account=HOME, resource_arn=NOTE)
        unit.change(PolicyDocument, (kept.digest,), {"text": "{"})

    with pytest.raises(EvaluationError):
        ResourceLayersReader(world.store, world.house).layers(NOTE, HOME)
