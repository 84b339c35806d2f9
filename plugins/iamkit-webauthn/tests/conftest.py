"""A deployment with a user and a software authenticator."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

import pytest

from iamkit import IAM, FrozenClock, MemoryStore, hookimpl
from iamkit.audit.event import Event
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import NewSession
from iamkit.errors import IamkitError
from iamkit.http import Headers, HttpRequest
from iamkit.identity.principal import Principal
from iamkit.management import login_profiles, mfa_enrolment, users
from iamkit.management.mfa import MfaDeviceFace
from iamkit.management.operation import Operation
from iamkit.policy.request import CallerKind
from iamkit_webauthn import RelyingParty, WebAuthnPlugin
from iamkit_webauthn.testing import TRUTH, Lie, SoftAuthenticator

P = ParamSpec("P")
R = TypeVar("R")
ORIGIN = "https://app.example.org"
PASSWORD = "correct horse battery"


@dataclass
class Place:
    """A deployment with the users `ana` and `ben`, who have passwords and no devices yet."""

    iam: IAM
    clock: FrozenClock
    events: list[Event] = field(default_factory=list)

    def begin_enrolment(self, user: str = "ana") -> dict[str, object]:
        begun = self.desk_do(mfa_enrolment.begin_mfa_enrollment, method="webauthn", user_name=user)
        shown: dict[str, object] = json.loads(begun.shown)
        return shown

    def finish_enrolment(self, credential: str, user: str = "ana", name: str = "key") -> MfaDeviceFace:
        answer = Secret(json.dumps({"credential": credential, "name": name}))
        return self.desk_do(
            mfa_enrolment.finish_mfa_enrollment, method="webauthn", answer=answer, user_name=user
        )

    def enrol(
        self, key: SoftAuthenticator, user: str = "ana", lie: Lie = TRUTH, name: str = "key"
    ) -> MfaDeviceFace:
        return self.finish_enrolment(key.create(self.begin_enrolment(user), lie), user, name)

    def desk_do(self, operation: Operation[P, R], *args: P.args, **parameters: P.kwargs) -> R:
        return self.iam.desk(self.iam.operator()).do(operation, *args, **parameters)

    def enter(self, user: str = "ana") -> NewSession:
        """The password was said."""
        return self.iam.sign_in(user, PASSWORD, source="203.0.113.9")

    def ask(self, session: NewSession) -> Mapping[str, object]:
        return self.iam.factors.begin(session.token.reveal(), "webauthn")

    def show(self, session: NewSession, credential: str) -> NewSession:
        answer = {"credential": credential}
        return self.iam.factors.finish(session.token.reveal(), "webauthn", answer)

    def second(self, key: SoftAuthenticator, lie: Lie = TRUTH, user: str = "ana") -> NewSession:
        """Password, then key."""
        session = self.enter(user)
        return self.show(session, key.get(self.ask(session), lie))

    def passkey(
        self,
        key: SoftAuthenticator,
        lie: Lie = TRUTH,
        name: str | None = None,
        source: str | None = "203.0.113.9",
    ) -> NewSession:
        """The key alone."""
        begun = self.iam.factors.begin_passkey(name)
        credential = key.get(begun.shown, lie)
        return self.iam.factors.finish_passkey(
            begun.token, {"credential": credential}, source=source, user_agent="Mozilla"
        )

    def admitted(self, session: NewSession) -> Principal | None:
        """Who the gate takes the bearer of the session's cookie for, if for anybody."""
        cookie = f"{self.iam.cookie_name}={session.token.reveal()}"
        headers = Headers((("host", "app.example"), ("cookie", cookie)))
        request = HttpRequest("GET", "https", "app.example", "/", "/", "", headers)
        try:
            found = self.iam.gate.admit(request)
        except IamkitError:
            return None
        assert isinstance(found, Principal)
        return found if found.caller.kind is CallerKind.USER else None

    def last_event(self) -> dict[str, object]:
        return self.events[-1].as_data()


class Ears:
    """Hears every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    @hookimpl
    def iamkit_audit(self, event: Event) -> None:
        self.events.append(event)


class PlaceOf(Protocol):
    """Makes a deployment with the relying party that is given."""

    def __call__(self, party: RelyingParty | None = None, *, on_disk: bool = False) -> Place: ...


@pytest.fixture
def place_of(tmp_path: Path) -> Iterator[PlaceOf]:
    """Makes a deployment with the relying party that is given."""
    opened: list[IAM] = []

    def make(party: RelyingParty | None = None, *, on_disk: bool = False) -> Place:
        clock, ears = FrozenClock(), Ears()
        plugin = WebAuthnPlugin(party or RelyingParty(rp_id="app.example.org"))
        iam = IAM(
            tmp_path / "iam",
            store=None if on_disk else MemoryStore(),
            plugins=[ears, plugin],
            clock=clock,
            password_cost=CHEAPEST,
            entry_points=False,
        )
        opened.append(iam)
        iam.initialize()
        desk = iam.desk(iam.operator())
        for name in ("ana", "ben"):
            desk.do(users.create_user, user_name=name)
            desk.do(login_profiles.create_login_profile, user_name=name, password=Secret(PASSWORD))
        clock.advance(timedelta(seconds=1))
        return Place(iam, clock, ears.events)

    yield make
    for iam in opened:
        iam.close()


@pytest.fixture
def place(place_of: PlaceOf) -> Place:
    """A deployment of `app.example.org`."""
    return place_of()


@pytest.fixture
def key() -> SoftAuthenticator:
    """A security key that counts and is bound to itself, in a browser at the right origin."""
    return SoftAuthenticator(ORIGIN)


@pytest.fixture
def phone() -> SoftAuthenticator:
    """A synchronised passkey, which does not count."""
    return SoftAuthenticator(ORIGIN, synced=True, counts=False)
