"""Accounts and aliases (CAP-A5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from iamkit import epochs
from iamkit.errors import EntityAlreadyExists, InputError, NoSuchEntity, ValidationError
from iamkit.identity import accounts, guardrails, tree

if TYPE_CHECKING:
    from tests.identity.conftest import World

HOME: Final = "111122223333"
OTHER: Final = "999900001111"


def test_the_home_account_hangs_on_the_root_with_a_guardrail_that_allows(world: World) -> None:
    """SEM-E4: every node and account begins with one guardrail, or nothing could be done."""
    with world.store.read() as reader:
        home = accounts.get(reader, HOME)
        root = tree.root(reader)

        assert home.node_id == root.node_id
        for target in (HOME, root.node_id):
            assert guardrails.attached_to(reader, target) == ("arn:aws:iam::aws:policy/guardrail/FullAccess",)


def test_a_second_home_is_refused(world: World) -> None:
    """Nothing initialises a deployment twice."""
    with world.store.write() as unit, pytest.raises(EntityAlreadyExists):
        accounts.open_home(unit, world.house, name="again")


def test_an_alias_replaces_the_one_before(world: World) -> None:
    """CAP-A5: the new one names the account, the old one nobody, the id goes on doing so."""
    with world.store.write() as unit:
        accounts.set_alias(unit, HOME, "acme")
        assert accounts.named(unit, "acme").account_id == HOME
        accounts.set_alias(unit, HOME, "acme2")
        assert accounts.named(unit, "acme2").account_id == HOME
        assert accounts.named(unit, HOME).account_id == HOME
        with pytest.raises(NoSuchEntity):
            accounts.named(unit, "acme")


@pytest.mark.parametrize(
    "alias", ["123456789012", "a--b", "-a", "a-", "AB", "ab", "a" * 64, "a_b", "", "äbc"]
)
def test_a_bad_alias_is_refused(alias: str) -> None:
    """CAP-A5: `InvalidInput`."""
    with pytest.raises(InputError):
        accounts.checked_alias(alias)


@pytest.mark.parametrize("alias", ["abc", "a-b", "1234567890123", "12345678901a", "a" * 63])
def test_a_good_alias_is_taken(alias: str) -> None:
    """The nearest ones that are right."""
    assert accounts.checked_alias(alias) == alias


def test_an_alias_belongs_to_one_account(world: World) -> None:
    """A second account cannot take it, only once it was given up."""
    with world.store.write() as unit:
        accounts.create(unit, world.house, name="other", account_id=OTHER)
        accounts.set_alias(unit, HOME, "acme")
        accounts.set_alias(unit, HOME, "acme")
        with pytest.raises(EntityAlreadyExists):
            accounts.set_alias(unit, OTHER, "acme")
        with pytest.raises(NoSuchEntity):
            accounts.remove_alias(unit, OTHER, "acme")
        accounts.remove_alias(unit, HOME, "acme")
        accounts.set_alias(unit, OTHER, "acme")
        assert accounts.named(unit, "acme").account_id == OTHER


@pytest.mark.parametrize("account_id", ["12345678901", "1234567890123", "12345678901x", ""])
def test_an_account_id_has_twelve_digits(world: World, account_id: str) -> None:
    """App. E."""
    with world.store.write() as unit, pytest.raises(ValidationError):
        accounts.create(unit, world.house, name="other", account_id=account_id)


def test_accounts_are_made_moved_and_bump_the_deployment(world: World) -> None:
    """What the tree says is cached under the deployment's epoch."""
    seen = world.scopes(epochs.DEPLOYMENT)[0]
    with world.store.write() as unit:
        made = accounts.create(unit, world.house, name="other")
        unit_node = tree.create(unit, world.house, parent_id=tree.root(unit).node_id, name="tenants")
        moved = accounts.move(unit, made.account_id, node_id=unit_node.node_id)
        with pytest.raises(NoSuchEntity):
            accounts.move(unit, made.account_id, node_id="ou-nowhere")
        with pytest.raises(EntityAlreadyExists):
            accounts.create(unit, world.house, name="again", account_id=made.account_id)

    assert moved.node_id == unit_node.node_id
    assert world.scopes(epochs.DEPLOYMENT)[0] >= seen + 3
