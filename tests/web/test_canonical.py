"""Which requests are refused before routing (THR-B1 to B7, B13 to B16)."""

from __future__ import annotations

from functools import partial
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.errors import MalformedRequest
from iamkit.http import Headers, HttpRequest
from iamkit.web.canonical import Reader, canonical_host, canonical_path, canonical_request, quoted_path


def request(method: str = "GET", query: str = "", *fields: tuple[str, str]) -> HttpRequest:
    return canonical_request(
        method=method, scheme="http", raw_path="/a", query=query, headers=Headers(fields), peer="192.0.2.1"
    )


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/", "/"),
        ("/a", "/a"),
        ("/a/", "/a/"),
        ("/a%20b", "/a b"),
        ("/%E2%82%AC", "/€"),
        ("/a..b/...", "/a..b/..."),
        ("/100%25", "/100%"),
        ("/a%3Bb", "/a;b"),
        ("/%61", "/a"),
        ("/x@y:z,w=1!$&'()*+~", "/x@y:z,w=1!$&'()*+~"),
    ],
)
def test_a_plain_path_is_decoded_once(raw: str, path: str) -> None:
    """Ordinary paths pass and are decoded exactly once."""
    assert canonical_path(raw) == path


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "a",
        "*",
        "http://evil/admin",
        "//a",
        "///a",
        "/a//b",
        "/a//",
        "/.",
        "/..",
        "/a/../b",
        "/a/.",
        "/%2e%2e/b",
        "/%2E",
        "/.%2e/b",
        "/a%0a",
        "/a%0d",
        "/a%00",
        "/a%09",
        "/a%7f",
        "/a%C2%85",
        "/a\n",
        "/a b",
        "/a%2fb",
        "/a%2Fb",
        "/a%5cb",
        "/a\\b",
        "/a%252fb",
        "/a%2561",
        "/a;x",
        "/a#x",
        "/a?x",
        "/a%",
        "/a%2",
        "/a%zz",
        "/a%ff",
        "/a%c0%af",
        "/%ED%A0%80",
        "/ü",
    ],
)
def test_an_ambiguous_path_is_refused(raw: str) -> None:
    """What a server, proxy or router may read otherwise never reaches a router."""
    with pytest.raises(MalformedRequest):
        canonical_path(raw)


@settings(max_examples=200)
@given(st.text(alphabet="/.%25efab;\\\x00\n :", max_size=12))
def test_what_passes_has_one_reading(raw: str) -> None:
    """What passes has one leading slash, no empty or dot segment, and decoding again finds nothing."""
    try:
        path = canonical_path("/" + raw)
    except MalformedRequest:
        return

    segments = path.split("/")[1:]
    assert "" not in segments[:-1]
    assert not {".", ".."} & set(segments)
    assert path.count("/") == ("/" + raw).count("/")
    assert path.isprintable()
    assert unquote(path) == path


@given(st.binary(min_size=1, max_size=20))
def test_a_rebuilt_path_decodes_to_its_bytes(path: bytes) -> None:
    """Where a server keeps no raw path, the rebuilt one says the same."""
    assert unquote(quoted_path(path), encoding="latin-1").encode("latin-1") == path


@pytest.mark.parametrize(
    "host", ["example.com", "EXAMPLE.com.", "a-b.c_d:8000", "127.0.0.1:80", "[::1]", "[2001:db8::1]:443", "x"]
)
def test_a_well_formed_host_passes(host: str) -> None:
    """Names, addresses and ports."""
    assert canonical_host((host,)) == host


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a/admin?x=",
        "user@evil",
        "a b",
        "a,b",
        "a:b",
        "a:99999",
        "a:",
        "[::1",
        "[zz]",
        "[1:2]",
        "-a",
        "a\n",
        "a#b",
        "a\\b",
        "é",
        "a" * 300,
    ],
)
def test_a_malformed_host_is_refused(host: str) -> None:
    """A host that could change a URL's path or authority (THR-B7)."""
    with pytest.raises(MalformedRequest):
        canonical_host((host,))


def test_two_hosts_are_refused_even_if_equal() -> None:
    """Servers differ in which of two they take (THR-B13)."""
    with pytest.raises(MalformedRequest, match="two hosts"):
        canonical_host(("a", "a"))
    assert canonical_host(()) == ""


@pytest.mark.parametrize("method", ["GET", "HEAD", "PROPFIND", "M-SEARCH", "TRACE"])
def test_an_upper_case_method_passes(method: str) -> None:
    """Whether the route takes it is the router's to say."""
    assert request(method).method == method


@pytest.mark.parametrize("method", ["", "get", "Get", "GET ", "G\nET", "GÉT", "A" * 40, "GET/x"])
def test_another_method_is_refused(method: str) -> None:
    """Some frameworks take `get` for GET and some do not (THR-B15)."""
    with pytest.raises(MalformedRequest):
        request(method)


@pytest.mark.parametrize(
    "fields",
    [
        (("X-HTTP-Method-Override", "DELETE"),),
        (("x-http-method", "DELETE"),),
        (("x-method-override", "DELETE"),),
        (("X_Forwarded_For", "10.0.0.1"),),
        (("x.forwarded.for", "10.0.0.1"),),
        (("x_amz_date", "x"),),
        (("remote_user", "root"),),
        (("content_length", "3"),),
        (("X-A", "b\r\nc"),),
        (("X-A", "b\x00"),),
        (("X A", "b"),),
        (("", "b"),),
        (("X\n", "b"),),
        (("Content-Length", "3"), ("Transfer-Encoding", "chunked")),
        (("Content-Length", "3"), ("Content-Length", "3")),
        (("Content-Length", "+3"),),
        (("Content-Length", "3, 3"),),
        (("Content-Length", "٣"),),
        (("Host", "a"), ("Host", "b")),
    ],
)
def test_ambiguous_headers_are_refused(fields: tuple[tuple[str, str], ...]) -> None:
    """Folding, framing, overriding: a header that two programs read in two ways (THR-B9, B14, B16)."""
    with pytest.raises(MalformedRequest):
        request("GET", "", *fields)


def test_ordinary_headers_pass() -> None:
    """Underscores in names of the app's own, tabs, and two Authorization headers, which the gate refuses."""
    made = request("GET", "a=%00b", ("x_custom", "a\tb"), ("Authorization", "a"), ("Authorization", "b"))

    assert made.headers.all("authorization") == ("a", "b")
    assert (made.path, made.query, made.peer) == ("/a", "a=%00b", "192.0.2.1")


def test_a_control_character_in_the_query_is_refused() -> None:
    """Raw control characters; encoded ones are the app's own affair."""
    with pytest.raises(MalformedRequest):
        request("GET", "a=\n")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "host",
                    "accept",
                    "x-one",
                    "content-length",
                    "transfer-encoding",
                    "x_forwarded_for",
                    "bad name",
                ]
            ),
            st.sampled_from(["1", "a.example", "2", "", "x\ty", "x\r\ny", "\x00", "\x85", "\xa0", "b c"]),
        ),
        max_size=5,
    )
)
@settings(max_examples=300)
def test_a_reader_judges_fields_that_it_has_seen_as_it_did_at_first(fields: list[tuple[str, str]]) -> None:
    """What it remembers of names changes nothing about values: refused the first time, refused each time."""

    def read(reader: Reader) -> tuple[tuple[str, str], ...] | str:
        names = tuple(name for name, _ in fields)
        try:
            return reader.headers(names, [value for _, value in fields], lambda: names).items_received
        except MalformedRequest as fault:
            return fault.message

    first = read(Reader())
    reader = Reader()
    # The same names with values that are right are remembered first, where there are any.
    try:
        names = tuple(name for name, _ in fields)
        reader.headers(names, ["1" for _ in fields], lambda: names)
    except MalformedRequest:
        pass

    assert [read(reader), read(reader)] == [first, first]


def test_a_reader_forgets_before_it_grows_without_end() -> None:
    """Whoever sends ever new names and hosts fills nothing."""
    reader = Reader()
    for number in range(2_500):
        names = (f"x-{number}", "host")
        headers = reader.headers(names, ["1", f"h{number}"], partial(tuple, names))
        assert reader.request("GET", "http", "/", "", headers, None).host == f"h{number}"

    assert len(reader._names) <= 1_000
    assert len(reader._hosts) <= 1_000
