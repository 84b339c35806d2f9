"""Establishing who sent a request: the plugins are asked, and what is ambiguous is refused before they are.

Rules (decision 22): Authorization wins over a cookie. Two Authorization fields, a header and a query
signature together, or two session cookies are 400. A credential that nobody understands is 401 and never
anonymous; only a request without any credential is. A plugin that fails is 503.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from iamkit.credentials.authentication import Authentication
from iamkit.credentials.sessions import TOKEN_PREFIX
from iamkit.credentials.sigv4_query import has_query_signature
from iamkit.errors import (
    IamkitError,
    InvalidClientTokenId,
    MalformedRequest,
    ServiceUnavailable,
    kind_and_place,
)
from iamkit.http import Headers, HttpRequest, NeedsBody

_log = logging.getLogger("iamkit.authenticate")

# No longer than schemes are: an access-key secret has 40 characters.
_SCHEME: Final = re.compile(r"[A-Za-z0-9-]{1,24}", re.ASCII)


class AsksPlugins(Protocol):
    """The hook `iamkit_authenticate` of a plugin manager."""

    def __call__(self, *, request: HttpRequest) -> object: ...


class Authenticator:
    """Asks the authenticators of `hook`. `session_cookie` is the name of the cookie that carries sessions."""

    def __init__(self, hook: AsksPlugins, *, session_cookie: str) -> None:
        self._hook = hook
        self._impls: Sequence[object] = ()
        self._functions: tuple[Callable[[HttpRequest], object], ...] = ()
        self._session_cookie = session_cookie

    def authenticate(self, request: HttpRequest) -> Authentication | NeedsBody | None:
        """Who sent `request`; None if it carries no credential.

        Raises AuthenticationError for a credential that is bad or of no kind that is accepted,
        MalformedRequest for an ambiguous request, ServiceUnavailable if a plugin failed.
        """
        headers = request.headers
        authorization = headers.all("authorization")
        presigned = bool(request.query) and has_query_signature(request.query)
        self._refuse_ambiguous(request, authorization, presigned)
        asked = request
        if (authorization or presigned) and "cookie" in headers:
            # What was sent on purpose wins, so whoever reads cookies must not see one beside it.
            fields = tuple(pair for pair in request.headers.items_received if pair[0] != "cookie")
            asked = replace(request, headers=Headers(fields))
        found = self._ask(asked)
        if isinstance(found, NeedsBody) and request.body is not None:
            raise ServiceUnavailable("an authenticator asked for the body although it has it")
        if found is None and authorization:
            raise _not_understood(authorization[0])
        if found is None and presigned:
            raise InvalidClientTokenId("a signature in the query is not accepted here; sign in the header")
        return found

    def _ask(self, request: HttpRequest) -> Authentication | NeedsBody | None:
        try:
            found = self._asked(request)
        except IamkitError:
            raise
        except Exception as fault:  # noqa: BLE001  # whatever a plugin raises, nobody gets in by it
            # The exception's own text may quote the credential: only its kind and place are told.
            _log.error("an authenticator raised %s", kind_and_place(fault))
            raise ServiceUnavailable("an authenticator failed; see the log") from None
        if found is None or isinstance(found, Authentication | NeedsBody):
            return found
        _log.error("an authenticator returned %s", type(found).__name__)
        raise ServiceUnavailable("an authenticator failed; see the log")

    def _asked(self, request: HttpRequest) -> object:
        """The first answer, in the manager's order; plain functions are asked without its machinery."""
        impls: Sequence[Any] = getattr(self._hook, "get_hookimpls", tuple)()
        if impls != self._impls:
            plain = all(
                not (impl.wrapper or impl.hookwrapper) and tuple(impl.argnames) == ("request",)
                for impl in impls
            )
            # The manager calls what was registered last first.
            self._functions = tuple([impl.function for impl in reversed(impls)]) if plain else ()
            self._impls = impls
        if not self._functions:
            return self._hook(request=request)
        for function in self._functions:
            found = function(request)
            if found is not None:
                return found
        return None

    def _refuse_ambiguous(
        self, request: HttpRequest, authorization: tuple[str, ...], presigned: bool
    ) -> None:
        if len(authorization) > 1:
            raise MalformedRequest("the request has more than one `Authorization` field; send one")
        if authorization and presigned:
            raise MalformedRequest("the request is signed in its header and in its query; sign it once")
        if "cookie" in request.headers and len(request.cookies(self._session_cookie)) > 1:
            raise MalformedRequest(
                f"the cookie `{self._session_cookie}` came more than once; clear the cookies"
            )


def _not_understood(authorization: str) -> InvalidClientTokenId:
    scheme, parted, _ = authorization.partition(" ")
    # One word alone may be a secret that was sent without a scheme: only what stands before another is shown.
    named = bool(parted) and _SCHEME.fullmatch(scheme)
    if named and scheme.lower() == "bearer":
        return InvalidClientTokenId(
            "the bearer token is not one of this deployment's session tokens, which begin with"
            f" `{TOKEN_PREFIX}` and follow one space; sign in for one, or sign the request"
        )
    shown = f"`{scheme}` credentials are" if named else "this `Authorization` field is"
    return InvalidClientTokenId(f"{shown} not accepted here; sign the request or send a session token")
