"""Pages for signing in and for what is one's own: plain HTML for any WSGI or ASGI app, and as JSON.

`Pages` is loaded when it is first used: every command of `iamkit` loads the plugin, and few draw pages.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iamkit_pages.pages import Pages as Pages

__all__ = ["Pages"]


def __getattr__(name: str) -> object:
    if name != "Pages":
        raise AttributeError(f"module 'iamkit_pages' has no attribute {name!r}")
    found: object = import_module("iamkit_pages.pages").Pages
    return found
