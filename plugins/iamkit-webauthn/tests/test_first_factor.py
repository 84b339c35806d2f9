"""Signing in with a passkey alone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from iamkit import IAM
from iamkit.credentials.secret import Secret
from iamkit.credentials.sessions import SessionKind, SessionState
from iamkit.errors import ExpiredToken, InputError, InvalidCredentials, Throttling
from iamkit.management import mfa, users
from iamkit_webauthn.base64url import decoded
from iamkit_webauthn.testing import SoftAuthenticator

if TYPE_CHECKING:
    from tests.conftest import Place


@pytest.fixture
def enrolled(place: Place, phone: SoftAuthenticator) -> Place:
    """The phone is ana's."""
    place.enrol(phone, name="phone")
    return place


def _ids(place: Place, name: str, account: str | None = None) -> list[str]:
    shown = place.iam.factors.begin_passkey(name, account=account).shown
    allow = shown["allowCredentials"]
    assert isinstance(allow, list)
    assert all(set(item) == {"type", "id"} for item in allow)
    return [item["id"] for item in allow]


def test_a_passkey_opens_a_session_by_itself(enrolled: Place, phone: SoftAuthenticator) -> None:
    """Nobody is named; it counts as two factors; the event tells the device and the user."""
    begun = enrolled.iam.factors.begin_passkey()
    session = enrolled.passkey(phone)

    found = enrolled.admitted(session)
    assert begun.shown["allowCredentials"] == []
    assert begun.shown["userVerification"] == "required"
    assert session.state is SessionState.ACTIVE
    assert session.device is not None
    assert found is not None
    assert found.name == "ana"
    assert found.authentication is not None
    assert found.authentication.factors == ("webauthn",)
    assert found.authentication.mfa_at == enrolled.clock.now()
    event = enrolled.last_event()
    assert (event["eventName"], event.get("errorCode")) == ("ConsoleLogin", None)
    assert "u2f/user/ana/phone-" in json.dumps(event["additionalEventData"])
    assert event["sourceIPAddress"] == "203.0.113.9"


def test_a_bearer_session_too(enrolled: Place, phone: SoftAuthenticator) -> None:
    """For a client that is no browser."""
    begun = enrolled.iam.factors.begin_passkey()
    answer = {"credential": phone.get(begun.shown)}

    session = enrolled.iam.factors.finish_passkey(begun.token.reveal(), answer, kind=SessionKind.BEARER)

    assert session.state is SessionState.ACTIVE
    assert enrolled.admitted(session) is None


def test_with_a_name_the_devices_of_that_user_are_asked(enrolled: Place, phone: SoftAuthenticator) -> None:
    """And no other user's is taken."""
    bens = SoftAuthenticator("https://app.example.org", synced=True)
    enrolled.enrol(bens, "ben")

    assert enrolled.admitted(enrolled.passkey(phone, name="Ana")) is not None
    begun = enrolled.iam.factors.begin_passkey("ana")
    with pytest.raises(InvalidCredentials):
        enrolled.iam.factors.finish_passkey(
            begun.token, {"credential": bens.get({**begun.shown, "allowCredentials": []})}
        )
    begun = enrolled.iam.factors.begin_passkey("nobody-of-that-name")
    with pytest.raises(InvalidCredentials):
        enrolled.iam.factors.finish_passkey(
            begun.token, {"credential": phone.get({**begun.shown, "allowCredentials": []})}
        )


def test_nobodys_devices_look_like_somebodys(enrolled: Place, phone: SoftAuthenticator) -> None:
    """As many, as stable, in no telling order, and the token is as long."""
    device = phone.credentials[0]
    kinds = ["ana", "ben", "nobody", "NOBODY", "a b", "\ud800", "x" * 500]

    lists = {name: _ids(enrolled, name) for name in kinds}
    tokens = {len(enrolled.iam.factors.begin_passkey(name).token.reveal()) for name in kinds}

    assert {len(found) for found in lists.values()} == {8}
    assert all(16 <= len(decoded(text)) <= 64 for found in lists.values() for text in found)
    assert all(_ids(enrolled, name) == found for name, found in lists.items())
    assert lists["nobody"] == lists["NOBODY"]
    assert not set(lists["ben"]) & set(lists["nobody"])
    assert sum(decoded(text) == device.credential_id for text in lists["ana"]) == 1
    assert len(tokens) == 1


def test_an_alias_and_an_id_show_the_same(enrolled: Place) -> None:
    """What both showed would be the real devices."""
    from iamkit.management import accounts

    enrolled.desk_do(accounts.create_account_alias, account_alias="acme")
    home = enrolled.iam.deployment().home_account

    assert _ids(enrolled, "ana", "acme") == _ids(enrolled, "ana", home) == _ids(enrolled, "ana")
    assert len(_ids(enrolled, "ana", "no-such-account")) == 8
    assert not set(_ids(enrolled, "ana", "no-such-account")) & set(_ids(enrolled, "ana"))


def test_decoys_outlive_a_new_pepper(enrolled: Place) -> None:
    """Only real devices would have stayed."""
    from iamkit.credentials.peppers import Peppers

    before = _ids(enrolled, "nobody")
    iam = enrolled.iam
    Peppers(iam.store, iam.keyring, iam.ids, iam.clock).rotate()

    with IAM(
        iam.settings.directory, store=iam.store, clock=iam.clock, entry_points=False, plugins=_plugins(iam)
    ) as again:
        allow = again.factors.begin_passkey("nobody").shown["allowCredentials"]

    assert isinstance(allow, list)
    assert [item["id"] for item in allow] == before


def _plugins(iam: IAM) -> list[object]:
    from iamkit_webauthn import RelyingParty, WebAuthnPlugin

    return [WebAuthnPlugin(RelyingParty(rp_id="app.example.org"))]


def test_beginning_writes_nothing(enrolled: Place) -> None:
    """A page that anybody may open costs no write."""
    from iamkit.credentials.challenges import Challenge

    enrolled.iam.factors.begin_passkey()
    enrolled.iam.factors.begin_passkey("ana")

    with enrolled.iam.store.read() as reader:
        assert reader.count(Challenge) == 0


def test_an_answer_is_good_once(enrolled: Place, phone: SoftAuthenticator) -> None:
    """Whether it was right or wrong the first time, and however its token is spelt."""
    begun = enrolled.iam.factors.begin_passkey()
    answer = {"credential": phone.get(begun.shown)}
    enrolled.iam.factors.finish_passkey(begun.token, answer)
    with pytest.raises(ExpiredToken):
        enrolled.iam.factors.finish_passkey(begun.token, answer)

    begun = enrolled.iam.factors.begin_passkey()
    with pytest.raises(InvalidCredentials):
        enrolled.iam.factors.finish_passkey(begun.token, {"credential": "{}"})
    with pytest.raises(ExpiredToken):
        enrolled.iam.factors.finish_passkey(begun.token, {"credential": phone.get(begun.shown)})


def test_an_answer_comes_within_five_minutes(enrolled: Place, phone: SoftAuthenticator) -> None:
    """Not in the last instant; and what was spent is cleared away later."""
    from iamkit.credentials.challenges import Challenge

    begun = enrolled.iam.factors.begin_passkey()
    answer = {"credential": phone.get(begun.shown)}
    enrolled.clock.advance(timedelta(minutes=5))
    with pytest.raises(ExpiredToken):
        enrolled.iam.factors.finish_passkey(begun.token, answer)

    enrolled.passkey(phone)
    enrolled.clock.advance(timedelta(minutes=6))
    enrolled.passkey(phone)
    with enrolled.iam.store.read() as reader:
        assert reader.count(Challenge) == 1


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 200, "A" * 100_000])
def test_a_token_of_ones_own_is_none(enrolled: Place, token: str) -> None:
    """Whatever it holds."""
    with pytest.raises(ExpiredToken):
        enrolled.iam.factors.finish_passkey(token, {"credential": "{}"})


def test_a_token_that_was_changed_is_none(enrolled: Place, phone: SoftAuthenticator) -> None:
    """In any place."""
    begun = enrolled.iam.factors.begin_passkey()
    answer = {"credential": phone.get(begun.shown)}
    plain = begun.token.reveal()

    for place in range(0, len(plain), 17):
        other = "A" if plain[place] != "A" else "B"
        with pytest.raises(ExpiredToken):
            enrolled.iam.factors.finish_passkey(plain[:place] + other + plain[place + 1 :], answer)
    enrolled.iam.factors.finish_passkey(Secret(plain), answer)


def test_a_challenge_of_a_sign_in_with_a_password_is_not_taken(
    enrolled: Place, phone: SoftAuthenticator
) -> None:
    """Nor the other way round: one answer serves one ceremony."""
    session = enrolled.enter()
    second = phone.get(enrolled.ask(session))
    begun = enrolled.iam.factors.begin_passkey()

    with pytest.raises(InvalidCredentials):
        enrolled.iam.factors.finish_passkey(begun.token, {"credential": second})


def test_a_disabled_user_does_not_get_in(enrolled: Place, phone: SoftAuthenticator) -> None:
    """Nor one whose device was taken away meanwhile, and the words are the same."""
    enrolled.desk_do(users.disable_user, user_name="ana")
    with pytest.raises(InvalidCredentials) as disabled:
        enrolled.passkey(phone)
    assert len(_ids(enrolled, "ana")) == 8
    enrolled.desk_do(users.enable_user, user_name="ana")
    begun = enrolled.iam.factors.begin_passkey()
    answer = {"credential": phone.get(begun.shown)}
    listed = enrolled.desk_do(mfa.list_mfa_devices, user_name="ana").items
    enrolled.desk_do(mfa.deactivate_mfa_device, user_name="ana", serial_number=listed[0].serial_number)

    with pytest.raises(InvalidCredentials) as gone:
        enrolled.iam.factors.finish_passkey(begun.token, answer)

    assert str(disabled.value) == str(gone.value)


def test_a_key_that_cannot_verify_is_no_passkey(place: Place, key: SoftAuthenticator) -> None:
    """After a password it is enough."""
    key.verifies = False
    place.enrol(key)

    with pytest.raises(InvalidCredentials):
        place.passkey(key)
    assert place.admitted(place.second(key)) is not None


def test_a_network_has_thirty_failures(enrolled: Place, phone: SoftAuthenticator) -> None:
    """In ten minutes; it does not matter to anybody else, and success counts for nothing."""
    for _ in range(30):
        begun = enrolled.iam.factors.begin_passkey()
        with pytest.raises(InvalidCredentials):
            enrolled.iam.factors.finish_passkey(begun.token, {"credential": "{}"}, source="203.0.113.9")

    with pytest.raises(Throttling):
        enrolled.passkey(phone)
    assert enrolled.last_event()["errorCode"] == "Throttling"
    assert enrolled.admitted(enrolled.passkey(phone, source="198.51.100.7")) is not None
    enrolled.clock.advance(timedelta(minutes=11))
    for _ in range(40):
        enrolled.passkey(phone)


def test_without_a_method_it_is_said(tmp_path: object) -> None:
    """What is missing, to the one who sets it up."""
    from iamkit import MemoryStore

    with IAM("unused", store=MemoryStore(), entry_points=False, kek=f"file:{tmp_path}/key") as iam:
        iam.initialize()
        with pytest.raises(InputError, match="plugin"):
            iam.factors.begin_passkey()
