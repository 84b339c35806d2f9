"""Signing a request with AWS Signature Version 4, for any HTTP client. Standard library only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from iamkit.credentials.secret import Secret
from iamkit.credentials.sigv4_canonical import (
    ALGORITHM,
    EMPTY_HASH,
    Scope,
    canonical_path,
    canonical_query,
    canonical_request,
    derive_signing_key,
    signature,
    stamp_of,
    string_to_sign,
)
from iamkit.credentials.sigv4_query import LONGEST, has_query_signature
from iamkit.errors import ValidationError

DEFAULT_SERVICE: Final = "iamkit"
DEFAULT_REGION: Final = "global"

# Fields that proxies and clients may alter on the way, and the signature itself.
_NEVER_SIGNED: Final = frozenset(
    {"authorization", "connection", "user-agent", "expect", "transfer-encoding", "accept-encoding", "te"}
)
# Fields that signing makes.
_MADE: Final = frozenset({"x-amz-security-token", "host", "x-amz-date", "x-amz-content-sha256"})
_UNSAFE: Final = re.compile(r"[^\x21-\x7e]")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one access key, service and region. `token` is the session token of a temporary key."""

    key_id: str
    secret: Secret = field(repr=False)
    service: str = DEFAULT_SERVICE
    region: str = DEFAULT_REGION
    token: Secret | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        key_id: str,
        secret: str | Secret,
        service: str,
        region: str,
        token: str | Secret | None = None,
    ) -> Signer:
        """A signer for a secret and a session token however they came."""
        session = token if token is None or isinstance(token, Secret) else Secret(token)
        hidden = secret if isinstance(secret, Secret) else Secret(secret)
        return cls(key_id, hidden, service, region, session)

    def sign(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> dict[str, str]:
        """The fields to add to the request, Authorization among them. Send them, and `headers`, unaltered.

        `url` is absolute, with path and query percent-encoded as they will be sent. Raises ValidationError
        if it is not, or if a field that signing adds is among `headers` in another spelling.
        """
        path, query, host = _target(url)
        stamp = stamp_of(now)
        payload = hashlib.sha256(body).hexdigest()
        added = {"Host": host, "X-Amz-Date": stamp, "X-Amz-Content-Sha256": payload}
        if self.token is not None:
            added["X-Amz-Security-Token"] = self.token.reveal()
        signed: dict[str, str] = {}
        for name, value in (*headers.items(), *added.items()):
            lowered = name.lower()
            if lowered in signed and signed[lowered] != value:
                raise ValidationError(f"the field `{name}` is set by signing; leave it out")
            if lowered not in _NEVER_SIGNED:
                signed[lowered] = value
        scope = Scope(stamp[:8], self.region, self.service)
        proof = self._proof(scope, stamp, method, path, query, signed, payload)
        added["Authorization"] = (
            f"{ALGORITHM} Credential={self.key_id}/{scope}, SignedHeaders={';'.join(sorted(signed))},"
            f" Signature={proof}"
        )
        return added

    def presign(self, method: str, url: str, *, lasts: timedelta, now: datetime) -> str:
        """`url` with a signature in its query: whoever has it may send this one request until it expires.

        It is for requests without a body, is good for 7 days at most, and is as secret as the answer is.
        Raises ValidationError for a URL that cannot be signed or already is.
        """
        path, query, host = _target(url)
        if has_query_signature(query):
            raise ValidationError("the URL carries a signature already")
        if not timedelta(seconds=1) <= lasts <= LONGEST:
            raise ValidationError("a signed URL is good for 1 second at least and 7 days at most")
        stamp = stamp_of(now)
        scope = Scope(stamp[:8], self.region, self.service)
        asked = {
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{self.key_id}/{scope}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": str(int(lasts.total_seconds())),
            "X-Amz-SignedHeaders": "host",
        }
        if self.token is not None:
            asked["X-Amz-Security-Token"] = self.token.reveal()
        query = "&".join(filter(None, (query, urlencode(asked, quote_via=quote, safe="~"))))
        proof = self._proof(scope, stamp, method, path, query, {"host": host}, EMPTY_HASH)
        return urlsplit(url)._replace(query=f"{query}&X-Amz-Signature={proof}", fragment="").geturl()

    def _proof(
        self,
        scope: Scope,
        stamp: str,
        method: str,
        path: str,
        query: str,
        fields: Mapping[str, str],
        payload: str,
    ) -> str:
        try:
            canonical = canonical_request(
                method, canonical_path(path), canonical_query(query), fields, sorted(fields), payload
            )
        except ValueError as fault:
            raise ValidationError(f"the URL cannot be signed: {fault}") from None
        key = derive_signing_key(self.secret.reveal(), scope)
        return signature(key, string_to_sign(stamp, str(scope), canonical)).hex()


def signable(headers: Mapping[str, str]) -> dict[str, str]:
    """Of the fields of a request that some library made, those to sign: its Content-Type and every x-amz-*.

    What such libraries add by themselves differs between versions, and proxies may alter it on the way.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    return {
        name: value
        for name, value in lowered.items()
        if name not in _MADE and (name == "content-type" or name.startswith("x-amz-"))
    }


def _target(url: str) -> tuple[str, str, str]:
    """The raw path, raw query and Host field of an absolute URL."""
    if _UNSAFE.search(url):
        raise ValidationError("the URL holds characters that must be percent-encoded")
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValidationError("the URL must be absolute and begin with `http://` or `https://`")
    if "@" in parts.netloc:
        raise ValidationError("the URL must not hold a user name or password")
    try:
        port = parts.port
    except ValueError:
        raise ValidationError("the URL has a port that is no number") from None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        host = f"{host}:{port}"
    return parts.path or "/", parts.query, host
