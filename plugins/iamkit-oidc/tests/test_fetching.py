"""How keys are fetched: over TLS, from where providers may be, within limits, and not too often."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import OctKey, RSAKey

from iamkit.clock import FrozenClock
from iamkit.errors import ConfigurationError, IdpCommunicationError, InvalidIdentityToken
from iamkit.federation.oidc_provider import OidcProvider
from iamkit_oidc import keys
from iamkit_oidc.addresses import Addresses, Place, place_of
from iamkit_oidc.configuration import Configuration
from iamkit_oidc.testing import LocalProvider
from iamkit_oidc.tokens import Tokens

DISCOVERY = "/.well-known/openid-configuration"


def _refused(tokens: Tokens, idp: LocalProvider, record: OidcProvider) -> None:
    with pytest.raises(IdpCommunicationError):
        tokens.verify(idp.token(), [record])


def test_a_new_key_is_asked_for_once(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, clock: FrozenClock
) -> None:
    """Rotation works at once; strange key ids make nobody ask more often than the pause allows."""
    tokens.verify(idp.token(), [record])
    clock.advance(timedelta(seconds=31))
    idp.rotate("two")

    tokens.verify(idp.token(), [record])
    assert len(idp.asked) == 4
    for number in range(20):
        with pytest.raises(InvalidIdentityToken, match="no key"):
            tokens.verify(idp.token(header={"kid": f"k{number}"}), [record])
    assert len(idp.asked) == 4


def test_an_old_key_is_forgotten(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, clock: FrozenClock
) -> None:
    """With the next fetch, an hour later at most."""
    old = idp.token()
    key, kid = idp.keys["one"], "one"
    tokens.verify(old, [record])
    idp.rotate("two")
    clock.advance(timedelta(minutes=61))

    now = int(clock.now().timestamp())
    with pytest.raises(InvalidIdentityToken, match="no key"):
        tokens.verify(idp.token(header={"kid": kid}, key=key, iat=now, exp=now + 60), [record])


def test_the_last_good_keys_last_a_day(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, clock: FrozenClock
) -> None:
    """A provider that is down for a while stops nobody; after a day it does."""
    tokens.verify(idp.token(), [record])
    idp.status = 503
    for hours in (2, 23):
        now = int((clock.now() + timedelta(hours=hours)).timestamp())
        clock.advance(timedelta(hours=hours) if hours == 2 else timedelta(hours=21))
        tokens.verify(idp.token(iat=now - 90_000, exp=now + 90_000), [record])
    clock.advance(timedelta(hours=2))

    now = int(clock.now().timestamp())
    with pytest.raises(IdpCommunicationError):
        tokens.verify(idp.token(iat=now, exp=now + 60), [record])


def test_a_provider_that_fails_is_left_alone_for_a_while(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, clock: FrozenClock
) -> None:
    """Whoever sends tokens all the time does not have it asked all the time."""
    idp.status = 500
    for _ in range(5):
        _refused(tokens, idp, record)
    assert idp.asked == [DISCOVERY]
    idp.status = 200
    clock.advance(timedelta(seconds=31))

    tokens.verify(idp.token(), [record])


@pytest.mark.parametrize("status", [201, 204, 301, 302, 303, 307, 308, 401, 404, 500])
def test_only_200_is_an_answer(tokens: Tokens, idp: LocalProvider, record: OidcProvider, status: int) -> None:
    """A redirect is followed nowhere, not even to the same host."""
    idp.status, idp.location = status, f"https://{idp.host}/elsewhere"

    _refused(tokens, idp, record)
    assert idp.asked == [DISCOVERY]


def test_a_slow_provider_is_not_waited_for(tokens: Tokens, idp: LocalProvider, record: OidcProvider) -> None:
    """Each byte comes in time, and all of them together do not."""
    idp.pause = 0.05
    body = idp.answer(DISCOVERY) or b""
    assert len(body) * idp.pause > 3

    _refused(tokens, idp, record)
    assert idp.asked == [DISCOVERY]


@pytest.mark.parametrize("path", [DISCOVERY, "/keys"])
def test_more_than_there_is_room_for_is_not_read(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, path: str
) -> None:
    """Two megabytes of spaces before the document."""
    idp.body[path] = b" " * 2_000_000 + (idp.answer(path) or b"")

    _refused(tokens, idp, record)


def test_compressed_answers_are_refused(tokens: Tokens, idp: LocalProvider, record: OidcProvider) -> None:
    """Nobody asked for them, and little may become much."""
    idp.headers["Content-Encoding"] = "gzip"

    _refused(tokens, idp, record)


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://other.example.org"},
        {"issuer": "https://idp.example.org/"},
        {"jwks_uri": "http://idp.example.org/keys"},
        {"jwks_uri": "https://127.0.0.1/keys"},
        {"jwks_uri": "https://[::1]/keys"},
        {"jwks_uri": "https://[::ffff:127.0.0.1]/keys"},
        {"jwks_uri": "https://169.254.169.254/keys"},
        {"jwks_uri": "https://0x7f000001/keys"},
        {"jwks_uri": "https://2130706433/keys"},
        {"jwks_uri": "https://localhost/keys"},
        {"jwks_uri": "https://10.0.0.1/keys"},
        {"jwks_uri": "https://user:pw@idp.example.org/keys"},
        {"jwks_uri": "https://idp.example.org:99999/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "https:///keys"},
        {"jwks_uri": "https://idp.example.org/keys\r\nX: y"},
        {"jwks_uri": 7},
        {"jwks_uri": None},
    ],
    ids=str,
)
def test_discovery_leads_nowhere_strange(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, said: dict[str, object]
) -> None:
    """A document of another issuer, keys without TLS, on this machine, in a private network."""
    good = json.loads(idp.answer(DISCOVERY) or b"")
    idp.body[DISCOVERY] = json.dumps({**good, **said}).encode()

    _refused(tokens, idp, record)
    assert idp.asked == [DISCOVERY]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"issuer":1,"issuer":2}', b"\xff", b"null"])
@pytest.mark.parametrize("path", [DISCOVERY, "/keys"])
def test_documents_have_to_be_what_they_are(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, path: str, body: bytes
) -> None:
    """Nothing, no object, twice the same name."""
    idp.body[path] = body

    _refused(tokens, idp, record)


def test_only_usable_keys_are_used(tokens: Tokens, idp: LocalProvider, record: OidcProvider) -> None:
    """Shared secrets, keys for encryption, short ones and published private ones are passed over."""
    good = json.loads(idp.key_set())["keys"][0]
    private = idp.keys["one"].as_dict(private=True)
    bad: list[dict[str, Any]] = [
        {**OctKey.generate_key(256).as_dict(private=True), "kid": "one"},
        {**good, "use": "enc"},
        {**good, "key_ops": ["encrypt"]},
        {**good, "key_ops": "verify"},
        {**good, "alg": "RSA-OAEP"},
        {**good, "alg": 7},
        {**good, "n": "AQAB"},
        {**good, "n": good["n"][:171]},
        {**good, "n": 7},
        {**good, "e": None},
        {**private, "kid": "one"},
        {"kty": "EC", "crv": "P-192", "x": "AA", "y": "AA", "kid": "one"},
        {"kty": ["RSA"], "kid": "one"},
        {"kid": "one"},
    ]
    idp.body["/keys"] = json.dumps({"keys": [*bad, 7, None]}).encode()

    _refused(tokens, idp, record)


def test_tls_is_always_checked(
    idp: LocalProvider, record: OidcProvider, clock: FrozenClock, tmp_path: Path
) -> None:
    """An authority that nobody trusts, and a certificate of another host."""
    _refused(Tokens(idp.configuration(authorities=""), clock), idp, record)
    with LocalProvider(tmp_path, host="other.example.org") as other:
        wrong = other.configuration(connect_to={idp.host: other.place})
        _refused(Tokens(wrong, clock), idp, record)
        assert other.asked == []


def test_pinned_keys_need_nobody(idp: LocalProvider, record: OidcProvider, clock: FrozenClock) -> None:
    """Neither for a known nor for a strange key id."""
    pinned = Tokens(idp.configuration(pinned_keys={idp.issuer: idp.key_set()}), clock)

    pinned.verify(idp.token(), [record])
    stranger = RSAKey.generate_key(2048)
    for header in ({"kid": "one"}, {"kid": "two"}):
        with pytest.raises(InvalidIdentityToken):
            pinned.verify(idp.token(header=header, key=stranger), [record])
    assert idp.asked == []
    with pytest.raises(ConfigurationError, match="pinned_keys"):
        Tokens(Configuration(pinned_keys={idp.issuer: b"{}"}), clock)


def test_plain_http_is_for_this_machine(tmp_path: Path, clock: FrozenClock) -> None:
    """A provider in development; nothing but loopback can be said to be one."""
    with LocalProvider(tmp_path, plain=True) as idp:
        record = OidcProvider(
            arn="arn:aws:iam::111122223333:oidc-provider/idp.example.org",
            account="111122223333",
            url=idp.issuer,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            client_ids=("my-app",),
        )
        Tokens(idp.configuration(), clock).verify(idp.token(), [record])
    assert place_of("http://127.0.0.1:8080") == Place("127.0.0.1", 8080, plain=True)
    assert place_of("[::1]:8443") == Place("::1", 8443)
    for text in (
        "http://10.0.0.1:80",
        "10.0.0.1",
        "a.example:443",
        "",
        "10.0.0.1:0",
        "10.0.0.1:443/x",
        "[::1",
    ):
        with pytest.raises(ConfigurationError, match="connect_to"):
            place_of(text)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::",
        "2001:0:1::1",
    ],
)  # fmt: skip
def test_private_addresses_are_refused_however_written(address: str) -> None:
    """Unless their network is allowed; what is link-local, where clouds tell secrets, never is."""
    assert not Addresses().may_be(ip_address(address))
    everywhere = Addresses(networks=(ip_network("0.0.0.0/0"), ip_network("::/0")))
    local = address.startswith(("169.254", "fe80", "::ffff:169", "64:ff9b::a9fe"))
    if local:
        assert not everywhere.may_be(ip_address(address))


def test_allowed_networks_are_connected_to() -> None:
    """One network, and no other; public addresses always."""
    inside = Addresses(networks=(ip_network("10.1.0.0/16"),))

    assert inside.may_be(ip_address("10.1.2.3"))
    assert inside.may_be(ip_address("::ffff:10.1.2.3"))
    assert not inside.may_be(ip_address("10.2.0.1"))
    assert inside.may_be(ip_address("1.1.1.1"))
    assert inside.may_be(ip_address("2606:4700::1"))


def test_the_address_that_was_checked_is_connected_to(
    monkeypatch: pytest.MonkeyPatch, idp: LocalProvider, record: OidcProvider, clock: FrozenClock
) -> None:
    """A name server that says another thing the second time is not asked a second time."""
    answers = [[(2, 1, 6, "", ("10.9.9.9", 443))], [(2, 1, 6, "", ("127.0.0.1", idp.place.port))]]
    asked: list[object] = []

    def resolve(host: object, *_args: object, **_more: object) -> object:
        asked.append(host)
        return answers[min(len(asked) - 1, 1)]

    monkeypatch.setattr("iamkit_oidc.addresses.socket.getaddrinfo", resolve)
    rebound = Tokens(idp.configuration(connect_to={}), clock)

    _refused(rebound, idp, record)
    assert asked == [idp.host]
    assert idp.asked == []


def test_many_at_once_have_it_asked_once(tokens: Tokens, idp: LocalProvider, record: OidcProvider) -> None:
    """The others wait for the one that asks, at the start and after a rotation."""
    shown = [idp.token(sub=f"user-{number}") for number in range(16)]

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda token: tokens.verify(token, [record]).claims["sub"], shown))

    assert found == [f"user-{number}" for number in range(16)]
    assert idp.asked == [DISCOVERY, "/keys"]


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inside: (
                st.lists(inside, max_size=4)
                | st.dictionaries(
                    st.sampled_from(
                        ["keys", "kty", "crv", "n", "e", "x", "y", "kid", "alg", "use", "key_ops", "d"]
                    ),
                    inside
                    | st.sampled_from(["RSA", "EC", "OKP", "P-256", "Ed25519", "AQAB", "sig", "RS256"]),
                    max_size=6,
                )
            ),
            max_leaves=20,
        ).map(lambda said: json.dumps({"keys": said}).encode()),
    )
)
def test_any_key_set_is_read_or_refused(text: bytes) -> None:
    """No other error, whatever a provider answers."""
    try:
        found = keys.read(text)
    except keys.NoKeysError:
        return
    assert all(key.algorithms for key in found)
