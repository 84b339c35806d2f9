"""Django: no view runs without an allow for exactly that call, under either handler."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt

from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.errors import AccessDenied, ConfigurationError
from iamkit.gate.current import current_principal
from iamkit.http import Headers
from iamkit.policy.request import CallerKind
from iamkit.web.django import Middleware, received
from iamkit.web.marker import public, require

if TYPE_CHECKING:
    from iamkit.web.guard import Admission
    from tests.web.conftest import MemoryGate
    from tests.web.django.conftest import Site

ALICE = {"Authorization": "Bearer alice"}
BOB = {"Authorization": "Bearer bob"}
CAROL = {"Authorization": "Bearer carol"}
OURS = "iamkit.web.django.Middleware"
HERE = f"{__name__}."


@pytest.fixture
def app(site: Site, ran: list[str]) -> Site:
    """A project with a view of each kind."""

    @require("docs:Read", "doc/{doc_id}")
    def read(request: Any, doc_id: str) -> HttpResponse:
        ran.append(f"read {doc_id}")
        return HttpResponse(f"{current_principal().name} {request.principal.name}")

    @require("docs:Read", "doc/{doc_id}")
    async def read_async(request: Any, doc_id: str) -> HttpResponse:
        ran.append(f"async {doc_id}")
        await asyncio.sleep(0)
        return HttpResponse(f"{current_principal().name} {request.principal.name}")

    @csrf_exempt
    @require("docs:Delete", "doc/{doc_id}")
    def delete(request: HttpRequest, doc_id: int) -> HttpResponse:
        ran.append(f"delete {doc_id}")
        return HttpResponse("gone")

    @require("docs:Secret", hidden=True)
    def secret(request: HttpRequest) -> HttpResponse:
        ran.append("secret")
        return HttpResponse("secret")

    @public
    def opened(request: HttpRequest) -> HttpResponse:
        ran.append("open")
        return HttpResponse(request.body or b"open")

    def bare(request: HttpRequest) -> HttpResponse:
        ran.append("bare")
        return HttpResponse("bare")

    async def bare_async(request: HttpRequest) -> HttpResponse:
        ran.append("bare async")
        return HttpResponse("bare")

    @public
    def raising(request: HttpRequest) -> HttpResponse:
        raise AccessDenied("you may not do `docs:Share` here", decision_id="d_9")

    return site.serve(
        path("doc/<str:doc_id>", read),
        path("async/<str:doc_id>", read_async),
        path("deep/", include(([path("x/<int:doc_id>/", delete, name="delete")], "deep"), namespace="deep")),
        path("secret", secret),
        path("open", opened),
        path("bare", bare),
        re_path("^bare-async$", bare_async),
        path("folder/", opened),
        path("raising", raising),
    )


def test_a_view_runs_for_whom_it_may(app: Site, ran: list[str], gate: MemoryGate) -> None:
    """Allowed runs as the caller, decided once; others never reach the view."""
    answers = [app.get("/doc/1", who) for who in (BOB, CAROL, {}, {"Authorization": "Bearer x"})]

    assert [answer.status_code for answer in answers] == [200, 403, 401, 401]
    assert answers[0].text == "bob bob"
    assert ran == ["read 1"]
    assert gate.recorded[0] == ("bob", "docs:Read", "arn:aws:docs::111122223333:doc/1", True)
    assert len(gate.recorded) == 3


def test_an_async_view_runs_as_its_caller(app: Site, ran: list[str]) -> None:
    """The caller is seen inside the coroutine, under WSGI too."""
    assert app.get("/async/1", CAROL).status_code == 403
    assert app.get("/async/1", BOB).text == "bob bob"
    assert ran == ["async 1"]


def test_refusals_and_answers_say_what_they_must(app: Site) -> None:
    """A challenge for nobody, a decision for somebody; nothing that was decided on is for a shared cache."""
    anonymous, denied, allowed, opened = (
        app.get("/doc/1"),
        app.get("/doc/1", CAROL),
        app.get("/doc/1", BOB),
        app.get("/open"),
    )

    assert "Bearer realm" in anonymous["WWW-Authenticate"]
    assert "AWS4-HMAC-SHA256" in anonymous["WWW-Authenticate"]
    assert denied["Content-Type"] == "application/problem+json"
    assert denied.json()["decision"] == denied["x-iamkit-decision"]
    assert denied.json()["action"] == "docs:Read"
    assert denied["Cache-Control"] == "no-store"
    assert allowed["x-iamkit-decision"]
    assert allowed["Cache-Control"] == "private"
    assert allowed["Vary"] == "Cookie, Authorization, Accept"
    assert not opened.has_header("Cache-Control")


@pytest.mark.parametrize("who", [{}, BOB, ALICE])
@pytest.mark.parametrize("target", ["/bare", "/bare-async"])
def test_an_undeclared_view_is_refused(app: Site, ran: list[str], target: str, who: dict[str, str]) -> None:
    """403 for everybody, and reported by its name."""
    answer = app.get(target, who)

    assert answer.status_code == 403
    assert "UnclassifiedRoute" in answer.text
    assert ran == []
    assert "bare" in app.gate.unclassified[0]


def test_a_public_view_runs_for_anybody(app: Site, ran: list[str]) -> None:
    """But not with a credential that is bad."""
    assert app.get("/open").status_code == 200
    assert app.get("/open", {"Authorization": "Bearer x"}).status_code == 401
    assert ran == ["open"]


def test_a_view_deep_in_includes_is_decided_on_what_it_gets(
    app: Site, ran: list[str], gate: MemoryGate
) -> None:
    """`01` is 1 for an `int`, and 1 is decided on; the mark may stand below another decorator."""
    assert app.ask("DELETE", "/deep/x/01/", BOB).status_code == 403
    assert app.ask("DELETE", "/deep/x/01/", ALICE).status_code == 200
    assert ran == ["delete 1"]
    assert gate.recorded[-1][2].endswith("doc/1")


def test_hidden_cannot_be_told_from_missing(app: Site, ran: list[str]) -> None:
    """The same status, body and headers as a path without a route, with the project's own page too."""
    app.client_options = {"raise_request_exception": False}
    hidden, none = app.get("/secret", BOB), app.get("/nothing", BOB)

    assert (hidden.status_code, hidden.content) == (404, none.content)
    assert list(hidden.headers.items()) == list(none.headers.items())
    assert ran == []
    assert app.get("/secret").status_code == 401
    assert app.get("/secret", ALICE).status_code == 200


def test_hidden_is_hidden_from_a_page_of_the_projects_own(app: Site) -> None:
    """A template that shows the exception shows the same for both."""
    template = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {"404.html": "{{ exception }}"})]},
    }
    with override_settings(TEMPLATES=[template]):
        hidden, none = app.get("/secret", BOB), app.get("/nothing", BOB)

    assert (hidden.status_code, hidden.content) == (404, none.content)


def test_what_reaches_no_view_is_djangos_own(app: Site, ran: list[str], gate: MemoryGate) -> None:
    """404 and the redirect to a slash need no declaration and run nothing."""
    with override_settings(MIDDLEWARE=[OURS, "django.middleware.common.CommonMiddleware"]):
        answers = [app.get("/nothing"), app.get("/folder")]

    assert [answer.status_code for answer in answers] == [404, 301]
    assert answers[1]["Location"] == "/folder/"
    assert (ran, gate.recorded) == ([], [])


def test_head_is_judged_as_the_view_is(app: Site, ran: list[str]) -> None:
    """A refusal to HEAD has no body."""
    refused = app.ask("HEAD", "/doc/1", CAROL)

    assert (refused.status_code, refused.content) == (403, b"")
    assert app.ask("HEAD", "/doc/1", BOB).status_code == 200
    assert ran == ["read 1"]


def test_options_is_a_method_like_any_other(app: Site, ran: list[str]) -> None:
    """A function view gets every method, so each is judged (THR-B15)."""
    assert app.ask("OPTIONS", "/doc/1", CAROL).status_code == 403
    assert app.ask("FOO", "/doc/1", CAROL).status_code == 403
    assert ran == []


@pytest.mark.parametrize(
    "target",
    [
        "//open",
        "/open%0a",
        "/open%00",
        "/./open",
        "/doc/../open",
        "/doc/%252f",
        "/doc/a%5cb",
        "/open;x",
    ],
)
def test_a_path_with_two_readings_is_refused(app: Site, ran: list[str], target: str) -> None:
    """THR-B1 to B6: 400 for everybody, before routing."""
    environ: dict[str, Any]
    if app.colour == "sync":
        from urllib.parse import unquote

        environ = {"PATH_INFO": unquote(target), "RAW_URI": target}
        answer: Any = Client().get("/x", headers=ALICE, **environ)
    else:
        answer = _raw_asgi(target)

    assert answer.status_code == 400
    assert (ran, app.gate.requests) == ([], [])


@pytest.mark.parametrize("target", ["/doc/%C3%A9%20%C3%BC", "/doc/a%25b"])
def test_a_path_beyond_ascii_is_read_once(app: Site, gate: MemoryGate, target: str) -> None:
    """What was sent, what Django routes on and what is decided on are the same text, on any server."""
    from urllib.parse import unquote

    if app.colour == "sync":
        statuses = [
            Client().get(target, headers=ALICE).status_code,
            Client().get(target, headers=ALICE, RAW_URI=target).status_code,
        ]
    else:
        statuses = [_raw_asgi(target, ALICE).status_code]

    assert set(statuses) == {200}
    assert gate.recorded[-1][2].endswith(unquote(target)[1:].replace("%", "%25"))


@pytest.mark.parametrize("colour", ["sync"])
@pytest.mark.parametrize("more", [{"PATH_INFO": "/doc/\xff"}, {"RAW_URI": "/doc/%ff"}, {"RAW_URI": "/other"}])
def test_a_path_that_the_server_read_otherwise_is_refused(
    app: Site, ran: list[str], more: dict[str, str]
) -> None:
    """Bytes that are no text, and a target that is not what Django would route."""
    environ: dict[str, Any] = dict(more)

    assert Client().get("/doc/1", headers=ALICE, **environ).status_code == 400
    assert ran == []


def _raw_asgi(target: str, headers: dict[str, str] | None = None, method: str = "GET") -> HttpResponse:
    """What the ASGI handler answers to a target as it came over the wire."""
    from urllib.parse import unquote

    sent: list[Any] = []
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(target),
        "raw_path": target.encode(),
        "query_string": b"",
        "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
        "scheme": "http",
        "client": ("192.0.2.1", 5),
        "server": ("app", 80),
    }
    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(ASGIHandler()(scope, receive, send))
    return HttpResponse(sent[1]["body"], status=sent[0]["status"])


@pytest.mark.parametrize("host", ["a/admin?x=", "user@evil", "a b", "a,b", ""])
def test_a_malformed_host_is_refused(app: Site, ran: list[str], host: str) -> None:
    """THR-B7 and B13."""
    assert app.get("/open", {"Host": host, **ALICE}).status_code == 400
    assert ran == []


def test_method_overrides_and_folded_headers_are_refused(app: Site, ran: list[str]) -> None:
    """THR-B9, B15, B16."""
    assert app.get("/open", {"X-HTTP-Method-Override": "DELETE"}).status_code == 400
    if app.colour == "sync":
        assert Client().get("/open", REQUEST_METHOD="").status_code == 400
    assert ran == []


def test_a_method_in_lower_case_is_refused_with_a_body(app: Site, ran: list[str]) -> None:
    """Django reads `head` as HEAD and the server does not: it would wait for the body that was promised."""
    if app.colour == "sync":
        environ = {**RequestFactory().get("/open").environ, "REQUEST_METHOD": "head"}
        body = b"".join(WSGIHandler()(environ, lambda *answer: bytes.strip))
    else:
        body = _raw_asgi("/open", method="head").content

    assert b"upper-case" in body
    assert ran == []


@pytest.mark.parametrize("doc_id", ["*", "1:2", "..x"])
def test_an_id_cannot_reshape_the_arn(app: Site, gate: MemoryGate, doc_id: str) -> None:
    """THR-E13: bob, who may read document 1, learns nothing by writing a pattern as an id."""
    assert app.get(f"/doc/{doc_id}", BOB).status_code == 403
    resource = gate.recorded[-1][2].removeprefix("arn:aws:docs::111122223333:")
    assert resource.startswith("doc/")
    assert not set("*?:") & set(resource)


def test_iamkits_errors_are_answered(app: Site) -> None:
    """What a view raises by `iam.authorize(...)` is the refusal it stands for."""
    answer = app.get("/raising", ALICE)

    assert (answer.status_code, answer.json()["decision"]) == (403, "d_9")


def test_a_store_that_cannot_be_read_is_503(app: Site, ran: list[str], gate: MemoryGate) -> None:
    """Also for public views: a credential that cannot be checked is not ignored."""
    gate.fail()

    assert app.get("/open", ALICE).status_code == 503
    assert ran == []


def test_a_gate_that_may_wait_is_asked_in_a_thread(app: Site, ran: list[str], gate: MemoryGate) -> None:
    """With a store behind a network no event loop waits; the answers are the same."""
    gate.blocking = True

    assert [app.get("/async/1", who).status_code for who in (BOB, CAROL)] == [200, 403]
    assert ran == ["async 1"]


def test_a_signed_body_is_read_and_given_back(app: Site, gate: MemoryGate) -> None:
    """The authenticator sees the body, and so does the view; what is larger than the cap is 413."""
    signed = {"Authorization": "Body alice"}

    answer = app.ask("POST", "/open", signed, data=b"data")
    large = app.ask("POST", "/open", signed, data=b"x" * 17)

    assert (answer.status_code, answer.content) == (200, b"data")
    assert gate.requests[-2].body == b"data"
    assert large.status_code == 413


def test_a_form_after_a_signed_body_is_still_a_form(site: Site) -> None:
    """The body that was read for the signature is parsed as ever."""

    @public
    def form(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.POST["a"])

    site.serve(path("form", form))
    answer = site.ask(
        "POST",
        "/form",
        {"Authorization": "Body alice"},
        data="a=b",
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.text == "b"


# --- what other middleware does --------------------------------------------------------------------


class Notes:
    """A middleware that writes down when it acts, and may change the call behind the first look."""

    sync_capable = True
    async_capable = False
    ran: list[str] = []  # noqa: RUF012  # told by the test
    swap: Callable[[HttpRequest, dict[str, Any]], None] | None = None

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self._next(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> None:
        Notes.ran.append("process_view")
        if Notes.swap is not None:
            Notes.swap(request, kwargs)


@pytest.fixture
def noting(monkeypatch: pytest.MonkeyPatch) -> type[Notes]:
    """The middleware above, importable by its name and clean."""
    import sys
    import types

    module = types.ModuleType("iamkit_test_middleware")
    module.Notes = Notes  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "iamkit_test_middleware", module)
    monkeypatch.setattr(Notes, "ran", [])
    monkeypatch.setattr(Notes, "swap", None)
    return Notes


NOTING = [OURS, "iamkit_test_middleware.Notes"]


def test_the_check_comes_before_other_middlewares_look(app: Site, noting: type[Notes]) -> None:
    """None of them acts on a view for a caller who may not."""
    with override_settings(MIDDLEWARE=NOTING):
        assert app.get("/doc/1", CAROL).status_code == 403
        assert noting.ran == []
        assert app.get("/doc/1", BOB).status_code == 200
    assert noting.ran == ["process_view"]


@pytest.mark.parametrize("target", ["/doc/1", "/async/1"])
def test_arguments_changed_after_the_check_are_checked_again(
    app: Site, noting: type[Notes], ran: list[str], gate: MemoryGate, target: str
) -> None:
    """What was allowed is this view with these arguments, and nothing that somebody makes of it later."""
    noting.swap = staticmethod(lambda request, kwargs: kwargs.update(doc_id="2"))

    with override_settings(MIDDLEWARE=NOTING):
        assert app.get(target, BOB).status_code == 403
    assert ran == []
    assert [resource[-5:] for _, _, resource, _ in gate.recorded] == ["doc/1", "doc/2"]


def test_a_method_changed_after_the_check_is_checked_again(
    app: Site, noting: type[Notes], gate: MemoryGate
) -> None:
    """THR-B16: what is judged is the method that the view sees."""

    def swap(request: HttpRequest, kwargs: dict[str, Any]) -> None:
        request.method = "DELETE"

    noting.swap = staticmethod(swap)
    with override_settings(MIDDLEWARE=NOTING):
        app.get("/doc/1", BOB)

    assert len(gate.recorded) == 2


def test_a_cache_further_out_or_in_keeps_nothing_that_was_decided_on(app: Site, ran: list[str]) -> None:
    """THR-B23: alice's page is not in the cache when carol comes."""
    caching = [
        "django.middleware.cache.UpdateCacheMiddleware",
        OURS,
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    with override_settings(
        MIDDLEWARE=caching,
        CACHES={
            "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": app.colour}
        },
    ):
        assert app.get("/doc/1", ALICE).status_code == 200
        assert app.get("/doc/1", CAROL).status_code == 403
        assert app.get("/doc/1").status_code == 401
        assert [app.get("/open").status_code for _ in range(2)] == [200, 200]
    assert ran == ["read 1", "open"]


def test_a_middleware_that_is_only_sync_changes_nothing(
    app: Site, noting: type[Notes], ran: list[str]
) -> None:
    """Django hops threads around it; the caller is the same in each."""
    with override_settings(MIDDLEWARE=NOTING):
        assert app.get("/async/1", BOB).text == "bob bob"
        assert app.get("/doc/1", BOB).text == "bob bob"


def test_a_request_that_did_not_pass_is_closed(app: Site, gate: MemoryGate, ran: list[str]) -> None:
    """Without admission, or with another middleware's, the look before the view refuses: 503."""
    middleware = Middleware(lambda request: HttpResponse())
    stranger = Middleware(lambda request: HttpResponse())
    request = RequestFactory().get("/open")

    view = public(lambda request: HttpResponse())
    answer = middleware.process_view(request, view, (), {})
    stranger(request)
    crossed = middleware.process_view(request, view, (), {})

    assert [answer.status_code, crossed.status_code] == [503, 503]


def test_the_middleware_twice_refuses_everybody(app: Site, ran: list[str]) -> None:
    """An admission counts only for the guard that made it."""
    with override_settings(MIDDLEWARE=[OURS, OURS]):
        assert app.get("/open", ALICE).status_code == 503
    assert ran == []


# --- CSRF ------------------------------------------------------------------------------------------


def test_a_credential_that_no_browser_adds_needs_no_token(app: Site) -> None:
    """Django's check stands for everybody else: nobody, and whoever is told by a cookie."""
    app.client_options = {"enforce_csrf_checks": True}
    with override_settings(MIDDLEWARE=[OURS, "django.middleware.csrf.CsrfViewMiddleware"]):
        assert app.ask("POST", "/open").status_code == 403
        assert app.ask("POST", "/open", BOB).status_code == 403
        assert app.ask("DELETE", "/deep/x/1/", ALICE).status_code == 200


@pytest.mark.parametrize(
    ("kind", "by_cookie", "needs_none"),
    [
        (CredentialKind.SERVICE, False, True),
        (CredentialKind.CERTIFICATE, False, True),
        (CredentialKind.CERTIFICATE, True, False),
        (CredentialKind.SESSION, True, False),
        (CredentialKind.SESSION, False, False),
    ],
)
def test_a_tool_needs_no_token_and_a_browsers_certificate_does(
    kind: CredentialKind, by_cookie: bool, needs_none: bool
) -> None:
    """What a browser may have sent unasked is left to Django's check."""
    proof = Authentication("1", "AIDA", kind, "x", by_cookie=by_cookie)
    principal = SimpleNamespace(authentication=proof, caller=SimpleNamespace(kind=CallerKind.USER))
    request = SimpleNamespace(headers=Headers())
    admission = cast("Admission", SimpleNamespace(principal=principal, request=request))

    assert received._deliberate(admission) is needs_none


# --- streams, threads, tasks -----------------------------------------------------------------------


def test_a_streamed_answer_is_made_as_its_caller(site: Site) -> None:
    """Each piece sees the caller, and nothing is left behind (THR-B21, B22)."""

    def pieces() -> Iterator[str]:
        for _ in range(2):
            yield current_principal().name

    async def pieces_async() -> AsyncIterator[str]:
        for _ in range(2):
            await asyncio.sleep(0)
            yield current_principal().name

    @public
    def stream(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(pieces() if site.colour == "sync" else pieces_async())

    site.serve(path("stream", stream))

    async def read(answer: Any) -> bytes:
        return b"".join([piece async for piece in answer])

    answer = site.get("/stream", BOB)
    whole = b"".join(answer) if site.colour == "sync" else asyncio.run(read(answer))

    assert whole == b"bobbob"
    with pytest.raises(Exception, match="no request is being served"):
        current_principal()


def test_identity_does_not_stay_behind(app: Site) -> None:
    """A request without a credential that follows one with it is nobody's (THR-B21)."""
    client = Client()

    client.get("/doc/1", headers=ALICE)

    assert client.get("/doc/1").status_code == 401
    with pytest.raises(Exception, match="no request is being served"):
        current_principal()


@pytest.mark.parametrize("colour", ["async"])
def test_tasks_do_not_see_each_other(site: Site) -> None:
    """Many at once in one loop, sync views in their threads: each names its own caller."""

    @public
    async def who_async(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0)
        return HttpResponse(current_principal().name)

    @public
    def who(request: HttpRequest) -> HttpResponse:
        return HttpResponse(current_principal().name)

    site.serve(path("a", who_async), path("b", who))

    async def all_of_them() -> list[tuple[str, str]]:
        from django.test import AsyncClient

        async def one(number: int) -> tuple[str, str]:
            name = ("alice", "bob", "carol")[number % 3]
            headers = {"Authorization": f"Bearer {name}"}
            answer = await AsyncClient().get("/ab"[0] + "ab"[number % 2], headers=headers)
            return name, answer.content.decode()

        return await asyncio.gather(*(one(number) for number in range(60)))

    assert all(name == told for name, told in asyncio.run(all_of_them()))


@pytest.mark.parametrize("colour", ["sync"])
def test_threads_do_not_see_each_other(site: Site) -> None:
    """Two threads in the same view at once: each answer names its own caller."""
    together = threading.Barrier(2)

    @public
    def who(request: HttpRequest) -> HttpResponse:
        before = current_principal().name
        together.wait(10)
        return HttpResponse(f"{before} {current_principal().name}")

    site.serve(path("who", who))
    answers: dict[str, list[str]] = {"alice": [], "bob": []}

    def many(name: str) -> None:
        client = Client(headers={"Authorization": f"Bearer {name}"})
        for _ in range(20):
            answers[name].append(client.get("/who").text)

    threads = [threading.Thread(target=many, args=(name,)) for name in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {name: [f"{name} {name}"] * 20 for name in answers}


@pytest.mark.parametrize("handler", [WSGIHandler, ASGIHandler])
@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"IAMKIT_IAM": None}, "is not set"),
        ({"IAMKIT_IAM": "mysite.iam.iam"}, "cannot be imported"),
        ({"IAMKIT_IAM": "os.path"}, "cannot guard an app"),
        ({"IAMKIT_PUBLIC": "static"}, "set of names"),
        ({"IAMKIT_VIEWS": {"login": "everybody"}}, "is not an action"),
        ({"IAMKIT_VIEWS": ["login"]}, "table"),
    ],
)
def test_amiss_settings_stop_the_start(
    gate: MemoryGate, handler: Callable[[], object], more: dict[str, object], words: str
) -> None:
    """A project that cannot be guarded does not come up."""
    made = {"IAMKIT_IAM": gate, **more}

    with override_settings(**made), pytest.raises(ConfigurationError, match=words):
        handler()
