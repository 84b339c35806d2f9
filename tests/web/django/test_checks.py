"""`manage.py check` and `iamkit routes` say beforehand what a request would meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib import admin
from django.core.checks import Error, run_checks
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views import View

from iamkit.errors import ConfigurationError
from iamkit.web.django import guarded, protect, routes
from iamkit.web.django.checks import check_project
from iamkit.web.marker import public, require
from iamkit.web.sniff import FrameworkRoutes

if TYPE_CHECKING:
    from tests.web.conftest import MemoryGate
    from tests.web.django.conftest import Site

pytestmark = pytest.mark.parametrize("colour", ["sync"])
OURS = "iamkit.web.django.Middleware"


@require("docs:Read", "doc/{pk}")
def read(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse()


@public
def opened(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class Api(View):
    """GET and HEAD are declared, POST is not."""

    @require("docs:List")
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def post(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


def _ids() -> list[str]:
    return sorted(str(found.id) for found in check_project())


def test_a_project_that_declares_everything_has_no_findings(site: Site) -> None:
    """The admin is closed and nobody's omission."""
    site.serve(path("doc/<int:pk>", read), path("open", opened), path("admin/", admin.site.urls))

    assert check_project() == []
    assert [found for found in run_checks() if str(found.id).startswith("iamkit.")] == []


def test_each_omission_is_found(site: Site) -> None:
    """Views without a declaration, deep in includes, by method, and places that nothing fills."""
    site.serve(
        path("a/", include([path("bare", bare), path("doc", read)])),
        path("api", Api.as_view()),
        IAMKIT_VIEWS={"nothing": "public"},
    )

    found = check_project()

    assert _ids() == ["iamkit.E001", "iamkit.E001", "iamkit.E005", "iamkit.W002"]
    assert any("/a/bare" in entry.msg for entry in found)
    assert any("POST /api" in entry.msg for entry in found)
    assert all(isinstance(entry, Error) for entry in found if str(entry.id).startswith("iamkit.E"))


@pytest.mark.parametrize(
    ("middleware", "ids"),
    [
        ([], ["iamkit.E002"]),
        ([OURS], []),
        (["django.middleware.security.SecurityMiddleware", OURS], []),
        (["corsheaders.middleware.CorsMiddleware", OURS], []),
        (["django.middleware.common.CommonMiddleware", OURS], ["iamkit.W001"]),
        (["django.middleware.cache.FetchFromCacheMiddleware", OURS], ["iamkit.E003"]),
        ([OURS, OURS], ["iamkit.E003"]),
    ],
)
def test_the_place_of_the_middleware_is_checked(site: Site, middleware: list[str], ids: list[str]) -> None:
    """Missing, twice, behind something that answers."""
    site.serve(path("open", opened), MIDDLEWARE=middleware)

    assert _ids() == ids


@pytest.mark.parametrize(
    "more",
    [
        {"IAMKIT_IAM": None},
        {"IAMKIT_VIEWS": {"a": 1}},
        {"IAMKIT_RESOURCE": "no.where"},
        {"IAMKIT_PRINCIPAL": 3},
    ],
)
def test_amiss_settings_are_found(site: Site, more: dict[str, object]) -> None:
    """They are said in words, not as a traceback."""
    site.serve(path("open", opened), **more)

    assert _ids() == ["iamkit.E004"]


def test_a_mark_and_a_declaration_are_one_too_many(site: Site) -> None:
    """The table's word does not count, so it is told."""
    site.serve(path("doc/<int:pk>", read, name="doc"), IAMKIT_VIEWS={"doc": "public"})

    assert _ids() == ["iamkit.W003"]


def test_routes_lists_each_view(site: Site) -> None:
    """Paths as people write them, parameters of includes, a class by method, public or neither."""
    site.serve(
        path("<slug:space>/", include([re_path(r"^doc/(?P<pk>[0-9]+)/$", read, {"kind": "note"})])),
        path("api", Api.as_view()),
        path("open", opened),
        path("theirs", bare, name="theirs"),
        IAMKIT_VIEWS={"theirs": "docs:Use"},
    )

    rows = {(row.path, row.methods): row for row in routes(WSGIHandler())}

    assert rows["/<slug:space>/doc/<pk>/", ("*",)].resource == "doc/{pk}"
    assert rows["/<slug:space>/doc/<pk>/", ("*",)].unfilled == ()
    assert rows["/api", ("GET",)].action == "docs:List"
    assert not rows["/api", ("POST",)].declared
    assert rows["/open", ("*",)].public
    assert rows["/theirs", ("*",)].action == "docs:Use"


def test_the_adapter_is_found_by_the_application(site: Site, gate: MemoryGate) -> None:
    """`iamkit routes` gets the same rows from the application object; nothing else is listed."""
    site.serve(path("open", opened))

    assert FrameworkRoutes().iamkit_routes(app=WSGIHandler()) == routes()
    assert guarded(WSGIHandler())
    with pytest.raises(ConfigurationError, match="no Django application"):
        routes(object())
    with pytest.raises(ConfigurationError, match="guarded by its settings"):
        protect(WSGIHandler(), gate)


def test_an_unknown_node_is_an_error(site: Site) -> None:
    """A route that cannot be listed is not left out."""

    class Odd:
        pattern: Any = None

    site.serve(path("open", opened))
    from django.test import override_settings

    with override_settings(ROOT_URLCONF=(Odd(),)), pytest.raises(ConfigurationError, match="unknown type"):
        routes()
