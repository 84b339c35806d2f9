"""Botocore's own chain with a token in a file, and what strangers send without one."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from botocore.exceptions import ClientError
from botocore.session import Session
from iamkit_oidc import Configuration, Place
from iamkit_oidc.tokens import Tokens
from joserfc.jwk import RSAKey

from iamkit.clock import SystemClock
from iamkit.errors import InvalidIdentityToken
from iamkit.federation.oidc_provider import OidcProvider

if TYPE_CHECKING:
    from tests.wire.conftest import World


@pytest.fixture
def chain(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A process that has nothing but a file with a token, as a workload has; the file."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    file = tmp_path / "token"
    for name, value in {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        "AWS_ROLE_ARN": world.visited_role(),
        "AWS_ROLE_SESSION_NAME": "worker",
        "AWS_ENDPOINT_URL": world.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    return file


def test_a_workload_needs_no_secret(world: World, chain: Path) -> None:
    """botocore reads the token, gets the role's credentials, and signs with them."""
    chain.write_text(world.idp.token())
    client: Any = Session().create_client("sts")

    told = client.get_caller_identity()

    assert told["Arn"].endswith("/worker")
    assert ":assumed-role/visited-" in told["Arn"]


def test_a_workload_with_another_token_gets_nothing(world: World, chain: Path) -> None:
    """Somebody else's, and one that somebody else signed."""
    for token, code in (
        (world.idp.token(sub="ben"), "AccessDenied"),
        (world.idp.token(key=RSAKey.generate_key(2048)), "InvalidIdentityToken"),
    ):
        chain.write_text(token)
        client: Any = Session().create_client("sts")
        with pytest.raises(ClientError) as refused:
            client.get_caller_identity()
        assert refused.value.response["Error"]["Code"] == code


def test_the_answer_to_a_stranger_is_plain(world: World) -> None:
    """An unsigned form, as `curl` sends it; a cookie or a GET makes it nobody's."""
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": world.visited_role(),
        "RoleSessionName": "curl",
        "WebIdentityToken": world.idp.token(),
    }

    answer = httpx2.post(world.url, data=form)
    get = httpx2.get(world.url, params=form)
    cookie = httpx2.post(world.url, data=form, headers={"cookie": "a=b"})
    odd = httpx2.post(world.url, data={**form, "ProviderId": "graph.facebook.com"})
    long = httpx2.post(world.url, data={**form, "WebIdentityToken": "a" * 20_001})

    assert answer.status_code == 200
    assert "<SessionToken>ikst_" in answer.text
    assert [each.status_code for each in (get, cookie, odd, long)] == [403, 403, 400, 400]
    assert "ValidationError" in long.text


@pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
def test_iamkits_own_tokens_are_good_elsewhere(world: World, algorithm: str) -> None:
    """An account as an issuer, met by its discovery URL alone."""
    with contextlib.suppress(ClientError):
        world.iam.enable_outbound_web_identity_federation()
    given = world.sts.get_web_identity_token(Audience=["my-app"], SigningAlgorithm=algorithm)
    token = given["WebIdentityToken"]
    issuer = world.iam.get_outbound_web_identity_federation_info()["IssuerIdentifier"]
    at = Place("127.0.0.1", int(world.url.rsplit(":", 1)[1]), plain=True)
    verifier = Tokens(Configuration(connect_to={"iam.example": at}), SystemClock())
    record = OidcProvider("arn", "444455556666", issuer, datetime.now(UTC), ("my-app",))
    stranger = OidcProvider("arn", "444455556666", issuer, datetime.now(UTC), ("other-app",))

    assert verifier.verify(token, [record]).claims["sub"] == world.arn("user", "administrator")
    with pytest.raises(InvalidIdentityToken):
        verifier.verify(token, [stranger])
