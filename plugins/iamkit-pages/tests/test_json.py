"""The JSON endpoints: the same flows as a state machine, for pages that are apps of their own."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest
from iamkit_webauthn.testing import SoftAuthenticator

from iamkit.credentials.secret import Secret
from iamkit.management import login_profiles, root
from iamkit_pages.json_calls import CALLS, Call

if TYPE_CHECKING:
    from tests.conftest import Browser, World

PASSWORD: Final = "correct horse battery"
OTHER: Final = "staple paper lantern"
ANA: Final = {"user": "ana", "password": PASSWORD}


def _enrolled(world: World, browser: Browser) -> str:
    made = browser.call("factors/app", {"name": "phone"}).json
    codes = {"code1": world.code(made["base32_seed"], -1), "code2": world.code(made["base32_seed"])}
    assert browser.call("factors/enable", {"serial_number": made["serial_number"], **codes}).status == 200
    seed: str = made["base32_seed"]
    return seed


def test_from_nobody_to_a_session_and_back(browser: Browser) -> None:
    """Each step says where one stands; the token is in the cookie and in no answer."""
    assert browser.call("session").json["state"] == "anonymous"
    entered = browser.call("sign-in", {**ANA, "next": "/notes"})
    assert (entered.json["state"], entered.json["next"]) == ("active", "/notes")
    token = browser.cookies["__Host-iamkit"]
    assert token not in entered.text
    stands = browser.call("session")
    assert stands.json["user"]["name"] == "ana"
    assert token not in stands.text
    assert browser.call("sign-out", {}).json == {"state": "anonymous"}
    assert browser.call("sessions").status == 401


def test_a_factor_and_a_new_password_come_in_their_order(world: World) -> None:
    """pending, awaiting factor, then password; out of turn nothing happens."""
    first = world.browser()
    first.call("sign-in", ANA)
    seed = _enrolled(world, first)
    world.do(
        login_profiles.update_login_profile,
        user_name="ana",
        password=Secret(OTHER),
        password_reset_required=True,
    )
    world.clock.advance(timedelta(seconds=60))
    browser = world.browser()
    entered = browser.call("sign-in", {"user": "ana", "password": OTHER}).json
    assert (entered["state"], entered["awaits"]) == ("pending", ["factor", "password"])
    assert [offer["method"] for offer in entered["offers"]] == ["totp"]
    assert browser.call("session").json["awaits"] == ["factor", "password"]
    early = browser.call("new-password", {"new_password": "a new one for ana"})
    assert early.status == 400
    wrong = browser.call("factor", {"method": "totp", "answer": {"code": "000000"}})
    assert (wrong.status, wrong.json["title"]) == (403, "InvalidAuthenticationCode")
    right = browser.call("factor", {"method": "totp", "answer": {"code": world.code(seed)}})
    assert right.json["awaits"] == ["password"]
    assert browser.call("new-password", {"new_password": "a new one for ana"}).json["state"] == "active"


def test_a_failed_sign_in_is_a_problem_that_names_nobody(browser: Browser) -> None:
    """401 with a challenge, the same for a wrong password and for nobody."""
    wrong = browser.call("sign-in", {**ANA, "password": "no"})
    nobody = browser.call("sign-in", {"user": "eve", "password": "no"})

    assert wrong.body == nobody.body
    assert (wrong.status, wrong.json["title"]) == (401, "InvalidCredentials")
    assert wrong.header("WWW-Authenticate")
    assert wrong.header("Content-Type") == "application/problem+json"
    assert not browser.cookies


def test_what_is_one_s_own(world: World, browser: Browser) -> None:
    """Keys, tokens, sessions, factors: listed without their secrets, made with them once."""
    browser.call("sign-in", ANA)
    key = browser.call("access-keys", {}).json
    token = browser.call("tokens", {"name": "ci", "days": 7}).json
    assert key["secret_access_key"]
    assert token["token"].startswith("ikt_")
    listed = browser.call("access-keys").text + browser.call("tokens").text
    assert key["access_key_id"] in listed
    assert key["secret_access_key"] not in listed
    assert token["token"] not in listed
    said = {"access_key_id": key["access_key_id"]}
    assert browser.call("access-keys/update", {**said, "status": "Inactive"}).status == 200
    assert browser.call("access-keys").json["access_keys"][0]["status"] == "Inactive"
    assert browser.call("access-keys/delete", said).status == 200
    assert browser.call("access-keys/delete", said).status == 404
    assert browser.call("tokens/reset", {"token_id": token["token_id"]}).status == 201
    (only,) = browser.call("sessions").json["sessions"]
    assert only["current"] is True
    said = {"session_id": only["public_id"], "name": "kitchen tablet"}
    assert browser.call("sessions/rename", said).status == 200
    assert browser.call("sessions").json["sessions"][0]["name"] == "kitchen tablet"
    _enrolled(world, browser)
    (factor,) = browser.call("factors").json["factors"]
    assert factor["method"] == "totp"
    assert len(browser.call("recovery-codes", {}).json["codes"]) == 10
    assert browser.call("factors/remove", {"serial_number": factor["serial_number"]}).status == 200
    assert browser.call("sessions/end-all", {}).json == {"state": "anonymous"}
    assert browser.call("sessions").status == 401


def test_a_passkey_by_json(world: World, browser: Browser) -> None:
    """Enrolled in a session, it then signs in alone."""
    key = SoftAuthenticator("https://app.example.org")
    browser.call("sign-in", ANA)
    shown = browser.call("factors/begin", {"method": "webauthn"}).json["shown"]
    answer = {"method": "webauthn", "name": "laptop", "credential": key.create(shown)}
    made = browser.call("factors/finish", answer)
    assert made.status == 201

    other = world.browser()
    begun = other.call("passkey/begin", {}).json["shown"]
    entered = other.call("passkey", {"credential": key.get(begun)})
    assert entered.json["state"] == "active"
    assert other.call("session").json["factors"] == ["webauthn"]


def test_a_bearer_token_reads_what_is_its_owner_s(world: World, browser: Browser) -> None:
    """Programs may call them too; they send no cookie, so nothing of another site's can be behind it."""
    browser.call("sign-in", ANA)
    token = browser.call("tokens", {"name": "ci"}).json["token"]
    headers = {"Authorization": f"Bearer {token}"}
    program = world.browser(fetch_metadata=False)

    assert program.send("GET", "/account/api/access-keys", headers=headers).status == 200


@pytest.mark.parametrize("call", [call for call in CALLS if call.own], ids=lambda call: str(call.name))
def test_without_a_session_there_is_nothing(browser: Browser, call: Call) -> None:
    """401 for each of one's own, before anything of it is read."""
    said = None if call.method == "GET" else {member.name: "x" for member in call.takes}

    assert browser.call(call.path, said).status == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"7",
        b"{",
        b'{"user": ["ana"]}',
        b'{"user": true}',
        b'{"user": "ana", "user": "bob"}',
        b"\xff",
        b'{"a":' * 5000,
    ],
)
def test_what_is_no_object_of_texts_is_refused(browser: Browser, body: bytes) -> None:
    """400 and a problem, whatever is sent."""
    answer = browser.send("POST", "/account/api/sign-in", body, "application/json")

    assert answer.status == 400
    assert answer.json["status"] == 400


def test_the_document_says_what_there_is(browser: Browser) -> None:
    """Each call is in the OpenAPI document, with what it takes, and every document has its problem."""
    document = browser.call("openapi.json").json

    assert document["openapi"] == "3.1.0"
    for call in CALLS:
        operation = document["paths"][f"/account/api/{call.path}"][call.method.lower()]
        assert operation["operationId"] == call.name
        if call.method == "POST":
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            assert set(schema["properties"]) == {member.name for member in call.takes}
    assert len({call.name for call in CALLS}) == len(CALLS)
    assert json.dumps(document)


def test_the_root_user_by_json(world: World, browser: Browser) -> None:
    """Set up once by the link's token, then it has a door of its own."""
    token = world.do(root.create_setup_link).token.reveal()
    said = {"token": token, "email": "owner@app.example", "new_password": "a first one for root"}
    assert browser.call("root/setup", said).json["state"] == "active"
    assert world.browser().call("root/setup", said).status == 401
    assert browser.call("factors").status == 200
    assert browser.call("sessions").status in (401, 403)
    other = world.browser()
    wrong = other.call("root/sign-in", {"email": "eve@app.example", "password": "a first one for root"})
    assert wrong.json["title"] == "InvalidCredentials"
    right = other.call("root/sign-in", {"email": "owner@app.example", "password": "a first one for root"})
    assert right.json["state"] == "active"
