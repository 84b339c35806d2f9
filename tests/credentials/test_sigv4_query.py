"""Signatures in the query against botocore's presigned URLs, and what must be refused (wire.md §3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.client.signer import Signer
from iamkit.clock import FrozenClock
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.secret import Secret
from iamkit.credentials.sigv4 import Signed, SigningCredential, SigV4Rules, SigV4Verifier
from iamkit.errors import (
    AuthenticationError,
    IamkitError,
    IncompleteSignature,
    InvalidClientTokenId,
    SignatureDoesNotMatch,
    ValidationError,
)
from iamkit.http import Headers, HttpRequest, NeedsBody
from iamkit.ids import Ids

KEY, SECRET = "AKIDEXAMPLE234567890", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
URL = "https://app.example.org/documents/42?b=2&a=x%20y"
KNOWN = SigningCredential(
    Authentication("123456789012", "AIDAEXAMPLE", CredentialKind.ACCESS_KEY, KEY), Secret(SECRET), 7
)


def find(key_id: str) -> SigningCredential | None:
    return KNOWN if key_id == KEY else None


def verifier(now: datetime = NOW, rules: SigV4Rules | None = None) -> SigV4Verifier:
    return SigV4Verifier(FrozenClock(now), Ids(), rules or SigV4Rules())


def request_of(
    url: str, *fields: tuple[str, str], method: str = "GET", body: bytes | None = b""
) -> HttpRequest:
    parts = urlsplit(url)
    return HttpRequest(
        method,
        parts.scheme,
        parts.netloc,
        parts.path or "/",
        parts.path,
        parts.query,
        Headers((("Host", parts.netloc), *fields)),
        body=body,
    )


def presigned(
    url: str = URL, *, lasts: int = 900, key_id: str = KEY, secret: str = SECRET, method: str = "GET"
) -> HttpRequest:
    signer = Signer(key_id, Secret(secret))
    return request_of(signer.presign(method, url, lasts=timedelta(seconds=lasts), now=NOW), method=method)


def by_botocore(url: str, *, lasts: int = 60, token: str | None = None) -> HttpRequest:
    asked = AWSRequest(method="GET", url=url)
    SigV4QueryAuth(Credentials(KEY, SECRET, token), "iamkit", "eu-west-1", expires=lasts).add_auth(asked)
    return request_of(str(asked.prepare().url))


def requeried(request: HttpRequest, change: Callable[[str], str]) -> HttpRequest:
    query = change(request.query)
    assert query != request.query
    return replace(request, query=query)


def test_a_url_of_ones_own_signer_is_accepted_by_its_method_alone() -> None:
    """It names key, service and region; a body that was not signed is waited for, and has to be none."""
    assert verifier().verify(presigned(), find) == Signed(KNOWN, "iamkit", "global")
    waiting = verifier()
    assert waiting.verify(replace(presigned(), body=None), find) == NeedsBody(1_048_576)
    with pytest.raises(SignatureDoesNotMatch):
        waiting.verify(replace(presigned(), body=b"x"), find)


@given(
    path=st.lists(st.sampled_from(["a", "b-c", "%2F", "%20x", "e~", "%C3%A9"]), max_size=4),
    params=st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "%C3%A9", "c-d"]), st.sampled_from(["", "1", "x%20y", "%2B", "~"])
        ),
        max_size=4,
    ),
    lasts=st.integers(1, 604_800),
)
@settings(max_examples=100, deadline=None)
def test_what_botocore_presigns_is_accepted(
    path: list[str], params: list[tuple[str, str]], lasts: int
) -> None:
    """Paths and queries of all kinds, for any life that AWS allows."""
    query = "&".join(f"{name}={value}" for name, value in dict(params).items())
    url = f"https://app.example.org:8443/{'/'.join(path)}" + (f"?{query}" if query else "")

    assert isinstance(verifier(datetime.now(UTC)).verify(by_botocore(url, lasts=lasts), find), Signed)


@pytest.mark.parametrize("seconds", [-300, 0, 899, 900])
def test_it_is_good_from_five_minutes_ahead_of_the_clock_until_it_expires(seconds: int) -> None:
    """Both ends count."""
    assert isinstance(verifier(NOW + timedelta(seconds=seconds)).verify(presigned(), find), Signed)


@pytest.mark.parametrize("seconds", [-301, 901, 1_000_000])
def test_before_and_after_it_is_refused(seconds: int) -> None:
    """The window is no longer than was signed; the clock's tolerance adds nothing at its end."""
    with pytest.raises(SignatureDoesNotMatch):
        verifier(NOW + timedelta(seconds=seconds)).verify(presigned(), find)


@pytest.mark.parametrize(
    "text", ["0", "-1", "604801", "1.5", "", "x", "+9", "٩", "1e3", " 900", "0x10", "9" * 50]
)
def test_a_life_out_of_bounds_is_refused(text: str) -> None:
    """1 to 604,800 seconds, in plain digits (THR-K13)."""
    request = requeried(
        presigned(), lambda query: query.replace("X-Amz-Expires=900", f"X-Amz-Expires={text}")
    )
    with pytest.raises(IncompleteSignature, match="X-Amz-Expires"):
        verifier().verify(request, find)


def test_a_deployment_can_bound_how_long_a_url_lives() -> None:
    """What is signed for longer is refused, however right."""
    rules = SigV4Rules(longest_presigned=timedelta(minutes=5))
    with pytest.raises(IncompleteSignature, match="from 1 to 300"):
        verifier(rules=rules).verify(presigned(), find)
    assert isinstance(verifier(rules=rules).verify(presigned(lasts=300), find), Signed)


CHANGES: dict[str, Callable[[HttpRequest], HttpRequest]] = {
    "method": lambda request: replace(request, method="DELETE"),
    "HEAD for GET": lambda request: replace(request, method="HEAD"),
    "path": lambda request: replace(request, raw_path="/documents/43"),
    "path case": lambda request: replace(request, raw_path="/Documents/42"),
    "a slash escaped": lambda request: replace(request, raw_path="/documents%2F42"),
    "query value": lambda request: requeried(request, lambda query: query.replace("b=2", "b=3")),
    "query value gone": lambda request: requeried(request, lambda query: query.replace("b=2&", "")),
    "query value again": lambda request: requeried(request, lambda query: query + "&b=2"),
    "query value added": lambda request: requeried(request, lambda query: query + "&c="),
    "plus for space": lambda request: requeried(request, lambda query: query.replace("x%20y", "x+y")),
    "host": lambda request: replace(request, headers=Headers((("Host", "other.example.org"),))),
    "date": lambda request: requeried(request, lambda query: query.replace("T120000Z", "T120001Z")),
    "expiry": lambda request: requeried(request, lambda query: query.replace("Expires=900", "Expires=901")),
    "service": lambda request: requeried(request, lambda query: query.replace("%2Fiamkit%2F", "%2Fiam%2F")),
    "region": lambda request: requeried(request, lambda query: query.replace("%2Fglobal%2F", "%2Fother%2F")),
    "day": lambda request: requeried(
        request, lambda query: query.replace("%2F20260101%2F", "%2F20260102%2F")
    ),
    "terminator": lambda request: requeried(
        request, lambda query: query.replace("aws4_request", "aws5_request")
    ),
    "a part less": lambda request: requeried(request, lambda query: query.replace("%2Fglobal", "")),
    "a part more": lambda request: requeried(
        request, lambda query: query.replace("%2Fglobal", "%2Fglobal%2Fx")
    ),
    "last digit": lambda request: requeried(
        request, lambda query: query[:-1] + ("0" if query[-1] != "0" else "1")
    ),
    "signature short": lambda request: requeried(request, lambda query: query[:-1]),
    "signature long": lambda request: requeried(request, lambda query: query + "0"),
    "signature upper case": lambda request: requeried(
        request, lambda query: query[:-64] + query[-64:].upper()
    ),
    "signature empty": lambda request: requeried(request, lambda query: query[:-64]),
    "signature twice": lambda request: requeried(request, lambda query: query + query[-81:]),
    "credential twice": lambda request: requeried(request, lambda query: query + "&X-Amz-Credential=x"),
    "expiry twice": lambda request: requeried(request, lambda query: query + "&X-Amz-Expires=900"),
    "expiry in lower case beside it": lambda request: requeried(
        request, lambda query: query + "&x-amz-expires=604800"
    ),
    "lower-case parameter": lambda request: requeried(
        request, lambda query: query.replace("X-Amz-Date", "x-amz-date")
    ),
    "parameter escaped": lambda request: requeried(
        request, lambda query: query.replace("X-Amz-Signature", "%58-Amz-Signature")
    ),
    "SHA1": lambda request: requeried(request, lambda query: query.replace("HMAC-SHA256", "HMAC-SHA1")),
    "none": lambda request: requeried(request, lambda query: query.replace("AWS4-HMAC-SHA256", "none")),
    "algorithm in lower case": lambda request: requeried(
        request, lambda query: query.replace("AWS4-HMAC-SHA256", "aws4-hmac-sha256")
    ),
    "sigv4a": lambda request: requeried(
        request, lambda query: query.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")
    ),
    "no host signed": lambda request: requeried(
        request, lambda query: query.replace("SignedHeaders=host", "SignedHeaders=accept")
    ),
    "nothing signed": lambda request: requeried(
        request, lambda query: query.replace("SignedHeaders=host", "SignedHeaders=")
    ),
    "host signed twice": lambda request: requeried(
        request, lambda query: query.replace("SignedHeaders=host", "SignedHeaders=host%3Bhost")
    ),
    "HOST signed": lambda request: requeried(
        request, lambda query: query.replace("SignedHeaders=host", "SignedHeaders=HOST")
    ),
    "a token added": lambda request: requeried(request, lambda query: query + "&X-Amz-Security-Token=x"),
    "a field of ours unsigned": lambda request: replace(
        request, headers=Headers((*request.headers.items_received, ("X-Amz-Meta", "x")))
    ),
    "a date field beside": lambda request: replace(
        request, headers=Headers((*request.headers.items_received, ("X-Amz-Date", "20260101T120000Z")))
    ),
    "a hash of nothing signed beside": lambda request: replace(
        request,
        headers=Headers((*request.headers.items_received, ("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"))),
    ),
    "a body": lambda request: replace(request, body=b"a=1"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_of_a_signed_url_is_refused(change: Callable[[HttpRequest], HttpRequest]) -> None:
    """With AWS's codes: an unreadable form is IncompleteSignature, a wrong one SignatureDoesNotMatch."""
    with pytest.raises((IncompleteSignature, SignatureDoesNotMatch)):
        verifier().verify(change(presigned()), find)


def test_a_wrong_secret_an_unknown_key_and_a_strange_token_are_refused() -> None:
    """Each as in the header."""
    with pytest.raises(SignatureDoesNotMatch):
        verifier().verify(presigned(secret=SECRET[:-1] + "Z"), find)
    with pytest.raises(InvalidClientTokenId):
        verifier().verify(presigned(key_id="AKIAUNKNOWN234567890"), find)
    with pytest.raises(InvalidClientTokenId):
        verifier(datetime.now(UTC)).verify(by_botocore(URL, token="FwoGZXIvYXdzEXAMPLE"), find)


@given(
    name=st.sampled_from(["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"]),
    text=st.text(max_size=60),
)
@settings(max_examples=200, deadline=None)
def test_junk_in_a_parameter_is_refused_within_the_tree(name: str, text: str) -> None:
    """Whatever stands there, the answer is an error of ours with a 4xx."""
    pairs = [pair.split("=", 1) for pair in presigned().query.split("&")]
    query = "&".join(f"{key}={text if key == f'X-Amz-{name}' else value}" for key, value in pairs)
    with pytest.raises(IamkitError) as refusal:
        verifier().verify(replace(presigned(), query=query), find)
    assert isinstance(refusal.value, AuthenticationError) or refusal.value.status == 400


@pytest.mark.parametrize("lasts", [timedelta(0), timedelta(days=7, seconds=1), timedelta(seconds=-1)])
def test_a_signer_makes_no_url_that_nobody_would_take(lasts: timedelta) -> None:
    """Nor one that is signed already, nor one with a user in it."""
    signer = Signer(KEY, Secret(SECRET))
    with pytest.raises(ValidationError):
        signer.presign("GET", URL, lasts=lasts, now=NOW)
    once = signer.presign("GET", URL, lasts=timedelta(minutes=1), now=NOW)
    with pytest.raises(ValidationError, match="already"):
        signer.presign("GET", once, lasts=timedelta(minutes=1), now=NOW)
    with pytest.raises(ValidationError):
        signer.presign("GET", "https://me@app.example.org/", lasts=timedelta(minutes=1), now=NOW)
