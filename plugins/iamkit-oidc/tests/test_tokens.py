"""Tokens of a real provider: the good one says whom it tells of, and no other says anything."""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey, RSAKey

from iamkit.clock import FrozenClock
from iamkit.errors import ExpiredIdentityToken, InvalidIdentityToken
from iamkit.federation.oidc_provider import OidcProvider
from iamkit_oidc.testing import LocalProvider, signed
from iamkit_oidc.tokens import Tokens


def test_a_good_token_tells_of_somebody(tokens: Tokens, idp: LocalProvider, record: OidcProvider) -> None:
    """The claims as they were signed, and the keys fetched once for many tokens."""
    first = tokens.verify(idp.token(sub="ana", groups=["a", "b"]), [record])
    second = tokens.verify(idp.token(sub="ben"), [record])

    assert first.provider == record
    assert first.claims["sub"] == "ana"
    assert first.claims["groups"] == ["a", "b"]
    assert second.claims["sub"] == "ben"
    assert idp.asked == ["/.well-known/openid-configuration", "/keys"]


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS512", RSAKey.generate_key(2048)),
        ("PS256", RSAKey.generate_key(2048)),
        ("ES256", ECKey.generate_key("P-256")),
        ("ES384", ECKey.generate_key("P-384")),
        ("ES512", ECKey.generate_key("P-521")),
        ("EdDSA", OKPKey.generate_key("Ed25519")),
        ("Ed25519", OKPKey.generate_key("Ed25519")),
    ],
    ids=lambda value: value if isinstance(value, str) else "key",
)
def test_each_algorithm_works_with_its_kind_of_key(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, algorithm: str, key: Any
) -> None:
    """And with no other kind: the key says what it is good for."""
    idp.rotate("k", key)

    assert tokens.verify(idp.token(algorithm=algorithm), [record]).claims["sub"] == "ana"
    with pytest.raises(InvalidIdentityToken, match="no key"):
        tokens.verify(
            idp.token(header={"alg": "ES256" if algorithm[0] != "E" else "RS256"}, algorithm=algorithm),
            [record],
        )


def test_a_key_that_names_its_algorithm_is_for_no_other(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider
) -> None:
    """RS256 in the key set, PS256 in the token, by the same key (RFC 8725, 3.1)."""
    (said,) = json.loads(idp.key_set())["keys"]
    idp.body["/keys"] = json.dumps({"keys": [{**said, "alg": "RS256"}]}).encode()

    tokens.verify(idp.token(), [record])
    with pytest.raises(InvalidIdentityToken, match="no key"):
        tokens.verify(idp.token(algorithm="PS256"), [record])


def _unsigned(idp: LocalProvider, name: object) -> str:
    head, body, _ = idp.token(header={"alg": name}).split(".")
    return f"{head}.{body}."


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", None, 7, ["RS256"]])
def test_a_token_without_signature_says_nothing(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, name: object
) -> None:
    """However `none` is spelt, with an empty signature and with one that is anything."""
    for token in (_unsigned(idp, name), _unsigned(idp, name) + "AAAA"):
        with pytest.raises(InvalidIdentityToken):
            tokens.verify(token, [record])


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_the_public_key_is_no_shared_secret(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, algorithm: str
) -> None:
    """HS by the bytes of the public key, which everybody has."""
    for raw in (idp.keys["one"].as_pem(private=False), idp.key_set()):
        head, body, _ = idp.token(header={"alg": algorithm}).split(".")
        digest = hmac.digest(raw, f"{head}.{body}".encode(), f"sha{algorithm[2:]}")
        token = f"{head}.{body}.{urlsafe_b64encode(digest).rstrip(b'=').decode()}"
        with pytest.raises(InvalidIdentityToken, match="algorithm"):
            tokens.verify(token, [record])


@pytest.mark.parametrize(
    "kid", ["../../etc/passwd", "one' OR '1'='1", "ONE", "one\x00", "", "two", "a" * 3000, 7, ["one"], {}]
)
def test_a_kid_only_finds_keys(tokens: Tokens, idp: LocalProvider, record: OidcProvider, kid: object) -> None:
    """It is compared with those of the provider's keys, and is neither path nor query nor anything else."""
    with pytest.raises(InvalidIdentityToken):
        tokens.verify(idp.token(header={"kid": kid}), [record])


def test_without_kid_there_must_be_one_key(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, clock: FrozenClock
) -> None:
    """One that fits is meant; of two, none."""
    tokens.verify(idp.token(header={"kid": None}), [record])
    idp.keys["two"] = RSAKey.generate_key(2048)
    clock.advance(timedelta(seconds=31))
    tokens.verify(idp.token(header={"kid": "two"}, key=idp.keys["two"]), [record])

    with pytest.raises(InvalidIdentityToken, match="no key"):
        tokens.verify(idp.token(header={"kid": None}), [record])


@pytest.mark.parametrize("kid", ["one", "mine", None])
def test_no_token_brings_its_own_key(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, tmp_path: Path, kid: str | None
) -> None:
    """`jwk`, `jku`, `x5u`, `x5c`: ignored, and nobody is asked at the places they name."""
    with LocalProvider(tmp_path, host="evil.example.org") as evil:
        mine = evil.keys["one"]
        header = {
            "kid": kid,
            "jwk": mine.as_dict(private=False),
            "jku": f"https://127.0.0.1:{evil.place.port}/keys",
            "x5u": f"https://127.0.0.1:{evil.place.port}/keys",
            "x5c": ["MIIB"],
        }
        with pytest.raises(InvalidIdentityToken):
            tokens.verify(idp.token(header=header, key=mine), [record])
        assert evil.asked == []
    assert tokens.verify(idp.token(header={**header, "kid": "one"}), [record]).claims["sub"] == "ana"


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False, "crit": ["b64"]},
        {"b64": True},
        {"cty": "JWT"},
        {"zip": "DEF"},
        {"typ": "at+jwt"},
        {"typ": "logout+jwt"},
        {"typ": 1},
    ],
)
def test_other_kinds_of_tokens_say_nothing(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, header: dict[str, object]
) -> None:
    """Critical extensions, nested tokens, access and logout tokens of the same provider (RFC 8725, 3.11)."""
    with pytest.raises(InvalidIdentityToken):
        tokens.verify(idp.token(header=header), [record])


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://idp.example.org/"},
        {"iss": "https://idp.example.org.evil.org"},
        {"iss": "https://idp.example.or"},
        {"iss": "http://idp.example.org"},
        {"iss": "https://IDP.example.org"},
        {"iss": None},
        {"iss": ["https://idp.example.org"]},
        {"aud": "my-ap"},
        {"aud": "my-app "},
        {"aud": None},
        {"aud": []},
        {"aud": {"my-app": True}},
        {"aud": ["my-app", "stranger"]},
        {"aud": ["my-app", "stranger"], "azp": "stranger"},
        {"azp": "stranger"},
        {"azp": None, "aud": ["x"] * 60},
        {"azp": ""},
        {"azp": ["my-app"]},
        {"exp": None},
        {"exp": "1999999999"},
        {"exp": True},
        {"exp": 1e300},
        {"exp": -1},
        {"iat": None},
        {"iat": "now"},
        {"nbf": "now"},
    ],
    ids=str,
)
def test_wrong_claims_say_nothing(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, claims: dict[str, object]
) -> None:
    """Signed by the provider, and still not for here."""
    with pytest.raises(InvalidIdentityToken):
        tokens.verify(idp.token(**claims), [record])  # type: ignore[arg-type]  # only claims


def test_several_audiences_need_a_known_party(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider
) -> None:
    """`azp` says to whom the token was issued (OpenID Connect Core, 3.1.3.7)."""
    tokens.verify(idp.token(aud=["stranger", "my-app"], azp="other-app"), [record])
    tokens.verify(idp.token(aud=["my-app"]), [record])


def test_times_are_held_to_the_minute(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, clock: FrozenClock
) -> None:
    """A clock that is a little off is forgiven, one that is more off is not."""
    now = int(clock.now().timestamp())

    tokens.verify(idp.token(iat=now + 50, nbf=now + 50, exp=now + 500), [record])
    tokens.verify(idp.token(iat=now - 500, exp=now - 50), [record])
    for early in (idp.token(iat=now + 70), idp.token(nbf=now + 70)):
        with pytest.raises(InvalidIdentityToken, match="not valid yet"):
            tokens.verify(early, [record])
    for late in (now - 70, now - 61.5, 0):
        with pytest.raises(ExpiredIdentityToken):
            tokens.verify(idp.token(exp=late), [record])
    token = idp.token(exp=now + 10)
    clock.advance(timedelta(seconds=71))
    with pytest.raises(ExpiredIdentityToken):
        tokens.verify(token, [record])


def test_another_providers_key_signs_nothing_here(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, tmp_path: Path, clock: FrozenClock
) -> None:
    """Both are known, and each signs in its own name only, whatever its key is called."""
    with LocalProvider(tmp_path, host="second.example.org") as second:
        places = {**idp.configuration().connect_to, **second.configuration().connect_to}
        bundle = tmp_path / "both.pem"
        bundle.write_bytes(idp.authorities.read_bytes() + second.authorities.read_bytes())
        both = Tokens(idp.configuration(connect_to=places, authorities=str(bundle)), clock)
        other = OidcProvider(
            arn="arn:aws:iam::111122223333:oidc-provider/second.example.org",
            account="111122223333",
            url=second.issuer,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            client_ids=("my-app",),
        )
        assert both.verify(second.token(), [record, other]).provider == other
        with pytest.raises(InvalidIdentityToken, match="signature"):
            both.verify(idp.token(key=second.keys["one"]), [record, other])
        with pytest.raises(InvalidIdentityToken, match="no OpenID Connect provider"):
            both.verify(second.token(), [record])


def test_what_is_no_token_is_refused(tokens: Tokens, idp: LocalProvider, record: OidcProvider) -> None:
    """Parts, alphabet, spelling, size, JSON that two readers read differently; nobody is asked for keys."""
    good = idp.token()
    head, body, signature = good.split(".")
    key = idp.keys["one"]
    plain = {"alg": "RS256", "kid": "one"}
    for token in (
        "", ".", "..", "a.b", good + ".", f"{good}.{body}.{body}", f" {good}", f"{good}=", f"{good}\n",
        f"{head}.{body}", f"{head}.é.{signature}", f"{head}.{body}.{signature}" + "A" * 20_000,
        signed(plain, b"[]", key, "RS256"),
        signed(plain, b'"x"', key, "RS256"),
        signed(plain, b"\xff", key, "RS256"),
        signed(plain, b"[" * 5000, key, "RS256"),
        signed(plain, b'{"a":' * 40 + b"1" + b"}" * 40, key, "RS256"),
        signed(plain, json.dumps(idp.claims()).encode()[:-1] + b',"sub":"root"}', key, "RS256"),
        signed(plain, json.dumps(idp.claims(x=float("nan"))).encode(), key, "RS256"),
    ):  # fmt: skip
        with pytest.raises(InvalidIdentityToken):
            tokens.verify(token, [record])
    assert idp.asked == []


def test_another_spelling_of_a_signature_is_another_token(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider
) -> None:
    """The unused bits of the last character count too."""
    good = idp.token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    taken = 0
    for last in alphabet:
        try:
            tokens.verify(good[:-1] + last, [record])
            taken += 1
        except InvalidIdentityToken:
            pass

    assert taken == 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), letter=st.sampled_from("AQgwz09-_.="))
def test_no_altered_token_says_anything(
    tokens: Tokens, idp: LocalProvider, record: OidcProvider, place: int, letter: str
) -> None:
    """One character changed anywhere: refused, and by no other error."""
    good = _KEPT.setdefault(idp.issuer + str(id(idp)), idp.token())
    at = place % len(good)
    altered = good[:at] + letter + good[at + 1 :]
    if altered == good:
        return
    with pytest.raises((InvalidIdentityToken, ExpiredIdentityToken)):
        tokens.verify(altered, [record])


_KEPT: dict[str, str] = {}

_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["alg", "kid", "typ", "crit", "x5c", "jwk"]),
    claim=st.sampled_from(["iss", "aud", "azp", "exp", "iat", "nbf", "x"]),
    said=_ANY,
    claimed=_ANY,
)
def test_any_token_is_read_or_refused(
    tokens: Tokens,
    idp: LocalProvider,
    record: OidcProvider,
    name: str,
    claim: str,
    said: object,
    claimed: object,
) -> None:
    """Whatever stands in header and claims, even signed: no other error."""
    for token in (idp.token(header={name: said}), idp.token(**{claim: claimed})):  # type: ignore[arg-type]
        try:
            found = tokens.verify(token, [record])
        except (InvalidIdentityToken, ExpiredIdentityToken):
            continue
        assert found.claims["iss"] == idp.issuer


def test_a_token_is_good_for_real_clocks(
    idp: LocalProvider, record: OidcProvider, clock: FrozenClock
) -> None:
    """Half an hour from now, by the clock of this machine."""
    assert abs(clock.now().timestamp() - time.time()) < 60
    Tokens(idp.configuration(), clock).verify(idp.token(), [record])
