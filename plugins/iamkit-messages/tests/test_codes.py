"""Codes by mail and by text message: enrolled, asked for, good once, limited, and off by default."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iamkit import IAM, FrozenClock
from iamkit.credentials import wording
from iamkit.credentials.challenges import Challenge
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import NewSession, SessionState
from iamkit.errors import (
    IamkitError,
    InputError,
    InvalidAuthenticationCode,
    Throttling,
    ValidationError,
)
from iamkit.http import Headers, HttpRequest
from iamkit.identity import users as user_records
from iamkit.identity.principal import Principal
from iamkit.management import inline, login_profiles, mfa_enrolment, users
from iamkit_messages import Configuration, FormGateway, MessagesPlugin, Security, Smtp

if TYPE_CHECKING:
    from tests.conftest import Mailbox, MakesServer, Provider

PASSWORD = "correct horse battery"
PHONE = "+491701234567"


@dataclass
class Place:
    """A deployment with `ana`, whose address is verified."""

    iam: IAM
    clock: FrozenClock
    box: Mailbox
    provider: Provider

    def code(self, method: str) -> str:
        """The code that came last."""
        self.iam.outbox.flush()
        sms = method == "sms"
        text = self.provider.forms[-1]["Body"] if sms else self.box.mails[-1].get_content()
        (found,) = re.findall(r"\b[0-9]{6}\b", text)
        return str(found)

    def enrol(self, method: str, phone: str = PHONE) -> str:
        desk = self.iam.desk(self.iam.operator())
        details = Secret(json.dumps({"phone": phone})) if method == "sms" else None
        desk.do(mfa_enrolment.begin_mfa_enrollment, user_name="ana", method=method, details=details)
        answer = Secret(json.dumps({"code": self.code(method)}))
        made = desk.do(mfa_enrolment.finish_mfa_enrollment, user_name="ana", method=method, answer=answer)
        return made.serial_number

    def verify(self, address: str | None, *, verified: bool = True) -> None:
        with self.iam.store.write() as unit:
            user = user_records.get(unit, self.iam.deployment().home_account, "ana")
            at = self.clock.now() if verified else None
            user_records.set_email(unit, user, email=address, verified_at=at)

    def begin(self, method: str) -> NewSession:
        session = self.iam.sign_in("ana", PASSWORD)
        self.iam.factors.begin(session.token.reveal(), method, source="203.0.113.9")
        return session

    def finish(self, session: NewSession, method: str, code: str) -> NewSession:
        return self.iam.factors.finish(session.token.reveal(), method, {"code": code})

    def sent(self) -> int:
        self.iam.outbox.flush()
        return len(self.box.mails) + len(self.provider.forms)


@pytest.fixture
def place(tmp_path: Path, mail_server: MakesServer, provider: Provider) -> Iterator[Place]:
    box, clock = mail_server(encrypted=False), FrozenClock()
    given = Configuration(
        smtp=Smtp(host="127.0.0.1", port=box.port, sender="iam@app.example", security=Security.NONE),
        sms=FormGateway(url=provider.url, sender="app"),
        factors=("email", "sms"),
    )
    with IAM(
        tmp_path / "iam",
        plugins=[MessagesPlugin(given)],
        clock=clock,
        entry_points=False,
        password_cost=CHEAPEST,
    ) as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))
        found = Place(iam, clock, box, provider)
        found.verify("ana@example.org")
        yield found


@pytest.mark.parametrize("method", ["email", "sms"])
def test_a_code_opens_the_door(place: Place, method: str) -> None:
    """To whoever holds the proven address; policies see which method it was."""
    place.enrol(method)
    session = place.begin(method)
    assert session.awaits == ("factor",)

    opened = place.finish(session, method, place.code(method))

    assert opened.state is SessionState.ACTIVE
    shown = [offer.method for offer in place.iam.factors.offers(opened.token.reveal())]
    assert shown == [method]


def test_a_policy_tells_weak_factors_from_others(place: Place) -> None:
    """Who has only a text message gets no further than it says (CAP-D4)."""
    desk = place.iam.desk(place.iam.operator())
    wanted = {"ForAnyValue:StringEquals": {"iamkit:MultiFactorMethod": "webauthn"}}
    statements = [
        {"Effect": "Allow", "Action": "docs:Get", "Resource": "*"},
        {"Effect": "Allow", "Action": "docs:Delete", "Resource": "*", "Condition": wanted},
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    desk.do(inline.put_user_policy, user_name="ana", policy_name="own", policy_document=text)
    place.enrol("sms")
    opened = place.finish(place.begin("sms"), "sms", place.code("sms"))
    cookie = f"{place.iam.cookie_name}={opened.token.reveal()}"
    headers = Headers((("host", "app.example"), ("cookie", cookie)))

    found = place.iam.gate.admit(HttpRequest("GET", "https", "app.example", "/", "/", "", headers))

    assert isinstance(found, Principal)
    assert found.authentication is not None
    assert found.authentication.factors == ("password", "sms")
    assert place.iam.check("docs:Get", "doc/1", principal=found).allowed
    assert not place.iam.check("docs:Delete", "doc/1", principal=found).allowed


def test_off_by_default(tmp_path: Path, mail_server: MakesServer) -> None:
    """A mail server alone makes no factor."""
    box = mail_server(encrypted=False)
    smtp = Smtp(host="127.0.0.1", port=box.port, sender="iam@app.example", security=Security.NONE)
    plugin = MessagesPlugin(Configuration(smtp=smtp))
    with IAM(tmp_path / "x", plugins=[plugin], entry_points=False, password_cost=CHEAPEST) as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        desk.do(users.create_user, user_name="ana")
        with pytest.raises(InputError, match="no factor `email`"):
            desk.do(mfa_enrolment.begin_mfa_enrollment, user_name="ana", method="email")


@pytest.mark.parametrize("method", ["email", "sms"])
def test_a_code_is_good_once(place: Place, method: str) -> None:
    """Also for many who come with it at once."""
    place.enrol(method)
    session = place.begin(method)
    code = place.code(method)

    def attempt(_: int) -> bool:
        try:
            place.finish(session, method, code)
        except IamkitError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(attempt, range(6))).count(True) == 1
    with pytest.raises(InvalidAuthenticationCode):
        place.finish(place.iam.sign_in("ana", PASSWORD), method, code)


def test_a_code_ends_after_five_minutes(place: Place) -> None:
    """To the second."""
    place.enrol("email")
    session = place.begin("email")
    code = place.code("email")
    place.clock.advance(timedelta(minutes=5))

    with pytest.raises(InvalidAuthenticationCode):
        place.finish(session, "email", code)


def test_three_tries(place: Place) -> None:
    """Then the right code is worth nothing either, and another has to be sent."""
    place.enrol("email")
    session = place.begin("email")
    code = place.code("email")
    wrong = "000000" if code != "000000" else "000001"
    for _ in range(3):
        with pytest.raises(InvalidAuthenticationCode):
            place.finish(session, "email", wrong)
    with pytest.raises(InvalidAuthenticationCode):
        place.finish(session, "email", code)

    place.iam.factors.begin(session.token.reveal(), "email")
    assert place.finish(session, "email", place.code("email")).state is SessionState.ACTIVE


@pytest.mark.parametrize(
    "spelt", ["{} ", " {}", "{}0", "", "\uff11\uff12\uff13\uff14\uff15\uff16", "-{}", "+{}"]
)
def test_a_code_is_six_ascii_digits(place: Place, spelt: str) -> None:
    """In one spelling."""
    place.enrol("email")
    session = place.begin("email")

    with pytest.raises(InvalidAuthenticationCode):
        place.finish(session, "email", spelt.format(place.code("email")))


def test_another_sign_in_has_another_code(place: Place) -> None:
    """A code is for the session that it was asked in (THR-M5)."""
    place.enrol("email")
    mine = place.begin("email")
    code = place.code("email")
    theirs = place.iam.sign_in("ana", PASSWORD)

    with pytest.raises(InvalidAuthenticationCode):
        place.finish(theirs, "email", code)
    place.finish(mine, "email", code)


def test_sending_is_limited(place: Place) -> None:
    """Five in an hour, until one was of use; what is refused is not sent."""
    place.enrol("sms")
    before = place.sent()
    session = place.begin("sms")
    for _ in range(4):
        # Messages go in the order of their instants.
        place.clock.advance(timedelta(seconds=1))
        place.iam.factors.begin(session.token.reveal(), "sms")
    with pytest.raises(Throttling):
        place.iam.factors.begin(session.token.reveal(), "sms")
    assert place.sent() - before == 5

    place.finish(session, "sms", place.code("sms"))
    place.begin("sms")
    assert place.sent() - before == 6


def test_a_network_that_asks_for_codes_is_limited(place: Place) -> None:
    """Whoever's they are."""
    place.enrol("email")
    sent = 0
    with pytest.raises(Throttling):  # noqa: PT012
        for _ in range(40):
            session = place.begin("email")
            place.finish(session, "email", place.code("email"))
            sent += 1
    assert sent == 30


def test_a_strange_number_is_not_flooded(place: Place) -> None:
    """Enrolment sends to numbers that nobody has proven: five in an hour each."""
    desk = place.iam.desk(place.iam.operator())
    for name in ("ben", "eve"):
        desk.do(users.create_user, user_name=name)
    details = Secret(json.dumps({"phone": "+49 (170) 123-4567"}))
    for name in ("ana", "ana", "ana", "ben", "ben"):
        desk.do(mfa_enrolment.begin_mfa_enrollment, user_name=name, method="sms", details=details)
    with pytest.raises(Throttling):
        desk.do(mfa_enrolment.begin_mfa_enrollment, user_name="eve", method="sms", details=details)

    place.iam.outbox.flush()
    assert {form["To"] for form in place.provider.forms} == {PHONE}


@pytest.mark.parametrize(
    "phone",
    [
        "",
        "0170 1234567",
        "+0170123456",
        "+49170123456789012",
        "+49\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668",
    ],
)
def test_a_number_has_its_country(place: Place, phone: str) -> None:
    """Digits of other scripts are none."""
    with pytest.raises(ValidationError):
        place.enrol("sms", phone)
    assert place.sent() == 0


def test_a_number_is_proven(place: Place) -> None:
    """Without the code there is no device."""
    desk = place.iam.desk(place.iam.operator())
    details = Secret(json.dumps({"phone": PHONE}))
    desk.do(mfa_enrolment.begin_mfa_enrollment, user_name="ana", method="sms", details=details)
    code = place.code("sms")
    wrong = Secret(json.dumps({"code": "000000" if code != "000000" else "000001"}))

    with pytest.raises(InvalidAuthenticationCode):
        desk.do(mfa_enrolment.finish_mfa_enrollment, user_name="ana", method="sms", answer=wrong)
    assert place.iam.sign_in("ana", PASSWORD).awaits == ()


def test_an_address_that_was_given_up_gets_no_code(place: Place) -> None:
    """The device was for the address as it was; the new owner of it is nobody."""
    place.enrol("email")
    place.verify("ana@example.net")
    before = place.sent()

    with pytest.raises(InputError):
        place.begin("email")
    assert place.sent() == before


def test_an_address_that_is_not_verified_is_no_factor(place: Place) -> None:
    """Nor one that there is not."""
    place.verify("ana@example.org", verified=False)
    with pytest.raises(InputError):
        place.enrol("email")
    place.verify(None)
    with pytest.raises(InputError):
        place.enrol("email")


def test_several_numbers(place: Place) -> None:
    """The code goes to the one that is named, by default to the first."""
    place.enrol("sms")
    second = place.enrol("sms", "+491709999999")
    session = place.iam.sign_in("ana", PASSWORD)

    place.iam.factors.begin(session.token.reveal(), "sms", {"serial": second})
    code = place.code("sms")

    assert place.provider.forms[-1]["To"] == "+491709999999"
    assert place.finish(session, "sms", code).state is SessionState.ACTIVE
    with pytest.raises(InputError):
        place.iam.factors.begin(place.iam.sign_in("ana", PASSWORD).token.reveal(), "sms", {"serial": "x"})


def test_nothing_of_a_code_is_kept_in_the_clear(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """Nor of the number in what is listed, shown or logged."""
    place.enrol("sms")
    session = place.iam.sign_in("ana", PASSWORD)
    shown = place.iam.factors.begin(session.token.reveal(), "sms")
    code = place.code("sms")

    assert shown == {"sent_to": "…67"}
    with place.iam.store.read() as reader:
        kept = repr(reader.find(Challenge))
    assert code not in kept + caplog.text
    assert PHONE not in kept + caplog.text + repr(place.iam.factors.offers(session.token.reveal()))


def test_the_short_text_fits_one_message(place: Place) -> None:
    """160 characters, for the longest name."""
    for kind in wording.ENGLISH.values():
        assert len(kind.short.format(secret="123456", user="x" * 64)) <= 160
