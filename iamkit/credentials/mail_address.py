"""Mail addresses in the one form that iamkit keeps, compares and writes to.

Only ASCII, in lower case: of two addresses that look or fold alike (a Turkish dotless i, a Kelvin sign) only
one is an address here, so nobody gets what was meant for another (THR-P13). A domain with other letters is
written in its `xn--` form.
"""

from __future__ import annotations

import re
from typing import Final

from iamkit.errors import ValidationError

_LONGEST: Final = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# A dot-atom (RFC 5322) at a domain of two labels or more: no quotes, comments or address literals.
_ADDRESS: Final = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@{_LABEL}(?:\.{_LABEL})+", re.ASCII)


def read(text: str) -> str | None:
    """The address as it is kept, or None if it is none."""
    if len(text) > _LONGEST:
        return None
    found = _ADDRESS.fullmatch(text)
    return text.lower() if found is not None and len(found["local"]) <= 64 else None


def checked(text: str) -> str:
    """The address as it is kept. Raises ValidationError."""
    address = read(text)
    if address is None:
        raise ValidationError(
            f"`{text[:80]!a}` is no mail address; write `name@example.org`, and other letters of a domain"
            " as `xn--…`"
        )
    return address
