"""A button is drawn exactly when its POST would pass."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.urls import path
from django.views import View

from iamkit.web.marker import public, require

if TYPE_CHECKING:
    from tests.web.django.conftest import Site

IDS = ["1", "2", "a:b", "*", "é ü", "a%b", "x?y"]
BUTTONS = Template(
    "{% load iamkit %}"
    "{% for id in ids %}"
    '{% can_reach "doc" id=id method="POST" as may %}'
    "{% if may %}{{ id }}{% endif %}"
    "{% endfor %}"
)


class Doc(View):
    """Read and written by different actions."""

    @require("docs:Read", "doc/{id}")
    def get(self, request: HttpRequest, id: str) -> HttpResponse:
        return HttpResponse()

    @require("docs:Write", "doc/{id}", context={"docs:Kind": "note-{id}"})
    def post(self, request: HttpRequest, id: str) -> HttpResponse:
        return HttpResponse()


@require("docs:List")
def buttons(request: HttpRequest) -> HttpResponse:
    return HttpResponse(BUTTONS.render(RequestContext(request, {"ids": IDS})))


@pytest.mark.parametrize("colour", ["sync"])
def test_a_button_is_drawn_exactly_when_its_post_would_pass(site: Site) -> None:
    """For each caller and each document, odd names too."""
    site.gate.rules = {
        "ann": ("docs:List *", "docs:Write arn:aws:docs::111122223333:doc/1"),
        "ben": ("docs:List *", "docs:Read *"),
        "eve": (
            "docs:List *",
            "docs:Write *doc/a%3Ab",
            "docs:Write *doc/2",
            "docs:Write *doc/é ü",
            "docs:Write *doc/x%3Fy",
        ),
        "kim": ("docs:* *",),
    }
    site.serve(path("doc/<str:id>", Doc.as_view(), name="doc"), path("buttons", buttons))

    for name in site.gate.rules:
        who = {"Authorization": f"Bearer {name}"}
        drawn = site.get("/buttons", who).text
        passing = [id for id in IDS if site.ask("POST", f"/doc/{quote(id)}", who).status_code == 200]
        assert drawn == "".join(passing)


@pytest.mark.parametrize("colour", ["sync"])
def test_blocks_and_filters_ask_the_engine(site: Site) -> None:
    """With an object, without one, with a thing that is not there or has no name."""
    text = Template(
        "{% load iamkit %}"
        '{% if_can "docs:Read" doc %}read{% else %}not{% endif_can %} '
        '{% if_can "docs:Read" nothing %}read{% else %}not{% endif_can %} '
        '{% if_can "docs:Read" odd %}read{% endif_can %}'
        '{% if_can "docs:List" %}list{% endif_can %} '
        '{{ request.principal|can:"docs:List" }} {{ odd|can:"docs:List" }}'
    )

    @public
    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(text.render(RequestContext(request, {"doc": "doc/1", "odd": 7})))

    site.serve(path("page", page))

    assert site.get("/page", {"Authorization": "Bearer bob"}).text == "read not  False False"
    assert site.get("/page", {"Authorization": "Bearer alice"}).text == "read not list True False"
    assert site.get("/page").text == "not not  False False"


@pytest.mark.parametrize("colour", ["sync"])
def test_public_and_undeclared_views_are_told_apart(site: Site) -> None:
    """A link to a public view is drawn for everybody, one to a forgotten view for nobody."""
    text = Template('{% load iamkit %}{% can_reach "open" as a %}{% can_reach "bare" as b %}{{ a }} {{ b }}')

    @public
    def opened(request: HttpRequest) -> HttpResponse:
        return HttpResponse(text.render(RequestContext(request, {})))

    site.serve(path("open", opened, name="open"), path("bare", lambda request: HttpResponse(), name="bare"))

    assert site.get("/open").text == "True False"


@pytest.mark.parametrize("colour", ["sync"])
def test_a_prefix_of_the_server_changes_nothing(site: Site) -> None:
    """A project that is served under `/mine` asks about the same views."""
    site.gate.rules = {"ann": ("docs:List *", "docs:Write *doc/1")}
    site.serve(
        path("doc/<str:id>", Doc.as_view(), name="doc"),
        path("buttons", buttons),
        FORCE_SCRIPT_NAME="/mine",
    )

    assert site.get("/buttons", {"Authorization": "Bearer ann"}).text == "1"


def test_outside_a_request_nothing_is_drawn(site: Site) -> None:
    """A page that is made for nobody has no buttons."""
    site.serve(path("open", public(lambda request: HttpResponse()), name="open"))
    text = Template('{% load iamkit %}{% if_can "docs:List" %}x{% endif_can %}{% can_reach "open" %}')

    assert text.render(Context({})) == "False"
    assert text.render(Context({"request": RequestFactory().get("/")})) == "False"


@pytest.mark.parametrize("tag", ["{% if_can %}", '{% if_can "a:B" x y %}'])
def test_a_malformed_block_is_an_error_of_the_template(tag: str) -> None:
    """Found when the template is read."""
    with pytest.raises(TemplateSyntaxError, match="service:Action"):
        Template("{% load iamkit %}" + tag + "{% endif_can %}")
