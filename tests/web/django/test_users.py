"""`user.has_perm("docs:Read", obj)` is the engine's answer, and what cannot be named is not allowed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from iamkit.errors import ConfigurationError
from iamkit.gate.current import acting
from iamkit.http import Headers
from iamkit.http import HttpRequest as Received
from iamkit.identity.principal import Principal
from iamkit.web.django.backend import Backend
from iamkit.web.django.resources import resource_of
from iamkit.web.django.users import PrincipalUser
from iamkit.web.marker import public, require

if TYPE_CHECKING:
    from tests.web.conftest import MemoryGate
    from tests.web.django.conftest import Site

BACKENDS = ["django.contrib.auth.backends.ModelBackend", "iamkit.web.django.backend.Backend"]
BOB = {"Authorization": "Bearer bob"}


@dataclass
class Doc:
    """Something of the project's."""

    pk: int


class Named:
    """Says itself what it is."""

    def __init__(self, name: object) -> None:
        self._name = name

    def iam_arn(self) -> object:
        return self._name


class Constant:
    """The same as an attribute."""

    __arn__ = "arn:aws:docs::111122223333:doc/1"


class Raising:
    """Cannot say it."""

    @property
    def iam_arn(self) -> str:
        raise ValueError("no row")


def user(name: str, **more: Any) -> Any:
    """A row of the project's own table; Django's types know only rows as objects of a permission."""
    return User(username=name, **more)


def principal(gate: MemoryGate, name: str) -> Principal:
    received = Received("GET", "http", "", "/", "/", "", Headers((("authorization", f"Bearer {name}"),)))
    found = gate.admit(received)
    assert isinstance(found, Principal)
    return found


@pytest.fixture
def bob(gate: MemoryGate) -> PrincipalUser:
    return PrincipalUser(principal(gate, "bob"))


@pytest.mark.parametrize(
    ("thing", "named"),
    [
        ("doc/1", "doc/1"),
        ("arn:aws:docs::111122223333:doc/1", "arn:aws:docs::111122223333:doc/1"),
        ("", None),
        (Named("doc/1"), "doc/1"),
        (Constant(), "arn:aws:docs::111122223333:doc/1"),
        (Named(""), None),
        (Named("*"), None),
        (Named(7), None),
        (Named(None), None),
        (Raising(), None),
        (Named, None),
        (7, None),
        (Doc(1), None),
    ],
)
def test_a_thing_is_named_by_itself_or_not_at_all(gate: MemoryGate, thing: object, named: str | None) -> None:
    """Texts and what says its own name; everything else is nothing."""
    with override_settings(IAMKIT_IAM=gate):
        assert resource_of(thing) == named


def test_a_hook_of_the_projects_names_the_rest(gate: MemoryGate) -> None:
    """By the setting, else by the IAM itself; a hook that fails or names nothing allows nothing."""

    def hook(thing: object) -> object:
        return f"doc/{thing.pk}" if isinstance(thing, Doc) else None

    def broken(thing: object) -> str:
        raise RuntimeError

    with override_settings(IAMKIT_IAM=gate, IAMKIT_RESOURCE=hook):
        assert [resource_of(Doc(1)), resource_of(7)] == ["doc/1", None]
    with override_settings(IAMKIT_IAM=gate, IAMKIT_RESOURCE=broken):
        assert resource_of(Doc(1)) is None
    gate.resource_of = hook  # type: ignore[attr-defined]
    with override_settings(IAMKIT_IAM=gate):
        assert resource_of(Doc(2)) == "doc/2"


def test_the_engine_answers_for_the_caller(gate: MemoryGate, bob: PrincipalUser) -> None:
    """With an object, without one, for all of several, and in async code."""
    with override_settings(IAMKIT_IAM=gate):
        assert bob.has_perm("docs:Read", "doc/1")
        assert bob.has_perm("docs:Read", Constant())
        assert not bob.has_perm("docs:Read", "doc/2")
        assert not bob.has_perm("docs:Read")
        assert not bob.has_perm("docs:Read", Doc(1))
        assert not bob.has_perms(["docs:Read", "docs:Write"], "doc/1")
        assert asyncio.run(bob.ahas_perm("docs:Read", "doc/1"))
        gate.blocking = True
        assert asyncio.run(bob.ahas_perms(["docs:Read"], "doc/1"))
        with pytest.raises(ValueError, match="not one text"):
            bob.has_perms("docs:Read", "doc/1")


@pytest.mark.parametrize("perm", ["notes.change_note", "docs:*", "docs:Read\n", "", "docs"])
def test_what_is_no_action_is_not_allowed(gate: MemoryGate, perm: str) -> None:
    """Django's own permissions are another backend's, and a pattern is no action."""
    gate.rules["alice"] = ("*",)

    with override_settings(IAMKIT_IAM=gate):
        assert not PrincipalUser(principal(gate, "alice")).has_perm(perm)


def test_users_of_the_projects_table_have_what_the_hook_says(gate: MemoryGate) -> None:
    """A name alone proves nothing; inactive users and nobody have nothing."""

    def hook(user: Any) -> object:
        return principal(gate, user.username) if user.username in gate.rules else None

    with override_settings(IAMKIT_IAM=gate, AUTHENTICATION_BACKENDS=BACKENDS[1:]):
        assert not user("bob").has_perm("docs:Read", "doc/1")
        with override_settings(IAMKIT_PRINCIPAL=hook):
            assert user("bob").has_perm("docs:Read", "doc/1")
            assert asyncio.run(user("bob").ahas_perm("docs:Read", "doc/1"))
            assert not user("bob").has_perm("docs:Read", "doc/2")
            assert not user("bob", is_active=False).has_perm("docs:Read", "doc/1")
            assert not user("dora").has_perm("docs:Read", "doc/1")
            nobody: Any = AnonymousUser()
            assert not nobody.has_perm("docs:Read", "doc/1")
        with override_settings(IAMKIT_PRINCIPAL=lambda user: "bob"), pytest.raises(ConfigurationError):
            user("bob").has_perm("docs:Read", "doc/1")


def test_the_running_requests_own_principal_is_asked(gate: MemoryGate) -> None:
    """It may be less than the user: its session may say so. Another person's is not."""
    whole, narrow = principal(gate, "bob"), principal(gate, "bob")
    asked: list[object] = []

    class Judge:
        def judge(self, who: Principal, *rest: object) -> Any:
            asked.append(who)
            return gate.judge(who, *rest)  # type: ignore[arg-type]

    object.__setattr__(narrow, "judge", Judge())
    with override_settings(IAMKIT_IAM=gate, IAMKIT_PRINCIPAL=lambda user: whole):
        with acting(narrow):
            assert Backend().has_perm(user("bob"), "docs:Read", "doc/1")
        with acting(principal(gate, "alice")):
            assert not Backend().has_perm(user("bob"), "docs:Read", "doc/2")
    assert asked == [narrow]


def test_a_module_is_what_the_views_ask_for(site: Site, gate: MemoryGate, bob: PrincipalUser) -> None:
    """Any action of the service that a view names, on `*`."""
    site.serve(path("a", require("docs:List")(lambda request: HttpResponse())))
    alice = PrincipalUser(principal(gate, "alice"))

    assert (alice.has_module_perms("docs"), alice.has_module_perms("other")) == (True, False)
    assert not bob.has_module_perms("docs")
    assert asyncio.run(alice.ahas_module_perms("docs"))


def test_the_backend_signs_nobody_in() -> None:
    """Credentials are read by the authenticators, and by nothing else."""
    backend = Backend()

    backend.authenticate(None, username="bob", password="x")
    backend.get_user("bob")
    asyncio.run(backend.aauthenticate(None))
    asyncio.run(backend.aget_user(1))


MIDDLEWARE = [
    "iamkit.web.django.Middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "iamkit.web.django.UserMiddleware",
]


@pytest.mark.parametrize("middleware", [MIDDLEWARE, [MIDDLEWARE[0], MIDDLEWARE[3]]])
def test_request_user_is_the_caller(site: Site, middleware: list[str]) -> None:
    """With Django's own users beside it or without."""

    @public
    def who(request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        return HttpResponse(
            f"{user.get_username()} {user.is_authenticated} {user.has_perm('docs:Read', 'doc/1')}"
        )

    @public
    async def who_async(request: HttpRequest) -> HttpResponse:
        return HttpResponse((await request.auser()).get_username())

    site.serve(path("who", who), path("async", who_async), MIDDLEWARE=middleware)

    assert site.get("/who", BOB).text == "bob True True"
    assert site.get("/async", BOB).text == "bob"
    assert site.get("/who").text == " False False"


def test_a_principal_is_a_user_in_what_is_asked_of_one(bob: PrincipalUser, gate: MemoryGate) -> None:
    """Never a superuser, who would be asked nothing."""
    assert (bob.is_active, bob.is_superuser, bob.is_staff, bob.is_anonymous) == (True, False, False, False)
    assert bob.pk == "arn:aws:iam::111122223333:user/bob"
    assert bob == PrincipalUser(principal(gate, "bob"))
    assert len({bob, PrincipalUser(principal(gate, "bob")), PrincipalUser(principal(gate, "alice"))}) == 2
    assert str(bob) == "bob"
