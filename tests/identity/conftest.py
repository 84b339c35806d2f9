"""One deployment in memory, and short ways to put people and policies into it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import pytest

from iamkit.clock import FrozenClock
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.identity import accounts, groups, inline, roles, shipped, users
from iamkit.identity.groups import Group
from iamkit.identity.house import House
from iamkit.identity.principal import Principal
from iamkit.identity.principals import Principals
from iamkit.identity.quotas import Quotas
from iamkit.identity.references import ResolvedPolicy
from iamkit.identity.resource_layers import ResourceLayersReader
from iamkit.identity.roles import Role
from iamkit.identity.users import User
from iamkit.ids import Ids
from iamkit.memory import MemoryStore
from iamkit.policy import evaluate
from iamkit.policy.decision import Decision
from iamkit.policy.request import AccessRequest, Context, ContextValue

HOME: Final = "111122223333"


class World:
    """A deployment with its home account open."""

    def __init__(self, quotas: Quotas | None = None) -> None:
        self.store = MemoryStore()
        self.clock = FrozenClock()
        policies = shipped.core_policies(["doc:Get", "doc:List"])
        self.house = House(
            partition="aws",
            home=HOME,
            clock=self.clock,
            ids=Ids(),
            quotas=quotas or Quotas(),
            shipped=shipped.shelf("aws", policies),
        )
        self.principals = Principals(self.store, self.house)
        self.resources = ResourceLayersReader(self.store, self.house)
        with self.store.write() as unit:
            accounts.open_home(unit, self.house, name="main")

    @staticmethod
    def document(
        effect: str = "Allow", action: object = "doc:Get", resource: object = "*", **more: object
    ) -> str:
        """A document of one statement."""
        body = {"Effect": effect, "Action": action, "Resource": resource, **more}
        return json.dumps({"Version": "2012-10-17", "Statement": [body]})

    def user(self, name: str = "jeff", path: str = "/", account: str = HOME) -> User:
        with self.store.write() as unit:
            return users.create(unit, self.house, account=account, name=name, path=path)

    def group(self, name: str = "admins") -> Group:
        with self.store.write() as unit:
            return groups.create(unit, self.house, account=HOME, name=name)

    def role(self, name: str = "worker", path: str = "/") -> Role:
        trust = json.dumps(
            {"Statement": {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:AssumeRole"}}
        )
        with self.store.write() as unit:
            return roles.create(
                unit, self.house, account=HOME, name=name, path=path, trust=ResolvedPolicy(trust, {})
            )

    def grant(self, entity: User | Group | Role, text: str, name: str = "p") -> None:
        with self.store.write() as unit:
            inline.put(unit, self.house, entity.holder, name=name, text=text)

    def principal(self, user: User) -> Principal:
        proof = Authentication(user.account, user.user_id, CredentialKind.ACCESS_KEY, "AKIA")
        return self.principals.resolve(proof)

    def decide(
        self,
        principal: Principal,
        action: str = "doc:Get",
        resource: str = f"arn:aws:doc::{HOME}:notes/a",
        context: Mapping[str, ContextValue] | None = None,
        owner: str = HOME,
    ) -> Decision:
        asked = AccessRequest(principal.caller, action, resource, Context(context), owner)
        return evaluate(asked, principal.layers, self.resources.layers(resource, owner))

    def scopes(self, *scopes: str) -> tuple[int, ...]:
        return self.store.epochs(scopes)


@pytest.fixture
def world() -> World:
    """A deployment with its home account open."""
    return World()
