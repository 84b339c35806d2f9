"""The index of routes: it leaves out what cannot match, and finds what the framework would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fastapi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Host, Match, Mount, Route, Router, WebSocketRoute

from iamkit.web import nodes
from iamkit.web.route_index import RouteIndex

SEGMENTS = ("a", "b", "a-1", "a.b", "{x}", "{x:int}", "a{x}", "{x:path}", "")
PATHS = ("a", "b", "a-1", "a.b", "a+b", "7", "ab", "", "A", "é")


async def answer(_: Any) -> PlainTextResponse:
    return PlainTextResponse("")


def scope_of(path: str, method: str = "GET") -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}


def found(routes: list[BaseRoute], scope: Mapping[str, Any]) -> tuple[Match, BaseRoute | None]:
    return nodes.match(routes, dict(scope))[:2]


def with_index(routes: list[BaseRoute], scope: Mapping[str, Any]) -> tuple[Match, BaseRoute | None]:
    path = str(scope["path"])
    could = [
        node
        for node, matched in RouteIndex(routes).candidates(path)
        if matched is None or matched(path) is not None
    ]
    return found(could, scope)


def path_of(parts: list[str]) -> str:
    seen: set[str] = set()
    # A name may stand only once in a path.
    plain = ["a" if "{" in part and (part in seen or seen & {"x"}) else part for part in parts]
    for at, part in enumerate(plain):
        if "{" in part:
            plain[at] = "a" if "x" in seen else part
            seen.add("x")
    return "/" + "/".join(plain)


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3), st.sampled_from(["GET", "PUT"])
        ),
        max_size=12,
    ),
    st.lists(st.sampled_from(PATHS), min_size=1, max_size=4),
)
@settings(max_examples=300)
def test_it_finds_what_the_router_would(declared: list[tuple[list[str], str]], asked: list[str]) -> None:
    """The same node, fully or for another method, whatever the routes and the path."""
    routes: list[BaseRoute] = [Route(path_of(parts), answer, methods=[method]) for parts, method in declared]
    scope = scope_of("/" + "/".join(asked))

    assert with_index(routes, scope) == found(routes, scope)


class Everything(Route):
    """A route that says of itself what it matches."""

    def matches(self, scope: Any) -> tuple[Match, Any]:
        return Match.FULL, {"endpoint": self.endpoint, "path_params": {}}


def test_what_says_for_itself_what_it_matches_is_always_asked() -> None:
    """Mounts, hosts, sockets, and routes with a `matches` of their own, by class or by object, in order."""
    own = Route("/x", answer)
    own.matches = lambda scope: (Match.FULL, {"endpoint": answer, "path_params": {}})  # type: ignore[method-assign]
    others: list[BaseRoute] = [
        Mount("/m", app=Router()),
        Host("app.example", app=Router()),
        WebSocketRoute("/w", answer),
        Everything("/e", answer),
        own,
    ]
    routes = [Route("/a", answer), *others, Route("/a/b", answer)]

    kept = [node for node, _ in RouteIndex(routes).candidates("/elsewhere")]

    assert kept == others


def test_routes_of_fastapi_are_looked_up_too() -> None:
    """By the pattern of theirs, with the prefix they were declared under."""
    app = fastapi.FastAPI(openapi_url=None)
    for name in ("a", "b", "c"):
        app.add_api_route(f"/api/{name}/{{key}}", answer)
    routes = app.router.routes

    assert [node for node, _ in RouteIndex(routes).candidates("/api/b/1")] == [routes[1]]
    assert RouteIndex(routes).candidates("/api/d/1") == []


@pytest.mark.parametrize("change", ["added", "removed", "replaced", "moved"])
def test_a_list_that_changed_is_not_the_one_that_was_indexed(change: str) -> None:
    """Routes may come later, also by a plain change of the list."""
    routes: list[BaseRoute] = [Route("/a", answer), Route("/b", answer)]
    index = RouteIndex(routes)
    assert index.stands_for(routes)

    match change:
        case "added":
            routes.append(Route("/c", answer))
        case "removed":
            routes.pop()
        case "replaced":
            routes[0] = Route("/a", answer)
        case _:
            routes.reverse()

    assert not index.stands_for(routes)
