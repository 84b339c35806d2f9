"""What a stolen credential does not win: its owner's factors and address, and a longer life."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from iamkit.audit.event import Origin
from iamkit.clock import FrozenClock
from iamkit.credentials import mfa, otp
from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.message import Message
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import NewSession
from iamkit.errors import (
    AccessDenied,
    ExpiredToken,
    InvalidAuthenticationCode,
    PasswordExpired,
    StepUpRequired,
    Throttling,
)
from iamkit.hookspecs import hookimpl
from iamkit.http import Headers, HttpRequest
from iamkit.identity.principal import Principal
from iamkit.kit import IAM
from iamkit.management import (
    access_keys,
    attachments,
    login_profiles,
    mail_addresses,
    mfa_enrolment,
    password_policy,
    sessions,
    tokens,
    users,
)
from iamkit.management import mfa as operations
from iamkit.management.desk import Desk

PASSWORD = "correct horse battery"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


class Post:
    """Delivers into a list."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    @hookimpl
    def iamkit_deliver(self, message: Message) -> bool:
        self.messages.append(message)
        return True


@dataclass
class Place:
    """A deployment with `ana`, an administrator with a password and, on demand, a device."""

    iam: IAM
    clock: FrozenClock
    post: Post
    seed: bytes = b""
    serial: str = ""

    def proof(self, kind: CredentialKind, **facts: object) -> Desk:
        """Where things are done for ana by a credential of that kind."""
        found = self.iam.find_principal("ana")
        given = Authentication(found.account, found.caller.unique_id, kind, "AKIAANA")
        return self.iam.desk(replace(found, authentication=replace(given, **facts)))  # type: ignore[arg-type]

    def sign_in(self) -> NewSession:
        return self.iam.sign_in("ana", PASSWORD)

    def by(self, session: NewSession, *, peer: str | None = None) -> Principal:
        cookie = f"{self.iam.cookie_name}={session.token.reveal()}"
        headers = Headers((("host", "a"), ("cookie", cookie), ("user-agent", "Browser")))
        found = self.iam.gate.admit(HttpRequest("GET", "https", "a", "/", "/", "", headers, peer))
        assert isinstance(found, Principal)
        return found

    def codes(self, steps: int = 0) -> dict[str, Secret]:
        step = otp.step_at(self.clock.now()) + steps
        return {
            "authentication_code1": Secret(otp.code_at(self.seed, step)),
            "authentication_code2": Secret(otp.code_at(self.seed, step + 1)),
        }

    def enable(self, desk: Desk) -> None:
        made = desk.do(operations.create_virtual_mfa_device, virtual_mfa_device_name="phone")
        self.seed, self.serial = otp.seed_of(made.base32_seed.reveal()), made.serial_number
        desk.do(
            operations.enable_mfa_device,
            user_name="ana",
            serial_number=self.serial,
            **self.codes(-1),
        )

    def device(self) -> mfa.MfaDevice | None:
        with self.iam.store.read() as reader:
            return mfa.find(reader, self.serial)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock, post = FrozenClock(), Post()
    with IAM(
        tmp_path / "iam",
        clock=clock,
        plugins=[post],
        password_cost=CHEAPEST,
        entry_points=False,
        link_base="https://app.example",
    ) as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))
        desk.do(attachments.attach_user_policy, user_name="ana", policy_arn=ADMIN)
        yield Place(iam, clock, post)


def test_a_key_without_its_owners_device_changes_no_factor(place: Place) -> None:
    """Enrolling the first by a signature works, as in AWS; from then on it takes the device."""
    by_key = place.proof(CredentialKind.ACCESS_KEY)
    place.enable(by_key)

    with pytest.raises(StepUpRequired):
        by_key.do(mfa_enrolment.create_recovery_codes)
    with pytest.raises(StepUpRequired):
        by_key.do(operations.deactivate_mfa_device, serial_number=place.serial)
    with pytest.raises(StepUpRequired):
        by_key.do(operations.resync_mfa_device, user_name="ana", serial_number=place.serial, **place.codes(3))
    made = by_key.do(operations.create_virtual_mfa_device, virtual_mfa_device_name="mine")
    seed = otp.seed_of(made.base32_seed.reveal())
    step = otp.step_at(place.clock.now())
    with pytest.raises(StepUpRequired):
        by_key.do(
            operations.enable_mfa_device,
            user_name="ana",
            serial_number=made.serial_number,
            authentication_code1=Secret(otp.code_at(seed, step - 1)),
            authentication_code2=Secret(otp.code_at(seed, step)),
        )

    found = place.device()
    assert found is not None
    assert found.user_id is not None


def test_a_temporary_credential_needs_the_device_and_lately(place: Place) -> None:
    """One that was asked for without a code is as good as the key; one with a code is good for 15 minutes."""
    place.enable(place.proof(CredentialKind.ACCESS_KEY))
    now = place.clock.now()
    without = place.proof(CredentialKind.TEMPORARY, issued_at=now)
    with_code = place.proof(CredentialKind.TEMPORARY, issued_at=now, mfa_at=now)

    with pytest.raises(StepUpRequired):
        without.do(operations.deactivate_mfa_device, serial_number=place.serial)
    assert len(with_code.do(mfa_enrolment.create_recovery_codes).codes) == 10
    place.clock.advance(timedelta(minutes=16))
    with pytest.raises(StepUpRequired):
        with_code.do(operations.deactivate_mfa_device, serial_number=place.serial)
    again = place.proof(CredentialKind.TEMPORARY, issued_at=now, mfa_at=place.clock.now())
    again.do(operations.deactivate_mfa_device, serial_number=place.serial)


def test_an_administrators_key_still_helps_others(place: Place) -> None:
    """Another user's device is a matter of policy alone, as in AWS."""
    place.enable(place.proof(CredentialKind.ACCESS_KEY))
    desk = place.iam.desk(place.iam.operator())
    desk.do(users.create_user, user_name="bob")
    desk.do(attachments.attach_user_policy, user_name="bob", policy_arn=ADMIN)
    found = place.iam.find_principal("bob")
    proof = Authentication(found.account, found.caller.unique_id, CredentialKind.ACCESS_KEY, "AKIABOB")

    place.iam.desk(replace(found, authentication=proof)).do(
        operations.deactivate_mfa_device, user_name="ana", serial_number=place.serial
    )

    device = place.device()
    assert device is not None
    assert device.user_id is None


def _link(place: Place) -> str:
    place.iam.outbox.flush()
    found = [item.secret for item in place.post.messages if item.secret is not None]
    return found[-1].reveal().partition("?token=")[2]


@pytest.mark.parametrize("stepped_up", [False, True])
def test_ending_a_session_voids_the_change_of_address_it_began(place: Place, stepped_up: bool) -> None:
    """Also if the session went on under another name since; that of another session stands."""
    session = place.sign_in()
    place.iam.desk(place.by(session)).do(mail_addresses.change_user_email, email="mallory@example.net")
    token = _link(place)
    owners = place.sign_in()
    own = place.iam.desk(place.by(owners))
    ended = session.public_id
    if stepped_up:
        place.enable(own)
        place.clock.advance(timedelta(seconds=60))
        code = otp.code_at(place.seed, otp.step_at(place.clock.now()))
        ended = place.iam.factors.finish(session.token.reveal(), "totp", {"code": code}).public_id

    own.do(sessions.end_session, session_id=ended)

    with pytest.raises(ExpiredToken):
        place.iam.links.confirm(token)


def test_ending_one_session_leaves_what_another_began(place: Place) -> None:
    """The owner's own change goes on."""
    owners, other = place.sign_in(), place.sign_in()
    own = place.iam.desk(place.by(owners))
    own.do(mail_addresses.change_user_email, email="ana@example.net")
    token = _link(place)

    own.do(sessions.end_session, session_id=other.public_id)
    place.iam.links.confirm(token)


def test_what_a_token_makes_ends_with_it(place: Place) -> None:
    """An endless one, a longer one, itself anew, and a key that has no end at all."""
    until = place.clock.now() + timedelta(hours=3)
    by_token = place.proof(CredentialKind.TOKEN, expires_at=until)
    desk = place.iam.desk(place.iam.operator())
    lasting = desk.do(tokens.create_personal_token, name="lasting", user_name="ana", days=None).face

    endless = by_token.do(tokens.create_personal_token, name="a", days=None).face
    longer = by_token.do(tokens.create_personal_token, name="b").face
    anew = by_token.do(tokens.reset_personal_token, token_id=longer.token_id).face
    taken = by_token.do(tokens.reset_personal_token, token_id=lasting.token_id).face
    with pytest.raises(AccessDenied, match="ends"):
        by_token.do(access_keys.create_access_key)

    assert {item.expires_at for item in (endless, longer, anew, taken)} == {until}
    whole = place.proof(CredentialKind.TOKEN)
    assert whole.do(tokens.create_personal_token, name="c", days=None).face.expires_at is None
    whole.do(access_keys.create_access_key)


def test_a_temporary_credentials_token_ends_with_it(place: Place) -> None:
    """A session of a person does not bind: making what lasts is what it is for."""
    now = place.clock.now()
    until = now + timedelta(hours=1)
    short = place.proof(CredentialKind.TEMPORARY, issued_at=now, expires_at=until)
    assert short.do(tokens.create_personal_token, name="a").face.expires_at == until
    own = place.iam.desk(place.by(place.sign_in()))
    face = own.do(tokens.create_personal_token, name="b").face
    assert face.expires_at == now + timedelta(days=90)


def test_codes_are_counted_for_the_network_that_asks(place: Place) -> None:
    """Of a principal that came with a request the desk knows where from; thirty failures are the limit."""
    made = place.iam.desk(place.iam.operator()).do(
        operations.create_virtual_mfa_device, virtual_mfa_device_name="phone"
    )
    session = place.sign_in()
    wrong = {"authentication_code1": Secret("000000"), "authentication_code2": Secret("000000")}
    said: list[type[Exception]] = []
    for _ in range(40):
        # Another method's or another user's counter would be fresh; the network's is not.
        with place.iam.store.write() as unit:
            place.iam.services.factor_throttle("totp").reset(unit, f"user/{_id(place)}")
        try:
            place.iam.desk(place.by(session, peer="203.0.113.9")).do(
                operations.enable_mfa_device, user_name="ana", serial_number=made.serial_number, **wrong
            )
        except (InvalidAuthenticationCode, Throttling) as fault:
            said.append(type(fault))

    assert said == [InvalidAuthenticationCode] * 30 + [Throttling] * 10
    elsewhere = place.iam.desk(place.by(session), origin=Origin("198.51.100.7"))
    with pytest.raises(InvalidAuthenticationCode):
        elsewhere.do(operations.enable_mfa_device, user_name="ana", serial_number=made.serial_number, **wrong)


def test_an_expired_password_binds_the_password_alone(place: Place) -> None:
    """Its age opens and closes the door that it is the key of; a key of another kind has its own life."""
    desk = place.iam.desk(place.iam.operator())
    desk.do(password_policy.update_account_password_policy, max_password_age=90, hard_expiry=True)
    place.clock.advance(timedelta(days=91))

    with pytest.raises(PasswordExpired):
        place.sign_in()
    by_key = place.proof(CredentialKind.ACCESS_KEY)
    assert by_key.do(users.get_user).name == "ana"


def _id(place: Place) -> str:
    return place.iam.find_principal("ana").caller.unique_id
