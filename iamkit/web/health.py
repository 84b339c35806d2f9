"""The health endpoints, answered before anything else: strangers learn a word, operators the details."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Protocol

from iamkit.errors import kind_and_place
from iamkit.gate.health import READS_DETAILS, Health
from iamkit.gate.manners import Manners
from iamkit.http import HttpRequest, HttpResponse, NeedsBody
from iamkit.identity.principal import Principal

_log = logging.getLogger("iamkit.web")


class Examines(Protocol):
    """What the endpoints need of the gate."""

    def health(self) -> Health: ...

    def admit(self, request: HttpRequest) -> Principal | NeedsBody: ...


def answer(request: HttpRequest, manners: Manners, gate: Examines) -> HttpResponse | None:
    """The answer if `request` is for a health endpoint that settings name, else None.

    Liveness asks nothing of the store and nothing of the caller: it says that the process answers. Readiness
    is 200 or 503. Details come only for a caller who may do `iamkit:ListDecisions`.
    """
    if request.method not in ("GET", "HEAD") or request.kind != "http" or not request.path:
        return None
    if request.path == manners.live:
        return _said(request, 200, {"status": "alive"})
    if request.path != manners.ready:
        return None
    found = gate.health()
    body: dict[str, object] = {"status": "ready" if found else "unavailable"}
    if _may_know(request, gate):
        body["details"] = dict(found.details)
    return _said(request, 200 if found else 503, body)


def _may_know(request: HttpRequest, gate: Examines) -> bool:
    """Whether the caller is known and allowed; whatever is wrong with the credential, they are a stranger."""
    if "authorization" not in request.headers and "cookie" not in request.headers:
        return False
    try:
        principal = gate.admit(request)
        if isinstance(principal, NeedsBody):
            # A signature over a body, and a read has none.
            principal = gate.admit(replace(request, body=b""))
        return isinstance(principal, Principal) and bool(principal.arn) and principal.can(READS_DETAILS)
    except Exception as fault:  # noqa: BLE001  # then nothing is told
        _log.info("the details of health were not told: %s", kind_and_place(fault))
        return False


def _said(request: HttpRequest, status: int, body: dict[str, object]) -> HttpResponse:
    text = json.dumps(body).encode() + b"\n"
    fields = (
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(text))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    )
    return HttpResponse(status, fields, b"" if request.method == "HEAD" else text)
