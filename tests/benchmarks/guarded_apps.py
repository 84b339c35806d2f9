"""The apps that the guard is measured on: 200 routes, bare, behind iamkit, and behind what others use.

What others use is asked for in its documented form and loaded by name: it is not part of the development set.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import importlib.metadata
import importlib.util
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import fastapi
import flask
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser, SimpleUser, requires
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from iamkit.kit import IAM
from iamkit.web import fastapi as fastapi_glue
from iamkit.web import flask as flask_glue
from iamkit.web import starlette as starlette_glue
from iamkit.web.marker import require

# How many routes each app has: a multiple of ten.
ROUTES = int(os.environ.get("ROUTES", "200"))
SECRET = "not much of a secret, for a benchmark only"
COMPARED = ("flask", "starlette", "fastapi", "flask-login", "fastapi-users", "sqlalchemy")


@dataclass(frozen=True, slots=True)
class Peer:
    """What others use, with the app that it is held against."""

    name: str
    framework: str
    app: Any
    headers: tuple[tuple[str, str], ...]
    bare: str
    bare_app: Any = None


def starlette_app(iam: IAM | None) -> Starlette:
    """Starlette; guarded if there is a deployment."""

    def route(number: int) -> Route:
        @require("docs:Read", "doc/{doc_id}")
        async def read(request: Request) -> PlainTextResponse:
            return PlainTextResponse(request.path_params["doc_id"])

        return Route(f"/api/v1/r{number}/{{doc_id}}", read)

    app = Starlette(routes=[route(number) for number in range(ROUTES)])
    return app if iam is None else starlette_glue.protect(app, iam)


def fastapi_app(iam: IAM | None, **options: Any) -> fastapi.FastAPI:
    """FastAPI; guarded if there is a deployment."""
    app = fastapi.FastAPI(**options)

    def route(number: int) -> None:
        @app.get(f"/api/v1/r{number}/{{doc_id}}", response_class=PlainTextResponse)
        @require("docs:Read", "doc/{doc_id}")
        async def read(doc_id: str) -> str:
            return doc_id

    for number in range(ROUTES):
        route(number)
    return app if iam is None else fastapi_glue.protect(app, iam)


def flask_app(iam: IAM | None, wrap: Callable[[Any], Any] = lambda view: view) -> flask.Flask:
    """Flask; guarded if there is a deployment."""
    app = flask.Flask(__name__)

    def route(number: int) -> None:
        @require("docs:Read", "doc/{doc_id}")
        def read(doc_id: str) -> str:
            return doc_id

        app.add_url_rule(f"/api/v1/r{number}/<doc_id>", f"read{number}", wrap(read))

    for number in range(ROUTES):
        route(number)
    return app if iam is None else flask_glue.protect(app, iam)


BARE: dict[str, Callable[[IAM | None], Any]] = {
    "Starlette": starlette_app,
    "FastAPI": fastapi_app,
    "Flask": flask_app,
}


def versions() -> str:
    """What is measured, with versions, and what is not installed."""
    named = []
    for name in COMPARED:
        try:
            named.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            named.append(f"{name} (not installed, left out)")
    return ", ".join(named)


def peers(loop: asyncio.AbstractEventLoop) -> Iterator[Peer]:
    """Everything that is installed."""
    yield _starlette_sessions()
    if importlib.util.find_spec("flask_login"):
        yield _flask_login()
    if importlib.util.find_spec("fastapi_users"):
        yield _fastapi_users(loop, stored=False)
        if importlib.util.find_spec("fastapi_users_db_sqlalchemy") and importlib.util.find_spec("aiosqlite"):
            yield _fastapi_users(loop, stored=True)


class _SessionBackend(AuthenticationBackend):
    """Knows users by what the session says."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        name = conn.session.get("user")
        return None if name is None else (AuthCredentials(["authenticated"]), SimpleUser(name))


def _starlette_sessions() -> Peer:
    def route(number: int) -> Route:
        @requires("authenticated")
        async def read(request: Request) -> PlainTextResponse:
            return PlainTextResponse(request.path_params["doc_id"])

        return Route(f"/api/v1/r{number}/{{doc_id}}", read)

    app = Starlette(
        routes=[route(number) for number in range(ROUTES)],
        middleware=[
            Middleware(SessionMiddleware, secret_key=SECRET),
            Middleware(AuthenticationMiddleware, backend=_SessionBackend()),
        ],
    )
    dangerous = importlib.import_module("itsdangerous")
    cookie = dangerous.TimestampSigner(SECRET).sign(base64.b64encode(b'{"user": "alice"}')).decode()
    return Peer(
        "Starlette + SessionMiddleware + AuthenticationMiddleware",
        "Starlette",
        app,
        (("Cookie", f"theme=dark; session={cookie}"),),
        "Starlette, bare",
    )


def _flask_login() -> Peer:
    flask_login = importlib.import_module("flask_login")

    class User(flask_login.UserMixin):  # type: ignore[name-defined,misc]  # loaded by name
        id = "alice"

    users = {"alice": User()}
    app = flask_app(None, flask_login.login_required)
    app.secret_key = SECRET
    manager = flask_login.LoginManager(app)
    manager.user_loader(users.get)

    def login() -> str:
        flask_login.login_user(users["alice"])
        return ""

    app.add_url_rule("/login", "login", login)
    client = app.test_client()
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
    cookie = client.get("/login", headers={"User-Agent": agent}).headers["Set-Cookie"].split(";")[0]
    # Flask-Login ties a session to the address and the user agent that it began with.
    bare = flask_app(None)
    bare.secret_key = SECRET
    return Peer(
        "Flask + Flask-Login (users in a dict)",
        "Flask",
        app,
        (("Cookie", f"theme=dark; {cookie}"),),
        "Flask, bare, with a secret_key",
        bare,
    )


def _fastapi_users(loop: asyncio.AbstractEventLoop, *, stored: bool) -> Peer:
    library = importlib.import_module("fastapi_users")
    authentication = importlib.import_module("fastapi_users.authentication")
    strategy = authentication.JWTStrategy(secret=SECRET, lifetime_seconds=3600)
    backend = authentication.AuthenticationBackend(
        name="jwt",
        transport=authentication.BearerTransport(tokenUrl="login"),
        get_strategy=lambda: strategy,
    )
    user_id = uuid.uuid4()
    database = _database(loop, user_id) if stored else _memory(user_id)

    class Manager(library.UUIDIDMixin, library.BaseUserManager):  # type: ignore[name-defined,misc]  # by name
        pass

    async def manager(users: Any = fastapi.Depends(database)) -> Any:  # noqa: B008  # FastAPI's way
        yield Manager(users)

    users = library.FastAPIUsers(manager, [backend])
    current = users.current_user(active=True)
    app = fastapi.FastAPI()

    def route(number: int) -> None:
        @app.get(f"/api/v1/r{number}/{{doc_id}}", response_class=PlainTextResponse)
        async def read(doc_id: str, user: Any = fastapi.Depends(current)) -> str:  # noqa: B008
            return doc_id

    for number in range(ROUTES):
        route(number)
    token = loop.run_until_complete(strategy.write_token(type("User", (), {"id": user_id})()))
    where = "SQLAlchemy, aiosqlite" if stored else "users in memory"
    return Peer(
        f"FastAPI + fastapi-users, JWT ({where})",
        "FastAPI",
        app,
        (("Authorization", f"Bearer {token}"),),
        "FastAPI, bare",
    )


def _memory(user_id: uuid.UUID) -> Callable[[], Any]:
    class User:
        id = user_id
        email = "alice@app.example"
        is_active = True
        is_verified = True
        is_superuser = False

    users = {user_id: User()}

    class Database:
        async def get(self, wanted: uuid.UUID) -> User | None:
            return users.get(wanted)

    database = Database()

    async def given() -> Any:
        yield database

    return given


def _database(loop: asyncio.AbstractEventLoop, user_id: uuid.UUID) -> Callable[[], Any]:
    adapter = importlib.import_module("fastapi_users_db_sqlalchemy")
    orm = importlib.import_module("sqlalchemy.orm")
    asynchronous = importlib.import_module("sqlalchemy.ext.asyncio")

    class Base(orm.DeclarativeBase):  # type: ignore[name-defined,misc]  # loaded by name
        pass

    class User(adapter.SQLAlchemyBaseUserTableUUID, Base):  # type: ignore[name-defined,misc]  # by name
        pass

    pool = importlib.import_module("sqlalchemy.pool")
    engine = asynchronous.create_async_engine("sqlite+aiosqlite://", poolclass=pool.StaticPool)
    session_maker = asynchronous.async_sessionmaker(engine, expire_on_commit=False)

    async def fill() -> None:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with session_maker() as session:
            session.add(User(id=user_id, email="alice@app.example", hashed_password="-", is_verified=True))
            await session.commit()

    loop.run_until_complete(fill())

    async def given() -> Any:
        async with session_maker() as session:
            yield adapter.SQLAlchemyUserDatabase(session, User)

    return given
