"""Making a counter-example small: whatever can be left out without losing the difference is left out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from iamkit.errors import IamkitError
from tests.policy.reference.cases import Case, JsonObject, case_of
from tests.policy.reference.comparison import differs

Path = tuple[str | int, ...]


def _paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """Every place in a JSON value, outer places first."""
    items = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    for name, below in items:
        yield (*here, name)
        yield from _paths(below, (*here, name))


def _without(data: JsonObject, path: Path) -> Iterator[JsonObject]:
    """The data with the place at `path` left out, emptied, or replaced by its only entry."""
    for change in ("remove", "nothing", "unwrap"):
        made = copy.deepcopy(data)
        parent: Any = made
        for step in path[:-1]:
            parent = parent[step]
        last, old = path[-1], parent[path[-1]]
        if change == "remove":
            del parent[last]
        elif change == "nothing" and path[:1] == ("layers",) and len(path) == 2 and old is not None:
            parent[last] = None
        elif change == "unwrap" and isinstance(old, list) and len(old) == 1 and "document" in path:
            parent[last] = old[0]
        else:
            continue
        yield made


def kind_of_difference(data: JsonObject) -> tuple[str, ...] | None:
    """What the evaluators say of the case where they differ; statements they name are not told apart."""
    try:
        found = differs(case_of(data))
    except (IamkitError, LookupError, TypeError, ValueError, AttributeError):
        # What was left out is needed: this is no case any more.
        return None
    return found and tuple(said.partition(" ")[0] for said in found)


def shrunk(
    case: Case, kind: Callable[[JsonObject], object] = kind_of_difference, *, rounds: int = 20
) -> Case:
    """A smaller case of the same kind, or the case itself if it is of none."""
    data = case.as_data()
    wanted = kind(data)
    for _ in range(rounds if wanted is not None else 0):
        smaller = _one_round(data, lambda made: kind(made) == wanted)
        if smaller == data:
            break
        data = smaller
    return case_of(data)


def _one_round(data: JsonObject, holds: Callable[[JsonObject], bool]) -> JsonObject:
    """Tries every place, outer ones first and later ones before earlier, so that paths stay valid."""
    paths = list(_paths(data))
    paths.reverse()
    paths.sort(key=len)
    for path in paths:
        if path[0] != "layers" and path[:2] != ("request", "context"):
            continue
        try:
            candidates = list(_without(data, path))
        except (LookupError, TypeError):
            # It went with something outside it.
            continue
        data = next((made for made in candidates if holds(made)), data)
    return data
