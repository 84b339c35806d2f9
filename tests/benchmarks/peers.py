"""The engines a Python user could pick instead, each in its best documented form.

Translation favours them: patterns of actions are expanded to the actions known where that lets an index
work, and the building of their request object is not timed. What is not installed is left out, by name.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable

from tests.benchmarks.engines import Engine
from tests.benchmarks.languages import Cedar, CedarText, Oso, Regorus
from tests.benchmarks.libraries import Casbin, PyAbac, Vakt

_KINDS: tuple[tuple[str, type[Engine]], ...] = (
    ("cedarpy", Cedar),
    ("cedarpy", CedarText),
    ("casbin", Casbin),
    ("oso", Oso),
    ("vakt", Vakt),
    ("py-abac", PyAbac),
    ("lakera-regorus", Regorus),
)


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


MAKERS: dict[str, Callable[[], Engine]] = {kind.name: kind for name, kind in _KINDS if _version(name)}
# Beyond these numbers of statements an engine takes too long to be worth the wait.
LIMITS: dict[str, int] = {"cedarpy-text": 1_000}


def versions() -> str:
    """What is compared, with versions, and what is not installed."""
    names = dict.fromkeys(name for name, _ in _KINDS)
    return ", ".join(f"{name} {_version(name) or '(not installed, left out)'}" for name in names)
