"""Devices enrolled and shown after the password."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from iamkit.credentials.sessions import SessionState
from iamkit.errors import (
    EntityAlreadyExists,
    InputError,
    InvalidAuthenticationCode,
    LimitExceeded,
    Throttling,
)
from iamkit.management import mfa
from iamkit_webauthn import RelyingParty
from iamkit_webauthn.base64url import decoded
from iamkit_webauthn.testing import BE, UP, UV, Lie, SoftAuthenticator

if TYPE_CHECKING:
    from tests.conftest import Place, PlaceOf


def test_a_device_is_enrolled_and_shown(place: Place, key: SoftAuthenticator) -> None:
    """It has an ARN below its user; after the password the session waits for it; policies see it."""
    made = place.enrol(key)

    session = place.enter()
    assert session.state is SessionState.PENDING
    (offer,) = place.iam.factors.offers(session.token.reveal())
    assert (offer.method, offer.devices) == ("webauthn", ((made.serial_number, "key"),))
    found = place.admitted(place.show(session, key.get(place.ask(session))))

    assert ":u2f/user/ana/key-" in made.serial_number
    assert found is not None
    assert found.authentication is not None
    assert found.authentication.factors == ("password", "webauthn")
    assert found.authentication.mfa_at == place.clock.now()
    event = place.last_event()
    assert event["eventName"] == "ConsoleLogin"
    assert made.serial_number in json.dumps(event["additionalEventData"])


@pytest.mark.parametrize("algorithm", [-8, -7, -257])
def test_every_algorithm_that_is_offered_works(place: Place, key: SoftAuthenticator, algorithm: int) -> None:
    """EdDSA, ES256 and RS256."""
    key.algorithm = algorithm
    place.enrol(key)

    assert place.admitted(place.second(key)) is not None


def test_what_a_browser_is_told_to_create(place: Place, key: SoftAuthenticator) -> None:
    """A long fresh challenge, five minutes, a random handle that tells nothing, no attestation."""
    shown, again = place.begin_enrolment(), place.begin_enrolment()

    assert len(decoded(shown["challenge"])) >= 16
    assert shown["challenge"] != again["challenge"]
    assert shown["timeout"] == 300_000
    assert shown["attestation"] == "none"
    assert shown["excludeCredentials"] == []
    user, selection = shown["user"], shown["authenticatorSelection"]
    assert isinstance(user, dict)
    assert isinstance(selection, dict)
    assert 16 <= len(decoded(user["id"])) <= 64
    assert b"ana" not in decoded(user["id"])
    assert (selection["residentKey"], selection["userVerification"]) == ("preferred", "preferred")


def test_a_user_has_several_devices(place: Place, key: SoftAuthenticator, phone: SoftAuthenticator) -> None:
    """Each opens the door; the next enrolment excludes what is there, and keeps the user's handle."""
    place.enrol(key)
    first = place.begin_enrolment()
    place.finish_enrolment(phone.create(first), name="phone")
    second = place.begin_enrolment()

    assert place.admitted(place.second(key)) is not None
    assert place.admitted(place.second(phone)) is not None
    assert isinstance(first["excludeCredentials"], list)
    assert isinstance(second["excludeCredentials"], list)
    assert [item["transports"] for item in second["excludeCredentials"]] == [["usb"], ["internal"]]
    assert first["user"] == second["user"]


def test_at_most_eight_devices(place: Place, key: SoftAuthenticator) -> None:
    """As for every kind."""
    for number in range(8):
        place.enrol(key, name=f"key{number}")

    with pytest.raises(LimitExceeded):
        place.enrol(key)


def test_a_credential_is_one_users(place: Place, key: SoftAuthenticator) -> None:
    """The id of a credential that is enrolled is taken, for everybody."""
    place.enrol(key)
    taken = key.credentials[0]

    def with_the_same_id(data: bytes) -> bytes:
        return data.replace(key.credentials[-1].credential_id, taken.credential_id)

    def said(said: dict[str, object], response: dict[str, object]) -> None:
        from iamkit_webauthn.base64url import encoded

        said["id"] = said["rawId"] = encoded(taken.credential_id)

    with pytest.raises(EntityAlreadyExists):
        place.enrol(key, "ben", Lie(data=with_the_same_id, said=said))


@pytest.mark.parametrize("name", ["a b", "x/y", "é", "k" * 65])
def test_a_name_fits_into_an_arn(place: Place, key: SoftAuthenticator, name: str) -> None:
    """Anything else is refused, saying how a name may look."""
    with pytest.raises(InputError, match="64 letters"):
        place.enrol(key, name=name)


def test_without_verification_a_device_is_enough_after_a_password(
    place: Place, key: SoftAuthenticator
) -> None:
    """Unless the relying party demands it."""
    key.verifies = False
    place.enrol(key)

    assert place.admitted(place.second(key)) is not None


def test_verification_can_be_demanded(place_of: PlaceOf, key: SoftAuthenticator) -> None:
    """Of enrolment and of use."""
    place = place_of(RelyingParty(rp_id="app.example.org", user_verification="required"))
    place.enrol(key)
    place.second(key)
    key.verifies = False

    with pytest.raises(InvalidAuthenticationCode):
        place.second(key)
    with pytest.raises(InvalidAuthenticationCode):
        place.enrol(key)


def test_a_device_that_is_taken_away_is_none(place: Place, key: SoftAuthenticator) -> None:
    """It is forgotten, and its id is free."""
    made = place.enrol(key)
    session = place.enter()
    credential = key.get(place.ask(session))

    place.desk_do(mfa.deactivate_mfa_device, user_name="ana", serial_number=made.serial_number)

    with pytest.raises(InvalidAuthenticationCode):
        place.show(session, credential)
    assert place.enter().state is SessionState.ACTIVE


def test_ten_wrong_answers_lock_the_method(place: Place, key: SoftAuthenticator) -> None:
    """For half an hour, and then the right one is let in."""
    place.enrol(key)
    for _ in range(10):
        with pytest.raises(InvalidAuthenticationCode):
            place.second(key, Lie(client={"origin": "https://evil.example"}))

    with pytest.raises(Throttling):
        place.second(key)
    place.clock.advance(timedelta(minutes=31))
    assert place.admitted(place.second(key)) is not None


def test_a_step_up_needs_a_fresh_challenge(place: Place, key: SoftAuthenticator) -> None:
    """What was answered at the sign-in is no answer later, in the same session or another."""
    place.enrol(key)
    session = place.enter()
    credential = key.get(place.ask(session))
    live = place.show(session, credential)
    place.clock.advance(timedelta(minutes=20))

    with pytest.raises(InvalidAuthenticationCode):
        place.show(live, credential)
    place.ask(live)
    with pytest.raises(InvalidAuthenticationCode):
        place.show(live, credential)
    fresh = place.admitted(place.show(live, key.get(place.ask(live))))
    assert fresh is not None
    assert fresh.authentication is not None
    assert fresh.authentication.mfa_at == place.clock.now()


# --- the counter ------------------------------------------------------------------------------------


def test_a_copied_key_that_is_bound_to_a_device_is_refused(place: Place, key: SoftAuthenticator) -> None:
    """The counter that went back is in the event; the true key goes on."""
    made = place.enrol(key)
    place.second(key)
    place.second(key)

    for count in (1, 2):
        with pytest.raises(InvalidAuthenticationCode):
            place.second(key, Lie(count=count))
        assert place.last_event()["iamkit"] == {
            "counter": count,
            "counterDidNotGrow": made.serial_number,
            "lastCounter": 2,
            "userVerified": True,
        }
    with pytest.raises(InvalidAuthenticationCode):
        place.second(key, Lie(count=0))
    assert place.admitted(place.second(key)) is not None


def test_a_synchronised_key_may_count_strangely_but_is_noted(place: Place) -> None:
    """Its copies are meant to be; the event says so."""
    phone = SoftAuthenticator("https://app.example.org", synced=True)
    made = place.enrol(phone)
    place.second(phone)
    place.second(phone)

    assert place.admitted(place.second(phone, Lie(count=1))) is not None

    assert made.serial_number in str(place.last_event()["iamkit"])
    assert "counterDidNotGrow" in str(place.last_event()["iamkit"])


@pytest.mark.parametrize(("synced", "rule", "passes"), [(True, "deny", False), (False, "warn", True)])
def test_both_rules_can_be_chosen(place_of: PlaceOf, synced: bool, rule: str, passes: bool) -> None:
    """For either kind of key."""
    place = place_of(RelyingParty(rp_id="app.example.org", counter_synced=rule, counter_bound=rule))
    key = SoftAuthenticator("https://app.example.org", synced=synced)
    place.enrol(key)
    place.second(key)

    if passes:
        assert place.admitted(place.second(key, Lie(count=1))) is not None
    else:
        with pytest.raises(InvalidAuthenticationCode):
            place.second(key, Lie(count=1))


def test_a_key_that_never_counts_is_no_copy(place: Place, phone: SoftAuthenticator) -> None:
    """Zero and zero again is what most passkeys say."""
    place.enrol(phone)

    for _ in range(3):
        assert place.admitted(place.second(phone)) is not None


def test_a_key_that_began_to_count_does_not_stop(place: Place, key: SoftAuthenticator) -> None:
    """From zero to one is growing, from one to zero is not."""
    key.counts = False
    place.enrol(key)
    place.second(key, Lie(count=1))

    with pytest.raises(InvalidAuthenticationCode):
        place.second(key)


def test_whether_a_key_can_be_backed_up_never_changes(
    place: Place, key: SoftAuthenticator, phone: SoftAuthenticator
) -> None:
    """Whether it is, may."""
    place.enrol(key)
    place.enrol(phone, "ben")

    with pytest.raises(InvalidAuthenticationCode):
        place.second(key, Lie(flags=UP | UV | BE))
    with pytest.raises(InvalidAuthenticationCode):
        place.second(phone, Lie(flags=UP | UV), "ben")
    assert place.admitted(place.second(phone, Lie(flags=UP | UV | BE), "ben")) is not None
