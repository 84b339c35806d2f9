"""The account tree as files name it: `/` is its root, `/production/web` a node, twelve digits an account."""

from __future__ import annotations

from typing import Final

from iamkit.errors import InputError
from iamkit.management import tree
from iamkit.management.desk import Counter

ROOT: Final = "/"


class Tree:
    """Ids of nodes by path and the other way round, read at the desk when first asked for."""

    def __init__(self, desk: Counter) -> None:
        self._desk = desk
        self._paths: dict[str, str] | None = None

    def path(self, target_id: str) -> str:
        """How files name what has that id."""
        return target_id if target_id.isdigit() else self._known().get(target_id, target_id)

    def target_id(self, path: str) -> str:
        """The id of a node or account. Raises InputError for a path that is not in the tree."""
        if not path.startswith(ROOT):
            return path
        found = next((one for one, other in self._known().items() if other.lower() == path.lower()), None)
        if found is None:
            raise InputError(f"there is no node `{path[:200]}` in the account tree")
        return found

    def _known(self) -> dict[str, str]:
        if self._paths is None:
            (root,) = self._desk.do(tree.list_nodes).items
            self._paths = {root.node_id: ROOT}
            waiting = [root.node_id]
            while waiting:
                parent = waiting.pop()
                above = self._paths[parent].rstrip("/")
                for node in self._desk.do(tree.list_nodes, parent_id=parent).items:
                    self._paths[node.node_id] = f"{above}/{node.name}"
                    waiting.append(node.node_id)
        return self._paths
