"""What people call the browser that a user agent is of: a guess, to be read by whoever knows their own."""

from __future__ import annotations

from typing import Final

from iamkit_pages.words import Language

# The first that is found counts: each later one is named by earlier ones too.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def shown(user_agent: str, words: Language) -> str:
    """`Firefox on Linux`, or the user agent as it is where it is none of those."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return words("sessions.browser_on", browser=browser, system=system)
    return user_agent
