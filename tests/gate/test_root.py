"""The root user: set up by one link, signing in by mail address, nothing before a second factor."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from iamkit.audit.event import CRITICAL, Event
from iamkit.client.signer import Signer
from iamkit.clock import FrozenClock
from iamkit.credentials import otp
from iamkit.credentials.access_keys import NewAccessKey
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.message import Kind, Message
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import NewSession, SessionState
from iamkit.errors import (
    AccessDenied,
    AuthenticationError,
    ConflictError,
    ExpiredToken,
    IamkitError,
    InvalidCredentials,
    PasswordPolicyViolation,
    StepUpRequired,
    Throttling,
    ValidationError,
)
from iamkit.hookspecs import hookimpl
from iamkit.http import Headers, HttpRequest
from iamkit.identity import accounts
from iamkit.identity.principal import Principal
from iamkit.kit import IAM
from iamkit.management import access_keys, login_profiles, mfa, mfa_enrolment, root, sessions, users
from iamkit.management.desk import Desk
from iamkit.policy.request import CallerKind

PASSWORD = "correct horse battery"
NEXT = "another long passphrase"
OWNER = "owner@app.example"
BASE = "https://app.example/account"


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
class House:
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
        session = self.iam.claim_setup(self.setup, OWNER, PASSWORD)
        if verified:
            with self.iam.store.write() as unit:
                accounts.set_email(unit, self.home, email=OWNER, verified_at=self.clock.now())
        return session

    def principal(self, session: NewSession) -> Principal:
        """Who a session is, as a request would have it."""
        name = self.iam.cookie_name
        headers = Headers([("cookie", f"{name}={session.token.reveal()}")])
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

    def proved(self, device: Device, password: str = PASSWORD) -> NewSession:
        """Signed in by password and device."""
        self.clock.advance(timedelta(seconds=60))
        pending = self.iam.sign_in_root(OWNER, password)
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
        found = re.fullmatch(rf"{BASE}/[a-z-]+\?token=(.+)", message.secret.reveal())
        assert found is not None
        return found[1]

    def user(self, name: str) -> Desk:
        """A user who signs with a key; made, if there is none."""
        return self.iam.desk(self.iam.find_principal(name, self.iam.operator().authentication))


@dataclass
class Device:
    """An authenticator app."""

    house: House
    serial: str
    seed: str

    def code(self, steps: int = 0) -> str:
        return otp.code_at(otp.seed_of(self.seed), otp.step_at(self.house.clock.now()) + steps)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    clock, post = FrozenClock(), Post()
    with IAM(
        tmp_path / "accounts", plugins=[post], clock=clock, password_cost=CHEAPEST, link_base=BASE,
        entry_points=False,
    ) as iam:  # fmt: skip
        made = iam.initialize(account_name="acme", setup_link=True)
        assert made.setup is not None
        yield House(iam, clock, post, made.setup)


def _signed(key: NewAccessKey, clock: FrozenClock) -> HttpRequest:
    """A request that was signed with a key."""
    signer = Signer(key.key.key_id, key.secret)
    fields = signer.sign("GET", "https://app.example/", {}, b"", now=clock.now())
    headers = Headers(list(fields.items()))
    return HttpRequest("GET", "https", "app.example", "/", "/", "", headers, "203.0.113.9", body=b"")


# --- set-up --------------------------------------------------------------------------------------


def test_the_set_up_link_gives_an_address_a_password_and_a_session_to_enrol_in(house: House) -> None:
    """Whoever claims it is the root user, and the address is to be verified by the mail that follows."""
    session = house.iam.claim_setup(house.setup, OWNER.upper(), PASSWORD)

    assert session.state is SessionState.ACTIVE
    principal = house.principal(session)
    assert (principal.arn, principal.name) == (f"arn:aws:iam::{house.home}:root", "root")
    house.iam.links.confirm(house.link(Kind.VERIFY_ADDRESS))
    with house.iam.store.read() as reader:
        kept = accounts.get(reader, house.home)
    assert (kept.email, kept.email_verified_at) == (OWNER, house.clock.now())


def test_the_set_up_link_is_good_once_and_soon(house: House) -> None:
    """Claimed, it is worthless; so is one that is too old, and one that was replaced."""
    house.claimed()
    for token in (house.setup, Secret("ikl_" + "A" * 43), Secret("nonsense"), Secret("")):
        with pytest.raises(ExpiredToken):
            house.iam.claim_setup(token, "thief@app.example", NEXT)
    assert house.iam.sign_in_root(OWNER, PASSWORD)


def test_a_late_link_sets_nothing_up_and_the_host_operator_makes_another(house: House) -> None:
    """After fifteen minutes it is worthless; a new one voids the old."""
    house.clock.advance(timedelta(minutes=15))
    with pytest.raises(ExpiredToken):
        house.iam.claim_setup(house.setup, OWNER, PASSWORD)

    operator = house.iam.desk(house.iam.operator())
    first = operator.do(root.create_setup_link)
    second = operator.do(root.create_setup_link)

    with pytest.raises(ExpiredToken):
        house.iam.claim_setup(first.token, OWNER, PASSWORD)
    assert house.iam.claim_setup(second.token, OWNER, PASSWORD)
    with pytest.raises(ConflictError):
        operator.do(root.create_setup_link)


def test_of_many_who_claim_at_once_one_becomes_root(house: House) -> None:
    """Sixty-four at once: one session, and the password of that one (THR-X4)."""

    def claim(number: int) -> int | None:
        try:
            house.iam.claim_setup(house.setup, f"owner{number}@app.example", f"{PASSWORD} {number}")
        except IamkitError:
            return None
        return number

    with ThreadPoolExecutor(16) as pool:
        winners = [found for found in pool.map(claim, range(64)) if found is not None]

    assert len(winners) == 1
    (number,) = winners
    assert house.iam.sign_in_root(f"owner{number}@app.example", f"{PASSWORD} {number}")


@pytest.mark.parametrize(
    ("email", "password", "error"),
    [
        ("nobody", PASSWORD, ValidationError),
        (OWNER, "short", PasswordPolicyViolation),
        (OWNER, "1qaz2wsx3edc4rfv", PasswordPolicyViolation),
        (OWNER, "owner@app.example", PasswordPolicyViolation),
    ],
)
def test_what_is_refused_leaves_the_link_good(
    house: House, email: str, password: str, error: type[Exception]
) -> None:
    """A bad address or password changes nothing; the account's rules hold for the root user too."""
    with pytest.raises(error):
        house.iam.claim_setup(house.setup, email, password)

    assert house.claimed()


def test_no_link_is_made_unless_asked_for(tmp_path: Path) -> None:
    """Without the option the root user has no way in at all, and no password that anybody could guess."""
    with IAM(tmp_path / "plain", password_cost=CHEAPEST, entry_points=False) as iam:
        assert iam.initialize().setup is None
        for password in ("root", "admin", PASSWORD):
            with pytest.raises(InvalidCredentials):
                iam.sign_in_root("root", password)


# --- signing in ----------------------------------------------------------------------------------


def test_root_signs_in_by_its_address_alone(house: House) -> None:
    """By id or alias of the account; by no user name, and no user signs in at that door."""
    house.whole()
    operator = house.iam.desk(house.iam.operator())
    operator.do(users.create_user, user_name="root")
    operator.do(login_profiles.create_login_profile, user_name="root", password=Secret(NEXT))
    with house.iam.store.write() as unit:
        accounts.set_alias(unit, house.home, "acme")

    for account in (None, house.home, "acme"):
        assert house.iam.sign_in_root(OWNER, PASSWORD, account=account).awaits == ("factor",)
    attempts: list[Callable[[], object]] = [
        lambda: house.iam.sign_in("root", PASSWORD),
        lambda: house.iam.sign_in(OWNER, PASSWORD),
        lambda: house.iam.sign_in(house.home, PASSWORD),
        lambda: house.iam.sign_in_root("root", NEXT),
        lambda: house.iam.sign_in_root("root", PASSWORD),
        lambda: house.iam.sign_in_root(house.home, PASSWORD),
        lambda: house.iam.sign_in_root(OWNER, PASSWORD, account="other"),
        lambda: house.iam.sign_in_root(OWNER, NEXT),
    ]
    told = set()
    for attempt in attempts:
        with pytest.raises(InvalidCredentials) as caught:
            attempt()
        told.add(caught.value.message)
    assert len(told) == 1


def test_an_unknown_address_is_refused_as_the_known_one_is(house: House) -> None:
    """The same error for the same number of attempts, then the same wait (THR-P2)."""
    house.whole()
    house.clock.advance(timedelta(hours=1))

    def told(email: str) -> list[str]:
        found = []
        for _ in range(8):
            try:
                house.iam.sign_in_root(email, "a wrong guess")
            except IamkitError as fault:
                found.append(f"{fault.code} {fault.message}")
        return found

    assert told(OWNER) == told("nobody@app.example")


def test_guesses_at_root_do_not_count_for_a_user_of_that_address(house: House) -> None:
    """The two doors count by themselves; a user called like the address goes on signing in."""
    operator = house.iam.desk(house.iam.operator())
    operator.do(users.create_user, user_name="guess@app.example")
    operator.do(login_profiles.create_login_profile, user_name="guess@app.example", password=Secret(NEXT))
    for _ in range(12):
        with pytest.raises((InvalidCredentials, Throttling)):
            house.iam.sign_in_root("guess@app.example", "a wrong guess")

    assert house.iam.sign_in("guess@app.example", NEXT)


# --- nothing before a factor ---------------------------------------------------------------------


def test_without_a_factor_root_reaches_only_its_own_enrolment(house: House) -> None:
    """Everything else wants a step up: an app's action, management, another user's factors, a password."""
    desk = house.desk(house.claimed())
    operator = house.iam.desk(house.iam.operator())
    operator.do(users.create_user, user_name="ana")
    refused: list[Callable[[], object]] = [
        lambda: desk.do(users.create_user, user_name="bob"),
        lambda: desk.do(users.list_users),
        lambda: desk.do(mfa.list_mfa_devices, user_name="ana"),
        lambda: desk.do(mfa_enrolment.begin_mfa_enrollment, method="totp", user_name="ana"),
        lambda: desk.do(mfa_enrolment.create_recovery_codes),
        lambda: desk.do(root.rename_account, account_name="mine"),
        lambda: desk.do(root.close_account),
        lambda: desk.do(
            login_profiles.change_password, old_password=Secret(PASSWORD), new_password=Secret(NEXT)
        ),
    ]
    for attempt in refused:
        with pytest.raises(AccessDenied):
            attempt()
    principal = house.principal(house.iam.sign_in_root(OWNER, PASSWORD))
    assert not principal.can("docs:Read", "doc/1")
    with pytest.raises(StepUpRequired):
        house.iam.authorize("docs:Read", "doc/1", principal=principal)
    assert desk.do(mfa.list_mfa_devices).items == ()


def test_with_its_factor_root_does_everything(house: House) -> None:
    """It enrols, signs in with both, and no identity policy or boundary is asked."""
    session, device = house.whole()
    desk = house.desk(session)

    assert house.principal(session).can("docs:Read", "doc/1")
    desk.do(users.create_user, user_name="ana")
    (listed,) = desk.do(mfa.list_mfa_devices).items
    assert (listed.serial_number, listed.user_name) == (device.serial, "<root_account>")
    assert len(desk.do(mfa_enrolment.create_recovery_codes).codes) == 10
    assert len(desk.do(sessions.list_sessions).items) == 2


def test_the_session_that_enrolled_gets_its_power_by_showing_the_factor(house: House) -> None:
    """A step up in the same sitting: the old token ends, the new one may do everything."""
    first = house.claimed()
    device = house.device(first)
    assert not house.principal(first).can("docs:Read", "doc/1")

    house.clock.advance(timedelta(seconds=60))
    session = house.iam.factors.finish(first.token.reveal(), "totp", {"code": device.code()})

    assert house.principal(session).can("docs:Read", "doc/1")


def test_a_pending_session_of_root_has_no_power(house: House) -> None:
    """Password alone, where a factor is enrolled, is nobody's session."""
    house.whole()
    house.clock.advance(timedelta(seconds=60))
    pending = house.iam.sign_in_root(OWNER, PASSWORD)

    assert house.principal(pending).caller.kind is CallerKind.ANONYMOUS


def test_root_chooses_another_password_by_its_old_one(house: House) -> None:
    """The operation of users, on itself; a user of the name `root` keeps its own; sessions end."""
    session, device = house.whole()
    operator = house.iam.desk(house.iam.operator())
    operator.do(users.create_user, user_name="root")
    operator.do(login_profiles.create_login_profile, user_name="root", password=Secret("third long words"))

    house.desk(session).do(
        login_profiles.change_password, old_password=Secret(PASSWORD), new_password=Secret(NEXT)
    )

    with pytest.raises(InvalidCredentials):
        house.iam.sign_in_root(OWNER, PASSWORD)
    assert house.proved(device, NEXT)
    assert house.iam.sign_in("root", "third long words")


# --- keys, guardrails, events --------------------------------------------------------------------


def test_root_has_no_access_key_unless_a_setting_says_so(house: House, tmp_path: Path) -> None:
    """Refused by default; where it is allowed there are two, and they die with the setting."""
    session, _ = house.whole()
    with pytest.raises(AccessDenied, match="root users have no access keys"):
        house.desk(session).do(access_keys.create_access_key)

    same = {"clock": house.clock, "password_cost": CHEAPEST, "entry_points": False}
    with IAM(tmp_path / "accounts", root_access_keys=True, **same) as open_one:  # type: ignore[arg-type]
        desk = open_one.desk(house.principal(session))
        made = desk.do(access_keys.create_access_key)
        desk.do(access_keys.create_access_key)
        with pytest.raises(ConflictError):
            desk.do(access_keys.create_access_key)
        signed = _signed(made, house.clock)
        found = open_one.gate.admit(signed)
        assert isinstance(found, Principal)
        assert found.can("docs:Read", "doc/1")

    with pytest.raises(AuthenticationError):
        house.iam.gate.admit(signed)


def test_each_act_of_root_is_critical_and_told_by_mail(house: House) -> None:
    """Sign-in and change are marked in the event, and the owner is told; a user's act is neither."""
    session, _ = house.whole()
    house.post.events.clear()
    house.mail()

    house.desk(session).do(users.create_user, user_name="ana")

    (event,) = [found for found in house.post.events if found.event_name == "CreateUser"]
    assert event.severity == CRITICAL
    assert event.as_data()["iamkit"]["severity"] == CRITICAL  # type: ignore[index]
    (told,) = [message for message in house.mail() if message.kind is Kind.ROOT_ACT]
    assert (told.address, told.values["act"]) == (OWNER, "CreateUser")
    operator = house.iam.desk(house.iam.operator())
    operator.do(users.create_user, user_name="bob")
    assert house.post.events[-1].severity != CRITICAL
    assert house.mail() == []
