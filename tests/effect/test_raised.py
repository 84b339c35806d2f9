"""What a view raises of iamkit's own errors is answered by its status, as a refusal of the guard is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import fastapi
import flask
import httpx2
import pytest

from iamkit.credentials.hashing import CHEAPEST
from iamkit.errors import AccessDenied, ConfigurationError, IamkitError, StoreUnavailable, Throttling
from iamkit.kit import IAM
from iamkit.web import fastapi as fastapi_glue
from iamkit.web import flask as flask_glue

if TYPE_CHECKING:
    Ask = Callable[[str], httpx2.Response]


def sign_in(iam: IAM) -> None:
    iam.sign_in("nobody", "three quiet otters", source="127.0.0.1")


def authorize(iam: IAM) -> None:
    iam.authorize("docs:Read", "doc/1")


def throttled(iam: IAM) -> None:
    raise Throttling("too many", retry_after=7)


def store_gone(iam: IAM) -> None:
    raise StoreUnavailable("the disk at /secret/place is gone")


def wrong_set_up(iam: IAM) -> None:
    raise ConfigurationError("the setting is wrong")


RAISING = {made.__name__: made for made in (sign_in, authorize, throttled, store_gone, wrong_set_up)}


@pytest.fixture
def iam(tmp_path: Path) -> Iterator[IAM]:
    """A deployment."""
    with IAM(tmp_path / "data", entry_points=False, password_cost=CHEAPEST) as iam:
        iam.initialize()
        yield iam


def flask_app(iam: IAM) -> tuple[flask.Flask, Ask]:
    app = flask_glue.protect(flask.Flask("raising"), iam)

    @app.get("/<name>")
    @iam.public
    def view(name: str) -> str:
        RAISING[name](iam)
        return "served"

    client = httpx2.Client(transport=httpx2.WSGITransport(app), base_url="http://app")
    return app, client.get


def fastapi_app(iam: IAM) -> tuple[fastapi.FastAPI, Ask]:
    app = fastapi_glue.protect(fastapi.FastAPI(), iam)

    @app.get("/{name}")
    @iam.public
    def view(name: str) -> str:
        RAISING[name](iam)
        return "served"

    def ask(path: str) -> httpx2.Response:
        async def once() -> httpx2.Response:
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
                return await client.get(path)

        return asyncio.run(once())

    return app, ask


@pytest.fixture(params=[flask_app, fastapi_app], ids=["flask", "fastapi"])
def ask(request: pytest.FixtureRequest, iam: IAM) -> Ask:
    """Asks a view of each framework to raise something."""
    made: tuple[object, Ask] = request.param(iam)
    return made[1]


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("sign_in", 401, "InvalidCredentials"),
        ("authorize", 403, "AccessDenied"),
        ("throttled", 429, "Throttling"),
        ("store_gone", 503, "ServiceUnavailable"),
        ("wrong_set_up", 503, "ConfigurationError"),
    ],
)
def test_an_error_of_the_tree_has_its_own_status(name: str, status: int, code: str, ask: Ask) -> None:
    """With a problem document, never 500, and without the error's own text where that is not for callers."""
    answer = ask(f"/{name}")

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:iamkit:error:{code}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert "/secret/place" not in answer.text


def test_a_refused_sign_in_carries_every_challenge(ask: Ask) -> None:
    """A 401 needs one (RFC 9110 §11.6.1); two fields are not one."""
    answer = ask("/sign_in")

    assert len(answer.headers.get_list("www-authenticate")) == 2


def test_a_denial_in_code_can_be_explained(ask: Ask, iam: IAM) -> None:
    """The decision's id is in the header and in the body."""
    answer = ask("/authorize")

    decision_id = answer.headers["x-iamkit-decision"]
    assert answer.json()["decision"] == decision_id
    assert iam.why(decision_id).record.action == "docs:Read"


def test_throttling_says_when_to_come_back(ask: Ask) -> None:
    """In whole seconds."""
    assert ask("/throttled").headers["retry-after"] == "7"


def test_an_app_may_answer_itself(iam: IAM) -> None:
    """A handler of the app's own, for one error or for all, goes before."""
    flask_made, ask_flask = flask_app(iam)
    flask_made.register_error_handler(AccessDenied, lambda fault: ("flask's own", 418))
    fastapi_made, ask_fastapi = fastapi_app(iam)

    async def own(request: fastapi.Request, fault: Exception) -> fastapi.Response:
        return fastapi.Response("fastapi's own", 418)

    fastapi_made.add_exception_handler(IamkitError, own)

    assert (ask_flask("/authorize").text, ask_flask("/throttled").status_code) == ("flask's own", 429)
    assert (ask_fastapi("/authorize").text, ask_fastapi("/throttled").text) == ("fastapi's own",) * 2
