"""What a client seems to be, in a few words for its owner: `Firefox on Linux`. It proves nothing."""

from __future__ import annotations

import re
from typing import Final

_UNKNOWN: Final = "unknown device"
# What a client of its own name is called by, such as `curl/8.5`.
_PRODUCT: Final = re.compile(r"([A-Za-z][A-Za-z0-9._ -]{0,38}?)(?:/[0-9][^ ]*)?(?: |$)", re.ASCII)

# The first that is found counts: browsers claim to be their forebears, too.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chromium", "Chromium"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


def device_name(user_agent: str) -> str:
    """A short name, whatever was sent: of letters that steer no terminal and no page."""
    if not user_agent.startswith("Mozilla/"):
        product = _PRODUCT.match(user_agent)
        return product[1].strip() if product is not None else _UNKNOWN
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "browser")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return f"{browser} on {system}" if system else browser
