"""Resource policies (CAP-E5, SEM-P12)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from iamkit import epochs
from iamkit.errors import (
    InputError,
    InvalidArn,
    LimitExceeded,
    MalformedPolicyDocument,
    NoSuchEntity,
)
from iamkit.identity import accounts, documents, references, resource_policies
from iamkit.identity.quotas import Quotas

if TYPE_CHECKING:
    from tests.identity.conftest import World

HOME: Final = "111122223333"
OTHER: Final = "999900001111"
NOTE: Final = f"arn:aws:doc::{HOME}:notes/a"


def _text(principal: object, effect: str = "Allow", **more: object) -> str:
    body = {"Effect": effect, "Principal": principal, "Action": "doc:Get", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": body})


def _put(world: World, text: str, arn: str = NOTE) -> None:
    with world.store.write() as unit:
        resource_policies.put(unit, world.house, account=HOME, resource_arn=arn, text=text)


def test_a_resource_policy_admits_the_one_it_names(world: World) -> None:
    """CAP-E5: on this resource and no other, this user and no other; taking it away ends it."""
    jeff, ana = world.user("jeff"), world.user("ana")
    _put(world, _text({"AWS": jeff.arn}))

    assert world.decide(world.principal(jeff))
    assert not world.decide(world.principal(jeff), resource=NOTE + "b")
    assert not world.decide(world.principal(ana))

    with world.store.write() as unit:
        resource_policies.delete(unit, account=HOME, resource_arn=NOTE)
    assert not world.decide(world.principal(jeff))


def test_an_ip_range_denies_the_owner_from_outside(world: World) -> None:
    """CAP-E5: Deny with NotIpAddress holds for everybody; from inside, the owner goes on."""
    _put(
        world,
        _text("*", "Deny", Condition={"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
    )
    owner = world.principals.root(HOME)

    assert world.decide(owner, context={"aws:SourceIp": "203.0.113.9"})
    assert not world.decide(owner, context={"aws:SourceIp": "198.51.100.1"})


def test_anybody_may_be_admitted_and_then_only_by_that(world: World) -> None:
    """SEM-E22: anonymous callers have resource policies alone."""
    anonymous = world.principals.anonymous()
    assert not world.decide(anonymous)

    _put(world, _text("*"))

    assert world.decide(anonymous)
    assert not world.decide(anonymous, "doc:Put")


@pytest.mark.parametrize(
    "principal",
    [
        f"arn:aws:iam::{HOME}:user/nobody",
        f"arn:aws:iam::{HOME}:user/JEFF",
        f"arn:aws:iam::{HOME}:user/app/jeff",
        f"arn:aws:iam::{HOME}:role/jeff",
        f"arn:aws:sts::{HOME}:assumed-role/nobody/session",
        f"arn:aws:iam::{HOME}:group/admins",
        "AIDAAAAAAAAAAAAAAAAAA",
        f"arn:aws:iam::{HOME}:user/*",
    ],
)
def test_who_does_not_exist_here_cannot_be_named(world: World, principal: str) -> None:
    """A principal of this deployment must be an existing user or role, case and path included."""
    world.user("jeff")
    with pytest.raises(MalformedPolicyDocument):
        _put(world, _text({"AWS": principal}))
    with world.store.read() as reader, pytest.raises(NoSuchEntity):
        resource_policies.get(reader, account=HOME, resource_arn=NOTE)


def test_principals_elsewhere_are_kept_as_written(world: World) -> None:
    """Other accounts' users, accounts, services and federated users have no id here."""
    elsewhere = [
        f"arn:aws:iam::{OTHER}:user/eve",
        OTHER,
        f"arn:aws:iam::{HOME}:root",
        f"arn:aws:sts::{HOME}:federated-user/guest",
    ]
    _put(world, _text({"AWS": elsewhere, "Service": "mail.example"}))

    assert world.resources.layers(NOTE, HOME).policies[0].principal_ids == {}


def test_a_user_of_another_account_of_this_deployment_must_exist(world: World) -> None:
    """Every account of the deployment is known; its users are resolved to their ids."""
    with world.store.write() as unit:
        accounts.create(unit, world.house, name="other", account_id=OTHER)
    with pytest.raises(MalformedPolicyDocument, match="does not exist"):
        _put(world, _text({"AWS": f"arn:aws:iam::{OTHER}:user/eve"}))

    eve = world.user("eve", account=OTHER)
    _put(world, _text({"AWS": eve.arn}))

    assert world.resources.layers(NOTE, HOME).policies[0].principal_ids == {eve.arn: eve.user_id}
    # Across accounts both sides have to allow (SEM-E15).
    assert not world.decide(world.principal(eve))
    world.grant(eve, world.document())
    assert world.decide(world.principal(eve))


def test_a_session_is_bound_to_the_role_of_today(world: World) -> None:
    """SEM-P7, P-12: the ARN of a session carries the role's name; the id beside it is the role's."""
    role = world.role("worker", "/app/")
    session = f"arn:aws:sts::{HOME}:assumed-role/worker/monday"
    _put(world, _text({"AWS": [role.arn, session]}))

    ids = world.resources.layers(NOTE, HOME).policies[0].principal_ids
    assert ids == {role.arn: role.role_id, session: role.role_id}


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:doc::{HOME}:notes/*",
        f"arn:aws-cn:doc::{HOME}:notes/a",
        f"arn:aws:doc::{OTHER}:notes/a",
        f"arn:aws:iam::{HOME}:user/jeff",
        f"arn:aws:iam::{HOME}:role/worker",
        f"arn:aws:iamkit::{HOME}:guardrail/x",
        f"arn:aws:doc::{HOME}:" + "n" * 2048,
    ],
)
def test_only_a_concrete_resource_of_the_account_has_a_policy(world: World, arn: str) -> None:
    """Neither a pattern nor somebody else's nor an entity of iamkit itself."""
    with pytest.raises(InputError):
        _put(world, _text("*"), arn)


def test_a_malformed_arn_is_refused(world: World) -> None:
    """With the corrected one where it is evident."""
    with pytest.raises(InvalidArn):
        _put(world, _text("*"), f"arn:aws:doc:{HOME}:notes/a")


def test_twenty_kilobytes_and_not_one_more(world: World) -> None:
    """CAP-E5: the limit is in bytes."""
    frame = len(_text("*", Sid="").encode())
    _put(world, _text("*", Sid="x" * (20480 - frame)))
    with pytest.raises(LimitExceeded, match="20480"):
        _put(world, _text("*", Sid="x" * (20481 - frame)))
    small = replace(world.house, quotas=Quotas(resource_policy_bytes=frame))
    with world.store.write() as unit, pytest.raises(LimitExceeded):
        resource_policies.put(unit, small, account=HOME, resource_arn=NOTE, text=_text("*", Sid="ä"))


def test_replacing_forgets_the_references_of_before(world: World) -> None:
    """Whoever is no longer named has nothing to do with the policy."""
    jeff, ana = world.user("jeff"), world.user("ana")
    _put(world, _text({"AWS": jeff.arn}))
    _put(world, _text({"AWS": ana.arn}))

    with world.store.read() as reader:
        assert references.to_principal(reader, jeff.user_id) == []
        assert references.of_policy(reader, HOME, NOTE) == {ana.arn: ana.user_id}
        kept = resource_policies.get(reader, account=HOME, resource_arn=NOTE)
        assert documents.text_of(reader, kept.digest) == _text({"AWS": ana.arn})


def test_a_resource_without_account_in_its_arn_belongs_to_who_keeps_the_policy(world: World) -> None:
    """`arn:aws:s3:::bucket`: two accounts may each keep one, and do not see the other's."""
    arn = "arn:aws:s3:::bucket"
    _put(world, _text("*"), arn)

    assert world.resources.layers(arn, HOME).policies
    assert not world.resources.layers(arn, OTHER).policies


def test_listing_is_by_arn_and_prefix(world: World) -> None:
    """Sorted, below a prefix."""
    for name in ("b", "a", "c/x"):
        _put(world, _text("*"), f"arn:aws:doc::{HOME}:notes/{name}")
    with world.store.read() as reader:
        found = resource_policies.listing(reader, HOME, arn_prefix=f"arn:aws:doc::{HOME}:notes/")
        rest = resource_policies.listing(reader, HOME, after=found[0].resource_arn, limit=1)
    assert [item.resource_arn[-1] for item in found] == ["a", "b", "x"]
    assert rest == [found[1]]


def test_every_change_bumps_the_accounts_resources(world: World) -> None:
    """Cached layers of its resources are read again."""
    scope = epochs.resources_of(HOME)
    seen = world.scopes(scope)[0]
    _put(world, _text("*"))
    with world.store.write() as unit:
        resource_policies.delete(unit, account=HOME, resource_arn=NOTE)
        with pytest.raises(NoSuchEntity):
            resource_policies.delete(unit, account=HOME, resource_arn=NOTE)
    assert world.scopes(scope)[0] == seen + 2
