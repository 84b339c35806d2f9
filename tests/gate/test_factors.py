"""From a password to a session by a second factor, and from a session to a fresher one."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from iamkit.audit.event import Event
from iamkit.clock import FrozenClock
from iamkit.credentials import otp
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import NewSession, SessionState
from iamkit.errors import (
    ExpiredToken,
    IamkitError,
    InputError,
    InvalidAuthenticationCode,
    InvalidCredentials,
    StepUpRequired,
    Throttling,
)
from iamkit.hookspecs import hookimpl
from iamkit.http import Headers, HttpRequest
from iamkit.identity.principal import Principal
from iamkit.identity.users import User
from iamkit.kit import IAM
from iamkit.management import attachments, login_profiles, mfa_enrolment, users
from iamkit.management import mfa as operations
from iamkit.policy.request import CallerKind

PASSWORD = "correct horse battery"
NEXT = "another long passphrase"


@dataclass
class Place:
    """A deployment with one user, `ana`, who has a password and one TOTP device."""

    iam: IAM
    clock: FrozenClock
    ana: User
    seed: bytes
    serial: str
    heard: Ears

    def code(self, *, steps: int = 0) -> str:
        return otp.code_at(self.seed, otp.step_at(self.clock.now()) + steps)

    def enter(self) -> NewSession:
        return self.iam.sign_in("ana", PASSWORD, source="203.0.113.9", user_agent="Mozilla")

    def show(self, session: NewSession, code: str | None = None) -> NewSession:
        answer = {"code": self.code() if code is None else code}
        return self.iam.factors.finish(session.token.reveal(), "totp", answer)

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

    def events(self) -> list[tuple[object, object]]:
        """The sign-in events in their order, as (name, error)."""
        told = [event.as_data() for event in self.heard.events]
        return [
            (event["eventName"], event.get("errorCode"))
            for event in told
            if event["eventSource"] == "signin.amazonaws.com"
        ]


class Ears:
    """Hears every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    @hookimpl
    def iamkit_audit(self, event: Event) -> None:
        self.events.append(event)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock, ears = FrozenClock(), Ears()
    with IAM(
        tmp_path / "iam", plugins=[ears], clock=clock, password_cost=CHEAPEST, entry_points=False
    ) as iam:
        iam.initialize()
        desk = iam.desk(iam.operator())
        ana = desk.do(users.create_user, user_name="ana")
        desk.do(login_profiles.create_login_profile, user_name="ana", password=Secret(PASSWORD))
        made = desk.do(operations.create_virtual_mfa_device, virtual_mfa_device_name="phone")
        seed = otp.seed_of(made.base32_seed.reveal())
        step = otp.step_at(clock.now())
        desk.do(
            operations.enable_mfa_device,
            user_name="ana",
            serial_number=made.serial_number,
            authentication_code1=Secret(otp.code_at(seed, step - 1)),
            authentication_code2=Secret(otp.code_at(seed, step)),
        )
        clock.advance(timedelta(seconds=60))
        yield Place(iam, clock, ana, seed, made.serial_number, ears)


def test_the_password_alone_opens_nothing(place: Place) -> None:
    """The session waits for the factor, and no guard lets it pass (THR-M5)."""
    begun = place.enter()
    assert begun.state is SessionState.PENDING
    assert begun.awaits == ("factor",)
    assert place.admitted(begun) is None
    (offer,) = place.iam.factors.offers(begun.token.reveal())
    assert (offer.method, offer.devices) == ("totp", ((place.serial, "phone"),))


def test_password_and_code_open_the_door(place: Place) -> None:
    """Under another token; the pending one is gone; policies see the factor."""
    begun = place.enter()
    session = place.show(begun)
    found = place.admitted(session)
    assert found is not None
    assert found.authentication is not None
    assert found.authentication.factors == ("password", "totp")
    assert found.authentication.mfa_at == place.clock.now()
    assert session.token != begun.token
    with pytest.raises(ExpiredToken):
        place.show(begun)
    assert place.events() == [("CheckMfa", None), ("ConsoleLogin", None)]


def test_a_code_is_good_once(place: Place) -> None:
    """In the same step, in the next one, and after a step back of the clock (THR-M1)."""
    code = place.code()
    place.show(place.enter(), code)
    for seconds in (0, 29, 2, 28):
        place.clock.advance(timedelta(seconds=seconds))
        with pytest.raises(InvalidAuthenticationCode):
            place.show(place.enter(), code)
    place.clock.advance(timedelta(minutes=-2))
    with pytest.raises(InvalidAuthenticationCode):
        place.show(place.enter(), code)


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, False)])
def test_the_present_step_and_the_one_before_count(place: Place, steps: int, right: bool) -> None:
    """No wider (decision 17)."""
    begun = place.enter()
    if right:
        assert place.show(begun, place.code(steps=steps)).state is SessionState.ACTIVE
    else:
        with pytest.raises(InvalidAuthenticationCode):
            place.show(begun, place.code(steps=steps))


def test_a_wrong_code_costs_an_attempt_and_no_more(place: Place) -> None:
    """The same pending session goes on with the right one."""
    begun = place.enter()
    with pytest.raises(InvalidAuthenticationCode):
        place.show(begun, "000000" if place.code() != "000000" else "000001")
    assert place.show(begun).state is SessionState.ACTIVE
    assert ("ConsoleLogin", "InvalidAuthenticationCode") in place.events()


def test_ten_wrong_codes_lock_the_factor_for_half_an_hour(place: Place) -> None:
    """Whatever session they come by; the right code is not even looked at (THR-M4)."""
    for _ in range(10):
        with pytest.raises(InvalidAuthenticationCode):
            place.show(place.enter(), place.code(steps=5))
    with pytest.raises(Throttling) as caught:
        place.show(place.enter())
    assert caught.value.retry_after == 1800
    place.clock.advance(timedelta(minutes=31))
    assert place.show(place.enter()).state is SessionState.ACTIVE


def test_of_many_who_answer_at_once_one_gets_a_session(place: Place) -> None:
    """The same code, from as many pending sessions (THR-M3)."""
    begun = [place.enter() for _ in range(8)]
    code = place.code()

    def answer(session: NewSession) -> bool:
        try:
            place.show(session, code)
        except (InvalidAuthenticationCode, Throttling):
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(answer, begun)) == 1


def test_a_pending_sign_in_is_over_after_ten_minutes(place: Place) -> None:
    """Then the password is asked for again."""
    begun = place.enter()
    place.clock.advance(timedelta(minutes=10))
    with pytest.raises(ExpiredToken):
        place.show(begun)


def test_a_known_browser_leaves_no_step_out(place: Place) -> None:
    """It has attempts of its own, and shows its factor like any other (THR-M12)."""
    first = place.show(place.enter())
    assert first.device is not None
    place.clock.advance(timedelta(minutes=1))
    again = place.iam.sign_in("ana", PASSWORD, source="203.0.113.9", device=first.device.reveal())
    assert (again.state, again.awaits) == (SessionState.PENDING, ("factor",))
    assert place.admitted(again) is None


def test_a_seed_is_told_once(place: Place) -> None:
    """No listing, no event and no file has it, in any form (THR-M9)."""
    desk = place.iam.desk(place.iam.operator())
    listed = [
        desk.do(operations.list_virtual_mfa_devices),
        desk.do(operations.list_mfa_devices, user_name="ana"),
    ]
    told = repr(listed) + repr([event.as_data() for event in place.heard.events])
    place.iam.close()
    files = b"".join(path.read_bytes() for path in place.iam.settings.directory.rglob("*") if path.is_file())
    for form in (place.seed.hex(), otp.base32(place.seed), base64.b64encode(place.seed).decode()):
        assert form not in told
        assert form.encode() not in files
    assert place.seed not in files


def test_a_step_up_makes_the_factor_fresh_and_the_session_no_longer(place: Place) -> None:
    """Another token, the same end, and policies see a new age (CAP-D5, THR-S7)."""
    first = place.show(place.enter())
    place.clock.advance(timedelta(minutes=50))
    fresh = place.show(first)
    found = place.admitted(fresh)
    assert found is not None
    assert found.authentication is not None
    assert found.authentication.mfa_at == place.clock.now()
    assert found.authentication.issued_at == place.clock.now() - timedelta(minutes=50)
    assert fresh.expires_at == first.expires_at
    assert place.admitted(first) is None
    assert place.events()[-1] == ("StepUp", None)


def test_who_has_a_factor_shows_it_before_choosing_a_password(place: Place) -> None:
    """Neither the old password alone nor the pending session chooses one (THR-P13)."""
    desk = place.iam.desk(place.iam.operator())
    desk.do(login_profiles.update_login_profile, user_name="ana", password_reset_required=True)
    begun = place.enter()
    assert begun.awaits == ("factor", "password")
    with pytest.raises(InvalidCredentials):
        place.iam.change_password("ana", PASSWORD, NEXT)
    with pytest.raises(InputError):
        place.iam.choose_password(begun.token, NEXT)
    shown = place.show(begun)
    assert (shown.state, shown.awaits) == (SessionState.PENDING, ("password",))
    assert place.admitted(shown) is None
    with pytest.raises(InputError):
        place.show(shown)
    session = place.iam.choose_password(shown.token, NEXT)
    assert place.admitted(session) is not None
    with pytest.raises(ExpiredToken):
        place.iam.choose_password(shown.token, PASSWORD + " again")


def test_a_factor_enrolled_meanwhile_is_not_passed_by(place: Place) -> None:
    """A session that awaits only a new password began before the device: begin anew (THR-P13)."""
    desk = place.iam.desk(place.iam.operator())
    desk.do(operations.deactivate_mfa_device, user_name="ana", serial_number=place.serial)
    desk.do(login_profiles.update_login_profile, user_name="ana", password_reset_required=True)
    begun = place.enter()
    assert begun.awaits == ("password",)
    desk.do(
        operations.enable_mfa_device,
        user_name="ana",
        serial_number=place.serial,
        authentication_code1=Secret(place.code(steps=-1)),
        authentication_code2=Secret(place.code()),
    )

    with pytest.raises(ExpiredToken):
        place.iam.choose_password(begun.token, NEXT)
    assert place.enter().awaits == ("factor", "password")


def test_a_disabled_user_does_not_get_on_by_a_factor(place: Place) -> None:
    """What happened since the password counts."""
    begun = place.enter()
    place.iam.desk(place.iam.operator()).do(users.disable_user, user_name="ana")
    with pytest.raises(ExpiredToken):
        place.show(begun)


def test_a_recovery_code_stands_in_for_the_device_once(place: Place) -> None:
    """However it is written; the next set voids the last."""
    desk = place.iam.desk(place.iam.operator())
    codes = desk.do(mfa_enrolment.create_recovery_codes, user_name="ana").codes

    def use(code: str) -> NewSession:
        return place.iam.factors.finish(place.enter().token.reveal(), "recovery", {"code": code})

    spelt = codes[3].reveal().upper().replace("-", " ")
    found = place.admitted(use(spelt))
    assert found is not None
    assert found.authentication is not None
    assert "recovery" in found.authentication.factors
    with pytest.raises(InvalidAuthenticationCode):
        use(codes[3].reveal())
    desk.do(mfa_enrolment.create_recovery_codes, user_name="ana")
    with pytest.raises(InvalidAuthenticationCode):
        use(codes[4].reveal())


def test_a_device_that_is_taken_away_is_no_factor(place: Place) -> None:
    """And the password alone is enough again."""
    begun = place.enter()
    place.iam.desk(place.iam.operator()).do(
        operations.deactivate_mfa_device, user_name="ana", serial_number=place.serial
    )
    with pytest.raises(InvalidAuthenticationCode):
        place.show(begun)
    assert place.enter().state is SessionState.ACTIVE


def test_an_unknown_method_is_named_with_those_that_are(place: Place) -> None:
    """For the page that asks."""
    with pytest.raises(InputError, match="`totp`"):
        place.iam.factors.finish(place.enter().token.reveal(), "smoke-signal", {})


def test_a_token_that_is_none_is_a_sign_in_that_ended(place: Place) -> None:
    """Whatever is sent."""
    for token in ("", "iks_x", "é", place.enter().token.reveal() + "A"):
        with pytest.raises(ExpiredToken):
            place.iam.factors.finish(token, "totp", {"code": place.code()})


def test_factors_are_changed_soon_after_signing_in_or_not(place: Place) -> None:
    """A session that was left open does not take over the account (THR-M6)."""
    place.iam.desk(place.iam.operator()).do(
        # Everything, so that only the age is in the way.
        attachments.attach_user_policy,
        user_name="ana",
        policy_arn="arn:aws:iam::aws:policy/AdministratorAccess",
    )
    session = place.show(place.enter())
    place.clock.advance(timedelta(minutes=16))
    found = place.admitted(session)
    assert found is not None
    desk = place.iam.desk(found)
    with pytest.raises(StepUpRequired) as caught:
        desk.do(operations.deactivate_mfa_device, serial_number=place.serial)
    assert caught.value.max_age == 900
    found = place.admitted(place.show(session))
    assert found is not None
    place.iam.desk(found).do(operations.deactivate_mfa_device, serial_number=place.serial)
