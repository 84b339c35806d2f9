"""The token by which a page of the app shows that a form is its own, for browsers that do not say so.

`NONCE.MAC`, where MAC is HMAC-SHA256 over the nonce under the session's own token: only a page that was drawn
within that session can carry one, nothing is kept for it, and it ends with the session. The nonce differs
each time, so that a compressed page gives nothing away.
"""

from __future__ import annotations

import hmac
import re
from typing import Final

from iamkit.ids import Ids

HEADER: Final = "x-csrf-token"
FIELD: Final = "csrf_token"

_PURPOSE: Final = b"iamkit csrf 1\x00"
_TOKEN: Final = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})", re.ASCII)


def draw(session: str, ids: Ids) -> str:
    """A token for pages drawn within `session`, which is the value of the session cookie."""
    nonce = ids.bytes(16).hex()
    return f"{nonce}.{_mac(nonce, session)}"


def verified(token: str, session: str) -> bool:
    """Whether `token` was drawn within `session`; compared in constant time."""
    found = _TOKEN.fullmatch(token)
    return found is not None and hmac.compare_digest(found[2], _mac(found[1], session))


def _mac(nonce: str, session: str) -> str:
    return hmac.new(session.encode("utf-8", "surrogatepass"), _PURPOSE + nonce.encode(), "sha256").hexdigest()


class Markup(str):
    """HTML that template engines put into a page as it is (they ask for `__html__`)."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def field(token: str) -> Markup:
    """The hidden field of a form. A token has hexadecimal digits only, so nothing needs escaping."""
    return Markup(f'<input type="hidden" name="{FIELD}" value="{token}">' if token else "")
