"""What is made when it is first used, and then only once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Protocol, TypeVar

from iamkit.storage import Epochs, Reader, Store, Unit

T = TypeVar("T")


class Makes(Protocol):
    """An object with rooms that are made late. `making` is held meanwhile, more than once if need be."""

    making: threading.RLock


class made_once(cached_property[T]):  # noqa: N801  # read as a decorator
    """A cached property that only one thread makes; `cached_property` alone lets two race (Python 3.12)."""

    def __get__(self, instance: Makes | None, owner: type[object] | None = None) -> T:  # type: ignore[override]  # never asked of the class
        if instance is None:
            raise AttributeError("ask an object, not its class")
        with instance.making:
            return super().__get__(instance, owner)


class LateStore:
    """A store that is opened when it is first used: an app may be put together before `iamkit init`."""

    def __init__(self, opened: Callable[[], Store]) -> None:
        self._opened = opened

    def read(self) -> AbstractContextManager[Reader]:
        return self._opened().read()

    def write(self) -> AbstractContextManager[Unit]:
        return self._opened().write()

    def epochs(self, scopes: Sequence[str]) -> Epochs:
        return self._opened().epochs(scopes)

    def close(self) -> None:
        """Whoever opens the store closes it."""
