"""The verifier against botocore as signer, and each thing that must be refused (wire.md §3)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import percent_encode_sequence
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.client.signer import Signer
from iamkit.clock import FrozenClock
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.secret import Secret
from iamkit.credentials.sigv4 import Signed, SigningCredential, SigV4Rules, SigV4Verifier
from iamkit.credentials.sigv4_canonical import EMPTY_HASH, signature
from iamkit.errors import (
    AuthenticationError,
    IamkitError,
    IncompleteSignature,
    InvalidClientTokenId,
    MalformedRequest,
    SignatureDoesNotMatch,
)
from iamkit.http import Headers, HttpRequest, NeedsBody
from iamkit.ids import Ids

KEY, SECRET = "AKIDEXAMPLE234567890", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
BODY = b'{"title": "a+b c%20"}'
KNOWN = SigningCredential(
    Authentication("123456789012", "AIDAEXAMPLE", CredentialKind.ACCESS_KEY, KEY), Secret(SECRET), 7
)


def find(key_id: str) -> SigningCredential | None:
    return KNOWN if key_id == KEY else None


def verifier(now: datetime = NOW, rules: SigV4Rules | None = None) -> SigV4Verifier:
    return SigV4Verifier(FrozenClock(now), Ids(), rules or SigV4Rules())


def request_of(
    method: str, url: str, fields: list[tuple[str, str]], body: bytes | None, *, kind: str = "http"
) -> HttpRequest:
    parts = urlsplit(url)
    return HttpRequest(
        method=method,
        scheme=parts.scheme,
        host=parts.netloc,
        raw_path=parts.path or "/",
        path=parts.path,
        query=parts.query,
        headers=Headers(tuple(fields)),
        kind="websocket" if kind == "websocket" else "http",
        body=body,
    )


def signed(
    method: str = "POST",
    url: str = "https://app.example.org/documents/42?b=2&a=x%20y",
    body: bytes = BODY,
    *,
    now: datetime = NOW,
    secret: str = SECRET,
    key_id: str = KEY,
    service: str = "iamkit",
    region: str = "eu-west-1",
    **fields: str,
) -> HttpRequest:
    """A request as iamkit's own client signs it."""
    named = {
        "Content-Type": "application/json",
        **{key.replace("_", "-"): text for key, text in fields.items()},
    }
    added = Signer(key_id, Secret(secret), service, region).sign(method, url, named, body, now=now)
    return request_of(method, url, [*named.items(), *added.items()], body)


def altered(request: HttpRequest, name: str, change: Callable[[str], str]) -> HttpRequest:
    """`request` with the value of one field changed."""
    fields = tuple(
        (key, change(value) if key == name else value) for key, value in request.headers.items_received
    )
    assert fields != request.headers.items_received
    return replace(request, headers=Headers(fields))


def with_field(request: HttpRequest, name: str, value: str) -> HttpRequest:
    return replace(request, headers=Headers((*request.headers.items_received, (name, value))))


def without(request: HttpRequest, *names: str) -> HttpRequest:
    kept = tuple(pair for pair in request.headers.items_received if pair[0] not in names)
    return replace(request, headers=Headers(kept))


def by_botocore(
    method: str, url: str, body: bytes, fields: dict[str, str], params: dict[str, str]
) -> HttpRequest:
    """A request as botocore signs and sends it: no content hash, the time of the machine."""
    query = percent_encode_sequence(params)
    asked = AWSRequest(method=method, url=f"{url}?{query}" if query else url, data=body, headers=fields)
    SigV4Auth(Credentials(KEY, SECRET), "iamkit", "eu-west-1").add_auth(asked)
    sent = asked.prepare()
    received = [(name, value) for name, value in sent.headers.items()]
    return request_of(method, sent.url, [("Host", urlsplit(sent.url).netloc), *received], body)


# --- accepted -----------------------------------------------------------------------------------


def test_a_request_of_ones_own_signer_is_accepted() -> None:
    """Signer and verifier agree, and the answer names key, service and region."""
    assert verifier().verify(signed(), find) == Signed(KNOWN, "iamkit", "eu-west-1")


NAMES = st.text("abcXYZ019-._~ +/é%&=", min_size=1, max_size=6)
SEGMENTS = st.lists(
    st.sampled_from(["a", "b-c", "D_4", "%2F", "%20x", "e~", "1.2", "%C3%A9", "a+b"]), max_size=4
)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD"]),
    segments=SEGMENTS,
    params=st.dictionaries(NAMES, NAMES, max_size=4),
    body=st.binary(max_size=40),
    extra=st.dictionaries(
        st.sampled_from(["X-Amz-Meta", "X-Other", "Content-Type", "X-Amz-Target"]),
        st.text("abc 019/;=,\t", max_size=12),
        max_size=3,
    ),
)
@settings(max_examples=120, deadline=None)
def test_what_botocore_signs_is_accepted(
    method: str, segments: list[str], params: dict[str, str], body: bytes, extra: dict[str, str]
) -> None:
    """Paths, queries, bodies and fields of all kinds, signed by botocore, verify (THR-K5)."""
    url = "https://app.example.org:8443/" + "/".join(segments)

    request = by_botocore(method, url, body, extra, params)

    found = verifier(datetime.now(UTC)).verify(request, find)
    assert isinstance(found, Signed)
    # The body is what decides: without it there is no answer yet.
    assert verifier(datetime.now(UTC)).verify(replace(request, body=None), find) == NeedsBody(1_048_576)


def test_fields_that_clients_add_unsigned_do_not_matter() -> None:
    """`amz-sdk-*`, User-Agent and what proxies add are never required to be signed."""
    request = signed()
    for name in ("amz-sdk-invocation-id", "amz-sdk-request", "user-agent", "x-forwarded-for", "via"):
        request = with_field(request, name, "whatever")

    assert isinstance(verifier().verify(request, find), Signed)


def test_any_well_formed_region_and_each_served_service_is_accepted() -> None:
    """The region is the client's choice, the service one of those that are served."""
    rules = SigV4Rules(services=frozenset({"iam", "sts"}))

    for service, region in (("iam", "us-east-1"), ("sts", "moon-1")):
        found = verifier(rules=rules).verify(signed(service=service, region=region), find)
        assert found == Signed(KNOWN, service, region)


def test_spellings_that_mean_the_same_are_one() -> None:
    """Order of the query, escapes of plain letters, and space around values do not break a signature."""
    request = signed()

    assert isinstance(verifier().verify(replace(request, query="a=%78%20y&b=2"), find), Signed)
    spaced = altered(request, "content-type", lambda value: f"  {value}\t")
    assert isinstance(verifier().verify(spaced, find), Signed)


def test_a_repeated_field_is_signed_with_all_its_values() -> None:
    """A field that may come twice verifies joined, and not with one value more."""
    asked = signed(x_tag="a,b")
    twice = replace(
        without(asked, "x-tag"),
        headers=Headers((("x-tag", "a"), *without(asked, "x-tag").headers.items_received, ("x-tag", " b"))),
    )

    assert isinstance(verifier().verify(twice, find), Signed)
    with pytest.raises(SignatureDoesNotMatch):
        verifier().verify(with_field(twice, "x-tag", "c"), find)


def test_the_host_behind_a_rewriting_proxy_is_the_configured_one() -> None:
    """With `public_host` the Host that arrives does not count, and X-Forwarded-Host never does."""
    inside = altered(signed(), "host", lambda _: "10.0.0.7:8000")
    rules = SigV4Rules(public_host="app.example.org")

    assert isinstance(verifier(rules=rules).verify(inside, find), Signed)
    with pytest.raises(SignatureDoesNotMatch):
        verifier().verify(with_field(inside, "x-forwarded-host", "app.example.org"), find)


# --- the body -----------------------------------------------------------------------------------


def test_an_unseen_body_is_asked_for_even_with_a_signed_hash() -> None:
    """The signature being right, the body still has to be compared; it being wrong, none is read."""
    request = replace(signed(), body=None)

    assert verifier(rules=SigV4Rules(body_limit=99)).verify(request, find) == NeedsBody(99)
    with pytest.raises(SignatureDoesNotMatch):
        verifier().verify(replace(request, method="PUT"), find)


def test_what_was_right_before_the_body_came_is_not_taken_over_by_another_request() -> None:
    """The same signature with other fields, another path or another body is worked out anew, and refused."""
    request = signed()
    body = request.body
    assert body is not None
    for other in (
        replace(request, method="PUT"),
        replace(request, raw_path="/another"),
        replace(request, body=body + b"!"),
        with_field(request, "x-amz-more", "1"),
    ):
        check = verifier()
        assert isinstance(check.verify(replace(request, body=None), find), NeedsBody)
        with pytest.raises(SignatureDoesNotMatch):
            check.verify(other, find)
        assert isinstance(check.verify(request, find), Signed)


def test_a_key_that_is_gone_when_the_body_has_come_is_refused() -> None:
    """The key is looked up again with the body."""
    request, check = signed(), verifier()
    assert isinstance(check.verify(replace(request, body=None), find), NeedsBody)

    with pytest.raises(InvalidClientTokenId):
        check.verify(request, lambda _: None)


def test_a_websocket_handshake_has_no_body() -> None:
    """Nothing can be read from it, so it counts as empty."""
    asked = signed("GET", body=b"")
    handshake = replace(asked, kind="websocket", body=None)

    assert isinstance(verifier().verify(handshake, find), Signed)
    full = replace(signed("GET", body=b"x"), kind="websocket", body=None)
    with pytest.raises(SignatureDoesNotMatch):
        verifier().verify(full, find)


@pytest.mark.parametrize(
    "declared",
    [
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "unsigned-payload",
        "",
        "junk",
        EMPTY_HASH.upper(),
        EMPTY_HASH[:-1],
        EMPTY_HASH + "0",
        EMPTY_HASH,
        hashlib.sha256(b"another body").hexdigest(),
    ],
)
def test_a_content_hash_that_is_not_the_bodys_is_refused(declared: str) -> None:
    """Unsigned and streaming payloads, junk, and hashes of another body, though properly signed (THR-K1)."""
    url = "https://app.example.org/documents"
    asked = AWSRequest(method="POST", url=url, data=BODY, headers={"X-Amz-Content-SHA256": declared})
    SigV4Auth(Credentials(KEY, SECRET), "iamkit", "eu-west-1").add_auth(asked)
    request = request_of("POST", url, [("host", "app.example.org"), *asked.headers.items()], BODY)

    with pytest.raises(AuthenticationError):
        verifier(datetime.now(UTC)).verify(request, find)


# --- time and scope -----------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_five_minutes_either_way_are_accepted(seconds: int) -> None:
    """The window is closed at both ends."""
    request = signed(now=NOW + timedelta(seconds=seconds))

    assert isinstance(verifier().verify(request, find), Signed)


@pytest.mark.parametrize(
    ("seconds", "words"), [(-301, "expired"), (301, "not yet"), (-86_400, "expired"), (86_400, "not yet")]
)
def test_outside_five_minutes_is_refused(seconds: int, words: str) -> None:
    """Early and late, each in its own words (THR-K3)."""
    with pytest.raises(SignatureDoesNotMatch, match=words):
        verifier().verify(signed(now=NOW + timedelta(seconds=seconds)), find)


@pytest.mark.parametrize(
    "stamp", ["", "yesterday", "20260101T120000", "２0260101T120000Z", "2026-01-01T12:00:00Z"]
)
def test_a_date_that_is_none_is_refused(stamp: str) -> None:
    """Garbage and other forms of date are a fault of form."""
    with pytest.raises(IncompleteSignature, match="x-amz-date"):
        verifier().verify(altered(signed(), "x-amz-date", lambda _: stamp), find)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("20260101", "20251231"),
        ("20260101", "20260102"),
        ("eu-west-1", "eu-west-2"),
        ("/iamkit/", "/s3/"),
        ("/iamkit/", "/iam/"),
        ("aws4_request", "aws5_request"),
        ("aws4_request", "AWS4_REQUEST"),
        ("/iamkit/aws4_request", "/aws4_request"),
        ("/iamkit/", "/iamkit/extra/"),
        ("/iamkit/aws4_request", "/iamkit/aws4_request/"),
        ("20260101", "２0260101"),
        ("20260101", "2026010"),
        ("eu-west-1", ""),
        ("eu-west-1", "EU"),
        (KEY, ""),
        (KEY, "short"),
        (KEY, KEY + "\u00e9"),
    ],
)
def test_another_scope_is_refused(part: str, value: str) -> None:
    """Date, region, service, terminator and the number of parts are all fixed (THR-K6)."""
    request = altered(signed(), "authorization", lambda text: text.replace(part, value, 1))

    with pytest.raises(AuthenticationError):
        verifier().verify(request, find)


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        (KEY, "", "the access key id in `Credential` is empty"),
        (KEY, "short", "the access key id in `Credential` is malformed"),
        (KEY, SECRET.replace("/", "+"), "the access key id in `Credential` is malformed"),
        ("20260101", "2026-01-01", r"the date \(YYYYMMDD\) in `Credential` is malformed"),
        ("20260101", "", r"the date \(YYYYMMDD\) in `Credential` is empty"),
        ("eu-west-1", "", "the region in `Credential` is empty"),
        ("eu-west-1", "EU", "the region in `Credential` is malformed"),
        ("/iamkit/", "//", "the service in `Credential` is empty"),
        ("SignedHeaders=content-type", "SignedHeaders=;host", "header names with `;` between"),
        ("SignedHeaders=content-type", "SignedHeaders=Content-Type", "lower case"),
        (
            f"Credential={KEY}/20260101/eu-west-1/iamkit/aws4_request",
            "Credential=",
            "`Credential` .* is empty",
        ),
        (f"Credential={KEY}/20260101/eu-west-1/iamkit/aws4_request, ", "", "lacks `Credential`"),
    ],
)
def test_a_fault_of_form_names_its_part(part: str, value: str, said: str) -> None:
    """Which part of the header is empty or malformed is said; what stood there is not."""
    request = altered(signed(), "authorization", lambda text: text.replace(part, value, 1))

    with pytest.raises(IncompleteSignature, match=said) as refusal:
        verifier().verify(request, find)
    assert "bPxRfiCY" not in str(refusal.value)


def test_a_signature_for_another_service_is_refused_though_right() -> None:
    """What was signed for `iam` is no good for the app, and the error names the service to sign for."""
    with pytest.raises(SignatureDoesNotMatch, match="`iamkit`"):
        verifier().verify(signed(service="iam"), find)


# --- who ----------------------------------------------------------------------------------------


def test_an_unknown_key_is_refused_after_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code is InvalidClientTokenId, and a signature was computed all the same (THR-K11)."""
    computed: list[bytes] = []

    def watched(key: bytes, text: bytes) -> bytes:
        computed.append(text)
        return signature(key, text)

    monkeypatch.setattr("iamkit.credentials.sigv4.signature", watched)

    with pytest.raises(InvalidClientTokenId):
        verifier().verify(signed(key_id="AKIAUNKNOWN234567890"), find)
    assert len(computed) == 1


def test_a_wrong_secret_is_refused() -> None:
    """The message suggests what to check and shows no part of the right signature."""
    with pytest.raises(SignatureDoesNotMatch) as refusal:
        verifier().verify(signed(secret=SECRET[:-1] + "Z"), find)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("token", ["", "FwoGZXIvYXdzEXAMPLE"])
def test_a_session_token_on_a_permanent_key_is_refused(token: str) -> None:
    """Signed with it or without, empty or not (THR-K9)."""
    with pytest.raises(InvalidClientTokenId):
        verifier().verify(signed(X_Amz_Security_Token=token), find)
    with pytest.raises(SignatureDoesNotMatch, match="unsigned"):
        verifier().verify(with_field(signed(), "x-amz-security-token", token), find)


def test_derived_keys_are_not_kept_beyond_the_epoch() -> None:
    """With another secret under another epoch, the old secret's signature no longer verifies (THR-K15)."""
    checker = verifier()
    assert isinstance(checker.verify(signed(), find), Signed)
    successor = replace(KNOWN, secret=Secret("another"), epoch=8)

    with pytest.raises(SignatureDoesNotMatch):
        checker.verify(signed(), lambda _: successor)


# --- form ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA1 {rest}",
        "AWS4-ECDSA-P256-SHA256 {rest}",
        "aws4-hmac-sha256 {rest}",
        "AWS4-HMAC-SHA256  ,{rest}",
        "AWS AKIDEXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=",
        "none {rest}",
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}",
        "AWS4-HMAC-SHA256 Credential={credential}, Signature={proof}",
        "AWS4-HMAC-SHA256 SignedHeaders={names}, Signature={proof}",
        "AWS4-HMAC-SHA256 Credential=, SignedHeaders={names}, Signature={proof}",
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=, Signature={proof}",
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature=",
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={proof}0",
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={short}",
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={upper}",
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={proof},Signature=0",
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={proof}, {rest}",
        "AWS4-HMAC-SHA256 Credential={credential}; SignedHeaders={names}; Signature={proof}",
        "AWS4-HMAC-SHA256 {rest}\u00e9",
        "AWS4-HMAC-SHA256 {rest}\n",
        "AWS4-HMAC-SHA256 {rest} ",
        "AWS4-HMAC-SHA256 " + "Credential=x/" * 5000,
    ],
)
def test_another_form_of_header_is_refused(header: str) -> None:
    """Other algorithms, missing, repeated and misspelt parts; never an exception from outside the tree."""
    request = signed()
    rest = request.headers["authorization"].partition(" ")[2]
    parts = dict(part.partition("=")[::2] for part in rest.split(", "))
    text = header.format(
        rest=rest,
        credential=parts["Credential"],
        names=parts["SignedHeaders"],
        proof=parts["Signature"],
        short=parts["Signature"][:-1],
        upper=parts["Signature"].upper(),
    )

    with pytest.raises(AuthenticationError) as refusal:
        verifier().verify(altered(request, "authorization", lambda _: text), find)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize(
    "change",
    [
        lambda names: ";".join(reversed(names.split(";"))),
        lambda names: names.replace("host", "host;host"),
        lambda names: names.upper(),
        lambda names: names.replace("host;", ""),
        lambda names: names.replace(";x-amz-date", ""),
        lambda names: names.replace("x-amz-content-sha256;", ""),
        lambda names: names + ";",
        lambda names: names + ";zz-absent",
        lambda names: names.replace(";", ";;", 1),
        lambda names: names.replace("host", "hos\u00ff"),
    ],
)
def test_another_list_of_signed_fields_is_refused(change: Callable[[str], str]) -> None:
    """Unsorted, repeated, upper case, without Host or date, or naming a field that did not come (THR-K4)."""
    request = signed()
    text = request.headers["authorization"]
    names = text.partition("SignedHeaders=")[2].partition(",")[0]

    with pytest.raises(AuthenticationError):
        verifier().verify(
            altered(request, "authorization", lambda _: text.replace(names, change(names))), find
        )


@pytest.mark.parametrize("name", ["x-amz-meta", "x-amz-target", "X-AMZ-Copy-Source", "date"])
def test_a_field_added_unsigned_is_refused(name: str) -> None:
    """An x-amz field, or a second kind of date, that the signature does not cover."""
    with pytest.raises(SignatureDoesNotMatch, match="unsigned"):
        verifier().verify(with_field(signed(), name, "Thu, 01 Jan 2026 12:00:00 GMT"), find)


@pytest.mark.parametrize(
    "name", ["authorization", "host", "x-amz-date", "x-amz-content-sha256", "date", "x-amz-security-token"]
)
def test_a_field_that_counts_once_is_refused_twice(name: str) -> None:
    """Even when both values are the same (THR-B13)."""
    request = with_field(signed(), name, "x") if name not in signed().headers else signed()

    with pytest.raises(MalformedRequest, match="more than once"):
        verifier().verify(with_field(request, name, request.headers[name]), find)


# --- any change ---------------------------------------------------------------------------------


def _flip(text: str, place: int) -> str:
    """`text` with one character made another of its kind."""
    place %= len(text)
    char = text[place]
    other = "1" if char == "0" else "0" if char.isdigit() else "b" if char != "b" else "a"
    return text[:place] + other + text[place + 1 :]


MUTATIONS: dict[str, Callable[[HttpRequest, int], HttpRequest]] = {
    "method": lambda request, place: replace(request, method=["GET", "PUT", "post", "POST "][place % 4]),
    "path": lambda request, place: replace(request, raw_path="/" + _flip(request.raw_path[1:], place)),
    "path grown": lambda request, place: replace(
        request, raw_path=request.raw_path + ["/", "//", "/.", "/x/..", "%2F", "?", ";x"][place % 7]
    ),
    "path respelt": lambda request, place: replace(
        request, raw_path=request.raw_path.replace("d", ["%64", "D"][place % 2], 1)
    ),
    "query value": lambda request, _: replace(request, query=request.query.replace("b=2", "b=3")),
    "query plus": lambda request, _: replace(request, query=request.query.replace("%20", "+")),
    "query added": lambda request, place: replace(
        request, query=request.query + ["&c=1", "&", "&b=2", "&a"][place % 4]
    ),
    "query removed": lambda request, _: replace(request, query="a=x%20y"),
    "query name case": lambda request, _: replace(request, query=request.query.replace("a=", "A=")),
    "body": lambda request, place: replace(request, body=_flip(BODY.decode(), place).encode()),
    "body grown": lambda request, _: replace(request, body=BODY + b" "),
    "body gone": lambda request, _: replace(request, body=b""),
    "host": lambda request, place: altered(request, "host", lambda text: _flip(text, place)),
    "host port": lambda request, _: altered(request, "host", lambda text: text + ":443"),
    "date": lambda request, place: altered(request, "x-amz-date", lambda text: _flip(text[:-1], place) + "Z"),
    "field": lambda request, place: altered(request, "content-type", lambda text: _flip(text, place)),
    "field again": lambda request, _: with_field(request, "content-type", "text/plain"),
    "field gone": lambda request, _: without(request, "content-type"),
    "hash": lambda request, place: altered(request, "x-amz-content-sha256", lambda text: _flip(text, place)),
    "hash gone": lambda request, _: without(request, "x-amz-content-sha256"),
    "signature": lambda request, place: altered(
        request, "authorization", lambda text: text[:-64] + _flip(text[-64:], place)
    ),
    "authorization": lambda request, place: altered(
        request, "authorization", lambda text: _flip(text, place)
    ),
}


@given(name=st.sampled_from(sorted(MUTATIONS)), place=st.integers(0, 400))
@settings(max_examples=400, deadline=None)
def test_any_change_of_what_was_signed_is_refused(name: str, place: int) -> None:
    """One change anywhere in method, path, query, fields, body or proof, and nobody is let in (THR-K4)."""
    request = MUTATIONS[name](signed(), place)

    with pytest.raises(IamkitError) as refusal:
        verifier().verify(request, find)
    assert 400 <= refusal.value.status < 500


@given(header=st.text(max_size=120), stamp=st.text(max_size=20), query=st.text(max_size=20))
@settings(max_examples=150, deadline=None)
def test_junk_is_refused_within_the_tree(header: str, stamp: str, query: str) -> None:
    """Whatever text stands in the header, date and query, the answer is an error of ours."""
    request = altered(signed(), "authorization", lambda text: text[: len(header)] + header)
    request = replace(altered(request, "x-amz-date", lambda _: stamp + "x"), query=query)

    with pytest.raises(IamkitError):
        verifier().verify(request, find)
