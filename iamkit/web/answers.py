"""What every answer says beside its own, whoever made it: who may keep it, and which pages may read it.

No I/O and no framework: adapters hand in header fields and send what comes back. Whatever can be known before
a request comes is made once; an app's usual `Vary` is merged once and remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from iamkit.gate.manners import Manners
from iamkit.gate.verdict import DECISION_HEADER
from iamkit.http import Headers, HttpRequest, HttpResponse

Fields = list[tuple[str, str]]

# Who asks, and how (THR-B23): a cache may not give one's answer to another.
VARY: Final = "Cookie, Authorization, Accept"
_ASKED_FIRST: Final = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
# Methods that a preflight may be told to be allowed; whether they are is decided when they come.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "QUERY"})
_SHOWN: Final = f"{DECISION_HEADER}, WWW-Authenticate, Retry-After"
_LONGEST_LIST: Final = 1024
_RAW_DECISION: Final = DECISION_HEADER.encode()
_RAW_PRIVATE: Final = (b"cache-control", b"private")
_RAW_VARY: Final = (b"vary", VARY.encode())


def completed(fields: Iterable[tuple[str, str]], *, decision: str | None, own: bool, cors: Fields) -> Fields:
    """`fields` of an app's answer with what is added to them.

    `decision` is the id of what was decided. `own`: the answer is for its caller only. `cors` are the fields
    for another site's page, see `cors_fields`. What the app said itself stays; its `Vary` gains ours.
    """
    kept: Fields = []
    vary = None
    present = set()
    for field in fields:
        name = field[0].lower()
        if name == "vary":
            vary = field[1] if vary is None else f"{vary}, {field[1]}"
            continue
        present.add(name)
        kept.append(field)
    asked_elsewhere = bool(cors)
    if "access-control-allow-origin" in present:
        # The app's own CORS middleware has answered.
        cors = []
    if decision is not None and DECISION_HEADER not in present:
        kept.append((DECISION_HEADER, decision))
    if own and "cache-control" not in present:
        kept.append(("Cache-Control", "private"))
    merged = vary_with(vary, own=own, cors=asked_elsewhere)
    if merged:
        kept.append(("Vary", merged))
    kept += [field for field in cors if field[0] != "Vary"]
    return kept


def completed_raw(
    fields: Iterable[tuple[bytes, bytes]], *, decision: str | None, own: bool, cors: Fields
) -> list[tuple[bytes, bytes]]:
    """`completed` for fields as ASGI has them. The usual ones need no decoding."""
    kept = list(fields)
    names = {field[0].lower() for field in kept}
    if cors or b"vary" in names or _RAW_DECISION in names:
        texts = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in kept]
        told = completed(texts, decision=decision, own=own, cors=cors)
        return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in told]
    if decision is not None:
        kept.append((_RAW_DECISION, decision.encode("ascii")))
    if own:
        if b"cache-control" not in names:
            kept.append(_RAW_PRIVATE)
        kept.append(_RAW_VARY)
    return kept


@lru_cache(maxsize=256)
def vary_with(vary: str | None, *, own: bool, cors: bool) -> str:
    """An app's `Vary` with what our part of the answer hangs on, each name once."""
    names = [name.strip() for name in (vary or "").split(",") if name.strip()]
    if "*" in names:
        return "*"
    wanted = (VARY.split(", ") if own else []) + (["Origin"] if cors else [])
    seen = {name.lower() for name in names}
    return ", ".join([*names, *(name for name in wanted if name.lower() not in seen)])


def is_preflight(request: HttpRequest) -> bool:
    """Whether a browser asks, without credentials, what a page of another site may do (Fetch §3.3)."""
    return (
        request.method == "OPTIONS"
        and request.kind == "http"
        and "origin" in request.headers
        and "access-control-request-method" in request.headers
    )


def without_credentials(request: HttpRequest) -> HttpRequest:
    """The request as a browser sends a preflight: whoever adds a credential is not challenged for it."""
    hidden = ("authorization", "cookie", "proxy-authorization")
    fields = tuple(pair for pair in request.headers.items_received if pair[0] not in hidden)
    return replace(request, headers=Headers(fields), query="")


def is_named(request: HttpRequest, manners: Manners) -> bool:
    """Whether the request comes from a page of an origin that settings name."""
    return _origin(request) in manners.cors


def cors_fields(request: HttpRequest, manners: Manners) -> Fields:
    """The fields by which a page of a named origin may read the answer; none for any other."""
    if not manners.cors or request.kind != "http":
        return []
    if not is_named(request, manners):
        # A cache must not give this answer to a page that may read it, either.
        return [("Vary", "Origin")]
    return [
        ("Access-Control-Allow-Origin", _origin(request)),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Expose-Headers", _SHOWN),
    ]


def preflight(request: HttpRequest, manners: Manners) -> HttpResponse:
    """The answer to a preflight that no CORS middleware of the app gave: the same for every path.

    For a named origin it says yes to what is asked, as the decision is taken when the request itself comes.
    """
    fields = [("Vary", _ASKED_FIRST), ("Cache-Control", "no-store")]
    origin = _origin(request)
    method = request.headers.get("access-control-request-method", "")
    if origin in manners.cors and method in _METHODS:
        wanted = request.headers.get("access-control-request-headers", "")
        fields += [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Credentials", "true"),
            ("Access-Control-Allow-Methods", method),
            ("Access-Control-Max-Age", "600"),
        ]
        if wanted and len(wanted) <= _LONGEST_LIST and wanted.isascii() and wanted.isprintable():
            fields.append(("Access-Control-Allow-Headers", wanted))
    return HttpResponse(204, tuple(fields), b"")


def _origin(request: HttpRequest) -> str:
    origins: Sequence[str] = request.headers.all("origin")
    return origins[0] if len(origins) == 1 else ""
