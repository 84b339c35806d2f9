from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter

from iamkit.client.requests_auth import SigV4Auth
from iamkit.clock import SystemClock
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.secret import Secret
from iamkit.credentials.sigv4 import Signed, SigningCredential, SigV4Verifier
from iamkit.errors import ValidationError
from iamkit.http import Headers, HttpRequest
from iamkit.ids import Ids

KEY, SECRET = "AKIDEXAMPLE234567890", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KNOWN = SigningCredential(
    Authentication("123456789012", "AIDAEXAMPLE", CredentialKind.ACCESS_KEY, KEY), Secret(SECRET), 1
)


class Verifying(BaseAdapter):
    """Answers 200 to what verifies as requests would put it on the wire."""

    def send(
        self, request: requests.PreparedRequest, *_args: object, **_options: object
    ) -> requests.Response:
        parts = urlsplit(request.url or "")
        body = request.body or b""
        fields = {"Host": parts.netloc, **{name: str(value) for name, value in request.headers.items()}}
        received = HttpRequest(
            request.method or "",
            parts.scheme,
            parts.netloc,
            parts.path,
            parts.path,
            parts.query,
            Headers(tuple(fields.items())),
            body=body.encode() if isinstance(body, str) else bytes(body),
        )
        found = SigV4Verifier(SystemClock(), Ids()).verify(received, {KEY: KNOWN}.get)
        answer = requests.Response()
        answer.status_code = 200 if isinstance(found, Signed) else 400
        return answer

    def close(self) -> None:
        pass


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.mount("https://", Verifying())
        opened.auth = SigV4Auth(KEY, SECRET)
        yield opened


@pytest.mark.parametrize("path", ["/", "/documents/42?b=2&a=x y", "/caf\u00e9?q=\u00e9&r"])
def test_requests_are_signed_as_they_are_sent(session: requests.Session, path: str) -> None:
    """Paths and queries as the library encodes them, and every kind of body, verify."""
    url = f"https://app.example.org:8443{path}"
    assert session.get(url).status_code == 200
    assert session.post(url, json={"a": 1}, headers={"X-Amz-Meta": "m"}).status_code == 200
    assert session.put(url, data=b"\x00\xff").status_code == 200
    assert session.post(url, data={"a": "b c"}).status_code == 200


def test_a_stream_is_refused_before_anything_is_sent(session: requests.Session) -> None:
    """The error says what to give instead; the secret is in no text."""
    with pytest.raises(ValidationError, match="give its bytes"):
        session.post("https://app.example.org/", data=BytesIO(b"x"))
    assert SECRET not in repr(session.auth)
