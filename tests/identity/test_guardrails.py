"""Guardrails (CAP-E12, SEM-E4 to E-6)."""

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
    ValidationError,
)
from iamkit.identity import accounts, guardrails, tree
from iamkit.identity.caller_layers import CallerLayersReader
from iamkit.identity.documents import Library
from iamkit.identity.principals import Principals
from iamkit.identity.quotas import Quotas
from iamkit.policy import parse
from iamkit.policy.layers import AttachedPolicy, PolicySource
from iamkit.policy.model import PolicyKind

if TYPE_CHECKING:
    from tests.identity.conftest import World

HOME: Final = "111122223333"
FULL: Final = "arn:aws:iam::aws:policy/guardrail/FullAccess"


def _attached(world: World, text: str, target: str = HOME, name: str = "limit") -> guardrails.Guardrail:
    with world.store.write() as unit:
        made = guardrails.create(unit, world.house, name=name, text=text)
        guardrails.attach(unit, world.house, arn=made.arn, target_id=target)
    return made


def test_a_deny_beats_the_owner_of_the_account_and_an_administrator(world: World) -> None:
    """CAP-E12, SEM-E5: no account is exempt, its root user neither; what is not denied still goes."""
    user = world.user()
    world.grant(user, world.document(action="*"))
    _attached(world, world.document("Deny", action="doc:Delete"))

    for principal in (world.principals.root(HOME), world.principal(user)):
        assert not world.decide(principal, "doc:Delete")
        assert world.decide(principal, "doc:Get")


@pytest.mark.parametrize("level", ["root", "unit", "account"])
def test_a_level_without_an_allow_denies_everything_below(world: World, level: str) -> None:
    """SEM-E4: each level must allow; an empty one, or one that allows something else, does not."""
    with world.store.write() as unit:
        root = tree.root(unit).node_id
        node = tree.create(unit, world.house, parent_id=root, name="tenants").node_id
        accounts.move(unit, HOME, node_id=node)
    target = {"root": root, "unit": node, "account": HOME}[level]
    owner = world.principals.root(HOME)
    assert world.decide(owner)

    with world.store.write() as unit:
        guardrails.detach(unit, arn=FULL, target_id=target)
    assert not world.decide(world.principals.root(HOME))

    made = _attached(world, world.document(action="doc:List"), target)
    assert not world.decide(world.principals.root(HOME))
    assert world.decide(world.principals.root(HOME), "doc:List")

    with world.store.write() as unit:
        guardrails.update(unit, world.house, name=made.name, text=world.document(action="doc:*"))
    assert world.decide(world.principals.root(HOME))


def test_a_guardrail_grants_nothing(world: World) -> None:
    """SEM-E8: the one that allows everything gives a user nothing."""
    assert not world.decide(world.principal(world.user()))


def test_a_resource_guardrail_limits_callers_of_other_accounts_and_nobody_unless_attached(
    world: World,
) -> None:
    """SEM-E6: it stands on the resource's account, for everybody, and only ever denies."""
    resource = f"arn:aws:doc::{HOME}:notes/a"
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Deny", "Principal": "*", "Action": "doc:Get", "Resource": "*"},
        }
    )
    owner = world.principals.root(HOME)
    assert world.resources.layers(resource, HOME).guardrails is None
    with world.store.write() as unit:
        made = guardrails.create(unit, world.house, name="rcp", text=text, kind=PolicyKind.RESOURCE_GUARDRAIL)
    assert world.decide(owner)

    with world.store.write() as unit:
        guardrails.attach(unit, world.house, arn=made.arn, target_id=HOME)

    assert not world.decide(owner)
    assert world.decide(owner, "doc:Put")
    # A caller's own guardrails do not hold it.
    assert all(
        item.policy.kind is PolicyKind.GUARDRAIL for level in owner.layers.guardrails or () for item in level
    )


def test_a_resource_guardrail_may_only_deny(world: World) -> None:
    """SEM §1.3: what people write there cannot allow."""
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": "*", "Action": "doc:Get", "Resource": "*"},
        }
    )
    with world.store.write() as unit, pytest.raises(MalformedPolicyDocument):
        guardrails.create(unit, world.house, name="rcp", text=text, kind=PolicyKind.RESOURCE_GUARDRAIL)


def test_a_plugin_adds_one_more_level(world: World) -> None:
    """Hook iamkit_guardrails: a ceiling of an app's own; without one there is no level."""
    text = world.document(action="doc:Get")
    extra = AttachedPolicy(parse(text, PolicyKind.GUARDRAIL), PolicySource("plugin", "guardrail"))

    limited = Principals(world.store, world.house, guardrails=lambda account: [extra]).root(HOME)
    free = world.principals.root(HOME)

    assert world.decide(limited, "doc:Get")
    assert not world.decide(limited, "doc:Put")
    assert len(limited.layers.guardrails or ()) == len(free.layers.guardrails or ()) + 1


def test_changes_of_guardrails_bump_the_deployment(world: World) -> None:
    """They concern every account."""
    seen = world.scopes(epochs.DEPLOYMENT)[0]
    made = _attached(world, world.document("Deny"))
    with world.store.write() as unit:
        guardrails.update(unit, world.house, name="LIMIT", description="x")
        guardrails.detach(unit, arn=made.arn, target_id=HOME)
        guardrails.delete(unit, "limit")
    assert world.scopes(epochs.DEPLOYMENT)[0] == seen + 5


def test_an_attached_guardrail_cannot_be_deleted(world: World) -> None:
    """A level must not lose its guardrail by the way."""
    made = _attached(world, world.document("Deny"))
    with world.store.write() as unit:
        with pytest.raises(DeleteConflict):
            guardrails.delete(unit, made.name)
        guardrails.detach(unit, arn=made.arn, target_id=HOME)
        with pytest.raises(NoSuchEntity):
            guardrails.detach(unit, arn=made.arn, target_id=HOME)
        guardrails.delete(unit, made.name)
        with pytest.raises(NoSuchEntity):
            guardrails.get(unit, made.name)


def test_names_kinds_and_quotas_are_checked(world: World) -> None:
    """Names are unique whatever their case, five on a target, the size bounded, the kind known."""
    house = replace(world.house, quotas=Quotas(guardrails=2, guardrails_per_target=2, guardrail_size=200))
    text = world.document("Deny")
    with world.store.write() as unit:
        one = guardrails.create(unit, house, name="one", text=text)
        with pytest.raises(EntityAlreadyExists):
            guardrails.create(unit, house, name="ONE", text=text)
        with pytest.raises(LimitExceeded, match="`guardrail_size`"):
            guardrails.create(unit, house, name="long", text=world.document(action=["doc:" + "x" * 200]))
        two = guardrails.create(unit, house, name="two", text=text)
        with pytest.raises(LimitExceeded, match="`guardrails` is 2"):
            guardrails.create(unit, house, name="three", text=text)
        guardrails.attach(unit, house, arn=one.arn, target_id=HOME)
        guardrails.attach(unit, house, arn=one.arn, target_id=HOME)
        with pytest.raises(LimitExceeded, match="`guardrails_per_target` is 2"):
            guardrails.attach(unit, house, arn=two.arn, target_id=HOME)
    with pytest.raises(ValidationError):
        guardrails.checked_kind("identity")


def test_another_kind_of_policy_is_no_guardrail(world: World) -> None:
    """AdministratorAccess cannot stand in for FullAccess."""
    with world.store.write() as unit:
        with pytest.raises(PolicyNotAttachable):
            guardrails.attach(
                unit, world.house, arn="arn:aws:iam::aws:policy/AdministratorAccess", target_id=HOME
            )
        with pytest.raises(NoSuchEntity):
            guardrails.attach(unit, world.house, arn="arn:aws:iamkit::1:guardrail/none", target_id=HOME)


def test_guardrail_sources_name_the_level(world: World) -> None:
    """An explanation says which level, and decisions keep the digest."""
    reader_of = CallerLayersReader(world.house, Library())
    with world.store.read() as reader:
        levels = reader_of.of_others(reader, HOME)
        root = tree.root(reader).node_id

    assert [level[0].source.holder for level in levels] == [root, HOME]
    assert all(item.source.type == "guardrail" and item.source.digest for level in levels for item in level)
