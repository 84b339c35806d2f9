"""Who will read an answer: a person in a browser, HTMX on a page, or a program."""

from __future__ import annotations

from enum import Enum, auto
from typing import final

from iamkit.http import HttpRequest


@final
class Reader(Enum):
    """PERSON navigates and can be shown a page or sent to one; HTMX would put an answer into the page it
    is on; PROGRAM is everything else: `fetch`, curl, a client, a WebSocket.
    """

    PERSON = auto()
    HTMX = auto()
    PROGRAM = auto()


def reader_of(request: HttpRequest) -> Reader:
    """Who reads the answer to `request`; whoever sends `Authorization` is a program in any case."""
    headers = request.headers
    if request.kind == "websocket" or "authorization" in headers:
        return Reader.PROGRAM
    if headers.get("hx-request", "").lower() == "true":
        return Reader.HTMX
    if "x-requested-with" in headers:
        return Reader.PROGRAM
    mode = headers.get("sec-fetch-mode")
    if mode is not None:
        return Reader.PERSON if mode == "navigate" else Reader.PROGRAM
    accept = ",".join(headers.all("accept"))
    page = quality(accept, "text/html") > quality(accept, "application/json")
    return Reader.PERSON if page else Reader.PROGRAM


def quality(accept: str, wanted: str) -> float:
    """The weight of `wanted` in an Accept header, wildcards left out: who names nothing wants JSON."""
    best = 0.0
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name != wanted:
            continue
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key == "q":
                try:
                    weight = min(max(float(value), 0.0), 1.0)
                except ValueError:
                    weight = 0.0
        best = max(best, weight)
    return best
