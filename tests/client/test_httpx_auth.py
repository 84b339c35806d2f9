from __future__ import annotations

import httpx2
import pytest

from iamkit.client.httpx_auth import SigV4Auth
from iamkit.clock import SystemClock
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.secret import Secret
from iamkit.credentials.sigv4 import Signed, SigningCredential, SigV4Verifier
from iamkit.http import Headers, HttpRequest
from iamkit.ids import Ids

KEY, SECRET = "AKIDEXAMPLE234567890", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KNOWN = SigningCredential(
    Authentication("123456789012", "AIDAEXAMPLE", CredentialKind.ACCESS_KEY, KEY), Secret(SECRET), 1
)


def answer(sent: httpx2.Request) -> httpx2.Response:
    """Verify what httpx2 would put on the wire."""
    raw_path, _, query = sent.url.raw_path.decode("ascii").partition("?")
    request = HttpRequest(
        method=sent.method,
        scheme="https",
        host=sent.headers["host"],
        raw_path=raw_path,
        path=sent.url.path,
        query=query,
        headers=Headers(tuple(sent.headers.multi_items())),
        body=sent.read(),
    )
    found = SigV4Verifier(SystemClock(), Ids()).verify(request, {KEY: KNOWN}.get)
    return httpx2.Response(200 if isinstance(found, Signed) else 400)


@pytest.mark.parametrize("url", ["/", "/documents/42?b=2&a=x y", "/caf\u00e9?q=\u00e9&r"])
def test_httpx_requests_are_signed_as_they_are_sent(url: str) -> None:
    """Paths and queries as httpx2 encodes them, and every kind of body, verify."""
    with httpx2.Client(
        base_url="https://app.example.org:8443",
        auth=SigV4Auth(KEY, SECRET),
        transport=httpx2.MockTransport(answer),
    ) as client:
        assert client.get(url).status_code == 200
        assert client.post(url, json={"a": 1}, headers={"X-Amz-Meta": "m"}).status_code == 200
        assert client.put(url, content=b"\x00\xff").status_code == 200
        assert client.post(url, data={"a": "b c"}).status_code == 200


def test_a_request_that_is_sent_again_is_signed_anew() -> None:
    """The same request object can be sent twice; the old signature does not stand in the way."""
    with httpx2.Client(auth=SigV4Auth(KEY, SECRET), transport=httpx2.MockTransport(answer)) as client:
        request = client.build_request("POST", "https://app.example.org/", content=b"x")
        assert client.send(request).status_code == 200
        assert client.send(request).status_code == 200
    assert SECRET not in repr(SigV4Auth(KEY, SECRET))
