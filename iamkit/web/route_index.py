"""Which of a router's nodes can match a path at all: the guard's answer to routers that try them all in turn.

A route whose pattern begins with segments in plain letters matches no path that begins otherwise, and one of
a framework's own types matches by its pattern alone. The rest is tried as the router would, in its order.
What is found here is what runs, so a mistake could lose a route, but never open one.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Final

from starlette.routing import BaseRoute, Route

_FASTAPI: Final = "fastapi.routing"
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)

# A node, and what says that it cannot match a path, if it is known what it goes by.
Candidate = tuple[BaseRoute, Callable[[str], object] | None]


class _Branch:
    """The nodes whose plain beginning ends here, by their place in the list, and where longer ones go on."""

    __slots__ = ("branches", "candidates", "own")

    def __init__(self) -> None:
        self.branches: dict[str, _Branch] = {}
        self.own: list[tuple[int, Candidate]] = []
        self.candidates: list[Candidate] = []


class RouteIndex:
    """The nodes of one list of routes by how their paths begin; to be made anew when the list has changed."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = list(routes)
        self._root = _Branch()
        for place, node in enumerate(self._routes):
            by_pattern = _by_pattern(node)
            branch = self._root
            for segment in _beginning(node) if by_pattern is not None else ():
                branch = branch.branches.setdefault(segment, _Branch())
            branch.own.append((place, (node, by_pattern)))
        waiting: list[tuple[_Branch, list[tuple[int, Candidate]]]] = [(self._root, [])]
        for branch, above in waiting:
            # In the order of the list: the first that matches is the one that is served.
            here = sorted([*above, *branch.own], key=operator.itemgetter(0))
            branch.candidates = [candidate for _, candidate in here]
            waiting += [(deeper, here) for deeper in branch.branches.values()]

    def stands_for(self, routes: list[BaseRoute]) -> bool:
        """Whether these are the nodes that the index was made of."""
        own = self._routes
        return len(own) == len(routes) and all(map(operator.is_, own, routes))

    def candidates(self, path: str) -> list[Candidate]:
        """What could match `path`, in order."""
        branch = self._root
        for segment in path[1:].split("/"):
            deeper = branch.branches.get(segment)
            if deeper is None:
                break
            branch = deeper
        return branch.candidates


def _by_pattern(node: BaseRoute) -> Callable[[str], object] | None:
    """What a node's path is matched with, if nothing else makes it match."""
    matches = type(node).matches
    own = matches is Route.matches or (
        matches.__module__ == _FASTAPI and matches.__qualname__ == "APIRoute.matches"
    )
    return node.path_regex.match if own and isinstance(node, Route) and "matches" not in vars(node) else None


def _beginning(node: BaseRoute) -> list[str]:
    """The segments that every path which `node` matches begins with."""
    path, pattern = getattr(node, "path", ""), getattr(node, "path_regex", None)
    segments: list[str] = []
    if pattern is None or pattern.flags != re.UNICODE or not path.startswith("/"):
        return segments
    begins = "^"
    for segment in path[1:].split("/"):
        begins += f"/{re.escape(segment)}"
        whole = pattern.pattern == f"{begins}$" or pattern.pattern.startswith(f"{begins}/")
        if not (whole and _PLAIN.fullmatch(segment)):
            break
        segments.append(segment)
    return segments
