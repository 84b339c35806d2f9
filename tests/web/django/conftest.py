"""A Django project whose URLs and settings each test chooses, asked through both of Django's handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

    from tests.web.conftest import MemoryGate


class Site:
    """One project: its URLs, the gate that guards it, and a way to ask it in one of the two colours."""

    def __init__(self, colour: str, gate: MemoryGate, stack: ExitStack) -> None:
        self.colour = colour
        self.gate = gate
        self._stack = stack
        self.client_options: dict[str, Any] = {}

    def serve(self, *patterns: URLPattern | URLResolver, **more: object) -> Site:
        """Use these URLs, and settings."""
        from django.test import override_settings

        chosen: dict[str, object] = {"ROOT_URLCONF": tuple(patterns), "IAMKIT_IAM": self.gate, **more}
        self._stack.enter_context(override_settings(**chosen))
        return self

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
        """The answer of the project."""
        from django.test import AsyncClient, Client

        if self.colour == "sync":
            return Client(**self.client_options).generic(method, path, headers=headers, **more)

        async def once() -> Any:
            return await AsyncClient(**self.client_options).generic(method, path, headers=headers, **more)

        return asyncio.run(once())

    def get(self, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
        """`ask` with GET."""
        return self.ask("GET", path, headers, **more)


@pytest.fixture(params=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> str:
    """Which of Django's two handlers answers."""
    return str(request.param)


@pytest.fixture
def site(colour: str, gate: MemoryGate) -> Iterator[Site]:
    """A project without URLs; `serve` gives it some."""
    with ExitStack() as stack:
        yield Site(colour, gate, stack)
