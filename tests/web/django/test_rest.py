"""Django REST framework's own classes: permission by object, filtered lists, the caller as its user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.http import HttpRequest
from django.urls import path
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from iamkit.web.django import rest
from iamkit.web.marker import public, require

if TYPE_CHECKING:
    from tests.web.django.conftest import Site

ALICE = {"Authorization": "Bearer alice"}
BOB = {"Authorization": "Bearer bob"}


class Doc:
    """A row."""

    def __init__(self, pk: str) -> None:
        self.pk = pk
        self.iam_arn = f"arn:aws:docs::111122223333:doc/{pk}"


class One(GenericAPIView):
    """The route names a document; the object that it loads is another one."""

    authentication_classes = (rest.Authentication,)
    permission_classes = (rest.Permission,)
    queryset: Any = ()
    loaded: Any = Doc("1")

    @require("docs:Read", "doc/{pk}")
    def get(self, request: Any, pk: str) -> Response:
        self.check_object_permissions(request, self.loaded)
        return Response("read")

    @require("docs:Read", "doc/{pk}", hidden=True)
    def post(self, request: Any, pk: str) -> Response:
        return self.get(request, pk)

    @public
    def put(self, request: Any, pk: str) -> Response:
        return self.get(request, pk)


@pytest.mark.parametrize("loaded", [Doc("2"), object()])
def test_an_object_is_decided_on_too(site: Site, loaded: object) -> None:
    """The route allowed another thing than the view loaded: the action is asked of that."""
    site.serve(path("right/<pk>", One.as_view()), path("wrong/<pk>", One.as_view(loaded=loaded)))

    assert site.get("/right/1", BOB).status_code == 200
    assert site.get("/wrong/1", BOB).status_code == 403
    assert site.ask("POST", "/wrong/1", BOB).status_code == 404
    assert site.ask("PUT", "/wrong/1", BOB).status_code == 200
    assert [resource[-5:] for _, _, resource, _ in site.gate.recorded[:2]] == ["doc/1", "doc/1"]


def test_a_request_that_no_guard_saw_has_no_permission() -> None:
    """Where the middleware is missing, the class is closed."""
    view = One.as_view(authentication_classes=[])

    answer = view(APIRequestFactory().get("/"), pk="1")

    assert answer.status_code == 403


class Listed(GenericAPIView):
    """A list that is filtered by who asks."""

    authentication_classes = (rest.Authentication,)
    filter_backends = (rest.FilterBackend,)
    queryset = ("1", "2")

    def get_queryset(self) -> Any:
        return self.queryset

    @require("docs:List")
    def get(self, request: Any) -> Response:
        return Response(self.filter_queryset(self.get_queryset()))

    @public
    def post(self, request: Any) -> Response:
        return self.get(request)


def test_a_list_is_filtered_by_the_views_action(site: Site) -> None:
    """By `iam.filter`; where the IAM has none, the list is refused and never whole."""
    site.serve(path("list", Listed.as_view()))

    assert site.get("/list", ALICE).status_code == 503
    site.gate.filter = lambda rows, action: [row for row in rows if row == "1"]  # type: ignore[attr-defined]
    assert site.get("/list", ALICE).json() == ["1"]
    assert site.ask("POST", "/list", ALICE).json() == ["1", "2"]


def test_the_caller_is_the_frameworks_user(site: Site) -> None:
    """And nobody is told how to become somebody."""

    class Who(GenericAPIView):
        authentication_classes = (rest.Authentication,)

        @public
        def get(self, request: Any) -> Response:
            if not request.user.is_authenticated:
                self.permission_denied(request)
            return Response(str(request.user))

    site.serve(path("who", Who.as_view()))

    assert site.get("/who", BOB).json() == "bob"
    anonymous = site.get("/who")
    assert (anonymous.status_code, "Bearer" in anonymous["WWW-Authenticate"]) == (401, True)
    assert isinstance(
        anonymous.wsgi_request if site.colour == "sync" else anonymous.asgi_request, HttpRequest
    )
