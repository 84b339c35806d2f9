"""Class-based views, view sets, the admin and files: each is decided on what Django will run."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf.urls.static import static
from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.staticfiles import views as staticfiles_views
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET
from django.views.generic import TemplateView
from rest_framework import routers
from rest_framework.decorators import action, api_view
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from iamkit.errors import ConfigurationError
from iamkit.web.django import endpoints, rest
from iamkit.web.marker import public, require

if TYPE_CHECKING:
    from tests.web.django.conftest import Site

ALICE = {"Authorization": "Bearer alice"}
BOB = {"Authorization": "Bearer bob"}


class Api(View):
    """Marks on methods; POST was forgotten."""

    @require("docs:Read", "doc/{doc_id}")
    def get(self, request: HttpRequest, doc_id: str) -> HttpResponse:
        return HttpResponse("get")

    def post(self, request: HttpRequest, doc_id: str) -> HttpResponse:
        return HttpResponse("post")


@require("docs:Admin")
class Whole(View):
    """One mark for all."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("whole")


class Child(Whole):
    """A class's mark is its own."""


class Sly(View):
    """A `dispatch` of its own runs whatever it likes, so a method's mark says nothing."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse("sly")

    @public
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("get")


@method_decorator(require_GET, name="dispatch")
class Decorated(View):
    """What stands around `dispatch` hides nothing, and neither does it show more than the class."""

    @public
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("decorated")


class Looking(LoginRequiredMixin, View):
    """Django's own mixins look, and then dispatch by method."""

    @require("docs:Read", "doc/1")
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("looking")


def given(self: object, request: HttpRequest) -> HttpResponse:
    return HttpResponse("given")


def test_class_based_views_are_decided_by_what_runs(site: Site) -> None:
    """Methods, classes, inheritance, dispatch of one's own, and another put in its place."""
    site.serve(
        path("api/<doc_id>", Api.as_view()),
        path("whole", Whole.as_view()),
        path("child", Child.as_view()),
        path("sly", Sly.as_view()),
        path("given", Api.as_view(dispatch=given)),
        path("decorated", Decorated.as_view()),
        path("page", public(TemplateView.as_view(template_name="page.html"))),
        path("wrapped/<doc_id>", require_GET(Api.as_view())),
    )

    def of(who: dict[str, str], method: str, target: str) -> int:
        return int(site.ask(method, target, who).status_code)

    assert [of(BOB, "GET", "/api/1"), of(BOB, "HEAD", "/api/1"), of(BOB, "GET", "/api/2")] == [200, 200, 403]
    assert [of(ALICE, "POST", "/api/1"), of(ALICE, "PUT", "/api/1")] == [403, 405]
    assert [of({}, "OPTIONS", "/api/1"), of({}, "TRACE", "/api/1")] == [200, 405]
    assert [of(ALICE, "GET", "/whole"), of(BOB, "GET", "/whole")] == [200, 403]
    assert [of(ALICE, "GET", f"/{name}") for name in ("child", "sly", "given", "decorated")] == [403] * 4
    assert [of(BOB, "GET", "/wrapped/1"), of(BOB, "GET", "/wrapped/2")] == [200, 403]


def test_what_stands_around_a_view_runs_for_no_stranger(site: Site, ran: list[str]) -> None:
    """OPTIONS and 405 are Django's own only where nothing of the project's would run as well."""

    def around(view: Any) -> Any:
        @functools.wraps(view)
        def inner(request: HttpRequest, **kwargs: Any) -> Any:
            ran.append(str(request.method))
            return view(request, **kwargs)

        return inner

    site.serve(
        path("a/<doc_id>", around(Api.as_view())),
        path("b/<doc_id>", csrf_exempt(around(Api.as_view()))),
        path("c/<doc_id>", csrf_exempt(Api.as_view())),
    )

    answers = [site.ask(method, f"/{name}/1").status_code for name in "abc" for method in ("OPTIONS", "PUT")]

    assert answers == [403, 403, 403, 403, 200, 405]
    assert ran == []


def test_a_mixin_of_djangos_own_hides_no_mark() -> None:
    """`LoginRequiredMixin` only looks; a class of the project's own between is not trusted."""
    between = type("Between", (View,), {"dispatch": lambda self, *args: None})

    assert endpoints.marker_for(Looking.as_view(), "GET") is not None
    hidden: Any = type("Hidden", (between, Looking), {})
    assert endpoints.marker_for(hidden.as_view(), "GET") is None
    assert endpoints.marker_for(login_required(Api.as_view()), "GET") is not None


# --- Django REST framework ---------------------------------------------------------------------------


@rest.actions(list="docs:List", retrieve="docs:Read doc/{pk}")
class Docs(ViewSet):
    """Actions by name; `destroy` was forgotten, `publish` carries its mark itself."""

    authentication_classes = (rest.Authentication,)
    permission_classes = (rest.Permission,)

    def list(self, request: Any) -> Response:
        return Response(["1"])

    def retrieve(self, request: Any, pk: str) -> Response:
        return Response({"reader": request.user.username})

    def destroy(self, request: Any, pk: str) -> Response:
        return Response()

    @require("docs:Publish", "doc/{pk}")
    @action(detail=True, methods=["post"])
    def publish(self, request: Any, pk: str) -> Response:
        return Response("published")


class ChildDocs(Docs):
    """What another class said of its actions is not inherited."""


class Plain(APIView):
    """An API view by method."""

    authentication_classes = (rest.Authentication,)

    @require("docs:Read", "doc/1")
    def get(self, request: Any) -> Response:
        return Response("plain")


@require("docs:Read", "doc/1")
@api_view(["GET"])
def function(request: Any) -> Response:
    """A function view of the framework's: the mark stands above."""
    return Response("function")


@api_view(["GET"])
@public
def lost(request: Any) -> Response:
    """Below, the framework drops it, and nothing is open."""
    return Response("lost")


def test_view_sets_are_decided_by_action(site: Site) -> None:
    """Which action a method means is the router's, and each has its own mark."""
    router = routers.SimpleRouter()
    router.register("docs", Docs, basename="docs")
    router.register("child", ChildDocs, basename="child")
    site.serve(path("", include(router.urls)), path("plain", Plain.as_view()))

    def of(who: dict[str, str], method: str, target: str) -> int:
        return int(site.ask(method, target, who).status_code)

    assert [of(ALICE, "GET", "/docs/"), of(BOB, "GET", "/docs/")] == [200, 403]
    assert [of(BOB, "GET", "/docs/1/"), of(BOB, "HEAD", "/docs/1/"), of(BOB, "GET", "/docs/2/")] == [
        200,
        200,
        403,
    ]
    assert site.get("/docs/1/", BOB).json() == {"reader": "bob"}
    assert [of(ALICE, "POST", "/docs/1/publish/"), of(BOB, "POST", "/docs/1/publish/")] == [200, 403]
    assert [of(ALICE, "DELETE", "/docs/1/"), of(ALICE, "OPTIONS", "/docs/1/")] == [403, 403]
    assert [of(ALICE, "GET", "/child/"), of(ALICE, "GET", "/child/1/")] == [403, 403]
    assert [of(BOB, "GET", "/plain"), of({}, "GET", "/plain"), of(ALICE, "PUT", "/plain")] == [200, 401, 405]


def test_function_views_of_the_framework_take_the_mark_above(site: Site) -> None:
    """In the other order it is lost, which closes the view and opens nothing."""
    site.serve(path("function", function), path("lost", lost))

    assert site.get("/function", BOB).status_code == 200
    assert site.get("/function").status_code == 401
    assert site.get("/lost", ALICE).status_code == 403


def test_an_action_that_is_not_there_or_marked_twice_is_told() -> None:
    """When the class is made."""
    with pytest.raises(ConfigurationError, match="no action `lst`"):
        rest.actions(lst="docs:List")(type("A", (ViewSet,), {}))
    with pytest.raises(ConfigurationError, match="carries a mark already"):
        rest.actions(publish="public")(type("B", (Docs,), {}))


# --- what Django adds by itself ----------------------------------------------------------------------


def test_files_are_closed_until_named(site: Site, tmp_path: Path) -> None:
    """Static files, and media apart from them: people's uploads are not opened with the style sheets."""
    from django.test import override_settings

    (tmp_path / "a.txt").write_text("file")

    def served(**more: Any) -> list[int]:
        with override_settings(DEBUG=True):
            media = static("media/", document_root=tmp_path)
        urls = [*media, path("static/<path:path>", staticfiles_views.serve)]
        site.serve(*urls, DEBUG=True, STATICFILES_DIRS=[tmp_path], **more)
        answers = [site.get("/static/a.txt"), site.get("/media/a.txt")]
        for answer in answers:
            answer.close()
        return [answer.status_code for answer in answers]

    assert served() == [403, 403]
    assert served(IAMKIT_PUBLIC={"static"}) == [200, 403]
    assert served(IAMKIT_PUBLIC={"media"}) == [403, 200]


ADMIN = [
    "iamkit.web.django.Middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]


@pytest.mark.parametrize("colour", ["sync"])
def test_the_admin_is_closed_until_named_or_declared(site: Site) -> None:
    """Public means that Django's own rules are the only ones; an action can be asked for instead."""

    def statuses(**more: Any) -> list[int]:
        site.serve(path("admin/", admin.site.urls), MIDDLEWARE=ADMIN, **more)
        return [
            site.get(target, ALICE).status_code for target in ("/admin/", "/admin/login/", "/admin/jsi18n/")
        ]

    assert statuses() == [403, 403, 403]
    assert statuses(IAMKIT_PUBLIC={"admin"}) == [302, 200, 302]
    assert statuses(IAMKIT_VIEWS={"admin:*": "docs:Administer"}) == [302, 200, 302]
    assert statuses(IAMKIT_VIEWS={"admin:*": "other:Use"}) == [403, 403, 403]
    assert statuses(IAMKIT_VIEWS={"admin:*": "other:Use", "admin:login": "public"}) == [403, 200, 403]


def test_views_of_installed_apps_are_declared_by_name(site: Site) -> None:
    """By the name in the URLconf or the dotted path, with a resource and by method; a path names nothing."""

    def theirs(request: HttpRequest, pk: int) -> HttpResponse:
        return HttpResponse("theirs")

    def of(table: dict[str, Any], method: str = "GET", who: dict[str, str] = BOB) -> int:
        site.serve(path("theirs/<int:pk>", theirs, name="theirs"), IAMKIT_VIEWS=table)
        return int(site.ask(method, "/theirs/1", who).status_code)

    assert of({}) == 403
    assert of({"/theirs/1": "public", "theirs/<int:pk>": "public", "theirs:*": "public"}) == 403
    assert of({"theirs": "docs:Read doc/{pk}"}) == 200
    assert of({endpoints.name_of(theirs): "public"}, who={}) == 200
    by_method = {"theirs": {"GET": "docs:Read doc/{pk}", "POST": "docs:Write doc/{pk}"}}
    assert [of(by_method, method) for method in ("GET", "HEAD", "POST", "DELETE")] == [200, 200, 403, 403]


def test_a_mark_in_the_code_goes_before_the_table(site: Site) -> None:
    """What the view says of itself counts."""
    view = require("docs:Admin")(lambda request: HttpResponse())

    site.serve(path("x", view, name="x"), IAMKIT_VIEWS={"x": "public"})

    assert site.get("/x").status_code == 401


def test_names_of_views() -> None:
    """Classes by their own path, functions and partials by theirs."""
    assert endpoints.name_of(auth_views.LoginView.as_view()) == "django.contrib.auth.views.LoginView"
    assert endpoints.name_of(given).endswith("test_endpoints.given")


def test_no_method_tells_a_hidden_address_from_none(site: Site) -> None:
    """Preflights are answered alike everywhere, and `Allow` names no method that is hidden."""

    class Half(View):
        @public
        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse()

        @require("docs:Secret", hidden=True)
        def delete(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse()

    class Secret(View):
        @require("docs:Secret", hidden=True)
        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse()

    app = site.serve(path("half", Half.as_view()), path("secret", Secret.as_view()))
    preflight = {"origin": "https://spa.example", "access-control-request-method": "PUT"}
    preflights = [app.ask("OPTIONS", where, preflight) for where in ("/secret", "/nothing", "/half")]

    assert {answer.status_code for answer in preflights} == {204}
    assert preflights[0].headers == preflights[1].headers == preflights[2].headers
    for method in ("OPTIONS", "PUT"):
        assert app.ask(method, "/secret", BOB).status_code == 404
        assert app.ask(method, "/half", BOB)["Allow"] == "GET, HEAD, OPTIONS"
        assert "DELETE" in app.ask(method, "/half", ALICE)["Allow"]
