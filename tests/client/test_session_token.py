"""Every client sends the session token of a temporary key, signed, also when it signs a request again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import httpx2
import pytest
import requests

from iamkit.client.client import Client
from iamkit.client.httpx_auth import SigV4Auth as HttpxAuth
from iamkit.client.requests_auth import SigV4Auth as RequestsAuth
from iamkit.client.signer import Signer
from iamkit.clock import SystemClock
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.secret import Secret
from iamkit.credentials.sigv4 import Signed, SigningCredential, SigV4Verifier
from iamkit.errors import InvalidClientTokenId
from iamkit.http import Headers, HttpRequest
from iamkit.ids import Ids

KEY, SECRET, TOKEN = "ASIAEXAMPLE234567890", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "ikst_token"
URL = "https://app.example.org/documents"
KNOWN = SigningCredential(
    Authentication("123456789012", "AROAONE", CredentialKind.TEMPORARY, KEY),
    Secret(SECRET),
    1,
    hashlib.sha256(TOKEN.encode()).hexdigest(),
)


def accepted(fields: Mapping[str, str]) -> bool:
    """Whether the verifier lets a request with these fields in."""
    parts = urlsplit(URL)
    sent = {"Host": parts.netloc, **{name.title(): value for name, value in fields.items()}}
    request = HttpRequest(
        "GET", "https", parts.netloc, parts.path, parts.path, "", Headers(tuple(sent.items())), body=b""
    )
    return isinstance(SigV4Verifier(SystemClock(), Ids()).verify(request, {KEY: KNOWN}.get), Signed)


def by_httpx(token: str | None) -> Mapping[str, str]:
    request = httpx2.Request("GET", URL)
    for _ in range(2):
        next(HttpxAuth(KEY, SECRET, token=token).auth_flow(request))
    return dict(request.headers)


def by_requests(token: str | None) -> Mapping[str, str]:
    return dict(requests.Request("GET", URL, auth=RequestsAuth(KEY, SECRET, token=token)).prepare().headers)


def by_client(token: str | None) -> Mapping[str, str]:
    signer = Client(URL, KEY, SECRET, token=token)._credentials
    assert isinstance(signer, Signer)
    assert TOKEN not in repr(signer)
    return signer.sign("GET", URL, {}, b"", now=SystemClock().now())


@pytest.mark.parametrize("send", [by_httpx, by_requests, by_client])
def test_the_token_goes_along(send: Callable[[str | None], Mapping[str, str]]) -> None:
    """And without it, or with another, the request is nobody's."""
    assert accepted(send(TOKEN))
    for token in (None, "other"):
        with pytest.raises(InvalidClientTokenId):
            accepted(send(token))
