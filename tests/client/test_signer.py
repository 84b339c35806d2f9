from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.client.signer import Signer
from iamkit.credentials.secret import Secret
from iamkit.errors import ValidationError

KEY, SECRET = "AKIDEXAMPLE234567890", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SIGNER = Signer(KEY, Secret(SECRET), "iamkit", "eu-west-1")


@given(
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    path=st.sampled_from(["", "/", "/documents/42", "/a%2Fb", "/a%20b/~c", "/caf%C3%A9", "/x:y@z"]),
    query=st.sampled_from(["", "a=1", "b=2&a=1", "a=x%20y", "a=&b="]),
    body=st.binary(max_size=20),
    tag=st.text("abc 019", max_size=8),
)
@settings(max_examples=80, deadline=None)
def test_signatures_are_botocores(method: str, path: str, query: str, body: bytes, tag: str) -> None:
    """For the same moment and fields, botocore computes the very same Authorization."""
    now = datetime.now(UTC)
    url = f"https://app.example.org:8443{path}" + (f"?{query}" if query else "")
    added = SIGNER.sign(method, url, {"X-Tag": tag}, body, now=now)
    theirs = AWSRequest(
        method=method,
        url=url,
        data=body,
        headers={"X-Tag": tag, "X-Amz-Content-Sha256": added["X-Amz-Content-Sha256"]},
    )
    theirs.context["timestamp"] = added["X-Amz-Date"]
    theirs.headers["X-Amz-Date"] = added["X-Amz-Date"]
    signer = SigV4Auth(Credentials(KEY, SECRET), "iamkit", "eu-west-1")

    proof = signer.signature(signer.string_to_sign(theirs, signer.canonical_request(theirs)), theirs)

    assert added["Authorization"].endswith(f"Signature={proof}")
    assert added["Host"] == urlsplit(url).netloc


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://localhost", "localhost"),
        ("http://localhost:80/", "localhost"),
        ("https://localhost:443/", "localhost"),
        ("http://localhost:443/", "localhost:443"),
        ("http://[::1]:8000/", "[::1]:8000"),
        ("http://Example.ORG/", "example.org"),
    ],
)
def test_the_host_field_is_what_clients_send(url: str, host: str) -> None:
    """The default port is left out, any other is in, IPv6 keeps its brackets."""
    assert SIGNER.sign("GET", url, {}, b"", now=NOW)["Host"] == host


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/documents",
        "ftp://localhost/",
        "http:///documents",
        "http://jeff:canary@localhost/",
        "http://localhost/a b",
        "http://localhost/caf\u00e9",
        "http://localhost/a\r\nX-Evil: 1",
        "http://localhost:port/",
        "http://localhost/?a=%",
    ],
)
def test_a_url_that_cannot_be_signed_is_refused(url: str) -> None:
    """Relative, foreign, unescaped or carrying a password: refused, the password unquoted."""
    with pytest.raises(ValidationError) as refusal:
        SIGNER.sign("GET", url, {}, b"", now=NOW)
    assert "canary" not in str(refusal.value)


def test_a_contradictory_field_is_refused() -> None:
    """What signing sets cannot be set to something else."""
    with pytest.raises(ValidationError, match="leave it out"):
        SIGNER.sign("GET", "http://localhost/", {"HOST": "evil"}, b"", now=NOW)


def test_fields_that_change_on_the_way_are_not_signed() -> None:
    """User-Agent and hop-by-hop fields are left to whoever alters them."""
    added = SIGNER.sign(
        "GET", "http://localhost/", {"User-Agent": "x", "Connection": "close", "X-A": "1"}, b"", now=NOW
    )

    assert "SignedHeaders=host;x-a;x-amz-content-sha256;x-amz-date," in added["Authorization"]


def test_the_signer_shows_no_secret_and_imports_no_cryptography() -> None:
    """It is light: the standard library is enough for it."""
    code = (
        "import sys, iamkit.client.client; print([m for m in ('cryptography', 'argon2') if m in sys.modules])"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "[]"
    assert SECRET not in repr(SIGNER)
