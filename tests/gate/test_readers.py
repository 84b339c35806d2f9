"""Who reads an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamkit.gate.readers import Reader, quality, reader_of
from iamkit.http import Headers, HttpRequest


def request(**fields: str) -> HttpRequest:
    headers = Headers(tuple((name.replace("_", "-"), value) for name, value in fields.items()))
    return HttpRequest("GET", "https", "app", "/doc/1", "/doc/1", "", headers)


@pytest.mark.parametrize(
    ("fields", "reader"),
    [
        ({}, Reader.PROGRAM),
        ({"accept": "*/*"}, Reader.PROGRAM),
        ({"accept": "application/json"}, Reader.PROGRAM),
        ({"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, Reader.PERSON),
        ({"accept": "text/html;q=0.1, application/json"}, Reader.PROGRAM),
        ({"accept": "text/html;q=x"}, Reader.PROGRAM),
        ({"accept": "text/html;q=nan"}, Reader.PROGRAM),
        ({"accept": ";;;,,,"}, Reader.PROGRAM),
        ({"sec_fetch_mode": "navigate"}, Reader.PERSON),
        ({"sec_fetch_mode": "cors", "accept": "text/html"}, Reader.PROGRAM),
        ({"sec_fetch_mode": "navigate", "authorization": "Bearer x"}, Reader.PROGRAM),
        ({"accept": "text/html", "x_requested_with": "XMLHttpRequest"}, Reader.PROGRAM),
        ({"accept": "text/html", "hx_request": "true"}, Reader.HTMX),
        ({"hx_request": "true", "sec_fetch_mode": "cors", "accept": "*/*"}, Reader.HTMX),
        ({"hx_request": "false", "accept": "text/html"}, Reader.PERSON),
        ({"hx_request": "true", "authorization": "Bearer x"}, Reader.PROGRAM),
    ],
)
def test_only_who_navigates_is_a_person(fields: dict[str, str], reader: Reader) -> None:
    """Scripts of a page, HTMX and programs are not shown one."""
    assert reader_of(request(**fields)) is reader


def test_a_socket_is_read_by_a_program() -> None:
    """Nothing can be shown in a handshake."""
    handshake = HttpRequest(
        "GET", "wss", "app", "/", "/", "", Headers((("accept", "text/html"),)), kind="websocket"
    )

    assert reader_of(handshake) is Reader.PROGRAM


@given(st.text(max_size=60))
def test_whatever_is_accepted_has_a_weight(accept: str) -> None:
    """Malformed fields raise nothing, and no weight is outside of 0 to 1."""
    assert 0.0 <= quality(accept, "text/html") <= 1.0
