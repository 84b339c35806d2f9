"""The app's own users and principals find each other by unique id; nobody inherits a name or a key."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlmodel import Field, SQLModel

from iamkit.errors import (
    AccessDenied,
    ConfigurationError,
    EntityAlreadyExists,
    InvalidClientTokenId,
    MissingAuthenticationToken,
    NoSuchEntity,
)
from iamkit.kit import IAM
from iamkit.management import users as operations
from iamkit.management.desk import Desk
from iamkit.management.links import Link
from iamkit.testing.stand_in import in_memory


class Base(DeclarativeBase): ...


class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    address: Mapped[str | None]
    iam_id: Mapped[str | None] = mapped_column(default=None)


class Bare(Base):
    __tablename__ = "bare"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]


class Member(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    nick: str
    iam_id: str | None = Field(default=None, unique=True)


@pytest.fixture
def iam(tmp_path: Path) -> Iterator[IAM]:
    with in_memory(tmp_path / "iam") as made:
        yield made


@pytest.fixture
def desk(iam: IAM) -> Desk:
    return iam.desk(iam.operator())


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    engine = create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    Base.metadata.create_all(engine)
    with Session(engine) as made:
        yield made
    engine.dispose()


@pytest.fixture
def people(iam: IAM) -> Link[Person]:
    return iam.link(Person, name=Person.username, email=Person.address)


def person(session: Session, name: str, address: str | None = None) -> Person:
    made = Person(username=name, address=address)
    session.add(made)
    session.commit()
    return made


def test_a_row_and_its_principal_find_each_other(
    iam: IAM, desk: Desk, session: Session, people: Link[Person]
) -> None:
    """In the app's own session, so that the row is the very object; a renamed user is still the row's."""
    row = person(session, "ana", "ana@example.org")
    user = people.enrol(row, desk)
    session.commit()

    assert (user.name, user.email) == ("ana", "ana@example.org")
    assert iam.principal_of(row).caller.unique_id == user.user_id
    with iam.acting(iam.find_principal("ana")):
        assert iam.current_user(session) is row
    desk.do(operations.update_user, user_name="ana", new_user_name="anna")
    with iam.acting(iam.principal_of(row)) as anna:
        assert anna.name == "anna"
        assert people.current_user(session) is row


def test_who_has_no_row_is_none(iam: IAM, desk: Desk, session: Session, people: Link[Person]) -> None:
    """A machine, root, somebody anonymous; and outside a request there is nobody to ask about."""
    desk.do(operations.create_user, user_name="robot")
    for name in ("robot", "root", "administrator"):
        with iam.acting(iam.find_principal(name)):
            assert people.current_user(session) is None
    with iam.acting(iam.principals.anonymous()):
        assert people.current_user(session) is None
    with pytest.raises(MissingAuthenticationToken):
        people.current_user(session)


def test_a_user_made_anew_inherits_nothing(
    iam: IAM, desk: Desk, session: Session, people: Link[Person]
) -> None:
    """The row was the old user's; the name is only a name."""
    row = person(session, "ana")
    people.enrol(row, desk)
    session.commit()
    desk.do(operations.delete_user, user_name="ana", cascade=True)
    desk.do(operations.create_user, user_name="ana")

    with pytest.raises(NoSuchEntity, match="deleted"):
        iam.principal_of(row)
    with iam.acting(iam.find_principal("ana")):
        assert people.current_user(session) is None
    with pytest.raises(EntityAlreadyExists, match="tie"):
        people.enrol(row, desk)


def test_a_row_made_anew_inherits_nothing(
    iam: IAM, desk: Desk, session: Session, people: Link[Person]
) -> None:
    """Not by its name, and not by the key that the database gives out again."""
    row = person(session, "ana")
    people.enrol(row, desk)
    session.commit()
    old_key = row.id
    session.delete(row)
    session.commit()
    again = person(session, "ana")

    assert again.id == old_key
    with iam.acting(iam.find_principal("ana")):
        assert people.current_user(session) is None
    with pytest.raises(NoSuchEntity):
        iam.principal_of(again)


def test_both_sides_are_removed_together(
    iam: IAM, desk: Desk, session: Session, people: Link[Person]
) -> None:
    """By somebody who may; twice is no error; who may not changes neither."""
    row = person(session, "ana")
    people.enrol(row, desk)
    with pytest.raises(AccessDenied):
        people.remove(row, iam.desk(iam.find_principal("ana")))
    assert iam.principal_of(row).name == "ana"

    people.remove(row, desk)
    people.remove(row, desk)

    assert row.iam_id is None
    with pytest.raises(NoSuchEntity):
        iam.find_principal("ana")


def test_a_row_is_tied_on_purpose_and_once(
    iam: IAM, desk: Desk, session: Session, people: Link[Person]
) -> None:
    """After an import there is a user of that name; only the word of somebody makes it the row's."""
    desk.do(operations.create_user, user_name="ana")
    row = person(session, "ana")

    people.tie(row, desk)

    assert iam.principal_of(row).name == "ana"
    with pytest.raises(EntityAlreadyExists, match="tied"):
        people.tie(row, desk)
    with pytest.raises(EntityAlreadyExists, match="tied"):
        people.enrol(row, desk)
    with pytest.raises(NoSuchEntity):
        people.tie(person(session, "nobody"), desk)


def test_a_disabled_user_is_nobody(iam: IAM, desk: Desk, session: Session, people: Link[Person]) -> None:
    """As everywhere else, from now on."""
    row = person(session, "ana")
    people.enrol(row, desk)
    desk.do(operations.disable_user, user_name="ana")

    with pytest.raises(InvalidClientTokenId):
        iam.principal_of(row)


def test_a_session_that_the_app_provides(iam: IAM, desk: Desk, session: Session) -> None:
    """SQLModel's classes are SQLAlchemy's; the session is asked for when it is needed."""
    SQLModel.metadata.create_all(session.get_bind(), tables=[Member.metadata.tables["member"]])
    members = iam.link(Member, name="nick", session=lambda: session)
    row = Member(nick="ana")
    session.add(row)
    members.enrol(row, desk)
    session.commit()

    with iam.acting(members.principal_of(row)):
        assert iam.current_user() is row


def test_an_async_session(iam: IAM, desk: Desk, tmp_path: Path, people: Link[Person]) -> None:
    """The same, awaited."""

    async def story() -> None:
        engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'async.db'}")
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with AsyncSession(engine, expire_on_commit=False) as session:
            row = Person(username="ana")
            session.add(row)
            people.enrol(row, desk)
            await session.commit()
            with iam.acting(people.principal_of(row)):
                assert await people.current_user_async(session) is row
                assert await iam.current_user_async(session) is row
        await engine.dispose()

    asyncio.run(story())


@dataclass
class Plain:
    login: str
    iam_id: str | None = None


class PlainRows:
    def __init__(self) -> None:
        self.kept: list[Plain] = []

    def find(self, unique_id: str, session: Any) -> Sequence[Plain]:
        return [row for row in self.kept if row.iam_id == unique_id]

    async def find_async(self, unique_id: str, session: Any) -> Sequence[Plain]:
        return self.find(unique_id, session)


def test_rows_of_anything(iam: IAM, desk: Desk) -> None:
    """Two rows with one id are an error, never one of them."""
    rows = PlainRows()
    people = iam.link(Plain, name="login", rows=rows)
    ana = Plain("ana")
    rows.kept.append(ana)
    people.enrol(ana, desk)
    principal = people.principal_of(ana)
    assert people.row_of(principal) is ana

    rows.kept.append(Plain("eve", ana.iam_id))

    with pytest.raises(ConfigurationError, match="unique"):
        people.row_of(principal)


def test_what_cannot_be_linked_is_refused_at_once(iam: IAM, session: Session) -> None:
    """With what to add; and one IAM has one table."""
    with pytest.raises(ConfigurationError, match="no table is linked"):
        iam.principal_of(object())
    with pytest.raises(ConfigurationError, match="add a text column"):
        iam.link(Bare, name=Bare.username)
    with pytest.raises(ConfigurationError, match="has no `nothing`"):
        iam.link(Person, name="nothing")
    with pytest.raises(ConfigurationError, match="rows="):
        iam.link(Plain, name="login")
    people = iam.link(Person, name="username")
    with pytest.raises(ConfigurationError, match="linked already"):
        iam.link(Person, name="username")
    with (
        iam.acting(iam.find_principal("administrator")),
        pytest.raises(ConfigurationError, match="no session"),
    ):
        people.current_user()
    assert session.scalars(select(Person)).all() == []
