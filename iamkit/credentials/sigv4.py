"""The one verifier of AWS Signature Version 4, in the Authorization field or in the query.

Rules it keeps (wire.md §3): the identity exists only as what `verify` returns (THR-K1). The time is within
five minutes, the day in the scope is the request's, the service is one that is served here, any well-formed
region will do. Host, X-Amz-Date and every x-amz-* field that came must be signed. The body is checked
against a hash, always. An unknown key costs the same HMAC as a known one (THR-K11).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from iamkit.clock import Clock
from iamkit.credentials.authentication import Authentication
from iamkit.credentials.bounded import BoundedMap
from iamkit.credentials.secret import Secret
from iamkit.credentials.sigv4_canonical import (
    canonical_path,
    canonical_query,
    canonical_request,
    derive_signing_key,
    instant_of,
    signature,
    string_to_sign,
)
from iamkit.credentials.sigv4_header import SignatureHead, diagnosed_signature, parsed_head
from iamkit.credentials.sigv4_query import LONGEST, parsed_query
from iamkit.errors import (
    AuthenticationError,
    ExpiredToken,
    IncompleteSignature,
    InvalidClientTokenId,
    MalformedRequest,
    SignatureDoesNotMatch,
)
from iamkit.http import Headers, HttpRequest, NeedsBody
from iamkit.ids import Ids

# Fields that mean something only once; a server may deliver two, and the signature covers both joined.
_ONCE: Final = frozenset(
    {"authorization", "host", "date", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"}
)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_REMEMBERED_KEYS: Final = 10_000
_REMEMBERED_HEADS: Final = 1_000
_AWAITED: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SigV4Rules:
    """What a signature has to be made for. `body_limit` is in bytes.

    `public_host` is set where a proxy rewrites Host: what clients sign. `normalize_path` accepts a
    signature over the path without dot and empty segments, for endpoints that do not tell them apart.
    `longest_presigned` bounds how long a URL that is signed in its query may be good for.
    """

    services: frozenset[str] = frozenset({"iamkit"})
    skew: timedelta = timedelta(minutes=5)
    body_limit: int = 1_048_576
    normalize_path: bool = False
    public_host: str | None = None
    longest_presigned: timedelta = LONGEST


DEFAULT_RULES: Final = SigV4Rules()


@dataclass(frozen=True, slots=True)
class SigningCredential:
    """An active key to verify against. `epoch` is its owner's: derived keys are kept under it (THR-K15).

    `token_hash` is the SHA-256 of the session token without which a temporary key is none.
    """

    authentication: Authentication
    secret: Secret = field(compare=False)
    epoch: int
    token_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Signed:
    """A request whose signature is right: by which key, for which service and region."""

    credential: SigningCredential
    service: str
    region: str


class SigV4Verifier:
    """Verifies signed requests; safe between threads."""

    def __init__(self, clock: Clock, ids: Ids, rules: SigV4Rules = DEFAULT_RULES) -> None:
        self._clock = clock
        self._rules = rules
        self._nobody = ids.secret()
        self._keys: BoundedMap[tuple[str, int, str, str, str], bytes] = BoundedMap(_REMEMBERED_KEYS)
        self._heads: BoundedMap[str, SignatureHead] = BoundedMap(_REMEMBERED_HEADS)
        # Requests whose bodies are on their way, by signature.
        self._waiting: BoundedMap[str, tuple[HttpRequest, Signed]] = BoundedMap(_AWAITED)

    def verify(
        self, request: HttpRequest, find: Callable[[str], SigningCredential | None]
    ) -> Signed | NeedsBody:
        """Who signed `request`; NeedsBody if that cannot be told, or must not be believed, without the body.

        `find` gives the active key of an id. Raises IncompleteSignature for a bad form,
        SignatureDoesNotMatch for a wrong signature, date or scope, InvalidClientTokenId for a key that is
        unknown or inactive or a session token that is not its own, ExpiredToken, MalformedRequest for
        repeated fields.
        """
        rules = self._rules
        fields = _fields(request.headers)
        if rules.public_host is not None:
            fields["host"] = rules.public_host
        # An app may have a scheme of its own beside a signed URL; the gate refuses both together.
        if fields.get("authorization", "")[:3].upper() == "AWS":
            head, given = self._head(fields["authorization"])
            self._check_fields(head, fields)
            signed_query, stamp, lasts = request.query, fields["x-amz-date"], rules.skew
            token = fields.get("x-amz-security-token")
        else:
            asked = parsed_query(request.query, longest=rules.longest_presigned)
            head, given, signed_query, token = asked.head, asked.signature, asked.rest, asked.token
            stamp, lasts = asked.stamp, asked.lasts
            self._check_fields(head, fields)
            for name in ("x-amz-date", "x-amz-security-token"):
                if name in fields:
                    raise IncompleteSignature(f"the signature is in the query; leave the field `{name}` out")
        self._check_time(head, stamp, lasts)
        scope = head.scope
        if scope.service not in rules.services:
            raise SignatureDoesNotMatch(
                f"the credential is scoped to the service `{scope.service}`;"
                f" sign for `{'` or `'.join(sorted(rules.services))}`"
            )

        body = b"" if request.body is None and request.kind == "websocket" else request.body
        declared = fields.get("x-amz-content-sha256")
        if declared is None and body is None:
            return NeedsBody(rules.body_limit)
        if body is not None and declared is not None:
            awaited = self._awaited(given, request)
            if awaited is not None and find(head.key_id) is awaited.credential:
                # Right but for the body, a moment ago; the same fields still stand for the same signature.
                _payload_hash(declared, body)
                return awaited
        payload = _payload_hash(declared, body)
        try:
            query = canonical_query(signed_query)
        except ValueError as fault:
            raise MalformedRequest(str(fault)) from None
        path = canonical_path(request.raw_path, normalize=rules.normalize_path)
        canonical = canonical_request(request.method, path, query, fields, head.signed, payload)

        credential = find(head.key_id)
        key = self._signing_key(credential, head)
        right = signature(key, string_to_sign(stamp, str(scope), canonical)).hex()
        matches = hmac.compare_digest(given.encode("utf-8", "surrogatepass"), right.encode())
        if credential is None:
            raise InvalidClientTokenId("the access key id is unknown or inactive")
        if not matches:
            raise diagnosed_signature(given)
        self._check_token(credential, token)
        found = Signed(credential, scope.service, scope.region)
        if body is None:
            self._waiting.put(given, (request, found))
            return NeedsBody(rules.body_limit)
        return found

    def _awaited(self, given: str, request: HttpRequest) -> Signed | None:
        """What was found of this very request before its body was there."""
        waiting = self._waiting.get(given)
        if waiting is None:
            return None
        self._waiting.drop(given)
        before, found = waiting
        # The same object of header fields, so not one that another request sent.
        same = before.headers is request.headers and (before.method, before.raw_path, before.query) == (
            request.method,
            request.raw_path,
            request.query,
        )
        return found if same else None

    def _head(self, authorization: str) -> tuple[SignatureHead, str]:
        """What stands before the signature, which is mostly what stood there last time, and the signature."""
        prefix, mark, given = authorization.rpartition("Signature=")
        head = self._heads.get(prefix)
        if head is None:
            head = parsed_head(prefix if mark else given)
            self._heads.put(prefix, head)
        return head, given

    def _check_fields(self, head: SignatureHead, fields: Mapping[str, str]) -> None:
        for name in fields:
            if name[:6] == "x-amz-" and name not in head.signed_set:
                raise SignatureDoesNotMatch(
                    f"the field `{name[:80]}` came unsigned; sign every x-amz-* field"
                )
        if "date" in fields and "date" not in head.signed_set:
            raise SignatureDoesNotMatch("the field `date` came unsigned; sign it or leave it out")
        for name in head.signed:
            if name not in fields:
                if name == "x-amz-date":
                    raise IncompleteSignature(
                        "the field `x-amz-date` is missing; send the time of the request"
                    )
                raise SignatureDoesNotMatch(f"the signed field `{name[:80]}` is not in the request")

    def _check_time(self, head: SignatureHead, stamp: str, lasts: timedelta) -> None:
        instant = instant_of(stamp)
        if instant is None:
            raise IncompleteSignature("`x-amz-date` must be written like `20260131T235959Z`")
        if head.scope.date != stamp[:8]:
            raise SignatureDoesNotMatch("the date in the credential's scope is not that of `x-amz-date`")
        now = self._clock.now()
        if instant < now - lasts:
            raise SignatureDoesNotMatch(f"signature expired: `{stamp}` is too long ago; check the clock")
        if instant > now + self._rules.skew:
            raise SignatureDoesNotMatch(f"signature not yet current: `{stamp}` is ahead; check the clock")

    def _check_token(self, credential: SigningCredential, token: str | None) -> None:
        """The token that came, if one came, is the key's own (THR-K9), and neither has ended."""
        if credential.token_hash is None:
            if token is not None:
                raise InvalidClientTokenId("this access key takes no session token")
            return
        if not token:
            raise InvalidClientTokenId("a temporary access key is sent with its session token")
        sent = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
        if not hmac.compare_digest(sent, credential.token_hash):
            raise InvalidClientTokenId("the session token is not the one of this access key")
        expires = credential.authentication.expires_at
        if expires is not None and self._clock.now() >= expires:
            raise ExpiredToken("the temporary credential has expired; get another")

    def _signing_key(self, credential: SigningCredential | None, head: SignatureHead) -> bytes:
        scope = head.scope
        if credential is None:
            return derive_signing_key(self._nobody, scope)
        name = (head.key_id, credential.epoch, scope.date, scope.region, scope.service)
        key = self._keys.get(name)
        if key is None:
            key = derive_signing_key(credential.secret.reveal(), scope)
            self._keys.put(name, key)
        return key


def _fields(headers: Headers) -> dict[str, str]:
    """Header fields by name; repeated ones joined by a comma, as the canonical form has them."""
    received = headers.items_received
    fields = dict(received)
    if len(fields) != len(received):
        fields = {}
        for name, value in received:
            if name not in fields:
                fields[name] = value
            elif name in _ONCE:
                raise MalformedRequest(f"the field `{name}` came more than once")
            else:
                # Each value is trimmed on its own before it is joined.
                fields[name] = f"{fields[name].strip()},{value.strip()}"
    return fields


def _payload_hash(declared: str | None, body: bytes | None) -> str:
    """The hash that the signature covers, after checking it against the body if that is here."""
    if declared is None:
        return hashlib.sha256(body or b"").hexdigest()
    if not _HASH.fullmatch(declared):
        raise _unusable_hash(declared)
    if body is not None and hashlib.sha256(body).hexdigest() != declared:
        raise SignatureDoesNotMatch("the body is not the one that `x-amz-content-sha256` was made of")
    return declared


def _unusable_hash(declared: str) -> AuthenticationError:
    if declared.upper().startswith(("UNSIGNED-PAYLOAD", "STREAMING-")):
        return SignatureDoesNotMatch(
            f"`{declared[:60]}` leaves the body unsigned and is not accepted; send the SHA-256 of the body"
        )
    return IncompleteSignature("the field `x-amz-content-sha256` must be 64 lower-case hexadecimal digits")
