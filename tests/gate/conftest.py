"""Principals, requests and policies made by hand, for the tests of the gate."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

import pytest

from iamkit.audit.event import Event
from iamkit.clock import FrozenClock
from iamkit.credentials import otp
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.message import Kind, Message
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import NewSession
from iamkit.hookspecs import hookimpl
from iamkit.http import Headers, HttpRequest
from iamkit.identity import accounts
from iamkit.identity.principal import Principal
from iamkit.kit import IAM
from iamkit.management import mfa
from iamkit.management.desk import Desk
from iamkit.policy import parse
from iamkit.policy.layers import AttachedPolicy, CallerLayers, PolicySource
from iamkit.policy.model import PolicyKind
from iamkit.policy.request import ANONYMOUS, Caller, CallerKind

ACCOUNT: Final = "111122223333"
START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)

_NAMES: Final = {
    CallerKind.USER: "jeff",
    CallerKind.ROOT: "root",
    CallerKind.ROLE_SESSION: "writer/monday",
    CallerKind.FEDERATED_USER: "guest",
    CallerKind.ANONYMOUS: "anonymous",
    CallerKind.SERVICE: "mail.example",
    CallerKind.PROVIDER: "accounts.example",
}
_CALLERS: Final = {
    CallerKind.USER: Caller(
        CallerKind.USER, f"arn:aws:iam::{ACCOUNT}:user/family/jeff", ACCOUNT, unique_id="AIDAJEFF"
    ),
    CallerKind.ROOT: Caller(CallerKind.ROOT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, unique_id=ACCOUNT),
    CallerKind.ROLE_SESSION: Caller(
        CallerKind.ROLE_SESSION,
        f"arn:aws:sts::{ACCOUNT}:assumed-role/writer/monday",
        ACCOUNT,
        issuer_arn=f"arn:aws:iam::{ACCOUNT}:role/app/writer",
        unique_id="AROAWRITER",
    ),
    CallerKind.FEDERATED_USER: Caller(
        CallerKind.FEDERATED_USER,
        f"arn:aws:sts::{ACCOUNT}:federated-user/guest",
        ACCOUNT,
        issuer_arn=f"arn:aws:iam::{ACCOUNT}:user/family/jeff",
        unique_id="AIDAJEFF",
    ),
    CallerKind.ANONYMOUS: ANONYMOUS,
    CallerKind.SERVICE: Caller(CallerKind.SERVICE, "mail.example"),
    CallerKind.PROVIDER: Caller(CallerKind.PROVIDER, "accounts.example"),
}


class MakesPrincipal(Protocol):
    """Makes a principal of a kind; `kind` alone gives jeff, a user with an access key."""

    def __call__(
        self,
        kind: CallerKind = ...,
        *,
        layers: CallerLayers = ...,
        tags: Mapping[str, str] = ...,
        org_path: tuple[str, ...] = ...,
        authentication: Authentication | None = ...,
    ) -> Principal: ...


class MakesRequest(Protocol):
    """Makes a request for `/doc/1` with these header fields."""

    def __call__(
        self, *headers: tuple[str, str], peer: str | None = ..., scheme: str = ..., path: str = ...
    ) -> HttpRequest: ...


class MakesPolicy(Protocol):
    """Makes an attached policy of one statement."""

    def __call__(
        self, effect: str = ..., *, kind: PolicyKind = ..., digest: str | None = ..., **members: object
    ) -> AttachedPolicy: ...


KEY: Final = Authentication(ACCOUNT, "AIDAJEFF", CredentialKind.ACCESS_KEY, "AKIAJEFF")


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that stands at noon."""
    return FrozenClock(START)


@pytest.fixture
def make_principal() -> MakesPrincipal:
    def make(
        kind: CallerKind = CallerKind.USER,
        *,
        layers: CallerLayers = CallerLayers(),  # noqa: B008  # frozen, and empty
        tags: Mapping[str, str] = MappingProxyType({}),
        org_path: tuple[str, ...] = (),
        authentication: Authentication | None = KEY,
    ) -> Principal:
        caller = _CALLERS[kind]
        return Principal(
            caller=caller,
            name=_NAMES[kind],
            account=caller.account,
            layers=layers,
            tags=tags,
            org_path=org_path,
            authentication=None if kind is CallerKind.ANONYMOUS else authentication,
        )

    return make


@pytest.fixture
def make_request() -> MakesRequest:
    def make(
        *headers: tuple[str, str],
        peer: str | None = "203.0.113.9",
        scheme: str = "https",
        path: str = "/doc/1",
    ) -> HttpRequest:
        return HttpRequest(
            method="GET",
            scheme=scheme,
            host="app.example",
            raw_path=path,
            path=path,
            query="",
            headers=Headers(headers),
            peer=peer,
        )

    return make


@pytest.fixture
def make_policy() -> MakesPolicy:
    def make(
        effect: str = "Allow",
        *,
        kind: PolicyKind = PolicyKind.IDENTITY,
        digest: str | None = None,
        **members: object,
    ) -> AttachedPolicy:
        statement = {"Effect": effect, "Action": "doc:*", "Resource": "*", **members}
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        named = hashlib.sha256(text.encode()).hexdigest() if digest is None else digest
        return AttachedPolicy(parse(text, kind), PolicySource("p", "user", digest=named))

    return make


@pytest.fixture
def allowing(make_principal: MakesPrincipal, make_policy: MakesPolicy) -> Callable[[], Principal]:
    """jeff, who may do everything with documents."""
    return lambda: make_principal(layers=CallerLayers(identity=(make_policy(),)))


# --- a deployment whose root user is set up ------------------------------------------------------

ROOT_PASSWORD: Final = "correct horse battery"
ROOT_ADDRESS: Final = "owner@app.example"
LINK_BASE: Final = "https://app.example/account"


class Post:
    """Takes every message, and hears every event."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.events: list[Event] = []

    @hookimpl
    def iamkit_deliver(self, message: Message) -> bool | None:
        self.messages.append(message)
        return True

    @hookimpl
    def iamkit_audit(self, event: Event) -> None:
        self.events.append(event)


@dataclass
class Estate:
    """A deployment whose set-up link is at hand."""

    iam: IAM
    clock: FrozenClock
    post: Post
    setup: Secret

    @property
    def home(self) -> str:
        return self.iam.deployment().home_account

    def claimed(self, *, verified: bool = True) -> NewSession:
        """The root user's first session; its address is verified behind everybody's back."""
        session = self.iam.claim_setup(self.setup, ROOT_ADDRESS, ROOT_PASSWORD)
        if verified:
            with self.iam.store.write() as unit:
                accounts.set_email(unit, self.home, email=ROOT_ADDRESS, verified_at=self.clock.now())
        return session

    def principal(self, session: NewSession) -> Principal:
        """Who a session is, as a request would have it."""
        name = self.iam.cookie_name
        headers = Headers((("cookie", f"{name}={session.token.reveal()}"),))
        request = HttpRequest("GET", "https", "app.example", "/", "/", "", headers, "203.0.113.9")
        found = self.iam.gate.admit(request)
        assert isinstance(found, Principal)
        return found

    def desk(self, session: NewSession) -> Desk:
        return self.iam.desk(self.principal(session))

    def device(self, session: NewSession, name: str = "root-account-mfa-device") -> Device:
        """A device of the root user's, enrolled in `session`."""
        desk = self.desk(session)
        made = desk.do(mfa.create_virtual_mfa_device, virtual_mfa_device_name=name)
        device = Device(self, made.serial_number, made.base32_seed.reveal())
        first, second = device.code(-1), device.code()
        desk.do(
            mfa.enable_mfa_device,
            serial_number=device.serial,
            authentication_code1=Secret(first),
            authentication_code2=Secret(second),
        )
        return device

    def whole(self) -> tuple[NewSession, Device]:
        """A session of the root user's with its second factor."""
        device = self.device(self.claimed())
        return self.proved(device), device

    def proved(self, device: Device, password: str = ROOT_PASSWORD) -> NewSession:
        """Signed in by password and device."""
        self.clock.advance(timedelta(seconds=60))
        pending = self.iam.sign_in_root(ROOT_ADDRESS, password)
        assert pending.awaits == ("factor",)
        return self.iam.factors.finish(pending.token.reveal(), "totp", {"code": device.code()})

    def mail(self) -> list[Message]:
        """What was sent since the last look."""
        self.iam.outbox.flush()
        found, self.post.messages[:] = list(self.post.messages), []
        return found

    def link(self, kind: Kind) -> str:
        """The token of the one message of that kind."""
        (message,) = [item for item in self.mail() if item.kind is kind]
        assert message.secret is not None
        found = re.fullmatch(rf"{LINK_BASE}/[a-z-]+\?token=(.+)", message.secret.reveal())
        assert found is not None
        return found[1]

    def user(self, name: str) -> Desk:
        """A user who signs with a key; made, if there is none."""
        return self.iam.desk(self.iam.find_principal(name, self.iam.operator().authentication))


@dataclass
class Device:
    """An authenticator app."""

    estate: Estate
    serial: str
    seed: str

    def code(self, steps: int = 0) -> str:
        return otp.code_at(otp.seed_of(self.seed), otp.step_at(self.estate.clock.now()) + steps)


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    clock, post = FrozenClock(), Post()
    with IAM(
        tmp_path / "accounts", plugins=[post], clock=clock, password_cost=CHEAPEST, link_base=LINK_BASE,
        entry_points=False,
    ) as iam:  # fmt: skip
        made = iam.initialize(account_name="acme", setup_link=True)
        assert made.setup is not None
        yield Estate(iam, clock, post, made.setup)
