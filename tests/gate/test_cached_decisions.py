"""Cached equals uncached: everything that is kept between requests, while policies change in between.

A kept set of readers and plans is used all the time; a fresh one, made for each question over the same
store, reads and compiles everything anew. Whatever is changed, by whom and in what order, both say the same.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Final

import pytest

from iamkit.clock import FrozenClock
from iamkit.errors import IamkitError
from iamkit.gate.plans import PlanShelf
from iamkit.identity import (
    accounts,
    attachments,
    boundaries,
    groups,
    guardrails,
    inline,
    managed,
    resource_policies,
    shipped,
    users,
)
from iamkit.identity.holder import Holder
from iamkit.identity.house import House
from iamkit.identity.principals import Principals
from iamkit.identity.quotas import Quotas
from iamkit.identity.resource_layers import ResourceLayersReader
from iamkit.ids import Ids
from iamkit.memory import MemoryStore
from iamkit.policy import DEFAULT, evaluate
from iamkit.policy.decision import Decision
from iamkit.policy.model import PolicyKind
from iamkit.policy.request import AccessRequest, Context
from iamkit.storage import Unit

HOME: Final = "111122223333"
ACTIONS: Final = ("doc:Get", "doc:Put")
RESOURCES: Final = tuple(f"arn:aws:doc::{HOME}:note/{name}" for name in "ab")


class Machine:
    """One deployment that is changed at random, and asked by two ways."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.store = MemoryStore()
        self.house = House(
            partition="aws",
            home=HOME,
            clock=FrozenClock(),
            ids=Ids(),
            quotas=Quotas(),
            shipped=shipped.shelf("aws", shipped.core_policies(list(ACTIONS))),
        )
        with self.store.write() as unit:
            accounts.open_home(unit, self.house, name="main")
            self.users = [
                users.create(unit, self.house, account=HOME, name=name) for name in ("jeff", "mary")
            ]
            self.groups = [
                groups.create(unit, self.house, account=HOME, name=name) for name in ("staff", "admins")
            ]
            self.policies = [
                managed.create(unit, self.house, account=HOME, name=name, text=self.document())
                for name in ("one", "two")
            ]
            self.rails = [
                guardrails.create(unit, self.house, name="rail", text=self.document()),
                guardrails.create(
                    unit,
                    self.house,
                    name="keep",
                    text=self.document("*", effect="Deny", action="doc:Put"),
                    kind=PolicyKind.RESOURCE_GUARDRAIL,
                ),
            ]
        self.principals = Principals(self.store, self.house)
        self.resources = ResourceLayersReader(self.store, self.house)
        # So small that it is emptied often.
        self.plans = PlanShelf(DEFAULT, capacity=5)

    def document(self, principal: object = None, *, effect: str = "", action: str = "") -> str:
        statements = []
        for _ in range(self.rng.randint(1, 2)):
            statement: dict[str, object] = {
                "Effect": effect or self.rng.choice(("Allow", "Allow", "Deny")),
                "Action": action or self.rng.choice(("doc:*", *ACTIONS)),
                "Resource": self.rng.choice(("*", *RESOURCES)),
            }
            if principal is not None:
                statement["Principal"] = principal
            statements.append(statement)
        return json.dumps({"Version": "2012-10-17", "Statement": statements})

    def holder(self) -> Holder:
        return self.rng.choice([one.holder for one in self.users] + [one.holder for one in self.groups])

    # -- changes

    def inline(self, unit: Unit) -> None:
        holder = self.holder()
        if self.rng.random() < 0.6:
            inline.put(unit, self.house, holder, name="p", text=self.document())
        else:
            inline.delete(unit, holder, "p")

    def attachment(self, unit: Unit) -> None:
        holder = self.holder()
        policy = self.rng.choice(self.policies).arn
        if self.rng.random() < 0.6:
            attachments.attach(unit, self.house, holder, policy)
        else:
            attachments.detach(unit, holder, policy)

    def version(self, unit: Unit) -> None:
        policy = managed.get(unit, self.house, HOME, self.rng.choice(self.policies).arn)
        for old in managed.versions(unit, policy)[:-2]:
            if old.version != policy.default_version:
                managed.delete_version(unit, policy, old.version)
        managed.add_version(unit, self.house, policy, text=self.document(), set_as_default=True)

    def membership(self, unit: Unit) -> None:
        group, user = self.rng.choice(self.groups), self.rng.choice(self.users)
        change: Callable[[], None] = self.rng.choice(
            (lambda: groups.join(unit, self.house, group, user), lambda: groups.leave(unit, group, user))
        )
        change()

    def boundary(self, unit: Unit) -> None:
        user = users.get(unit, HOME, self.rng.choice(self.users).name)
        if self.rng.random() < 0.5:
            boundaries.put(unit, self.house, user, self.rng.choice(self.policies).arn)
        else:
            boundaries.remove(unit, user)

    def rail(self, unit: Unit) -> None:
        rail = self.rng.choice(self.rails)
        if self.rng.random() < 0.5:
            guardrails.attach(unit, self.house, arn=rail.arn, target_id=HOME)
        else:
            guardrails.detach(unit, arn=rail.arn, target_id=HOME)

    def rail_text(self, unit: Unit) -> None:
        guardrails.update(unit, self.house, name="rail", text=self.document(effect="Allow"))

    def of_resource(self, unit: Unit) -> None:
        arn = self.rng.choice(RESOURCES)
        principal = self.rng.choice(("*", {"AWS": self.rng.choice(self.users).arn}, {"AWS": HOME}))
        if self.rng.random() < 0.6:
            resource_policies.put(
                unit, self.house, account=HOME, resource_arn=arn, text=self.document(principal)
            )
        else:
            resource_policies.delete(unit, account=HOME, resource_arn=arn)

    def change(self) -> None:
        """One change, or one that is refused, or one that is taken back."""
        step = self.rng.choice(
            (
                self.inline,
                self.attachment,
                self.version,
                self.membership,
                self.boundary,
                self.rail,
                self.rail_text,
                self.of_resource,
            )
        )
        try:
            with self.store.write() as unit:
                step(unit)
                if self.rng.random() < 0.1:
                    raise UndoneError("taken back")
        except IamkitError:
            pass

    # -- questions

    def question(self) -> tuple[str, AccessRequest]:
        user = self.rng.choice(self.users)
        action, resource = self.rng.choice(ACTIONS), self.rng.choice(RESOURCES)
        caller = Principals(self.store, self.house).user(HOME, user.user_id).caller
        return user.user_id, AccessRequest(caller, action, resource, Context(), HOME)

    def kept(self, user_id: str, asked: AccessRequest) -> Decision:
        """By what is kept between requests, the caller included."""
        principal = self.principals.user(HOME, user_id)
        layers = self.resources.layers(asked.resource, HOME)
        plan = self.plans.plan(principal.caller, asked.action, principal.layers, layers)
        request = AccessRequest(principal.caller, asked.action, asked.resource, asked.context, HOME)
        return plan.decide(request)

    def fresh(self, user_id: str, asked: AccessRequest) -> Decision:
        """From the store alone."""
        principal = Principals(self.store, self.house).user(HOME, user_id)
        layers = ResourceLayersReader(self.store, self.house).layers(asked.resource, HOME)
        return evaluate(asked, principal.layers, layers)


class UndoneError(IamkitError):
    """A unit of work that is given up."""


@pytest.mark.parametrize("seed", range(12))
def test_cached_equals_uncached(seed: int) -> None:
    """After every change, in any order, what is kept says what the store says."""
    machine = Machine(seed)
    outcomes: set[str] = set()

    for _ in range(80):
        machine.change()
        for _ in range(3):
            user_id, asked = machine.question()
            fresh = machine.fresh(user_id, asked)
            assert machine.kept(user_id, asked) == fresh
            outcomes.add(fresh.outcome)

    assert len(outcomes) == 3


def test_a_change_by_another_process_is_seen() -> None:
    """Readers over the same store see at once what the others changed, also right after they answered."""
    machine = Machine(99)
    other = Principals(machine.store, machine.house)
    user = machine.users[0]
    before = other.user(HOME, user.user_id)

    with machine.store.write() as unit:
        inline.put(unit, machine.house, user.holder, name="new", text=machine.document())

    assert len(other.user(HOME, user.user_id).layers.identity) == len(before.layers.identity) + 1
    assert other.current(before).layers == machine.principals.user(HOME, user.user_id).layers
