"""The WSGI apps of the matrix: each with the same endpoints, each handler marking that it ran.

None reads a body: what a server raises for one that is cut or malformed is between it and the app.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import flask
from flask.views import MethodView, View

from iamkit import IAM
from iamkit.web import flask as flask_glue
from tests.proofs.served.marks import Mark

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Function = Callable[..., Any]
Marks = Callable[..., Callable[[Function], Function]]
Opens = Callable[[Function], Function]

# What the plain apps are guarded by; their code knows nothing of it.
TABLE: Final[list[dict[str, object]]] = [
    {"path": "/docs/<id>", "actions": {"GET": "docs:Read", "PUT": "docs:Write"}, "resource": "doc/{id}"},
    {"path": "/admin", "action": "docs:Admin"},
    {"path": "/api/v1/items/<id>", "action": "docs:Item", "resource": "item/{id}"},
    {"path": "/form", "actions": {"POST": "docs:Form"}},
    {"path": "/open", "public": True},
    {"path": "/live/<id>", "websocket": True, "action": "docs:Watch", "resource": "doc/{id}"},
]


def found(method: str, path: str, told: Callable[[str], str | None]) -> tuple[str, str] | None:
    """Where the plain apps go, sloppily as old apps do: endpoint and number.

    Slashes are folded, words decoded again and compared without case; headers may say another method or path.
    """
    method = (told("x-http-method-override") or method).upper()
    path = told("x-original-url") or told("x-rewrite-url") or path
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    words = [unquote(part).split(";")[0].lower() for part in parts]
    match words:
        case ["docs", _]:
            return ("write" if method in ("PUT", "DELETE") else "read"), parts[1]
        case ["admin" | "form" | "open" | "bare"]:
            return words[0], ""
        case ["api", "v1", "items", _]:
            return "item", parts[3]
        case ["live", _]:
            return "live", parts[1]
    return None


def plain(iam: IAM, mark: Mark) -> WSGIApplication:
    """A WSGI callable of somebody else's behind a route table."""

    def old(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"].encode("latin-1").decode()
        goal = found(
            environ["REQUEST_METHOD"],
            path,
            lambda name: environ.get("HTTP_" + name.upper().replace("-", "_")),
        )
        if goal is None:
            start_response("404 Not Found", [("Content-Length", "0")])
            return [b""]
        mark(goal[0], environ.get("HTTP_X_PROBE"), goal[1])
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    return iam.wsgi(old, routes=TABLE)


def _marked(mark: Mark, endpoint: str, number: str = "") -> str:
    mark(endpoint, flask.request.headers.get("X-Probe"), number)
    return "ok"


def flask_functions(iam: IAM, mark: Mark) -> WSGIApplication:
    """Flask with functions, a nested blueprint and a form whose method can be overridden."""
    app = flask_glue.protect(flask.Flask(__name__), iam)
    return with_functions(app, mark, iam.require, iam.public)


def with_functions(app: flask.Flask, mark: Mark, require: Marks, public: Opens) -> flask.Flask:
    """The endpoints on `app`, each behind what `require` and `public` put around it."""
    inner, outer = (
        flask.Blueprint("v1", __name__, url_prefix="/v1"),
        flask.Blueprint("api", __name__, url_prefix="/api"),
    )

    @app.get("/docs/<id>")
    @require("docs:Read", "doc/{id}")
    def read(id: str) -> str:
        return _marked(mark, "read", id)

    @app.put("/docs/<id>")
    @require("docs:Write", "doc/{id}")
    def write(id: str) -> str:
        return _marked(mark, "write", id)

    @app.route("/admin")
    @require("docs:Admin")
    async def admin() -> str:
        return _marked(mark, "admin")

    @inner.get("/items/<id>")
    @require("docs:Item", "item/{id}")
    def item(id: str) -> str:
        return _marked(mark, "item", id)

    @app.post("/form")
    @require("docs:Form")
    def form() -> str:
        return _marked(mark, "form")

    @app.get("/open")
    @public
    def opened() -> str:
        return _marked(mark, "open")

    @app.route("/bare", methods=["GET", "POST", "PUT"])
    def bare() -> str:
        return _marked(mark, "bare")

    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    return app


def flask_classes(iam: IAM, mark: Mark) -> WSGIApplication:
    """Flask with class-based views: marks on methods, on a class, and on one with a dispatch of its own."""
    app = flask_glue.protect(flask.Flask(__name__), iam)

    class Docs(MethodView):
        @iam.require("docs:Read", "doc/{id}")
        def get(self, id: str) -> str:
            return _marked(mark, "read", id)

        @iam.require("docs:Write", "doc/{id}")
        def put(self, id: str) -> str:
            return _marked(mark, "write", id)

    @iam.require("docs:Admin")
    class Admin(View):
        methods = ("GET", "POST", "HEAD", "DELETE")

        def dispatch_request(self) -> str:
            return _marked(mark, "admin")

    class Item(View):
        init_every_request = False

        @iam.require("docs:Item", "item/{id}")
        def dispatch_request(self, id: str) -> str:  # type: ignore[override]  # Flask gives the rule's values
            return _marked(mark, "item", id)

    @iam.require("docs:Form")
    class Form(MethodView):
        def post(self) -> str:
            return _marked(mark, "form")

    class Open(MethodView):
        @iam.public
        def get(self) -> str:
            return _marked(mark, "open")

        def put(self) -> str:
            return _marked(mark, "bare")

    class Bare(Open):
        def get(self) -> str:
            return _marked(mark, "bare")

    for path, view in (
        ("/docs/<id>", Docs),
        ("/admin", Admin),
        ("/api/v1/items/<id>", Item),
        ("/form", Form),
    ):
        app.add_url_rule(path, view_func=view.as_view(view.__name__))
    app.add_url_rule("/open", view_func=Open.as_view("open"))
    app.add_url_rule("/bare", view_func=Bare.as_view("bare"))
    return app
