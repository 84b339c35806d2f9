"""Flask: no view runs without an allow for exactly that call, however the app is put together."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import flask
import httpx2
import pytest
from flask.views import MethodView, View
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client, TestResponse

from iamkit.errors import ConfigurationError
from iamkit.gate.current import current_principal
from iamkit.web.flask import protect, routes
from iamkit.web.guard import Guard
from iamkit.web.marker import public, require
from iamkit.web.routes import Route
from iamkit.web.wsgi import Door

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from tests.web.conftest import MemoryGate

ALICE = {"Authorization": "Bearer alice"}
BOB = {"Authorization": "Bearer bob"}
CAROL = {"Authorization": "Bearer carol"}


@pytest.fixture
def app(gate: MemoryGate, ran: list[str]) -> flask.Flask:
    """An app with a view of each kind, protected before and after views are added."""
    app = flask.Flask(__name__)
    app.testing = True

    @app.get("/doc/<doc_id>")
    @require("docs:Read", "doc/{doc_id}")
    def read(doc_id: str) -> str:
        ran.append(f"read {doc_id}")
        return f"{current_principal().name} {flask.g.principal.name}"

    protect(app, gate)

    @require("docs:Delete", "doc/{doc_id}")
    @app.delete("/doc/<int:doc_id>")
    def delete(doc_id: int) -> str:
        ran.append(f"delete {doc_id}")
        return "gone"

    @app.route("/secret")
    @require("docs:Secret", hidden=True)
    def secret() -> str:
        ran.append("secret")
        return "secret"

    @app.route("/open", methods=["GET", "POST"])
    @public
    def opened() -> str:
        ran.append("open")
        return "open"

    @app.route("/bare", methods=["GET", "POST"])
    def bare() -> str:
        ran.append("bare")
        return "bare"

    @app.route("/bare-async")
    async def bare_async() -> str:
        ran.append("bare async")
        return "bare"

    @app.route("/async/<doc_id>")
    @require("docs:Read", "doc/{doc_id}")
    async def read_async(doc_id: str) -> str:
        ran.append(f"async {doc_id}")
        return current_principal().name

    @app.route("/folder/")
    @require("docs:List")
    def folder() -> str:
        ran.append("folder")
        return "folder"

    def run(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: asyncio.run(function(*args, **kwargs))

    app.async_to_sync = run  # type: ignore[method-assign,assignment]
    return app


def test_both_orders_of_decorators_guard(app: flask.Flask, ran: list[str]) -> None:
    """A mark above `@app.delete` counts like one below `@app.get`: there is no wrong order."""
    client = app.test_client()

    denied = [client.get("/doc/2", headers=BOB), client.delete("/doc/2", headers=BOB)]
    assert [answer.status_code for answer in denied] == [403, 403]
    assert ran == []

    allowed = [client.get("/doc/1", headers=BOB), client.delete("/doc/2", headers=ALICE)]
    assert [answer.status_code for answer in allowed] == [200, 200]
    assert allowed[0].text == "bob bob"
    assert ran == ["read 1", "delete 2"]


def test_each_call_is_decided_once(app: flask.Flask, gate: MemoryGate) -> None:
    """The second look, where the view is called, costs no second decision."""
    app.test_client().get("/doc/1", headers=BOB)

    assert gate.recorded == [("bob", "docs:Read", "arn:aws:docs::111122223333:doc/1", True)]
    assert len(gate.requests) == 1


def test_refusals_say_what_they_must(app: flask.Flask) -> None:
    """401 with a challenge for nobody and for a bad credential, 403 with a decision for somebody."""
    client = app.test_client()

    anonymous, bad, known = (
        client.get("/doc/1"),
        client.get("/doc/1", headers={"Authorization": "Bearer mallory"}),
        client.get("/doc/1", headers=CAROL),
    )

    assert [anonymous.status_code, bad.status_code, known.status_code] == [401, 401, 403]
    assert anonymous.headers.getlist("WWW-Authenticate")[1].startswith("AWS4-HMAC-SHA256")
    assert known.json is not None
    assert known.json["decision"] == known.headers["x-iamkit-decision"]
    assert known.json["action"] == "docs:Read"
    assert known.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("headers", [{}, BOB, ALICE])
@pytest.mark.parametrize("path", ["/bare", "/bare-async"])
def test_an_undeclared_view_is_refused(
    app: flask.Flask, ran: list[str], path: str, headers: dict[str, str]
) -> None:
    """403 for everybody, sync and async, added late."""
    answer = app.test_client().get(path, headers=headers)

    assert answer.status_code == 403
    assert "UnclassifiedRoute" in answer.text
    assert ran == []


def test_a_public_view_runs_for_anybody(app: flask.Flask, ran: list[str]) -> None:
    """But not with a credential that is bad."""
    assert app.test_client().get("/open").status_code == 200
    assert app.test_client().get("/open", headers={"Authorization": "Bearer x"}).status_code == 401
    assert ran == ["open"]


def test_an_async_view_runs_as_its_caller(app: flask.Flask, ran: list[str]) -> None:
    """The caller is seen inside the coroutine."""
    client = app.test_client()

    assert client.get("/async/1", headers=CAROL).status_code == 403
    assert client.get("/async/1", headers=BOB).text == "bob"
    assert ran == ["async 1"]


def test_hidden_cannot_be_told_from_missing(app: flask.Flask, ran: list[str]) -> None:
    """The same status, body and headers as a path without a route, also with the app's own 404 page."""
    client = app.test_client()

    @app.errorhandler(404)
    def missing(error: Exception) -> tuple[str, int]:
        return "my own page", 404

    hidden, none = client.get("/secret", headers=BOB), client.get("/nothing", headers=BOB)

    assert (hidden.status_code, hidden.data) == (404, b"my own page")
    assert (hidden.status_code, hidden.data, list(hidden.headers)) == (
        none.status_code,
        none.data,
        list(none.headers),
    )
    assert ran == []
    assert client.get("/secret").status_code == 401
    assert client.get("/secret", headers=ALICE).status_code == 200


def test_what_reaches_no_view_is_the_apps_own(app: flask.Flask, ran: list[str], gate: MemoryGate) -> None:
    """404, 405, the redirect to a slash and automatic OPTIONS need no declaration and run nothing."""
    client = app.test_client()

    answers = [
        client.get("/nothing"),
        client.put("/bare"),
        client.get("/folder"),
        client.options("/bare"),
        client.options("/doc/1"),
    ]

    assert [answer.status_code for answer in answers] == [404, 405, 308, 200, 200]
    assert ran == []
    assert gate.recorded == []


def test_head_is_judged_as_get(app: flask.Flask, ran: list[str]) -> None:
    """HEAD runs the GET view, for whom GET may run, and a refusal to it has no body."""
    client = app.test_client()

    refused = client.head("/doc/1", headers=CAROL)
    assert (refused.status_code, refused.data) == (403, b"")
    assert client.head("/doc/1", headers=BOB).status_code == 200
    assert ran == ["read 1"]


def test_a_declared_options_is_judged(app: flask.Flask, ran: list[str]) -> None:
    """A view that answers OPTIONS itself is a view like any other."""

    @app.route("/own", methods=["OPTIONS"], provide_automatic_options=False)
    def own() -> str:
        ran.append("own")
        return ""

    assert app.test_client().options("/own", headers=ALICE).status_code == 403
    assert ran == []


def _raw(app: flask.Flask, target: str, **environ: Any) -> TestResponse:
    path = environ.pop("PATH_INFO", target)
    base = {"PATH_INFO": path, "RAW_URI": target, "REQUEST_URI": target, "HTTP_AUTHORIZATION": "Bearer alice"}
    return Client(app).open(environ_overrides={**base, **environ})


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("//open", "/open"),
        ("//open", "//open"),
        ("/open%0a", "/open\n"),
        ("/open%00", "/open\0"),
        ("/./open", "/./open"),
        ("/%2e/open", "/./open"),
        ("/doc/..%2fopen", "/doc/../open"),
        ("/doc/a%2fb", "/doc/a/b"),
        ("/doc/a%5cb", "/doc/a\\b"),
        ("/doc/%252f", "/doc/%2f"),
        ("/open;x", "/open;x"),
        ("http://evil/open", "http://evil/open"),
        ("http://evil/open", "/open"),
        ("open", "open"),
        ("/open%ff", "/open\xff"),
    ],
)
def test_a_path_with_two_readings_is_refused(
    app: flask.Flask, ran: list[str], target: str, path: str
) -> None:
    """THR-B1 to B6: 400 for everybody, before the app, whether or not the server changed the path."""
    assert _raw(app, target, PATH_INFO=path).status_code == 400
    assert ran == []


@pytest.mark.parametrize("host", ["a/admin?x=", "user@evil", "a b", "a,b", "a:x", ""])
def test_a_malformed_host_is_refused(app: flask.Flask, ran: list[str], host: str) -> None:
    """THR-B7 and B13; servers join two Host headers with a comma."""
    assert _raw(app, "/open", HTTP_HOST=host).status_code == 400
    assert ran == []


def test_method_overrides_and_odd_methods_are_refused(app: flask.Flask, ran: list[str]) -> None:
    """THR-B15, B16."""
    assert _raw(app, "/open", HTTP_X_HTTP_METHOD_OVERRIDE="DELETE").status_code == 400
    assert _raw(app, "/open", REQUEST_METHOD="get").status_code == 400
    assert _raw(app, "/open", REQUEST_METHOD="TRACE").status_code == 405
    assert ran == []


@pytest.mark.parametrize("doc_id", ["*", "1:2", "..x", "%25"])
def test_an_id_cannot_reshape_the_arn(app: flask.Flask, gate: MemoryGate, doc_id: str) -> None:
    """THR-E13: bob, who may read document 1, learns nothing by writing a pattern as an id."""
    answer = app.test_client().get(f"/doc/{doc_id}", headers=BOB)

    assert answer.status_code == 403
    resource = gate.recorded[-1][2].removeprefix("arn:aws:docs::111122223333:")
    assert resource.startswith("doc/")
    assert not set("*?:") & set(resource)


def test_the_check_comes_before_the_apps_own_functions(gate: MemoryGate, ran: list[str]) -> None:
    """Functions that run before requests do nothing for a caller who may not, whenever registered."""
    app = flask.Flask(__name__)
    blueprint = flask.Blueprint("docs", __name__)

    @app.before_request
    def early() -> None:
        ran.append("early")

    @blueprint.before_request
    def local() -> None:
        ran.append("local")

    @blueprint.get("/x")
    @require("docs:Read")
    def view() -> str:
        ran.append("view")
        return ""

    app.register_blueprint(blueprint)
    protect(app, gate)

    @app.before_request
    def late() -> None:
        ran.append("late")

    assert app.test_client().get("/x", headers=CAROL).status_code == 403
    assert ran == []
    assert app.test_client().get("/x", headers=ALICE).status_code == 200
    assert ran == ["early", "late", "local", "view"]


def test_arguments_changed_after_the_check_are_checked_again(
    app: flask.Flask, ran: list[str], gate: MemoryGate
) -> None:
    """What was allowed is this view with these arguments, and nothing that somebody makes of it later."""

    @app.before_request
    def swap() -> None:
        if flask.request.view_args:
            flask.request.view_args["doc_id"] = "2"

    assert app.test_client().get("/doc/1", headers=BOB).status_code == 403
    assert ran == []
    assert [resource[-5:] for _, _, resource, _ in gate.recorded] == ["doc/1", "doc/2"]


def test_a_view_changed_after_the_check_is_checked_again(app: flask.Flask, ran: list[str]) -> None:
    """Another rule put in place between check and dispatch gets a check of its own."""

    @app.before_request
    def swap() -> None:
        flask.request.url_rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == "bare")
        flask.request.view_args = {}

    assert app.test_client().get("/doc/1", headers=BOB).status_code == 403
    assert ran == []


def test_a_dispatch_that_was_overridden_runs_nothing_unchecked(gate: MemoryGate, ran: list[str]) -> None:
    """Whoever skips or replaces the functions before requests still meets the check at the view."""

    class Own(flask.Flask):
        def preprocess_request(self) -> Any:
            return None

        def dispatch_request(self) -> Any:
            return super().dispatch_request()

    app = protect(Own(__name__), gate)

    @app.get("/x")
    def view() -> str:
        ran.append("view")
        return ""

    assert app.test_client().get("/x", headers=ALICE).status_code == 403
    assert ran == []


def test_cleared_functions_do_not_clear_the_check(app: flask.Flask, ran: list[str]) -> None:
    """Removing every function before requests removes nothing that matters."""
    app.before_request_funcs.clear()

    assert app.test_client().get("/doc/2", headers=BOB).status_code == 403
    assert app.test_client().get("/bare", headers=ALICE).status_code == 403
    assert ran == []


def test_an_app_reached_around_the_door_is_closed(app: flask.Flask, ran: list[str]) -> None:
    """The undecorated `wsgi_app`, or a request made up by hand, has no admission: 503, nothing runs."""
    answer = Client(functools.partial(flask.Flask.wsgi_app, app)).get("/open")
    assert answer.status_code == 503

    with app.test_request_context("/doc/1", headers=ALICE):
        assert app.full_dispatch_request().status_code == 503
    assert ran == []


def test_an_outer_admission_of_another_gate_is_not_enough(
    app: flask.Flask, ran: list[str], gate: MemoryGate
) -> None:
    """Two apps in one process: what one gate admitted says nothing to the other's guard."""
    other = protect(flask.Flask("other"), type(gate)({"alice": ("docs:* *",)}))

    @other.get("/x")
    @require("docs:Read")
    def view() -> str:
        ran.append("other")
        return ""

    app.wsgi_app = DispatcherMiddleware(  # type: ignore[method-assign]
        app.wsgi_app, {"/naked": functools.partial(flask.Flask.wsgi_app, other), "/other": other}
    )
    client = app.test_client()

    assert client.get("/naked/x", headers=ALICE).status_code == 403
    assert ran == []
    assert client.get("/other/x", headers=ALICE).status_code == 200
    assert client.get("/other/x", headers=BOB).status_code == 401
    assert ran == ["other"]


def test_a_door_of_another_guard_opens_nothing(app: flask.Flask, ran: list[str], gate: MemoryGate) -> None:
    """An admission counts only for the guard that made it: 503, nothing runs."""
    stranger = Door(functools.partial(flask.Flask.wsgi_app, app), Guard(gate))

    assert Client(stranger).get("/open", headers=ALICE).status_code == 503
    assert ran == []


@pytest.mark.parametrize("late", [False, True])
def test_an_app_mounted_beside_is_refused(gate: MemoryGate, ran: list[str], late: bool) -> None:
    """THR-B18: a DispatcherMiddleware, put there before or after `protect`, serves nothing unguarded."""

    def neighbour(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        ran.append("neighbour")
        start_response("200 OK", [])
        return []

    @public
    def declared(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b"declared"]

    app = flask.Flask(__name__)
    mounts: dict[str, WSGIApplication] = {"/sub": neighbour, "/flask": flask.Flask("sub"), "/ok": declared}
    if late:
        protect(app, gate)
    app.wsgi_app = ProxyFix(DispatcherMiddleware(app.wsgi_app, mounts))  # type: ignore[method-assign]
    if not late:
        protect(app, gate)
    client = app.test_client()

    assert client.get("/sub/x", headers=ALICE).status_code == 403
    assert client.get("/flask/", headers=ALICE).status_code == 403
    assert client.get("/ok/", headers=ALICE).text == "declared"
    assert ran == []


def test_class_based_views_are_marked_by_method_class_or_function(gate: MemoryGate, ran: list[str]) -> None:
    """Each method may have a mark; what has none anywhere is refused."""
    app = protect(flask.Flask(__name__), gate)

    class Api(MethodView):
        @require("docs:Read", "doc/{doc_id}")
        def get(self, doc_id: str) -> str:
            ran.append("get")
            return ""

        def post(self, doc_id: str) -> str:
            ran.append("post")
            return ""

    @require("docs:List")
    class Whole(View):
        def dispatch_request(self) -> str:
            ran.append("whole")
            return ""

    class Child(Whole):
        def dispatch_request(self) -> str:
            ran.append("child")
            return ""

    class Decorated(MethodView):
        decorators = [require("docs:List")]  # noqa: RUF012  # as Flask documents it

        async def get(self) -> str:
            ran.append("decorated")
            return ""

    class Sly(MethodView):
        def dispatch_request(self, **kwargs: Any) -> str:
            ran.append("sly")
            return ""

        @public
        def get(self) -> str:
            return ""

    app.add_url_rule("/api/<doc_id>", view_func=Api.as_view("api"))
    for kind in (Whole, Child, Decorated, Sly):
        name = kind.__name__.lower()
        app.add_url_rule(f"/{name}", view_func=kind.as_view(name))
    client = app.test_client()

    assert client.get("/api/2", headers=BOB).status_code == 403
    assert client.head("/api/2", headers=BOB).status_code == 403
    assert client.post("/api/1", headers=ALICE).status_code == 403
    assert client.get("/whole", headers=BOB).status_code == 403
    assert client.get("/decorated", headers=BOB).status_code == 403
    assert client.get("/child", headers=ALICE).status_code == 403
    assert client.get("/sly", headers=ALICE).status_code == 403
    assert ran == []

    assert client.get("/api/1", headers=BOB).status_code == 200
    assert client.head("/api/1", headers=BOB).status_code == 200
    assert client.get("/whole", headers=ALICE).status_code == 200
    assert ran == ["get", "get", "whole"]


def test_static_files_are_closed_until_named(gate: MemoryGate, tmp_path: Any) -> None:
    """What Flask adds by itself declares nothing; a view of that name is not a static file."""
    (tmp_path / "a.txt").write_text("file")

    def make(public_names: set[str]) -> flask.Flask:
        app = flask.Flask(__name__, static_folder=str(tmp_path))
        app.register_blueprint(flask.Blueprint("b", __name__, static_folder=str(tmp_path), url_prefix="/b"))
        app.add_url_rule("/fake", "x.static", lambda: "fake")
        return protect(app, gate, public=public_names)

    def through(app: flask.Flask) -> list[int]:
        answers = [
            app.test_client().get(path)
            for path in (f"/{tmp_path.name}/a.txt", f"/b/{tmp_path.name}/a.txt", "/fake")
        ]
        for answer in answers:
            answer.close()
        return [answer.status_code for answer in answers]

    assert through(make({"static"})) == [200, 200, 403]
    assert through(make(set())) == [403, 403, 403]


def test_two_apps_share_nothing(gate: MemoryGate) -> None:
    """Each app asks its own gate; a process has no current app."""
    other_gate = type(gate)({"bob": ("docs:* *",)})
    apps = []
    for one in (gate, other_gate):
        app = protect(flask.Flask("same"), one)
        app.add_url_rule("/x", "x", require("docs:List")(lambda: "x"))
        apps.append(app)

    statuses = [
        [app.test_client().get("/x", headers=who).status_code for who in (ALICE, BOB)] for app in apps
    ]

    assert statuses == [[200, 403], [401, 200]]


def test_identity_does_not_stay_behind(app: flask.Flask) -> None:
    """A request without a credential that follows one with it is nobody's (THR-B21)."""
    client = httpx2.Client(transport=httpx2.WSGITransport(app), base_url="http://app")

    client.get("/doc/1", headers=ALICE)

    assert client.get("/doc/1").status_code == 401
    with pytest.raises(Exception, match="no request is being served"):
        current_principal()


def test_protecting_twice_or_naming_wrongly_is_an_error(app: flask.Flask, gate: MemoryGate) -> None:
    """Found when the app is made."""
    with pytest.raises(ConfigurationError, match="protected already"):
        protect(app, gate)
    with pytest.raises(ConfigurationError, match="set of names"):
        protect(flask.Flask("x"), gate, public="static")


def test_a_store_that_cannot_be_read_is_503(app: flask.Flask, gate: MemoryGate, ran: list[str]) -> None:
    """Also for public views: a credential that cannot be checked is not ignored."""
    gate.fail()

    assert app.test_client().get("/open", headers=ALICE).status_code == 503
    assert ran == []


def test_routes_lists_each_rule(app: flask.Flask) -> None:
    """Action, template, public or neither; a class-based view by method."""

    class Api(MethodView):
        @require("docs:Read", "doc/{doc_id}")
        def get(self, doc_id: str) -> str:
            return ""

        def post(self, doc_id: str) -> str:
            return ""

    app.add_url_rule("/api/<doc_id>", view_func=Api.as_view("api"))

    rows = {(row.path, row.methods): row for row in routes(app)}

    assert rows["/doc/<doc_id>", ("GET", "HEAD")] == Route(
        ("GET", "HEAD"), "/doc/<doc_id>", "read", "docs:Read", "doc/{doc_id}"
    )
    assert rows["/open", ("GET", "HEAD", "POST")].public
    assert not rows["/bare", ("GET", "HEAD", "POST")].declared
    assert not rows["/static/<path:filename>", ("GET", "HEAD")].declared
    assert rows["/api/<doc_id>", ("GET",)].action == "docs:Read"
    assert not rows["/api/<doc_id>", ("POST",)].declared


def test_routes_leaves_out_names_that_reach_no_view(app: flask.Flask) -> None:
    """As Flask's own tutorial has one: a second name of `/`, for `url_for`."""
    before = len(routes(app))
    app.add_url_rule("/open", endpoint="index")
    app.add_url_rule("/elsewhere", view_func=app.view_functions["bare"], endpoint="bare", build_only=True)

    assert len(routes(app)) == before
