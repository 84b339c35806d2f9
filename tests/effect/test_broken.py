"""A store that cannot be read, a plugin that raises, a policy that no longer parses: never served."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import fastapi
import flask
import httpx2
import pytest

from iamkit.audit.event import Event
from iamkit.client.httpx_auth import SigV4Auth
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind
from iamkit.hookspecs import hookimpl
from iamkit.kit import IAM
from iamkit.management import (
    access_keys,
    boundaries,
    groups,
    guardrails,
    inline,
    login_profiles,
    policies,
    resource_policies,
    users,
)
from iamkit.web import fastapi as fastapi_glue
from iamkit.web import flask as flask_glue

ACCOUNT = "111122223333"
DOCUMENT = f"arn:aws:docs::{ACCOUNT}:doc/1"
PASSWORD = "three quiet otters read maps"
# In this order a person may read document 1 by a credential of each kind.
KINDS = ("key", "bearer", "cookie")

Ask = Callable[..., httpx2.Response]
Auth = dict[str, object]


def text(effect: str = "Allow", **more: object) -> str:
    statement = {"Effect": effect, "Action": "docs:Read", "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A deployment in which ana may read, by a policy of every kind that can carry an allow."""
    directory = tmp_path / "data"
    with IAM(directory, entry_points=False, password_cost=CHEAPEST) as iam:
        iam.initialize(account_id=ACCOUNT)
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))
        desk.do(inline.put_user_policy, user_name="ana", policy_name="own", policy_document=text())
        desk.do(groups.create_group, group_name="g")
        desk.do(groups.add_user_to_group, group_name="g", user_name="ana")
        desk.do(
            inline.put_group_policy,
            group_name="g",
            policy_name="group",
            policy_document=text(Sid="Group"),
        )
        ceiling = desk.do(policies.create_policy, policy_name="ceiling", policy_document=text(Sid="Ceiling"))
        desk.do(boundaries.put_user_permissions_boundary, user_name="ana", permissions_boundary=ceiling.arn)
        desk.do(guardrails.create_guardrail, name="rail", policy_document=text(Sid="Rail"))
        desk.do(guardrails.attach_guardrail, guardrail="rail", target_id=ACCOUNT)
        desk.do(
            resource_policies.put_resource_policy,
            resource_arn=DOCUMENT,
            policy_document=text(Sid="Shared", Principal={"AWS": ACCOUNT}, Resource=DOCUMENT),
        )
    return directory


class Served:
    """An opened deployment, an app before it, and ana's credentials."""

    def __init__(self, directory: Path, framework: str, plugins: list[object]) -> None:
        self.iam = IAM(directory, plugins=plugins, entry_points=False, password_cost=CHEAPEST)
        self.ran = 0
        self.ask = self._flask() if framework == "flask" else self._fastapi()
        with IAM(directory, entry_points=False, password_cost=CHEAPEST) as other:
            made = other.desk(other.operator()).do(access_keys.create_access_key, user_name="ana")
            tokens = [
                other.sign_in("ana", PASSWORD, source="127.0.0.1", kind=kind).token.reveal()
                for kind in (SessionKind.BEARER, SessionKind.COOKIE)
            ]
        self.credentials: dict[str, Auth] = {
            "key": {"auth": SigV4Auth(made.key.key_id, made.secret)},
            "bearer": {"headers": {"authorization": f"Bearer {tokens[0]}"}},
            "cookie": {"headers": {"cookie": f"__Host-iamkit={tokens[1]}"}},
        }

    def statuses(self) -> list[int]:
        """What a reader of the document gets with a credential of each kind."""
        return [self.ask("GET", "/doc/1", **self.credentials[kind]).status_code for kind in KINDS]

    def _view(self) -> str:
        self.ran += 1
        return "served"

    def _flask(self) -> Ask:
        app = flask_glue.protect(flask.Flask("broken"), self.iam)

        @app.get("/doc/<doc_id>")
        @self.iam.require("docs:Read", "doc/{doc_id}")
        def read(doc_id: str) -> str:
            return self._view()

        return httpx2.Client(transport=httpx2.WSGITransport(app), base_url="http://app").request

    def _fastapi(self) -> Ask:
        app = fastapi_glue.protect(fastapi.FastAPI(), self.iam)

        @app.get("/doc/{doc_id}")
        @self.iam.require("docs:Read", "doc/{doc_id}")
        async def read(doc_id: str) -> str:
            return self._view()

        def ask(method: str, path: str, **more: object) -> httpx2.Response:
            async def once() -> httpx2.Response:
                transport = httpx2.ASGITransport(app)
                async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
                    return await client.request(method, path, **more)  # type: ignore[arg-type]  # passed on

            return asyncio.run(once())

        return ask


Serve = Callable[..., Served]


@pytest.fixture(params=["flask", "fastapi"])
def serve(request: pytest.FixtureRequest, directory: Path) -> Iterator[Serve]:
    """Opens the deployment, with plugins perhaps, behind each framework."""
    opened: list[Served] = []

    def serve(*plugins: object) -> Served:
        opened.append(Served(directory, request.param, list(plugins)))
        return opened[-1]

    yield serve
    for served in opened:
        # What is queued for a store that is gone cannot be written, and says so in the log.
        served.iam.close()


# --- the store -------------------------------------------------------------------------------------------


def closed(served: Served, directory: Path) -> None:
    served.iam.store.close()


def removed(served: Served, directory: Path) -> None:
    for name in ("iamkit.db", "iamkit.db-wal", "iamkit.db-shm"):
        (directory / name).unlink(missing_ok=True)


def renamed(served: Served, directory: Path) -> None:
    (directory / "iamkit.db").rename(directory / "elsewhere.db")


def replaced_by_a_folder(served: Served, directory: Path) -> None:
    removed(served, directory)
    (directory / "iamkit.db").mkdir()


def replaced_by_another(served: Served, directory: Path) -> None:
    """By an older backup, as somebody who restores under a running app would."""
    with sqlite3.connect(directory / "backup.db") as backup:
        sqlite3.connect(directory / "iamkit.db").backup(backup)
    backup.close()
    os.replace(directory / "backup.db", directory / "iamkit.db")


def replaced_by_garbage(served: Served, directory: Path) -> None:
    (directory / "garbage").write_bytes(b"garbage" * 5000)
    os.replace(directory / "garbage", directory / "iamkit.db")


def without_its_folder(served: Served, directory: Path) -> None:
    directory.rename(directory.with_name("moved"))


HARMS = (
    closed,
    removed,
    renamed,
    replaced_by_a_folder,
    replaced_by_another,
    replaced_by_garbage,
    without_its_folder,
)


@pytest.mark.parametrize("harm", HARMS)
def test_a_store_that_is_gone_serves_nobody(
    harm: Callable[[Served, Path], None], serve: Serve, directory: Path
) -> None:
    """Not even whoever was served a moment ago and is remembered."""
    served = serve()
    assert served.statuses() == [200, 200, 200]
    ran = served.ran

    harm(served, directory)

    assert served.statuses() == [503, 503, 503]
    assert served.ask("GET", "/doc/1").status_code == 503
    assert served.ran == ran


@pytest.mark.parametrize("harm", HARMS[1:])
def test_a_store_that_is_gone_before_the_first_request(
    harm: Callable[[Served, Path], None], serve: Serve, directory: Path
) -> None:
    """The app starts, and answers 503."""
    served = serve()
    if harm in (replaced_by_another, without_its_folder):
        # To a process that had not opened it, another good database is the database.
        return

    harm(served, directory)

    assert served.statuses() == [503, 503, 503]
    assert served.ran == 0


def test_a_store_that_lost_a_table(serve: Serve, directory: Path) -> None:
    """Whatever is missing from it."""
    served = serve()
    assert served.statuses() == [200, 200, 200]
    served.iam.close()
    for record in ("user", "inline_policy", "tree_node", "guardrail_attachment", "policy_document"):
        with _database(directory) as database:
            table = _table(database, record)
            database.execute(f"ALTER TABLE {table} RENAME TO lost")
            database.commit()

        fresh = serve_again(served, directory)
        assert set(fresh.statuses()) <= {403, 503}, record
        assert fresh.ran == 0

        fresh.iam.close()
        with _database(directory) as database:
            database.execute(f"ALTER TABLE lost RENAME TO {table}")
            database.commit()
    assert serve_again(served, directory).statuses() == [200, 200, 200]


def serve_again(served: Served, directory: Path) -> Served:
    """The same app in another process, as it were: nothing is remembered."""
    fresh = object.__new__(Served)
    fresh.iam = IAM(directory, entry_points=False, password_cost=CHEAPEST)
    fresh.ran = 0
    fresh.credentials = served.credentials
    fresh.ask = fresh._flask()
    return fresh


@contextmanager
def _database(directory: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(directory / "iamkit.db")
    try:
        yield database
    finally:
        database.close()


# --- policies at rest ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sid", ["own", "Group", "Ceiling", "Rail", "Shared"])
@pytest.mark.parametrize(
    "bent",
    ["", "{", "null", '{"Version": "2012-10-17"}', text().replace('"Allow"', '"Permit"'), None],
    ids=["empty", "cut", "null", "no statement", "another effect", "no row"],
)
def test_a_policy_that_no_longer_parses_refuses_everything_it_is_about(
    sid: str, bent: str | None, directory: Path, tmp_path: Path
) -> None:
    """Each alone, although the others allow: what cannot be read may have been a Deny."""
    served = Served(directory, "flask", [])
    assert served.statuses() == [200, 200, 200]
    served.iam.close()
    marked = text() if sid == "own" else f'%"{sid}"%'
    with _database(directory) as database:
        table = _table(database, "policy_document")
        like = "text = ?" if sid == "own" else "text LIKE ?"
        if bent is None:
            changed = database.execute(f"DELETE FROM {table} WHERE {like}", (marked,))
        else:
            changed = database.execute(f"UPDATE {table} SET text = ? WHERE {like}", (bent, marked))
        assert changed.rowcount == 1
        database.commit()

    fresh = serve_again(served, directory)

    assert set(fresh.statuses()) == {403}
    assert fresh.ran == 0
    fresh.iam.close()


def _table(database: sqlite3.Connection, record: str) -> str:
    names = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    (found,) = (name for name in names if name in (record, f"iamkit_{record}"))
    return str(found)


# --- plugins ---------------------------------------------------------------------------------------------


def _raise() -> NoReturn:
    raise LookupError("a plugin's own fault, quoting Bearer iks_secret")


class RaisesInAuthenticate:
    @hookimpl(tryfirst=True)
    def iamkit_authenticate(self, request: object) -> None:
        _raise()


class RaisesInContext:
    @hookimpl
    def iamkit_context(self, request: object, principal: object) -> None:
        _raise()


class RaisesInResourcePolicies:
    @hookimpl
    def iamkit_resource_policies(self, arn: str) -> None:
        _raise()


class RaisesInGuardrails:
    @hookimpl
    def iamkit_guardrails(self, account: str) -> None:
        _raise()


class RaisesInOperators:
    @hookimpl
    def iamkit_operators(self) -> None:
        _raise()


class RaisesInServices:
    @hookimpl
    def iamkit_services(self) -> None:
        _raise()


class RaisesInPolicies:
    @hookimpl
    def iamkit_policies(self) -> None:
        _raise()


class RaisesInStore:
    @hookimpl
    def iamkit_store(self, url: str) -> None:
        _raise()


class RaisesInKeyProvider:
    @hookimpl
    def iamkit_key_provider(self, url: str) -> None:
        _raise()


class ExitsInContext:
    @hookimpl
    def iamkit_context(self, request: object, principal: object) -> None:
        raise RecursionError


class AnswersNonsense:
    @hookimpl(tryfirst=True)
    def iamkit_authenticate(self, request: object) -> str:
        return "ana"


class ContextOfNonsense:
    @hookimpl
    def iamkit_context(self, request: object, principal: object) -> dict[str, object]:
        return {"app:key": object()}


class ClaimsAnAwsKey:
    @hookimpl
    def iamkit_context(self, request: object, principal: object) -> dict[str, str]:
        return {"aws:PrincipalAccount": "999999999999"}


class GuardrailsOfNonsense:
    @hookimpl
    def iamkit_guardrails(self, account: str) -> list[str]:
        return ["not a policy"]


class ResourcePoliciesOfNonsense:
    @hookimpl
    def iamkit_resource_policies(self, arn: str) -> list[str]:
        return ["not a policy"]


@pytest.mark.parametrize(
    "plugin",
    [
        RaisesInAuthenticate,
        RaisesInContext,
        RaisesInResourcePolicies,
        RaisesInGuardrails,
        RaisesInServices,
        RaisesInPolicies,
        RaisesInStore,
        RaisesInKeyProvider,
        ExitsInContext,
        AnswersNonsense,
        ContextOfNonsense,
        ClaimsAnAwsKey,
        GuardrailsOfNonsense,
        ResourcePoliciesOfNonsense,
    ],
)
def test_a_plugin_that_fails_refuses_the_request(plugin: type, serve: Serve) -> None:
    """403 or 503, without a word of its exception; the handler does not run."""
    served = serve(plugin())

    answers = [served.ask("GET", "/doc/1", **served.credentials[kind]) for kind in KINDS]
    answers.append(served.ask("GET", "/doc/1"))

    assert {answer.status_code for answer in answers} <= {403, 503, 401}
    assert {answer.status_code for answer in answers[:3]} <= {403, 503}
    assert all(answer.headers["content-type"] == "application/problem+json" for answer in answers)
    assert not any("iks_secret" in answer.text or "LookupError" in answer.text for answer in answers)
    assert served.ran == 0


def test_operators_that_cannot_be_had_stop_the_start(serve: Serve) -> None:
    """Without them no policy can be read, so the app is not even made."""
    with pytest.raises(LookupError):
        serve(RaisesInOperators())


class RaisesInRefusal:
    @hookimpl
    def iamkit_refusal(self, refusal: object) -> None:
        _raise()


def test_a_plugin_that_cannot_render_a_refusal_does_not_undo_it(serve: Serve) -> None:
    """The status stays, with a challenge where one is needed; who is allowed is served."""
    served = serve(RaisesInRefusal())

    answer = served.ask("GET", "/doc/1", headers={"authorization": "Bearer x"})

    assert (answer.status_code, "www-authenticate" in answer.headers) == (401, True)
    assert "iks_secret" not in answer.text
    assert served.statuses() == [200, 200, 200]


class RaisesInAudit:
    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl
    def iamkit_audit(self, event: Event) -> None:
        self.seen.append(event.event_name)
        _raise()


def test_a_plugin_that_fails_to_see_an_event_undoes_nothing(serve: Serve) -> None:
    """The change is done, its event kept, and the caller not told."""
    plugin = RaisesInAudit()
    served = serve(plugin)
    desk = served.iam.desk(served.iam.operator())

    desk.do(users.create_user, user_name="bob")

    assert "CreateUser" in plugin.seen
    with served.iam.store.read() as reader:
        assert len(reader.find(Event, {"event_name": "CreateUser"})) == 2
