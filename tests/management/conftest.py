"""A deployment in memory with the real gate, trail and engine, and desks for its people."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from iamkit.audit.decision_log import DecisionLog
from iamkit.audit.event import Event
from iamkit.audit.last_access import Uses
from iamkit.audit.trail import Trail
from iamkit.clock import FrozenClock
from iamkit.credentials import challenges
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.hashing import Hasher, HashingGate, HashParameters
from iamkit.credentials.key_file import FileKeyProvider
from iamkit.credentials.message import Message
from iamkit.credentials.mfa import Answer, Asking, Begun, Enrolled, Proof
from iamkit.credentials.password_rules import MODERN
from iamkit.credentials.peppers import Peppers
from iamkit.credentials.sealing import Keyring
from iamkit.credentials.throttle import Throttle
from iamkit.gate.context import ContextBuilder
from iamkit.gate.correspondence import Correspondence
from iamkit.gate.factors import factor_throttle
from iamkit.gate.gate import Gate
from iamkit.gate.new_passwords import NewPasswords
from iamkit.gate.origin import Proxies
from iamkit.gate.parts import Parts
from iamkit.gate.standing import Standing
from iamkit.gate.verdict import Refusal
from iamkit.http import HttpRequest, HttpResponse
from iamkit.identity import accounts, deployment, documents, inline, shipped, users
from iamkit.identity.caller_layers import CallerLayersReader
from iamkit.identity.documents import Library
from iamkit.identity.house import House
from iamkit.identity.principals import Principals
from iamkit.identity.quotas import Quotas
from iamkit.identity.resource_layers import ResourceLayersReader
from iamkit.identity.users import User
from iamkit.ids import Ids
from iamkit.management.catalog import SERVICES
from iamkit.management.desk import Desk
from iamkit.management.services import Services
from iamkit.memory import MemoryStore
from iamkit.policy import STANDARD_CATALOG, EvaluationOptions
from iamkit.policy.request import CallerKind

HOME: Final = "111122223333"
# The least that the hasher takes; tests of hashing itself are elsewhere.
CHEAP: Final = HashParameters("test", memory_kib=8, passes=1, lanes=1)


class Nobody:
    """Authenticates nothing: desks are given their principals."""

    def authenticate(self, request: HttpRequest) -> None:
        return None


def _no_page(refusal: Refusal) -> HttpResponse:
    raise NotImplementedError


class WordMethod:
    """A factor of a plugin: who says the word that was asked for has it."""

    name = "word"

    def begin(self, asking: Asking) -> Begun | None:
        return Begun({"say": "friend"}, kept=b"friend", tries=2)

    def verify(self, asking: Asking, answer: Answer, kept: bytes | None) -> Proof | None:
        if kept is None or answer.get("word", "").encode() != kept:
            return None
        return Proof(asking.devices[0].serial, lambda unit: True)

    def begin_enrolment(self, asking: Asking) -> Begun | None:
        return self.begin(asking)

    def finish_enrolment(self, asking: Asking, answer: Answer, kept: bytes) -> Enrolled | None:
        return Enrolled("mfa/door", "door") if answer.get("word", "").encode() == kept else None


class Office:
    """A deployment; `desk(name)` has operations done for a user, `owner()` for the root user."""

    def __init__(self, key_file: Path) -> None:
        self.store = MemoryStore()
        self.clock = FrozenClock()
        ids = Ids()
        catalog = STANDARD_CATALOG.with_services(SERVICES)
        self.house = House(
            partition="aws",
            home=HOME,
            clock=self.clock,
            ids=ids,
            shipped=shipped.shelf("aws", shipped.core_policies(catalog.actions())),
        )
        # For documents that tests write without counting their characters.
        self.roomy = replace(self.house, quotas=Quotas(user_inline_size=100_000))
        with self.store.write() as unit:
            found = deployment.establish(unit, ids, self.clock, partition="aws", home_account=HOME)
            accounts.open_home(unit, self.house, name="main")
        library = Library()
        self.principals = Principals(self.store, self.house, library=library)
        resources = ResourceLayersReader(self.store, self.house, library=library)
        parts = Parts(
            deployment=found,
            authenticator=Nobody(),
            principals=self.principals,
            resources=resources,
            contexts=ContextBuilder(
                self.clock, Proxies(()), lambda request, principal: [], organization="o-1"
            ),
            standing=Standing(self.store, Nobody(), self.principals, self.clock, HOME),
        )
        options = EvaluationOptions()
        self.log = DecisionLog(self.store, documents.keep_all, accesses=Uses())
        self.gate = Gate(
            parts=lambda: parts,
            plugin_policies=lambda arn: [],
            log=self.log,
            clock=self.clock,
            ids=ids,
            render=_no_page,
            options=options,
        )
        self.announced: list[Event] = []
        self.trail = Trail(self.store, seen=self.announced.append)
        keyring = Keyring(self.store, FileKeyProvider.create(key_file, ids), ids, self.clock)
        peppers = Peppers(self.store, keyring, ids, self.clock)
        hasher = Hasher(peppers, ids, HashingGate(at_once=2, waiting=4), CHEAP)
        passwords = NewPasswords(profile=MODERN, hasher=hasher, house=lambda: self.house)
        throttle = Throttle(self.store, self.clock)
        self.sent: list[Message] = []
        self.correspondence = Correspondence(
            store=self.store,
            sealer=keyring,
            trail=self.trail,
            clock=self.clock,
            ids=ids,
            new_passwords=passwords,
            throttle=throttle,
            home_account=lambda: HOME,
            deliver=self._deliver,
            link_base="https://app.example/account",
            invitation_hours=72,
        )
        self.services = Services(
            sealer=keyring,
            hasher=hasher,
            caller_layers=CallerLayersReader(self.house, library),
            resource_layers=resources,
            options=options,
            throttle=throttle,
            passwords=passwords,
            letters=self.correspondence.letters,
            mfa_methods={"word": WordMethod()},
            factor_throttle=lambda method: factor_throttle(self.store, self.clock, method),
            take_try=lambda key: challenges.take_try_alone(self.store, keyring, key, now=self.clock.now()),
            current=self.principals.current,
            write_decisions=self.log.flush,
            catalog=catalog,
        )

    def _deliver(self, message: Message) -> bool:
        self.sent.append(message)
        return True

    @staticmethod
    def document(effect: str = "Allow", action: object = "*", resource: object = "*", **more: object) -> str:
        """A document of one statement."""
        body = {"Effect": effect, "Action": action, "Resource": resource, **more}
        return json.dumps({"Version": "2012-10-17", "Statement": [body]})

    @staticmethod
    def all_but(*actions: str) -> str:
        """A document that allows everything except some actions."""
        body = {"Effect": "Allow", "NotAction": list(actions), "Resource": "*"}
        return json.dumps({"Version": "2012-10-17", "Statement": [body]})

    def person(self, name: str, text: str | None = None, path: str = "/", account: str = HOME) -> User:
        """A user with one inline policy, made behind the desk's back."""
        with self.store.write() as unit:
            user = users.create(unit, self.house, account=account, name=name, path=path)
            if text is not None:
                inline.put(unit, self.roomy, user.holder, name="own", text=text)
        return user

    def desk(self, name: str, account: str = HOME) -> Desk:
        """Where things are done for a user, who signed with a key."""
        proof = Authentication(account, "", CredentialKind.ACCESS_KEY, "AKIATEST")
        found = self.principals.find(account, name)
        principal = replace(found, authentication=replace(proof, subject=found.caller.unique_id))
        return Desk(self.store, self.gate, self.trail, self.house, self.services, principal)

    def owner(self, account: str = HOME) -> Desk:
        """Where things are done for the root user."""
        return Desk(
            self.store, self.gate, self.trail, self.house, self.services, self.principals.root(account)
        )

    def anonymous(self) -> Desk:
        """Where nothing is done."""
        principal = self.principals.anonymous()
        assert principal.caller.kind is CallerKind.ANONYMOUS
        return Desk(self.store, self.gate, self.trail, self.house, self.services, principal)

    def events(self) -> list[dict[str, object]]:
        """Every event that is kept, in the order it was announced."""
        with self.store.read() as reader:
            kept = {event.event_id: event for event in reader.find(Event)}
        assert set(kept) == {event.event_id for event in self.announced}
        return [event.as_data() for event in self.announced]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A deployment with its home account open."""
    return Office(tmp_path / "key")


@pytest.fixture(scope="session")
def new_office(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Office]:
    """Makes deployments, for tests that need one for each example."""
    return lambda: Office(tmp_path_factory.mktemp("office") / "key")
