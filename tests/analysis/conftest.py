"""A whole deployment in memory, so that answers can be compared with what its gate says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from iamkit.credentials.hashing import CHEAPEST
from iamkit.identity import inline, users
from iamkit.identity.quotas import Quotas
from iamkit.identity.users import User
from iamkit.kit import IAM
from iamkit.memory import MemoryStore

HOME: Final = "111122223333"


class Office:
    """A deployment with its home account open, and its administrator."""

    def __init__(self, directory: Path) -> None:
        self.iam = IAM(
            directory,
            store=MemoryStore(),
            entry_points=False,
            password_cost=CHEAPEST,
            quotas=Quotas(user_inline_size=100_000),
        )
        self.iam.initialize(account_id=HOME)
        self.store = self.iam.store
        self.house = self.iam.house
        self.services = self.iam.services
        self.principals = self.iam.principals
        self.gate = self.iam.gate

    @staticmethod
    def document(effect: str = "Allow", action: object = "*", resource: object = "*", **more: object) -> str:
        """A document of one statement."""
        body = {"Effect": effect, "Action": action, "Resource": resource, **more}
        return json.dumps({"Version": "2012-10-17", "Statement": [body]})

    def person(self, name: str, text: str | None = None, path: str = "/") -> User:
        """A user with one inline policy."""
        with self.store.write() as unit:
            user = users.create(unit, self.house, account=HOME, name=name, path=path)
            if text is not None:
                inline.put(unit, self.house, user.holder, name="own", text=text)
        return user


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A deployment."""
    return Office(tmp_path / "data")


@pytest.fixture(scope="session")
def new_office(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Office]:
    """Makes deployments, for tests that need many."""
    return lambda: Office(tmp_path_factory.mktemp("office") / "data")
