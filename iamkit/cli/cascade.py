"""Deleting what something still hangs on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from iamkit.errors import DeleteConflict


def delete(remove: Callable[[], None], strip: Callable[[], list[str]] | None) -> list[str]:
    """Remove something; where that is refused because something hangs on it, strip that first.

    Returns what `strip` took away. The removal is tried first, so that somebody who may not remove the thing
    itself does not get as far as stripping it. Without `strip` the refusal stands.
    """
    try:
        remove()
    except DeleteConflict as fault:
        if strip is None:
            raise DeleteConflict(f"{fault.message}; `--cascade` does that for you") from None
        gone = strip()
        remove()
        return gone
    return []


def told(what: str, gone: Sequence[str]) -> str:
    """What people are told of a deletion."""
    return f"deleted {what}" + (f" with {'; '.join(gone)}" if gone else "")
