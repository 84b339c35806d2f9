"""Signing in with a device alone, by a method that is as simple as one can be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from iamkit import IAM, FrozenClock, MemoryStore
from iamkit.audit.event import Event
from iamkit.credentials import sessions
from iamkit.credentials.hashing import CHEAPEST
from iamkit.credentials.mfa import (
    Answer,
    Asking,
    Begun,
    Enrolled,
    MfaDevice,
    MfaMethod,
    MfaServices,
    PasskeyAsking,
    Proof,
)
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionState
from iamkit.errors import ExpiredToken, InputError, InvalidCredentials
from iamkit.hookspecs import hookimpl
from iamkit.management import login_profiles, mfa_enrolment, users


class Ring:
    """A device that says its name and a word of the day. Nothing to trust, and every part of the protocol."""

    def __init__(self, name: str = "ring", *, counts: bool = True) -> None:
        self.name = name
        self._counts = counts
        self.asked: list[PasskeyAsking] = []

    def begin(self, asking: Asking) -> Begun | None:
        return None

    def verify(self, asking: Asking, answer: Answer, kept: bytes | None) -> Proof | None:
        return None

    def begin_enrolment(self, asking: Asking) -> Begun | None:
        return Begun({})

    def finish_enrolment(self, asking: Asking, answer: Answer, kept: bytes) -> Enrolled | None:
        return Enrolled(f"ring/{answer['ring']}", "ring", handle=answer["ring"])

    def begin_passkey(self, asking: PasskeyAsking) -> Begun:
        self.asked.append(asking)
        return Begun({"say": "opal"}, b"opal")

    def handle_of(self, answer: Answer) -> str | None:
        return answer.get("ring")

    def verify_passkey(
        self, device: MfaDevice | None, answer: Answer, kept: bytes, *, now: datetime
    ) -> Proof | None:
        if device is None or answer.get("word", "").encode() != kept:
            return None
        return Proof(device.serial, lambda unit: self._counts, {"stone": "opal"})


class Plain:
    """A second factor that is no first one."""

    def __init__(self) -> None:
        self.name = "plain"

    def begin(self, asking: Asking) -> Begun | None:
        return None

    def verify(self, asking: Asking, answer: Answer, kept: bytes | None) -> Proof | None:
        return None

    def begin_enrolment(self, asking: Asking) -> Begun | None:
        return Begun({})

    def finish_enrolment(self, asking: Asking, answer: Answer, kept: bytes) -> Enrolled | None:
        return Enrolled(f"plain/{answer['ring']}", "plain", handle=answer["ring"])


@dataclass(eq=False)
class Jeweller:
    """The plugin; hears events too."""

    methods: Sequence[MfaMethod]
    events: list[Event]

    @hookimpl
    def iamkit_mfa_methods(self, services: MfaServices) -> Sequence[MfaMethod]:
        return self.methods

    @hookimpl
    def iamkit_audit(self, event: Event) -> None:
        self.events.append(event)


@dataclass
class Place:
    """A deployment where ana has the ring `r1`."""

    iam: IAM
    ring: Ring
    events: list[Event]

    def enrol(self, method: str, ring: str, user: str = "ana") -> None:
        desk = self.iam.desk(self.iam.operator())
        desk.do(mfa_enrolment.begin_mfa_enrollment, method=method, user_name=user)
        answer = Secret(json.dumps({"ring": ring}))
        desk.do(mfa_enrolment.finish_mfa_enrollment, method=method, answer=answer, user_name=user)


def _place(tmp_path: Path, *methods: MfaMethod, ring: Ring) -> Place:
    events: list[Event] = []
    iam = IAM(
        tmp_path / "iam",
        store=MemoryStore(),
        plugins=[Jeweller((ring, *methods), events)],
        entry_points=False,
        clock=FrozenClock(),
        password_cost=CHEAPEST,
    )
    iam.initialize()
    desk = iam.desk(iam.operator())
    for name in ("ana", "ben"):
        desk.do(users.create_user, user_name=name)
    made = Place(iam, ring, events)
    made.enrol("ring", "r1")
    return made


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """With one method that can be the first factor, and one that cannot."""
    made = _place(tmp_path, Plain(), ring=Ring())
    with made.iam:
        yield made


def test_a_device_opens_a_session(place: Place) -> None:
    """With its two factors, its facts in the event, and a browser that is known from then on."""
    begun = place.iam.factors.begin_passkey()
    session = place.iam.factors.finish_passkey(begun.token, {"ring": "r1", "word": "opal"})

    told = place.events[-1].as_data()
    assert begun.shown == {"say": "opal"}
    assert session.state is SessionState.ACTIVE
    assert session.device is not None
    assert told["eventName"] == "ConsoleLogin"
    assert told["iamkit"] == {
        "kind": "cookie",
        "method": "ring",
        "sessionId": session.public_id,
        "state": "active",
        "stone": "opal",
    }


def test_a_passwords_age_and_forced_change_bind_the_password_alone(place: Place) -> None:
    """The device proved its user by itself; whoever comes with the password is still told to change it."""
    desk = place.iam.desk(place.iam.operator())
    word = Secret("three quiet otters read")
    desk.do(login_profiles.create_login_profile, user_name="ana", password=word, password_reset_required=True)

    begun = place.iam.factors.begin_passkey()
    session = place.iam.factors.finish_passkey(begun.token, {"ring": "r1", "word": "opal"})
    by_password = place.iam.sign_in("ana", word.reveal())

    assert session.state is SessionState.ACTIVE
    assert sessions.NEW_PASSWORD in by_password.awaits


def test_a_name_is_told_as_a_seed(place: Place) -> None:
    """The same for each spelling of it, another for another, and devices only where somebody has some."""
    for name in ("ana", "ANA", "ben", "nobody", "nobody"):
        place.iam.factors.begin_passkey(name)
    place.iam.factors.begin_passkey()

    ana, again, ben, nobody, still, free = place.ring.asked
    assert [len(asked.devices) for asked in place.ring.asked] == [1, 1, 0, 0, 0, 0]
    assert ana.seed == again.seed
    assert nobody.seed == still.seed
    assert len({ana.seed, ben.seed, nobody.seed}) == 3
    assert free.seed is None


@pytest.mark.parametrize(
    "answer",
    [{}, {"ring": "r1"}, {"ring": "r1", "word": "ruby"}, {"ring": "r2", "word": "opal"}, {"ring": ""}],
)
def test_a_wrong_answer_is_refused_and_recorded(place: Place, answer: dict[str, str]) -> None:
    """In the same words, whatever was wrong."""
    begun = place.iam.factors.begin_passkey()

    with pytest.raises(InvalidCredentials, match="the passkey is not right"):
        place.iam.factors.finish_passkey(begun.token, answer)

    assert place.events[-1].error_code == "InvalidCredentials"


def test_a_device_of_another_method_is_none(place: Place) -> None:
    """However it is called."""
    place.enrol("plain", "p1", "ben")
    begun = place.iam.factors.begin_passkey()

    with pytest.raises(InvalidCredentials):
        place.iam.factors.finish_passkey(begun.token, {"ring": "p1", "word": "opal"})


def test_a_proof_that_does_not_settle_starts_nothing(tmp_path: Path) -> None:
    """What the method has to tell is in the event all the same."""
    place = _place(tmp_path, ring=Ring(counts=False))
    with place.iam as iam:
        begun = iam.factors.begin_passkey()
        with pytest.raises(InvalidCredentials):
            iam.factors.finish_passkey(begun.token, {"ring": "r1", "word": "opal"})

    assert place.events[-1].as_data()["iamkit"] == {"stone": "opal"}


def test_of_several_methods_one_is_named(tmp_path: Path) -> None:
    """The message says which there are; the answer goes to the one that began."""
    place = _place(tmp_path, Ring("bracelet"), Plain(), ring=Ring())
    with place.iam as iam:
        with pytest.raises(InputError, match="`bracelet`, `ring`"):
            iam.factors.begin_passkey()
        with pytest.raises(InputError):
            iam.factors.begin_passkey(method="plain")
        begun = iam.factors.begin_passkey(method="bracelet")
        with pytest.raises(InvalidCredentials):
            iam.factors.finish_passkey(begun.token, {"ring": "r1", "word": "opal"})
        begun = iam.factors.begin_passkey(method="ring")
        iam.factors.finish_passkey(begun.token, {"ring": "r1", "word": "opal"})


def test_a_challenge_of_another_deployment_is_none(place: Place, tmp_path: Path) -> None:
    """Its seal does not open here."""
    other = _place(tmp_path / "other", ring=Ring())
    with other.iam:
        begun = other.iam.factors.begin_passkey()

    with pytest.raises(ExpiredToken):
        place.iam.factors.finish_passkey(begun.token, {"ring": "r1", "word": "opal"})
