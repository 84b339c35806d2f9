"""Client data: what the browser says that it was asked, by whom, and in which page (WebAuthn 3, 5.8.1)."""

from __future__ import annotations

import hmac
import json
from typing import Final

from iamkit_webauthn.relying_party import RelyingParty

CREATE: Final = "webauthn.create"
GET: Final = "webauthn.get"


class Refused(Exception):  # noqa: N818  # reads as what it says
    """An answer that proves nothing. The text is for the log of the operator, not for the client."""


def read_object(text: str | bytes) -> dict[str, object]:
    """A JSON object in UTF-8 in which no name stands twice. Raises Refused."""
    try:
        plain = text.decode("utf-8") if isinstance(text, bytes) else text
        read = json.loads(plain, object_pairs_hook=_once)
    except (ValueError, RecursionError) as fault:
        raise Refused("the JSON is malformed") from fault
    if not isinstance(read, dict):
        raise Refused("the JSON is no object")
    return read


def check(raw: bytes, kind: str, challenge: str, party: RelyingParty) -> None:
    """Raises Refused unless the browser was asked for `kind` with `challenge`, by a page that may ask."""
    said = read_object(raw)
    if said.get("type") != kind:
        raise Refused(f"the type is {said.get('type')!r}, not {kind!r}")
    given = said.get("challenge")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), challenge.encode()):
        raise Refused("the challenge is another one")
    if said.get("origin") not in party.origins:
        raise Refused(f"the origin {said.get('origin')!r} is not one of {party.origins}")
    crossed, top = said.get("crossOrigin", False), said.get("topOrigin")
    if crossed is False:
        if top is not None:
            raise Refused("a top origin is named, but no frame")
    elif crossed is not True or top not in party.top_origins:
        raise Refused(f"the page is in a frame of {top!r}, which may not hold it")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name stands twice")
    return read
