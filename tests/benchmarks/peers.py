"""The engines a Python user could pick instead, each in its best documented form."""

from __future__ import annotations

from collections.abc import Callable

from tests.benchmarks.engines import Engine

MAKERS: dict[str, Callable[[], Engine]] = {}
LIMITS: dict[str, int] = {}


def versions() -> str:
    return ""
