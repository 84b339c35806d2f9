"""The demo's document app as Flask, under a WSGI server."""

from __future__ import annotations

from flask import Flask, Response, abort, jsonify, request

from iamkit.cli.demo.documents import Documents
from iamkit.kit import IAM
from iamkit.web.flask import protect


def create_app(iam: IAM) -> Flask:
    """The app. Only the marked routes can be reached; `/forgotten` is the one somebody forgot."""
    app = Flask(__name__)
    protect(app, iam)
    documents = Documents()

    @app.get("/healthz")
    @iam.public
    def healthz() -> str:
        return "ok"

    @app.post("/sign-in")
    @iam.public
    def sign_in() -> Response:
        form = request.get_json()
        session = iam.sign_in(str(form["name"]), str(form["password"]), source=request.remote_addr or "")
        reply = jsonify(signed_in=form["name"])
        reply.headers.add("Set-Cookie", iam.session_cookie(session))
        return reply

    @app.get("/documents")
    @iam.require("docs:List")
    def index() -> Response:
        return jsonify(documents.ids())

    @app.get("/documents/<doc_id>")
    @iam.require("docs:Get", "doc/{doc_id}")
    def read(doc_id: str) -> Response:
        text = documents.get(doc_id)
        if text is None:
            abort(404)
        return jsonify(id=doc_id, text=text)

    @app.put("/documents/<doc_id>")
    @iam.require("docs:Put", "doc/{doc_id}")
    def write(doc_id: str) -> tuple[str, int]:
        documents.put(doc_id, request.get_data(as_text=True))
        return "", 204

    @app.delete("/documents/<doc_id>")
    @iam.require("docs:Delete", "doc/{doc_id}")
    def delete(doc_id: str) -> tuple[str, int]:
        return "", 204 if documents.delete(doc_id) else 404

    @app.get("/forgotten")
    def forgotten() -> str:
        return "nobody declared this route, so nobody gets here"

    return app
