"""The script that a page needs, for whoever serves pages."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

NAME: Final = "iamkit-webauthn.js"


def script() -> bytes:
    """A JavaScript module in UTF-8. Serve it as `text/javascript` from your own origin."""
    return (files("iamkit_webauthn") / "static" / NAME).read_bytes()
