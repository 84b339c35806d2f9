"""Cookies beside the session's: for minutes, for one step, readable by no script and no other host."""

from __future__ import annotations

from typing import Final

from iamkit.http import HttpRequest
from iamkit.kit import IAM

# A link's token while its page is open, and the challenge of a passkey while its device is asked.
LINK: Final = "link"
PASSKEY: Final = "passkey"
_SECONDS: Final = {LINK: 900, PASSKEY: 300}


def name_of(iam: IAM, what: str) -> str:
    """The cookie's name: beside the session's, with its `__Host-`."""
    return f"{iam.cookie_name}-{what}"


def kept(iam: IAM, what: str, value: str) -> str:
    """The Set-Cookie value that keeps `value` for as long as the step may take; an empty one forgets it."""
    seconds = _SECONDS[what] if value else 0
    cookie = f"{name_of(iam, what)}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}"
    return cookie if iam.settings.development else f"{cookie}; Secure"


def value_of(request: HttpRequest, name: str) -> str:
    """The one value of a cookie; empty if there is none, or more than one."""
    found = request.cookies(name)
    return found[0] if len(found) == 1 else ""
