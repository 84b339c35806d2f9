"""Pages of a listing: `marker` goes on behind the last name, `max_items` bounds a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from iamkit.errors import ValidationError

T = TypeVar("T")

LARGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a listing. `marker` asks for the rest; None says that this is the end."""

    items: tuple[T, ...]
    marker: str | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    @property
    def truncated(self) -> bool:
        """Whether there is more."""
        return self.marker is not None


def page(
    fetch: Callable[[str | None, int | None], Sequence[T]],
    mark: Callable[[T], str],
    *,
    marker: str | None,
    max_items: int | None,
) -> Page[T]:
    """One page; everything without `max_items`. `fetch` takes what to continue behind and how many."""
    if max_items is None:
        return Page(tuple(fetch(marker, None)))
    if not 1 <= max_items <= LARGEST:
        raise ValidationError(f"`max_items` must be 1 to {LARGEST}, not {max_items}")
    found = fetch(marker, max_items + 1)
    shown = tuple(found[:max_items])
    return Page(shown, mark(shown[-1]) if len(found) > max_items else None)
