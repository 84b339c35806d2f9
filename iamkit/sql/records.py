"""Which records iamkit itself keeps: every declaration in the rooms that hold records."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Final

from iamkit.storage import DECLARED, Record

# Each room is walked whole, so that a record in a new module is kept, migrated and checked without a list.
ROOMS: Final = ("iamkit.identity", "iamkit.credentials", "iamkit.federation", "iamkit.audit")


def declared() -> tuple[type[Record], ...]:
    """The record types of iamkit's own rooms, ordered by name, without those of tests and plugins."""
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, room + "."):
            importlib.import_module(module.name)
    own = tuple(f"{room}." for room in ROOMS)
    return tuple(DECLARED[name] for name in sorted(DECLARED) if DECLARED[name].__module__.startswith(own))
