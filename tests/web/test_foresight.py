"""A button is drawn exactly when its request would pass: templates asked, and the real requests sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fastapi
import flask
import jinja2
import pytest
from flask.views import MethodView
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Mount, NoMatchFound
from starlette.templating import Jinja2Templates
from werkzeug.routing import BuildError

from iamkit.audit.decision_log import DecisionRecord
from iamkit.errors import ConfigurationError
from iamkit.kit import IAM
from iamkit.testing.actors import Actors
from iamkit.testing.stand_in import in_memory
from iamkit.web import fastapi as fastapi_glue
from iamkit.web import flask as flask_glue
from iamkit.web.foresight import chosen_method, is_action
from iamkit.web.marker import public, require
from iamkit.web.starlette_templates import template_context

# Buttons: an endpoint's name in Flask, in Starlette, its method, its address.
BUTTONS = (
    ("edit", "edit", "POST", "/note/{}/edit"),
    ("notes.remove", "remove", "DELETE", "/notes/{}"),
    ("number", "number", "POST", "/number/{}"),
    ("thing", "thing", "POST", "/thing/{}"),
    ("vote", "vote", "POST", "/vote/{}"),
    ("opened", "opened", "POST", "/opened/{}"),
    ("bare", "bare", "POST", "/bare/{}"),
    ("inner", "sub:inner", "POST", "/sub/inner/{}"),
)


def flask_app(iam: IAM) -> flask.Flask:
    app = flask_glue.protect(flask.Flask(__name__), iam)
    notes = flask.Blueprint("notes", __name__)

    class Thing(MethodView):
        @require("docs:Read", "thing/{key}")
        def get(self, key: str) -> str:
            return "read"

        @require("docs:Edit", "thing/{key}")
        def post(self, key: str) -> str:
            return "done"

    @app.get("/page")
    @public
    def page() -> str:
        template = "{{ can(name, key=key) }} {{ can(name, key=key, _method=how) }}"
        return flask.render_template_string(template, **flask.request.args)

    @app.get("/ask")
    @public
    def ask() -> str:
        return flask.render_template_string(flask.request.args["text"])

    def done(key: object) -> str:
        return "done"

    def add(rule: str, name: str, mark: Any, method: str = "POST", on: Any = app) -> None:
        on.add_url_rule(rule, name, mark(lambda key: "done") if mark else done, methods=[method])

    add("/note/<key>/edit", "edit", require("docs:Edit", "doc/{key}"))
    add("/notes/<key>", "remove", require("docs:Remove", "doc/{key}"), "DELETE", notes)
    add("/notes/<key>", "read", require("docs:Read", "doc/{key}"), "GET", notes)
    add("/number/<int:key>", "number", require("docs:Edit", "number/{key}"))
    add("/vote/<key>", "vote", require("docs:Vote", context={"docs:Key": "{key}"}))
    add("/opened/<key>", "opened", public)
    add("/bare/<key>", "bare", None)
    add("/sub/inner/<key>", "inner", require("docs:Edit", "inner/{key}"))
    app.add_url_rule("/thing/<key>", view_func=Thing.as_view("thing"))
    app.register_blueprint(notes)
    return app


def fastapi_app(iam: IAM) -> fastapi.FastAPI:
    app = fastapi_glue.protect(fastapi.FastAPI(), iam)
    source = "{{ can(name, key=key) }} {{ can(name, key=key, _method=how) }}"
    environment = jinja2.Environment(loader=jinja2.DictLoader({"page": source}), autoescape=True)
    templates = Jinja2Templates(env=environment, context_processors=[template_context])
    router = fastapi.APIRouter()

    @app.get("/page")
    @public
    def page(request: fastapi.Request) -> fastapi.Response:
        return templates.TemplateResponse(request, "page", dict(request.query_params))

    @app.get("/ask")
    @public
    def ask(request: fastapi.Request, text: str) -> fastapi.Response:
        template = environment.from_string(text)
        return fastapi.Response(template.render(template_context(request)))

    def add(on: Any, path: str, name: str, mark: Any, method: str = "POST", kind: Any = str) -> None:
        def done(key: Any) -> str:
            return "done"

        done.__annotations__["key"] = kind
        on.add_api_route(path, mark(done) if mark else done, methods=[method], name=name)

    add(app, "/note/{key}/edit", "edit", require("docs:Edit", "doc/{key}"))
    add(router, "/notes/{key}", "remove", require("docs:Remove", "doc/{key}"), "DELETE")
    add(router, "/notes/{key}", "read", require("docs:Read", "doc/{key}"), "GET")
    add(app, "/number/{key}", "number", require("docs:Edit", "number/{key}"), kind=int)
    add(app, "/thing/{key}", "thing", require("docs:Edit", "thing/{key}"))
    add(app, "/vote/{key}", "vote", require("docs:Vote", context={"docs:Key": "{key}"}))
    add(app, "/opened/{key}", "opened", public)
    add(app, "/bare/{key}", "bare", None)
    app.include_router(router)
    inner = fastapi.FastAPI()
    add(inner, "/inner/{key}", "inner", require("docs:Edit", "inner/{key}"))
    app.router.routes.append(Mount("/sub", app=inner, name="sub"))
    return app


@pytest.fixture(scope="module", params=["flask", "fastapi"])
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The framework's place in BUTTONS, the app, and who may be anybody."""
    with in_memory(tmp_path_factory.mktemp("foresight")) as iam:
        app: Any = flask_app(iam) if request.param == "flask" else fastapi_app(iam)
        with Actors(iam, app, iam) as actors:
            yield (0 if request.param == "flask" else 1), app, actors


KEYS = st.sampled_from(["1", "7", "a b", "é", "a:b", "x*"])
GRANTS = st.lists(
    st.tuples(
        st.sampled_from(["docs:Edit", "docs:Remove", "docs:Vote", "docs:Read", "docs:*"]),
        st.sampled_from(["*", "doc/1", "doc/*", "number/7", "thing/*", "inner/a%3Ab", "inner/*"]),
        st.sampled_from(
            [
                None,
                {"StringEquals": {"iamkit:HttpMethod": "POST"}},
                {"StringEquals": {"docs:Key": "7"}},
                {"StringNotEquals": {"iamkit:HttpMethod": "GET"}},
            ]
        ),
    ),
    max_size=3,
)


def statements(grants: list[tuple[str, str, Any]]) -> list[dict[str, Any]]:
    made = [
        {"Action": action, "Resource": "*" if name == "*" else f"arn:aws:docs::111122223333:{name}"}
        for action, name, _ in grants
    ]
    return [
        {**one, **({"Condition": condition} if condition else {})}
        for one, (_, _, condition) in zip(made, grants, strict=True)
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(button=st.sampled_from(BUTTONS), key=KEYS, allow=GRANTS, deny=GRANTS)
def test_a_button_is_drawn_exactly_when_its_request_would_pass(
    asked: Any, button: tuple[str, ...], key: str, allow: Any, deny: Any
) -> None:
    """For any policies, any endpoint, any parameter; conditions on the request's method included."""
    place, _, actors = asked
    if button[0] == "number" and not key.isdigit():
        key = "07"
    name, method = button[place], button[2]
    key_value = int(key) if button[0] == "number" else key
    client = actors("ana", allow=statements(allow), deny=statements(deny))

    drawn = client.get("/page", **_query(place, {"name": name, "key": str(key_value), "how": method})).text
    address = button[3].format(str(key_value).replace(" ", "%20").replace("é", "%C3%A9"))
    answer = client.open(address, method=method) if place == 0 else client.request(method, address)

    assert answer.status_code in (200, 403)
    assert drawn == f"{answer.status_code == 200} {answer.status_code == 200}"


def _query(place: int, values: dict[str, str]) -> dict[str, Any]:
    return {"query_string": values} if place == 0 else {"params": values}


def test_an_action_is_asked_as_a_mark_asks(asked: Any) -> None:
    """With places filled and escaped alike; nobody in particular is drawn nothing."""
    place, _, actors = asked
    ana = actors("ana", allow=[("docs:Edit", "doc/a%3Ab")])
    text = "{{ can('docs:Edit', 'doc/{key}', key='a:b') }} {{ can('docs:Edit', 'doc/{key}', key='a') }}"
    missing = "{{ can('docs:Edit', 'doc/{key}') }}"

    assert ana.get("/ask", **_query(place, {"text": text})).text == "True False"
    assert ana.get("/ask", **_query(place, {"text": missing})).text == "False"
    assert actors(None).get("/ask", **_query(place, {"text": text})).text == "False False"


def test_a_name_that_is_none_is_an_error_as_it_is_for_url_for(asked: Any) -> None:
    """A misspelt endpoint must not look like a permission that is missing."""
    place, app, actors = asked
    if place == 0:
        app.testing = True
    with pytest.raises((BuildError, NoMatchFound)):
        actors("ana").get("/ask", **_query(place, {"text": "{{ can('nowhere', key=1) }}"}))


def test_flask_macros_and_blueprints_have_it_too(asked: Any) -> None:
    """`can` is a global of the environment, and a leading dot is the request's own blueprint."""
    place, app, actors = asked
    if place != 0:
        return
    app.jinja_env.loader = jinja2.DictLoader(
        {"macros": "{% macro m() %}{{ can('edit', key=1) }}{% endmacro %}"}
    )
    text = "{% from 'macros' import m %}{{ m() }} {{ can('.edit', key=1) }}"

    assert actors("ana", allow=["docs:Edit"]).get("/ask", query_string={"text": text}).text == "True True"


def test_many_questions_at_once(tmp_path: Path) -> None:
    """In their order, true where allowed, and none of them recorded."""
    with in_memory(tmp_path) as iam, Actors(iam) as actors:
        actors.headers("ana", allow=[("docs:Read", "doc/1")])
        ana = actors.principal("ana")

        found = iam.check_many([("docs:Read", "doc/1"), ("docs:Read", "doc/2")], principal=ana)
        with iam.acting(ana):
            own = iam.check_many([("docs:Read", "doc/1"), ("x", "y")])

        assert [one.allowed for one in found] == [True, False]
        assert [bool(one) for one in own] == [True, False]
        iam.decisions.flush()
        with iam.store.read() as reader:
            assert not reader.find(DecisionRecord, {"action": "docs:Read"})


def test_which_method_is_meant() -> None:
    """POST first, then the only other, then GET; several need a word."""
    assert chosen_method("x", ["GET", "POST", "DELETE"], None) == "POST"
    assert chosen_method("x", ["HEAD", "GET", "DELETE"], None) == "DELETE"
    assert chosen_method("x", ["GET"], None) == "GET"
    assert chosen_method("x", ["GET", "PUT"], "get") == "GET"
    with pytest.raises(ConfigurationError, match="_method"):
        chosen_method("x", ["PUT", "DELETE"], None)


@pytest.mark.parametrize(
    ("target", "expected"),
    [("docs:Read", True), ("docs.read", False), ("sub:inner", False), ("read", False), ("a:b:c", False)],
)
def test_an_action_is_told_from_an_endpoint(target: str, expected: bool) -> None:
    """Starlette's names of mounted routes hold a colon too, and verbs begin with a capital."""
    assert is_action(target) is expected
