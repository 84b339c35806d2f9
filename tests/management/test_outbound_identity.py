"""Identity tokens: a stock verifier takes them by what is published, and none outlives its bearer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from iamkit.credentials.authentication import Authentication, CredentialKind
from iamkit.errors import (
    AccessDenied,
    FeatureDisabled,
    FeatureEnabled,
    InputError,
    JWTPayloadSizeExceeded,
    OutboundWebIdentityFederationDisabled,
    SessionDurationEscalation,
)
from iamkit.federation import issuer
from iamkit.management import outbound_identity as operations
from iamkit.management.desk import Desk

if TYPE_CHECKING:
    from tests.management.conftest import Office

HOME: Final = "111122223333"
# Any: arguments of one operation.
Ask = Callable[..., dict[str, Any]]


def _verified(office: Office, token: str) -> dict[str, Any]:
    """As a verifier does that knows nothing but the key set."""
    with office.store.read() as reader:
        published = json.loads(json.dumps(issuer.key_set(reader, HOME)))
    assert all("d" not in key for key in published["keys"])
    return jwt.decode(token, KeySet.import_key_set(published), algorithms=["RS256", "ES384"]).claims


def _token(desk: Desk, **given: Any) -> str:
    asked = {"audience": ("https://api.example",), "signing_algorithm": "ES384"} | given
    return desk.do(operations.get_web_identity_token, **asked).web_identity_token.reveal()


def test_a_token_says_who_the_caller_is(office: Office) -> None:
    """By either algorithm, for one audience or more, with tags."""
    made = office.owner().do(operations.enable_outbound_web_identity_federation)
    ana = office.person("ana", office.document())
    desk = office.desk("ana")
    for algorithm in ("RS256", "ES384"):
        claims = _verified(office, _token(desk, signing_algorithm=algorithm, tags={"team": "a"}))
        assert claims["iss"] == made.issuer_identifier
        assert claims["sub"] == ana.arn
        assert claims["aud"] == "https://api.example"
        assert claims["exp"] - claims["iat"] == 300
        assert claims["https://sts.amazonaws.com/"]["request_tags"] == {"team": "a"}
    assert _verified(office, _token(desk, audience=("a", "b")))["aud"] == ["a", "b"]
    one, two = (_verified(office, _token(desk))["jti"] for _ in range(2))
    assert one != two
    assert "eyJ" not in json.dumps(office.events())


def test_a_token_that_was_changed_is_refused(office: Office) -> None:
    """Whichever letter of it."""
    office.owner().do(operations.enable_outbound_web_identity_federation)
    office.person("ana", office.document())
    head, body, signature = _token(office.desk("ana")).split(".")
    changed = body[:-4] + ("AAAA" if body[-4:] != "AAAA" else "BBBB")
    with pytest.raises((BadSignatureError, ValueError)):
        _verified(office, f"{head}.{changed}.{signature}")


def test_an_account_is_an_issuer_till_it_is_not(office: Office) -> None:
    """Its URL and keys stay, so that tokens which were given out are good to their end."""
    owner = office.owner()
    office.person("ana", office.document())
    with pytest.raises(FeatureDisabled):
        owner.do(operations.disable_outbound_web_identity_federation)
    with pytest.raises(FeatureDisabled):
        owner.do(operations.get_outbound_web_identity_federation_info)
    with pytest.raises(OutboundWebIdentityFederationDisabled):
        _token(office.desk("ana"))
    made = owner.do(operations.enable_outbound_web_identity_federation)
    with pytest.raises(FeatureEnabled):
        owner.do(operations.enable_outbound_web_identity_federation)
    token = _token(office.desk("ana"))
    owner.do(operations.disable_outbound_web_identity_federation)
    with pytest.raises(FeatureDisabled):
        owner.do(operations.disable_outbound_web_identity_federation)
    info = owner.do(operations.get_outbound_web_identity_federation_info)
    assert (info.issuer_identifier, info.jwt_vending_enabled) == (made.issuer_identifier, False)
    with pytest.raises(OutboundWebIdentityFederationDisabled):
        _token(office.desk("ana"))
    assert _verified(office, token)
    assert owner.do(operations.enable_outbound_web_identity_federation) == made


def test_a_token_does_not_outlive_the_session(office: Office) -> None:
    """Whoever has two minutes left gets no token for three; a key without an end gets any."""
    office.owner().do(operations.enable_outbound_web_identity_federation)
    ana = office.person("ana", office.document())
    proof = Authentication(
        HOME,
        ana.user_id,
        CredentialKind.TEMPORARY,
        "ASIATEST",
        issued_at=office.clock.now(),
        expires_at=office.clock.now() + timedelta(minutes=2),
    )
    principal = replace(office.principals.find(HOME, "ana"), authentication=proof)
    desk = Desk(office.store, office.gate, office.trail, office.house, office.services, principal)
    with pytest.raises(SessionDurationEscalation):
        desk.do(
            operations.get_web_identity_token,
            audience=("a",),
            signing_algorithm="ES384",
            duration_seconds=180,
        )


@pytest.mark.parametrize(
    "given",
    [
        {"audience": ()},
        {"audience": ("a",) * 11},
        {"audience": ("",)},
        {"audience": ("a\n",)},
        {"signing_algorithm": "none"},
        {"signing_algorithm": "HS256"},
        {"duration_seconds": 59},
        {"duration_seconds": 3601},
    ],
)
def test_what_is_no_token_is_refused(office: Office, given: dict[str, Any]) -> None:
    """Too many audiences, other algorithms, too short, too long."""
    office.owner().do(operations.enable_outbound_web_identity_federation)
    office.person("ana", office.document())
    with pytest.raises(InputError):
        _token(office.desk("ana"), **given)


def test_policies_see_audience_and_tags(office: Office) -> None:
    """And root has none: it is nobody that another service should know."""
    owner = office.owner()
    owner.do(operations.enable_outbound_web_identity_federation)
    condition = {"ForAllValues:StringEquals": {"sts:IdentityTokenAudience": "good"}}
    office.person("ana", office.document(Action="sts:GetWebIdentityToken", Condition=condition))
    desk = office.desk("ana")
    assert _token(desk, audience=("good",))
    with pytest.raises(AccessDenied):
        _token(desk, audience=("bad",))
    with pytest.raises(AccessDenied, match="TagGetWebIdentityToken"):
        _token(desk, audience=("good",), tags={"a": "b"})
    with pytest.raises(InputError):
        _token(owner)
    office.person("boss", office.document())
    with pytest.raises(JWTPayloadSizeExceeded):
        _token(office.desk("boss"), tags={f"k{number}": "v" * 250 for number in range(20)})
