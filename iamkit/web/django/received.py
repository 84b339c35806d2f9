"""A request of Django's as iamkit reads it, and what a request carries once it was admitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any, Final

import django.http
from django.urls import ResolverMatch

from iamkit.credentials.authentication import CredentialKind
from iamkit.errors import MalformedRequest, RequestTooLarge
from iamkit.http import HttpRequest
from iamkit.identity.principal import Principal
from iamkit.policy.request import CallerKind
from iamkit.web import asgi, wsgi
from iamkit.web.guard import Admission, not_admitted, unreadable_request
from iamkit.web.marker import Marker

# Attributes of a request. No client can write one.
_ADMISSION: Final = "iamkit_admission"
_ALLOWED: Final = "iamkit_allowed"
_AROUND: Final = "iamkit_around"

# Credentials that no browser sends unasked, as it does cookies and passwords of HTTP's own.
_DELIBERATE: Final = ("bearer ", "aws4-")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a view: exactly what was allowed. `marker` is what it was allowed by."""

    view: object
    method: str
    args: tuple[object, ...]
    kwargs: dict[str, object]
    marker: Marker | None = None

    def is_same(self, other: Call) -> bool:
        """Whether `other` calls the same view in the same way."""
        return self.view is other.view and (self.method, self.args, self.kwargs) == (
            other.method,
            other.args,
            other.kwargs,
        )


def request_of(request: django.http.HttpRequest) -> HttpRequest:
    """The request as a value. Raises MalformedRequest unless it can be read in one way only."""
    environ = getattr(request, "environ", None)
    if environ is not None:
        # Django has put its own reading of both into the environ; WSGI's is in the bytes of latin-1.
        read = {name: environ[name].encode().decode("latin-1") for name in ("PATH_INFO", "SCRIPT_NAME")}
        return wsgi.request_of({**environ, **read})
    scope = getattr(request, "scope", None)
    if scope is None:
        raise not_admitted()
    query = scope.get("query_string")
    if isinstance(query, str):
        # Django's own test client, unlike any server.
        scope = {**scope, "query_string": query.encode()}
    return asgi.request_of(scope)


def unreadable(request: django.http.HttpRequest) -> HttpRequest:
    """Stands for a request that could not be read."""
    # As it was sent: Django makes HEAD of `head`, and the server waits for the body that the answer promises.
    environ, scope = getattr(request, "environ", None), getattr(request, "scope", None)
    method = environ.get("REQUEST_METHOD") if environ is not None else (scope or {}).get("method")
    return unreadable_request(str(method or request.method or "GET"), request.META.get("HTTP_ACCEPT", ""))


def buffered(request: django.http.HttpRequest, limit: int) -> bytes:
    """The body, which stays there for the view. Raises RequestTooLarge beyond `limit` bytes."""
    length = request.META.get("CONTENT_LENGTH")
    if length and int(length) > limit:
        raise RequestTooLarge(f"the body may have at most {limit} bytes here")
    body: bytes = request.read(limit + 1)
    if len(body) > limit:
        raise RequestTooLarge(f"the body may have at most {limit} bytes here")
    if length and len(body) != int(length):
        raise MalformedRequest("the body is shorter than its Content-Length")
    # As `request.body` itself does; that would refuse what is larger than the project's own limit for forms.
    request._body = body
    request._stream = BytesIO(body)
    return body


def admitted(request: django.http.HttpRequest, admission: Admission, around: Callable[[Any], Any]) -> None:
    """Make `request` its caller's: `request.principal`; each view that is matched goes through `around`."""
    request.principal = admission.principal  # type: ignore[attr-defined]
    setattr(request, _ADMISSION, admission)
    setattr(request, _AROUND, around)
    request.__class__ = _watched(type(request))  # type: ignore[arg-type]  # a class can be hashed
    if _deliberate(admission):
        # Django's check is about what a browser adds by itself; the gate makes its own for iamkit's cookie.
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]


def admission_of(request: object) -> Admission | None:
    """The admission of a request that passed the middleware."""
    found = getattr(request, _ADMISSION, None)
    return found if isinstance(found, Admission) else None


def principal_of(request: object) -> Principal:
    """Who a request belongs to. Raises ConfigurationError if it did not pass the middleware."""
    admission = admission_of(request)
    if admission is None:
        raise not_admitted()
    return admission.principal


def allow(request: object, call: Call) -> None:
    """Remember what was allowed."""
    setattr(request, _ALLOWED, call)


def allowed_call(request: object) -> Call | None:
    """What was allowed for this request, if the guard has looked already."""
    found = getattr(request, _ALLOWED, None)
    return found if isinstance(found, Call) else None


def _deliberate(admission: Admission) -> bool:
    proof = admission.principal.authentication
    if proof is None or proof.by_cookie or admission.principal.caller.kind is CallerKind.ANONYMOUS:
        return False
    if proof.kind in (CredentialKind.SERVICE, CredentialKind.CERTIFICATE):
        # Refused to browsers, and by the rules of cookies where a browser sent it.
        return True
    return admission.request.headers.get("authorization", "").lower().startswith(_DELIBERATE)


@lru_cache(maxsize=64)
def _watched(kind: type[django.http.HttpRequest]) -> type[django.http.HttpRequest]:
    """`kind`, whose requests see when Django has matched a view.

    Django calls what stands in the match after every middleware has had a look at it. This is the one place
    behind all of them, and a match is made anew for each request, so nobody else's is touched.
    """
    own: dict[str, object] = {"resolver_match": property(_match_of, _matched), "__module__": kind.__module__}
    return type(kind.__name__, (kind,), own)


def _match_of(request: django.http.HttpRequest) -> ResolverMatch | None:
    found: ResolverMatch | None = request.__dict__.get("resolver_match")
    return found


def _matched(request: django.http.HttpRequest, match: ResolverMatch | None) -> None:
    around = getattr(request, _AROUND, None)
    if isinstance(match, ResolverMatch) and around is not None:
        match.func = around(match.func)
    request.__dict__["resolver_match"] = match
