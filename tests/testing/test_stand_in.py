"""A deployment in memory stands in for an app's own: what was declared is kept, its store is not opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from iamkit.errors import ConfigurationError, NotInitialized
from iamkit.gate.gate import Gate
from iamkit.hookspecs import hookimpl
from iamkit.kit import IAM
from iamkit.memory import MemoryStore
from iamkit.policy.catalog import Action, Service
from iamkit.testing.actors import Actors
from iamkit.testing.stand_in import iam_of, in_memory, standing_in


class Maps:
    """A plugin of the app."""

    @hookimpl
    def iamkit_services(self) -> Sequence[Service]:
        return [Service("maps", (Action("Draw", "Write"),))]


@dataclass
class Person:
    login: str
    iam_id: str | None = None


class Base(DeclarativeBase): ...


class Leaf(Base):
    __tablename__ = "leaf"
    id: Mapped[int] = mapped_column(primary_key=True)


class NoRows:
    def find(self, unique_id: str, session: Any) -> Sequence[Person]:
        return []

    async def find_async(self, unique_id: str, session: Any) -> Sequence[Person]:
        return []


@pytest.fixture
def own(tmp_path: Path) -> IAM:
    """The app's IAM, not initialized, with a plugin, a setting and a linked table."""
    made = IAM(tmp_path / "own", plugins=[Maps()], entry_points=False, signing_service="maps", hosts=("a.b",))
    made.link(Person, name="login", rows=NoRows())
    return made


def test_plugins_settings_and_links_are_the_apps(own: IAM, tmp_path: Path) -> None:
    """While the users, the clock and the key are the test's; both objects then say the same."""
    gate = own.gate
    person = Person("ana")
    with in_memory(tmp_path / "iam") as iam:
        with standing_in(own, iam):
            assert own.catalog.action("maps:Draw") is not None
            assert iam.catalog.action("maps:Draw") is not None
            assert own.settings.signing_service == "maps"
            assert not own.settings.hosts
            assert own.clock is iam.clock
            link = own._linked()
            link.enrol(person, own.desk(own.operator()))
            assert iam.principal_of(person).name == "ana"
            assert gate.authorize(iam.find_principal("ana"), "maps:Draw", "*").allowed is False
        assert own.gate is gate
        assert own.settings.hosts == ("a.b",)
        # A deployment of the test's own still has its users.
        assert iam.find_principal("ana").name == "ana"
        assert iam.catalog.action("maps:Draw") is None
    assert not (tmp_path / "own").exists()


def test_declared_rows_are_the_apps(own: IAM, tmp_path: Path) -> None:
    """A list of the app's is the same list in a test; afterwards neither deployment keeps the other's."""
    own.resource(Leaf, "leaf/{id}", id=Leaf.id, filterable=["maps:Draw"])
    with in_memory(tmp_path / "iam") as iam:
        with standing_in(own, iam):
            ana = iam.find_principal("administrator")
            own.select(Leaf, "maps:Draw", principal=ana)
        with pytest.raises(ConfigurationError, match="is not declared"):
            iam.select(Leaf, "maps:Draw", principal=iam.find_principal("administrator"))


def test_all_is_as_it_was_after_a_failure(tmp_path: Path) -> None:
    """Also in a deployment that was in use before."""
    own = IAM(tmp_path / "own", store=MemoryStore(), entry_points=False)
    own.initialize(account_id="999900001111")
    principal = own.find_principal("administrator")

    def fail() -> None:
        with in_memory(tmp_path / "iam") as iam, standing_in(own, iam):
            assert own.deployment().home_account != "999900001111"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert own.deployment().home_account == "999900001111"
    assert own.check("x:Y", principal=principal).allowed
    own.close()


def test_a_session_of_a_test_opens_nothing_else(own: IAM, tmp_path: Path) -> None:
    """Neither the app's own deployment nor another test's."""
    with in_memory(tmp_path / "one") as one, Actors(one, None, own) as actors:
        headers = actors.headers("ana", allow=["x:Y"])
    with in_memory(tmp_path / "two") as two, Actors(two) as others:
        with pytest.raises(ConfigurationError, match="iam_app"):
            others("ana")
        assert headers["Authorization"].startswith("Bearer iks_")
    with pytest.raises(NotInitialized):
        own.deployment()


def test_an_iam_is_found_by_its_app(own: IAM) -> None:
    """By whatever guards it; and where nothing does, it is said what to do."""
    from iamkit.web.asgi import ASGIMiddleware
    from iamkit.web.wsgi import WSGIMiddleware

    assert iam_of(own) is own
    assert iam_of(WSGIMiddleware(lambda environ, start: [], own)) is own
    assert isinstance(own.gate, Gate)

    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    assert iam_of(ASGIMiddleware(app, own)) is own
    with pytest.raises(ConfigurationError, match="iam_guarding"):
        iam_of(object())
