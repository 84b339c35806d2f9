"""The account tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iamkit.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from iamkit.identity import accounts, guardrails, tree

if TYPE_CHECKING:
    from tests.identity.conftest import World


def test_a_path_runs_from_the_root_down(world: World) -> None:
    """SEM-E4: guardrails are asked outermost first."""
    with world.store.write() as unit:
        root = tree.root(unit)
        upper = tree.create(unit, world.house, parent_id=root.node_id, name="upper")
        lower = tree.create(unit, world.house, parent_id=upper.node_id, name="lower")

        assert tree.path(unit, lower.node_id) == (root.node_id, upper.node_id, lower.node_id)
        assert [node.name for node in tree.children(unit, root.node_id)] == ["upper"]


def test_siblings_differ_by_more_than_case_and_cousins_need_not(world: World) -> None:
    """A unit is found by name below its parent."""
    with world.store.write() as unit:
        root = tree.root(unit)
        upper = tree.create(unit, world.house, parent_id=root.node_id, name="team")
        with pytest.raises(EntityAlreadyExists):
            tree.create(unit, world.house, parent_id=root.node_id, name="TEAM")
        assert tree.create(unit, world.house, parent_id=upper.node_id, name="TEAM").parent_id == upper.node_id


def test_a_unit_goes_only_when_empty_and_takes_its_guardrails_along(world: World) -> None:
    """Neither accounts nor units may hang in the air; the root stays."""
    with world.store.write() as unit:
        root = tree.root(unit)
        node = tree.create(unit, world.house, parent_id=root.node_id, name="team")
        child = tree.create(unit, world.house, parent_id=node.node_id, name="child")
        with pytest.raises(DeleteConflict):
            tree.delete(unit, node.node_id, accounts=0)
        tree.delete(unit, child.node_id, accounts=0)
        with pytest.raises(DeleteConflict):
            tree.delete(unit, node.node_id, accounts=1)
        tree.delete(unit, node.node_id, accounts=accounts.on_node(unit, node.node_id))
        with pytest.raises(DeleteConflict):
            tree.delete(unit, root.node_id, accounts=0)
        with pytest.raises(NoSuchEntity):
            tree.get(unit, node.node_id)
        assert guardrails.attached_to(unit, node.node_id) == ()


def test_the_tree_is_not_deeper_than_its_quota(world: World) -> None:
    """Five levels below the root, and not six."""
    with world.store.write() as unit:
        parent = tree.root(unit).node_id
        for depth in range(5):
            parent = tree.create(unit, world.house, parent_id=parent, name=f"d{depth}").node_id
        with pytest.raises(LimitExceeded, match="`tree_depth` is 5"):
            tree.create(unit, world.house, parent_id=parent, name="deep")
