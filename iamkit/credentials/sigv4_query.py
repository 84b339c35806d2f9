"""A signature in the query, as `generate_presigned_url` makes it: a URL that is good for a while."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import unquote, unquote_plus

from iamkit.credentials.sigv4_canonical import ALGORITHM
from iamkit.credentials.sigv4_header import SignatureHead, parsed_head
from iamkit.errors import IncompleteSignature

LONGEST: Final = timedelta(days=7)
"""The longest that a presigned URL may be good for (THR-K13)."""

_REQUIRED: Final = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)
_TOKEN: Final = "X-Amz-Security-Token"  # noqa: S105  # the name of a parameter
_NAMES: Final = {name.lower(): name for name in (*_REQUIRED, _TOKEN)}
# Parameters that make a request one that is signed in its query.
_MARKS: Final = frozenset({"x-amz-signature", "x-amz-credential", "x-amz-algorithm"})
_SECONDS: Final = re.compile(r"[0-9]{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PresignedQuery:
    """What a signed query says of itself. `rest` is the query without the signature, which that is over."""

    head: SignatureHead
    stamp: str
    lasts: timedelta
    token: str | None = field(repr=False)
    signature: str = field(repr=False)
    rest: str = field(repr=False)


def has_query_signature(query: str) -> bool:
    """Whether the query carries a signature, in any spelling that some parser would read as one."""
    if "%" not in query and "x-amz-" not in query.lower():
        return False
    names = (unquote_plus(pair.partition("=")[0]).strip().lower() for pair in query.split("&"))
    return any(name in _MARKS for name in names)


def parsed_query(query: str, *, longest: timedelta = LONGEST) -> PresignedQuery:
    """The signature in a raw query. Raises IncompleteSignature or SignatureDoesNotMatch, saying why.

    Each parameter stands there once and in AWS's own spelling: what another parser would read differently
    is not read at all.
    """
    given: dict[str, str] = {}
    rest: list[str] = []
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        meant = _NAMES.get(unquote_plus(name).strip().lower())
        if meant is not None:
            if name != meant:
                raise IncompleteSignature(f"a parameter of the signature must be spelt `{meant}`")
            if meant in given:
                raise IncompleteSignature(f"the parameter `{meant}` came more than once")
            given[meant] = unquote(value)
        if name != "X-Amz-Signature":
            rest.append(pair)
    missing = [name for name in _REQUIRED if not given.get(name)]
    if missing:
        raise IncompleteSignature(f"the query lacks `{'` and `'.join(missing)}`")
    head = parsed_head(
        f"{given['X-Amz-Algorithm']} Credential={given['X-Amz-Credential']},"
        f" SignedHeaders={given['X-Amz-SignedHeaders']}, ",
        required=("host",),
    )
    if given["X-Amz-Algorithm"] != ALGORITHM:
        raise IncompleteSignature(f"`X-Amz-Algorithm` must be `{ALGORITHM}`")
    return PresignedQuery(
        head,
        given["X-Amz-Date"],
        _lasting(given["X-Amz-Expires"], longest),
        given.get(_TOKEN),
        given["X-Amz-Signature"],
        "&".join(rest),
    )


def _lasting(text: str, longest: timedelta) -> timedelta:
    lasts = timedelta(seconds=int(text)) if _SECONDS.fullmatch(text) else None
    if lasts is None or not timedelta(0) < lasts <= longest:
        raise IncompleteSignature(
            f"`X-Amz-Expires` must be a whole number of seconds from 1 to {longest // timedelta(seconds=1)}"
        )
    return lasts
