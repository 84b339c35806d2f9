"""A route as it is listed says what a request to it would meet."""

from __future__ import annotations

import pytest
from flask import Flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from iamkit.web import flask as flask_glue
from iamkit.web import routes
from iamkit.web import starlette as starlette_glue
from iamkit.web.marker import marker_of, public, require


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/a/<id>/b/<int:n>/<path:rest>", ("id", "n", "rest")),
        ("/a/<any(x, y):kind>", ("kind",)),
        ("/a/{id}/b/{n:int}/{rest:path}", ("id", "n", "rest")),
        ("/plain", ()),
    ],
)
def test_parameters_are_read_from_both_spellings(path: str, names: tuple[str, ...]) -> None:
    """Flask's angle brackets and Starlette's braces, with and without a converter."""
    assert routes.parameters_of(path) == names


def test_a_place_that_nothing_fills_is_said_before_a_request_meets_it() -> None:
    """`todo/{ID}` on `/a/<id>` would refuse everybody; a default fills a place as well as the path does."""

    @require("todo:Read", "todo/{ID}")
    def wrong(id: str) -> str:
        return id

    @require("todo:Read", "todo/{kind}")
    def default(kind: str) -> str:
        return kind

    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/a/<id>", view_func=wrong)
    app.add_url_rule("/b", view_func=default, defaults={"kind": "note"})

    found = {route.endpoint: route.unfilled for route in flask_glue.routes(app)}

    assert found == {"wrong": ("ID",), "default": ()}


def test_a_mount_fills_places_too() -> None:
    """The parameters of the whole path count."""

    @require("todo:Read", "list/{list_id}/todo/{id}")
    async def todo(request: Request) -> Response:
        return Response()

    app = Starlette(routes=[Mount("/{list_id}", routes=[Route("/{id:int}", todo)])])

    assert [route.unfilled for route in starlette_glue.routes(app)] == [()]


def test_what_the_framework_adds_is_closed_and_not_forgotten() -> None:
    """Static files are nobody's omission; a view without a mark is."""
    app = Flask(__name__)
    app.add_url_rule("/forgotten", "forgotten", lambda: "")

    found = {route.endpoint: (route.closed, route.declared) for route in flask_glue.routes(app)}

    assert found == {"static": (True, False), "forgotten": (False, False)}


def test_a_row_tells_what_its_mark_says() -> None:
    """Action and resource of a requirement; public, however it came to be."""

    @require("todo:List")
    def index() -> None: ...

    @public
    def health() -> None: ...

    listed = routes.route_of(marker_of(index), methods=("GET",), path="/", endpoint="index")
    open_one = routes.route_of(marker_of(health), methods=("GET",), path="/h", endpoint="health")
    opened = routes.route_of(
        None, methods=("GET",), path="/s", endpoint="static", group="static", opened=True
    )

    assert (listed.action, listed.resource, listed.public, listed.declared) == (
        "todo:List",
        None,
        False,
        True,
    )
    assert open_one.public
    assert (opened.public, opened.closed) == (True, False)
