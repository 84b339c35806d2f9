"""Where to go after signing in: the one function that knows whether `next` stays on this site.

What comes back is a path and a query, never a scheme or a host, and no spelling that a browser, a proxy or a
framework could read as one (`//`, a backslash, a control character, dot segments, plain or percent-encoded).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import unquote, urlsplit

# No longer than what servers take as a request line.
_LONGEST: Final = 2048
# Printable ASCII; browsers drop tabs and line feeds, and read a backslash as a slash.
_PLAIN: Final = re.compile(r"[\x21-\x5b\x5d-\x7e]+")
_DOTS: Final = re.compile(r"/\.{1,2}(?:/|$)")
_BAD: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
# How often a path is decoded: each proxy and framework may do it once more.
_DECODINGS: Final = 4


def next_page(text: str | None, *, hosts: Collection[str] = ()) -> str | None:
    """`text` as a path with its query on this site, or None if it is not one.

    An absolute URL is taken only if its host is one of `hosts`, and loses scheme and host.
    """
    if not text or len(text) > _LONGEST or not _PLAIN.fullmatch(text):
        return None
    if not text.startswith("/"):
        absolute = _on(text, hosts)
        if absolute is None:
            return None
        text = absolute
    text = text.partition("#")[0]
    path, query_mark, query = text.partition("?")
    return f"{path}{query_mark}{query}" if _stays(path) else None


def _on(text: str, hosts: Collection[str]) -> str | None:
    """The part after the host of an absolute URL on one of `hosts`."""
    if not text.lower().startswith(("http://", "https://")):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.netloc.lower() not in {host.lower() for host in hosts}:
        return None
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _stays(path: str) -> bool:
    for _ in range(_DECODINGS):
        if not path.startswith("/") or "//" in path or _BAD.search(path) or _DOTS.search(path):
            return False
        decoded = unquote(path, errors="replace")
        if decoded == path:
            return True
        path = decoded
    # Encoded more often than anything that is meant.
    return False
