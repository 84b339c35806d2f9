"""A deployment in memory's reach, people with policies, and a table of documents in SQLite."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from iamkit.credentials.hashing import CHEAPEST
from iamkit.identity.principal import Principal
from iamkit.kit import IAM
from iamkit.management import inline, users
from iamkit.memory import MemoryStore

ACCOUNT = "111122223333"


class Base(DeclarativeBase):
    """The app's tables."""


class Doc(Base):
    """A document of a team."""

    __tablename__ = "doc"

    id: Mapped[int] = mapped_column(primary_key=True)
    team: Mapped[str] = mapped_column(sa.String(40), index=True)
    owner: Mapped[str | None] = mapped_column(sa.String(40))
    account: Mapped[str] = mapped_column(sa.String(12), default=ACCOUNT)
    stage: Mapped[str | None] = mapped_column(sa.String(40))
    salary: Mapped[int | None]
    due: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    tags: Mapped[Any] = mapped_column(sa.JSON, nullable=True)


ROWS = [
    {"id": 1, "team": "a", "owner": "ana", "stage": "dev", "salary": 1, "tags": {"Team": "red"}},
    {"id": 2, "team": "a", "owner": "bob", "stage": None, "salary": 2, "tags": None},
    {"id": 3, "team": "A", "owner": None, "stage": "", "salary": 3, "tags": {}},
    {"id": 4, "team": "b*", "owner": "ana", "stage": "prod", "salary": 4, "tags": {"team": "Red"}},
    {
        "id": 5,
        "team": "b%",
        "owner": "Ana",
        "stage": "prod",
        "salary": None,
        "tags": {"Team": "red", "team": "red"},
    },
    {"id": 6, "team": "", "owner": "ana", "stage": "dev", "salary": 6, "tags": {"x": "y"}},
    {
        "id": 7,
        "team": "a:b",
        "owner": "bob",
        "stage": "dev",
        "account": "444455556666",
        "salary": 7,
        "tags": {},
    },
]


class House:
    """The deployment, with short ways to grant."""

    def __init__(self, iam: IAM) -> None:
        self.iam = iam
        self.desk = iam.desk(iam.operator())

    def grant(self, name: str, *statements: Mapping[str, object]) -> Principal:
        """A user with these statements, made if it is new."""
        if name not in {user.name for user in self.desk.do(users.list_users).items}:
            self.desk.do(users.create_user, user_name=name)
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self.desk.do(inline.put_user_policy, user_name=name, policy_name="own", policy_document=document)
        return self.iam.find_principal(name)


@pytest.fixture
def iam(tmp_path: Path) -> Iterator[IAM]:
    """A deployment of its own."""
    with IAM(tmp_path / "data", store=MemoryStore(), entry_points=False, password_cost=CHEAPEST) as iam:
        iam.initialize(account_id=ACCOUNT)
        yield iam


@pytest.fixture
def house(iam: IAM) -> House:
    """The deployment, with short ways to grant."""
    return House(iam)


@pytest.fixture
def session() -> Iterator[Session]:
    """The documents."""
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.execute(
            sa.insert(Doc),
            [{"account": ACCOUNT, "due": datetime(2026, 1, 1, tzinfo=UTC), **row} for row in ROWS],
        )
        session.commit()
        yield session
    engine.dispose()
