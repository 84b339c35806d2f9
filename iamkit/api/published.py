"""What an issuer of identity tokens publishes, for whoever asks: its metadata and its public keys."""

from __future__ import annotations

import json
import re
from typing import Final

from iamkit.federation import issuer
from iamkit.http import HttpRequest, HttpResponse
from iamkit.kit import IAM

_PLACE: Final = re.compile(r"/([0-9a-f]{32})/\.well-known/(openid-configuration|jwks\.json)", re.ASCII)
_HEADERS: Final = (
    ("Content-Type", "application/json"),
    ("Cache-Control", "public, max-age=300"),
    ("X-Content-Type-Options", "nosniff"),
)


def published(iam: IAM, request: HttpRequest, local: str) -> HttpResponse | None:
    """The answer, None if that is not what is asked for. An issuer that is unknown is told by 404."""
    place = _PLACE.fullmatch(local)
    if place is None or request.method not in ("GET", "HEAD"):
        return None
    with iam.store.read() as reader:
        found = issuer.by_id(reader, place[1])
        if found is None:
            return HttpResponse(404, _HEADERS, b"{}")
        base = iam.settings.issuer_base.rstrip("/")
        told = (
            issuer.key_set(reader, found.account)
            if place[2] == "jwks.json"
            else issuer.discovery(f"{base}/{found.issuer_id}")
        )
    return HttpResponse(200, _HEADERS, json.dumps(told).encode())
