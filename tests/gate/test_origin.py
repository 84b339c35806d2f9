"""Where a request came from (THR-B12): what a client writes about itself proves nothing."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.gate.origin import Proxies
from iamkit.http import Headers, HttpRequest

NOBODY = Proxies()
PROXIES = Proxies((ip_network("10.0.0.0/8"), ip_network("fd00::/8")))


def _request(peer: str | None, *headers: tuple[str, str], scheme: str = "http") -> HttpRequest:
    return HttpRequest(
        method="GET",
        scheme=scheme,
        host="app.example",
        raw_path="/",
        path="/",
        query="",
        headers=Headers(headers),
        peer=peer,
    )


def _forwarded(peer: str, *lists: str) -> str | None:
    return PROXIES.source_ip(_request(peer, *(("X-Forwarded-For", text) for text in lists)))


def test_without_named_proxies_headers_say_nothing() -> None:
    """A spoofed X-Forwarded-For leaves the socket's address as it is."""
    request = _request("203.0.113.9", ("X-Forwarded-For", "192.0.2.1"), ("X-Real-IP", "192.0.2.1"))

    assert NOBODY.source_ip(request) == "203.0.113.9"


def test_not_even_the_own_machine_is_a_proxy_by_default() -> None:
    """A peer at 127.0.0.1 is not believed unless it was named."""
    assert NOBODY.source_ip(_request("127.0.0.1", ("X-Forwarded-For", "192.0.2.1"))) == "127.0.0.1"


def test_a_peer_that_is_no_proxy_is_not_believed() -> None:
    """With proxies named, a client that reaches the app directly still cannot speak for another."""
    assert _forwarded("203.0.113.9", "192.0.2.1") == "203.0.113.9"


def test_a_named_proxy_is_believed() -> None:
    """The address that the proxy saw is the source."""
    assert _forwarded("10.0.0.1", "203.0.113.9") == "203.0.113.9"


def test_what_the_client_wrote_to_the_left_does_not_count() -> None:
    """The rightmost hop that is not a proxy counts, whatever the client put in front of it."""
    assert _forwarded("10.0.0.1", "192.0.2.1, 10.0.0.7, 203.0.113.9, 10.0.0.2") == "203.0.113.9"


def test_several_header_fields_are_one_list() -> None:
    """A client's own field stands before the proxy's and does not win."""
    assert _forwarded("10.0.0.1", "192.0.2.1", "203.0.113.9") == "203.0.113.9"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ",",
        "203.0.113.9,",
        "unknown",
        "203.0.113.9:1234",
        "[2001:db8::1]:443",
        '"203.0.113.9"',
        "203.0.113.9 192.0.2.1",
        "203.0.113.009",
        "3405803785",
        "0xcb007109",
        "203.0.113.9/32",
        "for=203.0.113.9",
        "203.0.113.9\x00",
        "192.0.2.1, rubbish, 10.0.0.2",
        "１９２.0.2.1",
    ],
)
def test_a_malformed_list_leaves_the_peers_own_address(text: str) -> None:
    """Empty, quoted, with ports, in other notations: what cannot be read counts for nothing."""
    assert _forwarded("10.0.0.1", text) == "10.0.0.1"


def test_without_the_header_the_proxy_itself_is_the_source() -> None:
    """A proxy that says nothing speaks for itself, as do hops that are all proxies."""
    assert _forwarded("10.0.0.1") == "10.0.0.1"
    assert _forwarded("10.0.0.1", "10.0.0.3, 10.0.0.2") == "10.0.0.1"


@pytest.mark.parametrize(
    ("peer", "source"),
    [
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::FFFF:cb00:7109", "203.0.113.9"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.9%1", "203.0.113.9"),
    ],
)
def test_addresses_have_one_form(peer: str, source: str) -> None:
    """IPv4 in IPv6 clothes is IPv4, zones are stripped, and letters and zeros are canonical (SEM-C33)."""
    assert NOBODY.source_ip(_request(peer)) == source


def test_a_mapped_proxy_is_a_proxy() -> None:
    """A proxy on a dual-stack socket is recognised, and so is one among the hops."""
    assert _forwarded("::ffff:10.0.0.1", "::ffff:203.0.113.9, ::ffff:10.0.0.2") == "203.0.113.9"


@pytest.mark.parametrize("peer", [None, "", "unix:", "testclient", "%eth0", "localhost"])
def test_a_peer_that_is_no_address_is_no_source(peer: str | None) -> None:
    """A socket file has no address, and no header replaces it."""
    request = _request(peer, ("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "https"))

    assert PROXIES.source_ip(request) is None
    assert PROXIES.secure(request) is False


@given(
    st.lists(
        st.sampled_from(["10.0.0.2", "203.0.113.9", "x", "", "fd00::1", "192.0.2.1, 10.0.0.9"]), max_size=5
    )
)
@settings(max_examples=100)
def test_the_source_is_always_an_address(lists: list[str]) -> None:
    """Whatever the headers hold, policies see an address that somebody on the path really had."""
    source = _forwarded("10.0.0.1", *lists)

    assert source is not None
    assert str(ip_address(source)) == source


def test_tls_is_what_the_server_saw() -> None:
    """Without named proxies the scheme decides, and a header does not."""
    assert NOBODY.secure(_request("203.0.113.9", scheme="https"))
    assert NOBODY.secure(_request("203.0.113.9", scheme="wss"))
    assert not NOBODY.secure(_request("203.0.113.9", ("X-Forwarded-Proto", "https")))
    assert not PROXIES.secure(_request("203.0.113.9", ("X-Forwarded-Proto", "https")))


def test_a_named_proxy_reports_tls() -> None:
    """The proxy that ended the TLS connection says so; one that got plain http says that."""
    assert PROXIES.secure(_request("10.0.0.1", ("X-Forwarded-Proto", "https")))
    assert PROXIES.secure(_request("10.0.0.1", ("X-Forwarded-Proto", " WSS ")))
    assert not PROXIES.secure(_request("10.0.0.1", ("X-Forwarded-Proto", "http"), scheme="https"))


@pytest.mark.parametrize(
    "said", [("https", "http"), ("http", "https"), ("https", "https"), ("https, http",), ("",), ("tls",)]
)
def test_an_ambiguous_report_is_not_tls(said: tuple[str, ...]) -> None:
    """Two fields or a list may hold the client's own word, so they prove nothing."""
    fields = tuple(("X-Forwarded-Proto", text) for text in said)

    assert not PROXIES.secure(_request("10.0.0.1", *fields, scheme="https"))


def test_a_silent_proxy_leaves_the_scheme() -> None:
    """Where the proxy says nothing, the app's own connection counts."""
    assert PROXIES.secure(_request("10.0.0.1", scheme="https"))
    assert not PROXIES.secure(_request("10.0.0.1"))
