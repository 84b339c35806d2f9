"""A deployment in memory with the real gate, trail and engine, and desks for its people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from iamkit.audit.decision_log import DecisionLog
from iamkit.audit.event import Event
from iamkit.audit.last_access import Uses
from iamkit.audit.trail import Trail
from iamkit.client.signer import Signer
from iamkit.clock import FrozenClock
from iamkit.credentials import access_keys, challenges
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.hashing import Hasher, HashingGate, HashParameters
from iamkit.credentials.key_file import FileKeyProvider
from iamkit.credentials.message import Message
from iamkit.credentials.mfa import Answer, Asking, Begun, Enrolled, Proof
from iamkit.credentials.password_rules import MODERN
from iamkit.credentials.peppers import Peppers
from iamkit.credentials.sealing import Keyring
from iamkit.credentials.throttle import Throttle
from iamkit.errors import InvalidIdentityToken
from iamkit.federation.oidc_provider import OidcProvider
from iamkit.federation.web_identity import VerifiedToken, WebIdentities
from iamkit.gate.context import ContextBuilder
from iamkit.gate.correspondence import Correspondence
from iamkit.gate.factors import factor_throttle
from iamkit.gate.gate import Gate
from iamkit.gate.new_passwords import NewPasswords
from iamkit.gate.origin import Proxies
from iamkit.gate.parts import Parts
from iamkit.gate.standing import Standing
from iamkit.gate.verdict import Refusal
from iamkit.hookspecs import hookimpl
from iamkit.http import Headers, HttpRequest, HttpResponse
from iamkit.identity import accounts, deployment, documents, inline, naming, roles, shipped, users
from iamkit.identity.caller_layers import CallerLayersReader
from iamkit.identity.documents import Library
from iamkit.identity.house import House
from iamkit.identity.operator import host_operator
from iamkit.identity.principal import Principal
from iamkit.identity.principals import Principals
from iamkit.identity.quotas import Quotas
from iamkit.identity.resource_layers import ResourceLayersReader
from iamkit.identity.roles import Role
from iamkit.identity.users import User
from iamkit.ids import Ids
from iamkit.kit import IAM
from iamkit.management.assume_role import AssumedRole, assume_role
from iamkit.management.catalog import SERVICES
from iamkit.management.desk import Desk
from iamkit.management.services import Services
from iamkit.management.session_credentials import Credentials
from iamkit.memory import MemoryStore
from iamkit.policy import STANDARD_CATALOG, EvaluationOptions
from iamkit.policy.model import PolicyKind
from iamkit.policy.request import CallerKind
from iamkit.storage import Unit

HOME: Final = "111122223333"
OTHER: Final = "444455556666"

R = TypeVar("R")
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


class PlainTokens:
    """Takes the JSON of claims for a token that a provider signed: verifying is a plugin's."""

    def verify(self, token: str, providers: Sequence[OidcProvider]) -> VerifiedToken:
        said = json.loads(token)
        for provider in providers:
            if provider.url == said["iss"]:
                return VerifiedToken(provider, said)
        raise InvalidIdentityToken("no provider of the role's account has this issuer")

    @hookimpl
    def iamkit_web_identities(self) -> WebIdentities:
        return self


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
            web_identities=PlainTokens,
            issuer_base="https://iam.example",
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
        """Where things are done for a user, who signed with a key: its first one, if it has one."""
        found = self.principals.find(account, name)
        with self.store.read() as reader:
            held = [key.key_id for key in access_keys.held_by(reader, found.caller.unique_id)]
        proof = Authentication(account, "", CredentialKind.ACCESS_KEY, (*held, "AKIATEST")[0])
        principal = replace(found, authentication=replace(proof, subject=found.caller.unique_id))
        return Desk(self.store, self.gate, self.trail, self.house, self.services, principal)

    def owner(self, account: str = HOME) -> Desk:
        """Where things are done for the root user."""
        return Desk(
            self.store, self.gate, self.trail, self.house, self.services, self.principals.root(account)
        )

    def operator(self) -> Desk:
        """Where things are done for whoever can read the key file."""
        principal = host_operator(partition="aws", account=HOME, system_user="tester", judge=self.gate)
        return Desk(self.store, self.gate, self.trail, self.house, self.services, principal)

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


class Realm:
    """Two accounts whose people have real keys, and come in by signed requests."""

    def __init__(self, directory: Path) -> None:
        self.clock = FrozenClock()
        self.iam = IAM(
            directory,
            store=MemoryStore(),
            clock=self.clock,
            password_cost=CHEAP,
            entry_points=False,
            plugins=[PlainTokens()],
        )
        self.iam.initialize(account_id=HOME)
        self.write(lambda unit: accounts.create(unit, self.iam.house, name="other", account_id=OTHER))

    def write(self, change: Callable[[Unit], R]) -> R:
        with self.iam.store.write() as unit:
            return change(unit)

    def user(self, name: str, *statements: object, account: str = HOME) -> Principal:
        """A user with a key, and one inline policy of these statements."""

        def make(unit: Unit) -> tuple[User, str]:
            user = users.create(unit, self.iam.house, account=account, name=name)
            if statements:
                inline.put(unit, self.iam.house, user.holder, name="own", text=text_of(*statements))
            key = access_keys.create(
                unit,
                self.iam.keyring,
                self.iam.ids,
                account=account,
                user_id=user.user_id,
                now=self.clock.now(),
            )
            return user, key.key.key_id

        user, key_id = self.write(make)
        proof = Authentication(account, user.user_id, CredentialKind.ACCESS_KEY, key_id)
        return self.iam.principals.resolve(proof)

    def role(
        self,
        name: str,
        trust: object,
        *statements: object,
        account: str = HOME,
        seconds: int = 3600,
        path: str = "/",
        tags: Mapping[str, str] | None = None,
    ) -> Role:
        """A role that trusts those of one statement or more, with one inline policy."""

        def make(unit: Unit) -> Role:
            texts = trust if isinstance(trust, list) else [trust]
            made = roles.create(
                unit,
                self.iam.house,
                account=account,
                name=name,
                path=path,
                trust=naming.resolved(unit, self.iam.house, text_of(*texts), PolicyKind.TRUST),
                max_session_seconds=seconds,
                tags=tags,
            )
            if statements:
                inline.put(unit, self.iam.house, made.holder, name="own", text=text_of(*statements))
            return made

        return self.write(make)

    def desk(self, who: Principal) -> Desk:
        return self.iam.desk(who)

    def assume(self, who: Principal, role: Role | str, name: str = "work", **more: Any) -> AssumedRole:
        """Have `who` assume a role."""
        arn = role if isinstance(role, str) else role.arn
        return self.desk(who).do(assume_role, role_arn=arn, role_session_name=name, **more)

    def come(self, given: Credentials | AssumedRole) -> Principal:
        """Who is admitted with these credentials, by a signed request."""
        held = given if isinstance(given, Credentials) else given.credentials
        signer = Signer(held.access_key_id, held.secret_access_key, token=held.session_token)
        fields = signer.sign("GET", "http://localhost/", {}, b"", now=self.clock.now())
        asked = HttpRequest(
            "GET", "http", "localhost", "/", "/", "", Headers(tuple(fields.items())), body=b""
        )
        found = self.iam.gate.admit(asked)
        assert isinstance(found, Principal)
        return found

    def become(self, who: Principal, role: Role | str, name: str = "work", **more: Any) -> Principal:
        """The session of a role that `who` assumed."""
        return self.come(self.assume(who, role, name, **more))

    def events(self, name: str, account: str = HOME) -> list[dict[str, Any]]:
        """The events of that name in an account, the newest first."""
        return [found.as_data() for found in self.iam.trail.lookup(account, where={"event_name": name})]


def text_of(*statements: object) -> str:
    """A document of these statements; a statement may be (action, resource) or an action."""
    return json.dumps({"Version": "2012-10-17", "Statement": [_statement(one) for one in statements]})


def _statement(given: object) -> object:
    if isinstance(given, str):
        return {"Effect": "Allow", "Action": given, "Resource": "*"}
    if isinstance(given, tuple):
        return {"Effect": "Allow", "Action": given[0], "Resource": given[1]}
    return given


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    """Two accounts whose people have real keys."""
    made = Realm(tmp_path / "realm")
    with made.iam:
        yield made
