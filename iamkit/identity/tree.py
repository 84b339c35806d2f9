"""The account tree: a root node, organizational units below it, accounts as leaves (CAP-E12, SEM-E4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from iamkit import epochs
from iamkit.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity, NotInitialized
from iamkit.identity import guardrails
from iamkit.identity.house import House
from iamkit.ids import checked_name, name_key
from iamkit.storage import Reader, Unit, record

ROOT_NAME: Final = "Root"
_NO_PARENT: Final = ""


@record("tree_node", key=("node_id",), unique=(("parent_id", "name_key"),), index=(("parent_id",),))
@dataclass(frozen=True, slots=True)
class TreeNode:
    """One node. The root has no parent (empty text); `node_id` begins with `r-` or `ou-`, as AWS's do."""

    node_id: str
    parent_id: str
    name: str
    name_key: str
    created_at: datetime

    def arn(self, house: House) -> str:
        """The node as a resource of the home account, which owns the tree."""
        return house.own_arn(house.home, f"node/{self.node_id}")


def plant(unit: Unit, house: House) -> TreeNode:
    """Make the root node. Raises EntityAlreadyExists if there is one."""
    if unit.find(TreeNode, {"parent_id": _NO_PARENT}, limit=1):
        raise EntityAlreadyExists("the account tree has a root already")
    return _add(unit, house, "r-", _NO_PARENT, ROOT_NAME)


def root(reader: Reader) -> TreeNode:
    """The root node. Raises NotInitialized before there is one."""
    found = reader.find(TreeNode, {"parent_id": _NO_PARENT}, limit=1)
    if not found:
        raise NotInitialized("this store holds no account yet; run `iamkit init`")
    return found[0]


def get(reader: Reader, node_id: str) -> TreeNode:
    """The node with that id. Raises NoSuchEntity."""
    found = reader.get(TreeNode, (node_id,))
    if found is None:
        raise NoSuchEntity(f"the account tree has no node `{node_id[:80]}`")
    return found


def children(reader: Reader, node_id: str) -> list[TreeNode]:
    """The nodes directly below one, by name."""
    return reader.find(TreeNode, {"parent_id": node_id}, order="name_key")


def create(unit: Unit, house: House, *, parent_id: str, name: str) -> TreeNode:
    """Make an organizational unit. Raises EntityAlreadyExists, LimitExceeded for too deep a tree."""
    checked_name("guardrail", name)
    parent = get(unit, parent_id)
    house.quotas.hold("tree_depth", len(path(unit, parent.node_id)))
    if unit.find(TreeNode, {"parent_id": parent_id, "name_key": name_key(name)}, limit=1):
        raise EntityAlreadyExists(f"`{parent.name}` has a unit named `{name}` already")
    return _add(unit, house, "ou-", parent_id, name)


def delete(unit: Unit, node_id: str, *, accounts: int) -> None:
    """Remove an empty organizational unit; `accounts` is how many hang on it. Raises DeleteConflict."""
    node = get(unit, node_id)
    if node.parent_id == _NO_PARENT:
        raise DeleteConflict("the root of the account tree cannot be deleted")
    if accounts or children(unit, node_id):
        raise DeleteConflict(f"unit `{node.name}` still holds accounts or units; move or delete them first")
    guardrails.detach_all(unit, node_id)
    unit.remove(TreeNode, (node_id,))
    unit.bump(epochs.DEPLOYMENT)


def path(reader: Reader, node_id: str) -> tuple[str, ...]:
    """The ids from the root to a node, outermost first. Raises NoSuchEntity if the tree is broken."""
    found: list[str] = []
    current = node_id
    while current != _NO_PARENT:
        if current in found:
            raise NoSuchEntity(f"the account tree runs in a circle at node `{current}`")
        found.append(current)
        current = get(reader, current).parent_id
    return tuple(reversed(found))


def _add(unit: Unit, house: House, prefix: str, parent_id: str, name: str) -> TreeNode:
    node = TreeNode(
        node_id=prefix + house.ids.bytes(8).hex(),
        parent_id=parent_id,
        name=name,
        name_key=name_key(name),
        created_at=house.now(),
    )
    unit.add(node)
    guardrails.open_level(unit, house, node.node_id)
    unit.bump(epochs.DEPLOYMENT)
    return node
