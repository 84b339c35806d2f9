"""Answers that differ from the truth in one thing are refused, at enrolment and after it (THR-M7)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import cbor2
import pytest

from iamkit.credentials.sessions import SessionState
from iamkit.errors import IamkitError, InvalidAuthenticationCode, InvalidCredentials
from iamkit_webauthn.base64url import decoded, encoded
from iamkit_webauthn.testing import AT, BS, UP, UV, Lie, SoftAuthenticator

if TYPE_CHECKING:
    from tests.conftest import Place

Said = dict[str, object]


def _client(**fields: object) -> Lie:
    return Lie(client=fields)


def _said(**fields: object) -> Lie:
    return Lie(said=lambda said, response: said.update(fields))


def _response(**fields: object) -> Lie:
    return Lie(said=lambda said, response: response.update(fields))


def _bytes(name: str, change: Callable[[bytes], bytes]) -> Lie:
    def lie(said: Said, response: Said) -> None:
        response[name] = encoded(change(decoded(response[name])))

    return Lie(said=lie)


def _text(name: str, change: Callable[[str], str]) -> Lie:
    def lie(said: Said, response: Said) -> None:
        response[name] = change(str(response[name]))

    return Lie(said=lie)


def _flip(raw: bytes) -> bytes:
    return raw[:-1] + bytes([raw[-1] ^ 1])


# What is wrong in either ceremony.
BOTH: Final[dict[str, Lie]] = {
    "another origin": _client(origin="https://evil.example"),
    "a subdomain that is not listed": _client(origin="https://sub.app.example.org"),
    "an origin that begins like ours": _client(origin="https://app.example.org.evil.example"),
    "our origin with a slash": _client(origin="https://app.example.org/"),
    "our origin in capitals": _client(origin="https://APP.example.org"),
    "our origin without TLS": _client(origin="http://app.example.org"),
    "our origin at another port": _client(origin="https://app.example.org:8443"),
    "no origin": _client(origin=None),
    "an origin that is a list": _client(origin=["https://app.example.org"]),
    "another relying party": Lie(rp_id="evil.example"),
    "the relying party above ours": Lie(rp_id="example.org"),
    "another challenge": _client(challenge=encoded(bytes(32))),
    "an empty challenge": _client(challenge=""),
    "no challenge": _client(challenge=None),
    "a challenge that is a number": _client(challenge=1),
    "no type": _client(type=None),
    "a type of somebody else": _client(type="payment.get"),
    "a frame": _client(crossOrigin=True),
    "a frame of a page that is not listed": _client(crossOrigin=True, topOrigin="https://evil.example"),
    "a frame that is a text": _client(crossOrigin="false"),
    "a frame that is a number": _client(crossOrigin=0),
    "a page above, but no frame": _client(topOrigin="https://app.example.org"),
    "client data with a name twice": Lie(
        raw_client=lambda raw: raw[:-1] + b', "origin": "https://app.example.org"}'
    ),
    "client data in UTF-16": Lie(raw_client=lambda raw: raw.decode().encode("utf-16")),
    "client data with a mark before it": Lie(raw_client=lambda raw: b"\xef\xbb\xbf" + raw),
    "client data cut off": Lie(raw_client=lambda raw: raw[:-1]),
    "client data that is a list": Lie(raw_client=lambda raw: b"[" + raw + b"]"),
    "client data nested without end": Lie(raw_client=lambda raw: b"[" * 20_000),
    "no client data": _response(clientDataJSON=None),
    "client data with padding": _text("clientDataJSON", lambda text: text + "="),
    "another type of credential": _said(type="password"),
    "no type of credential": _said(type=None),
    "two ids": _said(rawId="AAAA"),
    "an id that is a number": _said(id=7),
    "an id with padding": Lie(
        said=lambda said, response: said.update(id=f"{said['id']}=", rawId=f"{said['id']}=")
    ),
    "an empty id": _said(id="", rawId=""),
    "a response that is a text": _said(response="x"),
    "no response": _said(response=None),
}
# What is wrong with an assertion.
SHOWN: Final[dict[str, Lie]] = {
    **BOTH,
    "the other ceremony": _client(type="webauthn.create"),
    "nobody there": Lie(flags=UV),
    "no flags": Lie(flags=0),
    "backed up, and cannot be": Lie(flags=UP | UV | BS),
    "credential data that is announced and missing": Lie(flags=UP | UV | AT),
    "extensions that are announced and missing": Lie(flags=UP | UV | 0x80),
    "the counter goes back": Lie(count=0),
    "authenticator data cut off": Lie(data=lambda raw: raw[:-1]),
    "authenticator data with more behind it": Lie(data=lambda raw: raw + b"\x00"),
    "no authenticator data": _bytes("authenticatorData", lambda raw: b""),
    "authenticator data changed after the signature": _bytes("authenticatorData", _flip),
    "client data changed after the signature": _bytes("clientDataJSON", lambda raw: raw[:-1] + b', "x": 1}'),
    "the signature changed": _bytes("signature", _flip),
    "the signature cut off": _bytes("signature", lambda raw: raw[:-4]),
    "no signature": _bytes("signature", lambda raw: b""),
    "a signature of zeros": _bytes("signature", lambda raw: bytes(len(raw))),
    "a signature in hex": _text("signature", lambda text: decoded(text).hex() + "!"),
    "another user's handle": _response(userHandle=encoded(b"somebody else entirely")),
    "a handle that is a number": _response(userHandle=5),
    "an unknown credential": _said(id=encoded(bytes(32)), rawId=encoded(bytes(32))),
}


def _attested(change: Callable[[dict[str, object]], object]) -> Lie:
    def lie(said: Said, response: Said) -> None:
        read = cbor2.loads(decoded(response["attestationObject"]))
        change(read)
        response["attestationObject"] = encoded(cbor2.dumps(read))

    return Lie(said=lie)


def _public_key(**fields: object) -> Lie:
    """The public key with other fields: `alg`, `kty`, `crv`, `x`."""
    places = {"kty": 1, "alg": 3, "crv": -1, "x": -2}

    def change(data: bytes) -> bytes:
        at = 37 + 16 + 2 + int.from_bytes(data[53:55], "big")
        read = cbor2.loads(data[at:])
        read.update({places[name]: value for name, value in fields.items()})
        return data[:at] + cbor2.dumps(read)

    return Lie(data=change)


def _long_id(data: bytes) -> bytes:
    return data[:53] + (1024).to_bytes(2, "big") + bytes(1024) + data[55 + 32 :]


ENROLLED: Final[dict[str, Lie]] = {
    **BOTH,
    "the other ceremony": _client(type="webauthn.get"),
    "nobody there": Lie(flags=UV | AT),
    "no credential": Lie(flags=UP | UV),
    "backed up, and cannot be": Lie(flags=UP | UV | AT | BS),
    "an algorithm that was not offered": _public_key(alg=-35),
    "an algorithm that is none": _public_key(alg=-65535),
    "an algorithm of another kind of key": _public_key(alg=-257),
    "a kind of key that is none": _public_key(kty=9),
    "another curve": _public_key(crv=2),
    "a point that is not on the curve": _public_key(x=bytes(32)),
    "a public key that is a number": Lie(data=lambda raw: raw[:87] + b"\x04"),
    "the id of another credential": _said(id=encoded(bytes(32)), rawId=encoded(bytes(32))),
    "an id that is too long": Lie(
        data=_long_id,
        said=lambda said, response: said.update(id=encoded(bytes(1024)), rawId=encoded(bytes(1024))),
    ),
    "authenticator data cut off": Lie(data=lambda raw: raw[:-1]),
    "authenticator data with more behind it": Lie(data=lambda raw: raw + b"\x00"),
    "a credential cut off": Lie(data=lambda raw: raw[:60]),
    "no attestation object": _response(attestationObject=""),
    "an attestation object that is a list": _bytes("attestationObject", lambda raw: cbor2.dumps([1])),
    "an attestation object cut off": _bytes("attestationObject", lambda raw: raw[:-7]),
    "a format that is none": _attested(lambda read: read.update(fmt="iamkit")),
    "a statement where none belongs": _attested(lambda read: read.update(attStmt={"sig": b"x"})),
    "a packed statement that is empty": _attested(lambda read: read.update(fmt="packed")),
    "a packed statement of zeros": _attested(
        lambda read: read.update(fmt="packed", attStmt={"alg": -7, "sig": bytes(70)})
    ),
    "no authenticator data": _attested(lambda read: read.pop("authData")),
}


def test_there_are_enough() -> None:
    """Thirty or more for each ceremony."""
    assert len(SHOWN) >= 30
    assert len(ENROLLED) >= 30


@pytest.fixture
def enrolled(place: Place, key: SoftAuthenticator) -> Place:
    """The key is ana's, and was used."""
    place.enrol(key)
    place.second(key)
    return place


def test_every_lie_about_a_device_is_refused(enrolled: Place, key: SoftAuthenticator) -> None:
    """Not one opens a session; the truth does, before and after."""
    let_in = []
    for what, lie in SHOWN.items():
        session = enrolled.enter()
        try:
            enrolled.show(session, key.get(enrolled.ask(session), lie))
        except InvalidAuthenticationCode:
            assert enrolled.admitted(session) is None
        else:
            let_in.append(what)
        # So that the count of attempts stays out of the way.
        enrolled.clock.advance(timedelta(minutes=31))
        enrolled.second(key)

    assert let_in == []


def test_every_lie_about_a_passkey_is_refused(enrolled: Place, key: SoftAuthenticator) -> None:
    """The same with the key alone, and more: it has to verify its user, and to name them."""
    lies = {
        **SHOWN,
        "no verification": Lie(flags=UP),
        "no handle": _response(userHandle=None),
        "an empty handle": _response(userHandle=""),
    }
    let_in, words = [], set()
    for what, lie in lies.items():
        try:
            enrolled.passkey(key, lie)
        except InvalidCredentials as fault:
            words.add(fault.message)
        else:
            let_in.append(what)
        enrolled.clock.advance(timedelta(minutes=1))
        enrolled.passkey(key)

    assert let_in == []
    assert words == {"the passkey is not right; begin again, or sign in another way"}


def test_every_lie_at_the_enrolment_is_refused(place: Place, key: SoftAuthenticator) -> None:
    """No device comes of any."""
    let_in = []
    for what, lie in ENROLLED.items():
        try:
            place.enrol(key, "ana", lie)
        except InvalidAuthenticationCode:
            assert place.enter().state is SessionState.ACTIVE
        else:
            let_in.append(what)
        place.clock.advance(timedelta(minutes=31))

    assert let_in == []
    place.enrol(key)


def test_another_users_device_is_no_proof(enrolled: Place) -> None:
    """Ben's key answers ana's challenge: with its own id, and with the id of ana's."""
    bens = SoftAuthenticator("https://app.example.org")
    enrolled.enrol(bens, "ben")
    session = enrolled.enter()
    shown = dict(enrolled.ask(session))
    anas = shown.pop("allowCredentials")
    assert isinstance(anas, list)

    with pytest.raises(InvalidAuthenticationCode):
        enrolled.show(session, bens.get(shown))
    shown = dict(enrolled.ask(session), allowCredentials=[])
    with pytest.raises(InvalidAuthenticationCode):
        enrolled.show(session, bens.get(shown, _said(id=anas[0]["id"], rawId=anas[0]["id"])))


def test_a_challenge_is_answered_once(enrolled: Place, key: SoftAuthenticator) -> None:
    """In its session and in any other, right or wrong the first time."""
    first, second = enrolled.enter(), enrolled.enter()
    credential = key.get(enrolled.ask(first))
    enrolled.ask(second)

    with pytest.raises(InvalidAuthenticationCode):
        enrolled.show(second, credential)
    enrolled.show(first, credential)
    third = enrolled.enter()
    with pytest.raises(InvalidAuthenticationCode):
        enrolled.show(third, credential)
    shown = enrolled.ask(third)
    with pytest.raises(InvalidAuthenticationCode):
        enrolled.show(third, key.get(shown, _client(crossOrigin=True)))
    with pytest.raises(InvalidAuthenticationCode):
        enrolled.show(third, key.get(shown))


def test_a_challenge_ends_after_five_minutes(enrolled: Place, key: SoftAuthenticator) -> None:
    """For a device that is shown, and for one that is enrolled."""
    session = enrolled.enter()
    credential = key.get(enrolled.ask(session))
    created = key.create(enrolled.begin_enrolment("ben"))
    enrolled.clock.advance(timedelta(minutes=5))

    with pytest.raises(InvalidAuthenticationCode):
        enrolled.show(session, credential)
    with pytest.raises(InvalidAuthenticationCode):
        enrolled.finish_enrolment(created, "ben")


def test_an_enrolment_is_answered_once_and_by_its_user(place: Place, key: SoftAuthenticator) -> None:
    """The challenge of one enrolment serves no other."""
    created = key.create(place.begin_enrolment("ana"))
    place.begin_enrolment("ben")

    with pytest.raises(InvalidAuthenticationCode):
        place.finish_enrolment(created, "ben")
    place.finish_enrolment(created, "ana")
    with pytest.raises(InvalidAuthenticationCode):
        place.finish_enrolment(created, "ana")


@pytest.mark.parametrize("credential", ["", "x", "{}", "[]", "null", '{"id": "\\ud800"}', "{" * 70_000])
def test_rubbish_is_refused_like_a_lie(enrolled: Place, key: SoftAuthenticator, credential: str) -> None:
    """Without another fault, whatever is sent."""
    session = enrolled.enter()
    enrolled.ask(session)
    with pytest.raises(InvalidAuthenticationCode):
        enrolled.show(session, credential)
    begun = enrolled.iam.factors.begin_passkey()
    with pytest.raises(InvalidCredentials):
        enrolled.iam.factors.finish_passkey(begun.token, {"credential": credential})
    enrolled.begin_enrolment("ben")
    with pytest.raises(IamkitError) as refused:
        enrolled.finish_enrolment(credential, "ben")
    assert 400 <= refused.value.status < 500


def test_a_listed_page_may_hold_ours_in_a_frame(place: Place) -> None:
    """Only that one: the list is empty until somebody fills it."""
    from iamkit_webauthn import RelyingParty, client_data
    from iamkit_webauthn.client_data import Refused

    party = RelyingParty(rp_id="app.example.org", top_origins=("https://portal.example.org",))
    said = {"type": "webauthn.get", "challenge": "AAAA", "origin": "https://app.example.org"}

    def check(**more: object) -> None:
        client_data.check(json.dumps({**said, **more}).encode(), "webauthn.get", "AAAA", party)

    check()
    check(crossOrigin=True, topOrigin="https://portal.example.org")
    with pytest.raises(Refused):
        check(crossOrigin=True, topOrigin="https://portal.example.com")
    with pytest.raises(Refused):
        check(crossOrigin=True)
