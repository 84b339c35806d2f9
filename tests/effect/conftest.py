"""What the tests of effect share: a deployment, and another process that serves an app over its store."""

from __future__ import annotations

import http.client
import itertools
import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from iamkit.client.signer import Signer
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind
from iamkit.kit import IAM
from iamkit.management import access_keys, inline, login_profiles, users
from iamkit.management.desk import Desk

SERVE = Path(__file__).with_name("serve.py")
ACCOUNT = "111122223333"


class Other:
    """The other process: an app that is served over the same store."""

    def __init__(self, port: int) -> None:
        self.port = port

    def status(self, path: str, headers: Mapping[str, str]) -> int:
        """What one request is answered with."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers=dict(headers))
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()


class Person:
    """A user with a document of its own, a key, and a way to ask the other process for the document."""

    def __init__(self, iam: IAM, other: Other, name: str) -> None:
        self.iam, self.other, self.name = iam, other, name
        self.desk: Desk = iam.desk(iam.operator())
        self.desk.do(users.create_user, user_name=name)
        self.arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
        self.document = f"arn:aws:docs::{ACCOUNT}:doc/{name}"
        self.new_key()

    def new_key(self) -> None:
        """A new access key, by which `ask` signs from now on."""
        made = self.desk.do(access_keys.create_access_key, user_name=self.name)
        self.key_id = made.key.key_id
        self.signer = Signer(made.key.key_id, made.secret)

    def text(self, effect: str = "Allow", **more: object) -> str:
        """A policy of one statement on the user's document."""
        statement = {"Effect": effect, "Action": "docs:Read", "Resource": self.document, **more}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def grant(self) -> None:
        """Allow the user its document, by an inline policy."""
        self.desk.do(
            inline.put_user_policy, user_name=self.name, policy_name="own", policy_document=self.text()
        )

    def ask(self) -> int:
        """The status of a signed request for the user's document."""
        url = f"http://127.0.0.1:{self.other.port}/doc/{quote(self.name)}"
        headers = self.signer.sign("GET", url, {}, b"", now=self.iam.clock.now())
        return self.other.status(f"/doc/{self.name}", headers)

    def give_password(self, password: str) -> None:
        """A first password."""
        self.desk.do(login_profiles.create_login_profile, user_name=self.name, password=Secret(password))

    def sign_in(self, password: str, kind: SessionKind) -> tuple[str, dict[str, str]]:
        """A session's public id, and the header that carries it."""
        session = self.iam.sign_in(self.name, password, source="127.0.0.1", kind=kind)
        token = session.token.reveal()
        if kind is SessionKind.COOKIE:
            return session.public_id, {"cookie": f"__Host-iamkit={token}"}
        return session.public_id, {"authorization": f"Bearer {token}"}

    def ask_with(self, headers: Mapping[str, str]) -> int:
        """The status of a request for the user's document with those headers."""
        return self.other.status(f"/doc/{self.name}", headers)


Serving = Callable[[str, Path], AbstractContextManager[Other]]


@contextmanager
def served(kind: str, directory: Path) -> Iterator[Other]:
    """The app in a process of its own, over a store that is initialized."""
    command = [sys.executable, str(SERVE), kind, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Other(int(process.stdout.readline()))
        finally:
            process.stdin.close()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def iam(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IAM]:
    """A deployment whose store two processes share."""
    directory = tmp_path_factory.mktemp("effect") / "data"
    if request.param == "sqlite":
        with _initialized(directory, None) as iam:
            yield iam
        return
    with _schema(request.getfixturevalue("postgres")) as url, _initialized(directory, url) as iam:
        # The other process reads it there.
        (directory / "iamkit.toml").write_text(f"store = {json.dumps(url)}\n", encoding="utf-8")
        yield iam


@pytest.fixture(scope="module", params=["flask", "fastapi"])
def other(request: pytest.FixtureRequest, iam: IAM) -> Iterator[Other]:
    """The other process, serving with each framework."""
    with served(request.param, iam.settings.directory) as other:
        yield other


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    """Names are never used twice within a store."""
    return itertools.count(1)


@pytest.fixture
def ana(iam: IAM, other: Other, numbers: Iterator[int]) -> Person:
    """A user who has a key and is granted nothing yet."""
    return Person(iam, other, f"ana{next(numbers)}")


@contextmanager
def _initialized(directory: Path, url: str | None) -> Iterator[IAM]:
    with IAM(directory, store=url, entry_points=False, password_cost=CHEAPEST) as iam:
        iam.initialize(account_id=ACCOUNT)
        yield iam


@contextmanager
def _schema(postgres: str) -> Iterator[str]:
    name = f"iamkit_test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)))
    mark = "&" if "?" in postgres else "?"
    yield f"{postgres}{mark}application_name={name}&options=-csearch_path%3D{name}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(name)))


@pytest.fixture(scope="session")
def serving() -> Serving:
    """Starts the app in a process of its own."""
    return served
