"""Forgotten passwords, invitations and addresses: links that come by mail and are good once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from iamkit.audit.event import Event
from iamkit.clock import FrozenClock
from iamkit.credentials import otp, wording
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.links import Link
from iamkit.credentials.message import Kind, Message
from iamkit.credentials.message_queue import QueuedMessage
from iamkit.credentials.secret import Secret
from iamkit.errors import (
    ConfigurationError,
    ExpiredToken,
    IamkitError,
    InputError,
    InvalidCredentials,
    PasswordPolicyViolation,
    StepUpRequired,
    Throttling,
    ValidationError,
)
from iamkit.hookspecs import hookimpl
from iamkit.http import Headers, HttpRequest
from iamkit.identity import users as user_records
from iamkit.identity.principal import Principal
from iamkit.kit import IAM
from iamkit.management import (
    attachments,
    invitations,
    login_profiles,
    mail_addresses,
    mfa,
    sessions,
    users,
)
from iamkit.management import password_policy as password_policies

PASSWORD = "correct horse battery"
NEXT = "another long passphrase"
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
class Place:
    """A deployment with `ana`, who has a password and a verified address."""

    iam: IAM
    clock: FrozenClock
    post: Post

    def verify(self, name: str, address: str | None, *, verified: bool = True) -> None:
        """Give somebody an address behind everybody's back."""
        with self.iam.store.write() as unit:
            user = user_records.get(unit, self.iam.deployment().home_account, name)
            user_records.set_email(
                unit, user, email=address, verified_at=self.clock.now() if verified else None
            )

    def user(self, name: str = "ana") -> user_records.User:
        with self.iam.store.read() as reader:
            return user_records.get(reader, self.iam.deployment().home_account, name)

    def mail(self) -> list[Message]:
        """What was sent since the last look."""
        self.iam.outbox.flush()
        found, self.post.messages[:] = list(self.post.messages), []
        return found

    def link(self, kind: Kind = Kind.RESET_PASSWORD) -> str:
        """The token of the one message of that kind."""
        (message,) = [item for item in self.mail() if item.kind is kind]
        assert message.secret is not None
        found = re.fullmatch(rf"{BASE}/[a-z-]+\?token=(.+)", message.secret.reveal())
        assert found is not None
        return found[1]

    def asked(self, who: str = "ana") -> str:
        self.iam.recovery.request(who, source="203.0.113.9")
        return self.link()

    def enters(self, password: str, name: str = "ana") -> bool:
        try:
            self.iam.sign_in(name, password)
        except InvalidCredentials:
            return False
        return True


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock, post = FrozenClock(), Post()
    with IAM(
        tmp_path / "iam",
        plugins=[post],
        clock=clock,
        password_cost=CHEAPEST,
        entry_points=False,
        link_base=BASE,
    ) as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))
        found = Place(iam, clock, post)
        found.verify("ana", "ana@example.org")
        yield found


def test_a_forgotten_password_is_replaced_by_mail(place: Place) -> None:
    """Sent to the address that is kept; all sessions end; the owner is told; no session is opened."""
    session = place.iam.sign_in("ana", PASSWORD)

    place.iam.recovery.request("ANA", source="203.0.113.9")
    (message,) = place.mail()
    assert (message.kind, message.address) == (Kind.RESET_PASSWORD, "ana@example.org")
    assert message.secret is not None
    token = message.secret.reveal().partition("?token=")[2]
    place.iam.recovery.finish(token, NEXT)

    assert place.enters(NEXT)
    assert not place.enters(PASSWORD)
    with pytest.raises(ExpiredToken):
        place.iam.factors.offers(session.token.reveal())
    assert [item.kind for item in place.mail()] == [Kind.PASSWORD_CHANGED]
    names = [event.event_name for event in place.post.events]
    assert "PasswordRecoveryRequested" in names
    assert "PasswordRecoveryCompleted" in names


def test_a_link_is_good_once(place: Place) -> None:
    """And no longer than fifteen minutes."""
    token = place.asked()
    place.clock.advance(timedelta(minutes=15))
    with pytest.raises(ExpiredToken):
        place.iam.recovery.finish(token, NEXT)

    token = place.asked()
    place.iam.recovery.finish(token, NEXT)
    with pytest.raises(ExpiredToken):
        place.iam.recovery.finish(token, "a third long passphrase")


def test_a_newer_link_voids_the_older(place: Place) -> None:
    """There is one of a purpose at a time."""
    old, new = place.asked(), place.asked()

    with pytest.raises(ExpiredToken):
        place.iam.recovery.finish(old, NEXT)
    place.iam.recovery.finish(new, NEXT)


def test_a_refused_password_costs_no_link(place: Place) -> None:
    """Somebody whose first choice is too common tries another."""
    token = place.asked()

    with pytest.raises(PasswordPolicyViolation):
        place.iam.recovery.finish(token, "short")
    with pytest.raises(PasswordPolicyViolation):
        place.iam.recovery.finish(token, "ana@example.org ana@example.org"[:15])
    assert place.enters(PASSWORD)
    place.iam.recovery.finish(token, NEXT)

    assert place.enters(NEXT)


def test_a_former_password_is_not_chosen_by_a_link_either(place: Place) -> None:
    """The rules of the account hold, reuse among them."""
    desk = place.iam.desk(place.iam.operator())
    desk.do(password_policies.update_account_password_policy, password_reuse_prevention=3)
    token = place.asked()

    with pytest.raises(PasswordPolicyViolation):
        place.iam.recovery.finish(token, PASSWORD)


def test_a_link_does_not_pass_by_the_second_factor(place: Place) -> None:
    """Whoever reads the mail still lacks the device (THR-P13)."""
    desk = place.iam.desk(place.iam.operator())
    made = desk.do(mfa.create_virtual_mfa_device, virtual_mfa_device_name="phone")
    seed = otp.seed_of(made.base32_seed.reveal())
    step = otp.step_at(place.clock.now())
    desk.do(
        mfa.enable_mfa_device,
        user_name="ana",
        serial_number=made.serial_number,
        authentication_code1=Secret(otp.code_at(seed, step - 1)),
        authentication_code2=Secret(otp.code_at(seed, step)),
    )

    place.iam.recovery.finish(place.asked(), NEXT)

    assert place.iam.sign_in("ana", NEXT).awaits == ("factor",)


def _disabled(place: Place) -> None:
    place.iam.desk(place.iam.operator()).do(users.disable_user, user_name="ana")


def _passwordless(place: Place) -> None:
    place.iam.desk(place.iam.operator()).do(login_profiles.delete_login_profile, user_name="ana")


def _unverified(place: Place) -> None:
    place.verify("ana", "ana@example.org", verified=False)


def _homeless(place: Place) -> None:
    place.verify("ana", None)


def _moved(place: Place) -> None:
    place.verify("ana", "ana@example.net")


def _changed(place: Place) -> None:
    desk = place.iam.desk(place.iam.operator())
    desk.do(login_profiles.update_login_profile, user_name="ana", password=Secret("yet another passphrase"))


def _gone(place: Place) -> None:
    place.iam.desk(place.iam.operator()).do(users.delete_user, user_name="ana", cascade=True)


def _rotten(place: Place) -> None:
    desk = place.iam.desk(place.iam.operator())
    desk.do(password_policies.update_account_password_policy, max_password_age=1, hard_expiry=True)
    place.clock.advance(timedelta(days=2))


@pytest.mark.parametrize("spoil", [_disabled, _passwordless, _unverified, _homeless, _gone, _rotten])
def test_who_cannot_recover_gets_nothing_and_nobody_is_told(
    place: Place, spoil: Callable[[Place], None]
) -> None:
    """The answer is that for anybody, known or not; nothing is sent."""
    spoil(place)

    for who in ("ana", "ana@example.org", "nobody", "\u0131@example.org", "a\x00b", "*", ""):
        place.iam.recovery.request(who)

    assert place.mail() == []


@pytest.mark.parametrize("spoil", [_disabled, _passwordless, _unverified, _moved, _changed, _gone])
def test_a_link_is_worthless_when_its_user_changes(place: Place, spoil: Callable[[Place], None]) -> None:
    """It was for that user with that address and that password."""
    token = place.asked()
    spoil(place)

    with pytest.raises(ExpiredToken):
        place.iam.recovery.finish(token, NEXT)


def test_asking_does_the_same_for_everybody(place: Place) -> None:
    """Before the answer there is one row, whoever is meant: nothing was looked up that time could tell."""
    rows = []
    place.iam.outbox.close()
    for who in ("ana", "nobody", "ana@example.org", "x" * 254):
        place.iam.recovery.request(who, source=None)
        with place.iam.store.read() as reader:
            rows.append((reader.count(QueuedMessage), reader.count(Link)))

    assert rows == [(1, 0), (2, 0), (3, 0), (4, 0)]


def test_too_many_requests_are_refused_alike(place: Place) -> None:
    """For a name that there is and one that there is not; an hour later it goes on (THR-P3)."""
    said = []
    for who in ("ana", "nobody"):
        for _ in range(5):
            place.iam.recovery.request(who)
        with pytest.raises(Throttling) as caught:
            place.iam.recovery.request(who)
        said.append((str(caught.value), caught.value.retry_after))
    assert said[0] == said[1]
    assert len(place.mail()) == 5
    place.iam.recovery.request("ana@example.org")
    assert place.mail() == []

    place.clock.advance(timedelta(hours=1, seconds=1))
    assert place.asked()


def test_a_network_is_limited(place: Place) -> None:
    """One that asks for many users."""
    for number in range(30):
        place.iam.recovery.request(f"user{number}", source="203.0.113.9")
    with pytest.raises(Throttling):
        place.iam.recovery.request("ana", source="203.0.113.9")
    place.iam.recovery.request("ana", source="198.51.100.7")


@pytest.mark.parametrize("typed", ["ANA@Example.ORG", "ana@example.org"])
def test_a_user_is_found_by_address(place: Place, typed: str) -> None:
    """In any ASCII case; the mail goes to the address that is kept."""
    place.iam.recovery.request(typed)

    assert [item.address for item in place.mail()] == ["ana@example.org"]


@pytest.mark.parametrize(
    "typed",
    ["\u00e4na@example.org", "ana@e\u212aample.org", "\uff41na@example.org", "ana@example.org\n", " ana"],
)
def test_an_address_that_looks_alike_is_another(place: Place, typed: str) -> None:
    """Folding of letters outside ASCII finds nobody."""
    place.iam.recovery.request(typed)

    assert place.mail() == []


def test_a_stranger_with_the_same_address_takes_no_link(place: Place) -> None:
    """An address that is not verified is nobody's; users who share a verified one get a link each."""
    desk = place.iam.desk(place.iam.operator())
    for name in ("mallory", "ben"):
        desk.do(users.create_user, user_name=name)
        desk.do(login_profiles.create_login_profile, user_name=name, password=Secret(PASSWORD))
    place.verify("mallory", "ana@example.org", verified=False)
    place.verify("ben", "ana@example.org")

    place.iam.recovery.request("ana@example.org")

    assert sorted(item.values["user"] for item in place.mail()) == ["ana", "ben"]


def test_one_of_many_uses_a_link(place: Place) -> None:
    """Who come at once: one password is set (THR-P13)."""
    token = place.asked()

    def attempt(number: int) -> bool:
        try:
            place.iam.recovery.finish(token, f"{NEXT} {number}")
        except IamkitError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(attempt, range(8)))

    assert won.count(True) == 1
    assert place.enters(f"{NEXT} {won.index(True)}")


@pytest.mark.parametrize(
    "bent",
    ["", " ", "ikl_", "iks_" + "A" * 43, "ikl_" + "A" * 42 + "B", "ikl_" + "\uff21" * 43, "\x00", "a" * 9999],
)
def test_what_is_no_token_is_refused(place: Place, bent: str) -> None:
    """A blank one before all."""
    place.asked()

    with pytest.raises(ExpiredToken):
        place.iam.recovery.finish(bent, NEXT)
    with pytest.raises(ExpiredToken):
        place.iam.links.accept(bent, NEXT)
    with pytest.raises(ExpiredToken):
        place.iam.links.confirm(bent)


def test_a_link_is_for_one_purpose(place: Place) -> None:
    """One that resets a password neither accepts an invitation nor confirms an address."""
    token = place.asked()

    with pytest.raises(ExpiredToken):
        place.iam.links.accept(token, NEXT)
    with pytest.raises(ExpiredToken):
        place.iam.links.confirm(token)
    place.iam.recovery.finish(token, NEXT)


def test_without_a_place_for_links_nothing_is_asked(tmp_path: Path) -> None:
    """The answer says which setting is missing, to everybody."""
    with IAM(tmp_path / "bare", entry_points=False, password_cost=CHEAPEST) as iam:
        iam.initialize()
        with pytest.raises(ConfigurationError, match="link_base"):
            iam.recovery.request("anybody")


def test_an_invited_user_chooses_the_first_password(place: Place) -> None:
    """Within 72 hours, once; the address is verified by it; nothing has to be changed then."""
    desk = place.iam.desk(place.iam.operator())
    made = desk.do(invitations.invite_user, user_name="ben", email="Ben@Example.org", path="/app/")
    assert (made.email, made.email_verified_at, made.path) == ("ben@example.org", None, "/app/")
    token = place.link(Kind.INVITE)
    place.clock.advance(timedelta(hours=71))

    with pytest.raises(PasswordPolicyViolation):
        place.iam.links.accept(token, "short")
    place.iam.links.accept(token, NEXT)

    assert place.iam.sign_in("ben", NEXT).awaits == ()
    assert place.user("ben").email_verified_at == place.clock.now()
    with pytest.raises(ExpiredToken):
        place.iam.links.accept(token, "a third long passphrase")


def test_an_invitation_ends(place: Place) -> None:
    """After 72 hours, by a newer one, or because somebody gave the user a password."""
    desk = place.iam.desk(place.iam.operator())
    desk.do(invitations.invite_user, user_name="ben", email="ben@example.org")
    first = place.link(Kind.INVITE)
    desk.do(invitations.resend_invitation, user_name="ben")
    second = place.link(Kind.INVITE)
    with pytest.raises(ExpiredToken):
        place.iam.links.accept(first, NEXT)
    desk.do(login_profiles.create_login_profile, user_name="ben", password=Secret(PASSWORD))
    with pytest.raises(ExpiredToken):
        place.iam.links.accept(second, NEXT)
    with pytest.raises(InputError):
        desk.do(invitations.resend_invitation, user_name="ben")


def test_no_mail_is_sent_for_an_invitation_that_failed(place: Place) -> None:
    """The message is of the same unit as the user."""
    desk = place.iam.desk(place.iam.operator())
    with pytest.raises(IamkitError):
        desk.do(invitations.invite_user, user_name="ana", email="ben@example.org")
    with pytest.raises(ValidationError):
        desk.do(invitations.invite_user, user_name="ben", email="ben@example.org\r\nBcc: all@example.org")

    assert place.mail() == []


def test_an_address_is_verified_by_link(place: Place) -> None:
    """That is kept; once verified there is nothing to verify."""
    place.verify("ana", "ana@example.org", verified=False)
    desk = place.iam.desk(place.iam.operator())

    desk.do(mail_addresses.verify_user_email, user_name="ana")
    place.iam.links.confirm(place.link(Kind.VERIFY_ADDRESS))

    assert place.user().email_verified_at == place.clock.now()
    with pytest.raises(InputError):
        desk.do(mail_addresses.verify_user_email, user_name="ana")


def test_an_address_changes_when_the_new_one_is_confirmed(place: Place) -> None:
    """Both are told; links to the old one are void from then on."""
    desk = place.iam.desk(place.iam.operator())
    reset = place.asked()

    desk.do(mail_addresses.change_user_email, user_name="ana", email="ana@example.net")
    assert place.user().email == "ana@example.org"
    first = place.mail()
    assert {(item.kind, item.address) for item in first} == {
        (Kind.CHANGE_ADDRESS, "ana@example.net"),
        (Kind.ADDRESS_CHANGE_ASKED, "ana@example.org"),
    }
    (link,) = [item.secret for item in first if item.secret is not None]
    place.iam.links.confirm(link.reveal().partition("?token=")[2])

    assert place.user().email == "ana@example.net"
    assert {(item.kind, item.address) for item in place.mail()} == {
        (Kind.ADDRESS_CHANGED, "ana@example.net"),
        (Kind.ADDRESS_CHANGED, "ana@example.org"),
    }
    with pytest.raises(ExpiredToken):
        place.iam.recovery.finish(reset, NEXT)


def test_a_change_is_void_when_the_address_changed_otherwise(place: Place) -> None:
    """It was of the address as it was then."""
    desk = place.iam.desk(place.iam.operator())
    desk.do(mail_addresses.change_user_email, user_name="ana", email="ana@example.net")
    token = place.link(Kind.CHANGE_ADDRESS)
    desk.do(mail_addresses.delete_user_email, user_name="ana")

    with pytest.raises(ExpiredToken):
        place.iam.links.confirm(token)
    assert place.user().email is None


@pytest.mark.parametrize("ended", ["password", "sessions", "profile"])
def test_a_change_is_void_when_all_sessions_ended(place: Place, ended: str) -> None:
    """Whoever asked for it in a session that was not theirs does not get the password by it (THR-P12)."""
    desk = place.iam.desk(place.iam.operator())
    desk.do(mail_addresses.change_user_email, user_name="ana", email="mallory@example.net")
    token = place.link(Kind.CHANGE_ADDRESS)
    if ended == "password":
        desk.do(login_profiles.update_login_profile, user_name="ana", password=Secret(NEXT))
    elif ended == "sessions":
        desk.do(sessions.end_sessions, user_name="ana")
    else:
        desk.do(login_profiles.delete_login_profile, user_name="ana")

    with pytest.raises(ExpiredToken):
        place.iam.links.confirm(token)
    assert place.user().email == "ana@example.org"


def test_an_invitation_does_not_outlive_a_password(place: Place) -> None:
    """One was given by hand and taken away: the user is locked out, whatever lies in the mail."""
    desk = place.iam.desk(place.iam.operator())
    desk.do(invitations.invite_user, user_name="bob", email="bob@example.org")
    token = place.link(Kind.INVITE)
    desk.do(login_profiles.create_login_profile, user_name="bob", password=Secret(PASSWORD))
    desk.do(login_profiles.delete_login_profile, user_name="bob")

    with pytest.raises(ExpiredToken):
        place.iam.links.accept(token, NEXT)


def test_ones_own_address_takes_a_recent_sign_in(place: Place) -> None:
    """Whoever finds a session open changes nothing by it."""
    desk = place.iam.desk(place.iam.operator())
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    desk.do(attachments.attach_user_policy, user_name="ana", policy_arn=arn)
    session = place.iam.sign_in("ana", PASSWORD)
    own = place.iam.desk(_principal(place, session.token))
    place.clock.advance(timedelta(minutes=16))

    with pytest.raises(StepUpRequired):
        own.do(mail_addresses.change_user_email, email="mallory@example.net")
    with pytest.raises(StepUpRequired):
        own.do(mail_addresses.delete_user_email)
    assert place.mail() == []


def _principal(place: Place, token: Secret) -> Principal:
    cookie = f"{place.iam.cookie_name}={token.reveal()}"
    headers = Headers((("host", "app.example"), ("cookie", cookie)))
    found = place.iam.gate.admit(HttpRequest("GET", "https", "app.example", "/", "/", "", headers))
    assert isinstance(found, Principal)
    return found


def test_no_token_is_kept_or_told(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in a record, nor in an event, nor in a log line; a message shows neither link nor address."""
    place.iam.outbox.close()
    place.iam.recovery.request("ana")
    place.iam.outbox.flush()
    (message,) = place.post.messages
    assert message.secret is not None
    token = message.secret.reveal().partition("?token=")[2]
    body = wording.written(message).body

    with place.iam.store.read() as reader:
        kept = repr([*reader.find(Link), *reader.find(QueuedMessage)])
    told = kept + caplog.text + repr(message) + repr(body) + "".join(e.body for e in place.post.events)
    assert token not in told
    assert "ana@example.org" not in repr(message)
    assert token in body.reveal()
