"""The caller whose access key or token stands in the environment: proved by what guards the web."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iamkit.client.signer import Signer
from iamkit.credentials.secret import Secret
from iamkit.errors import InvalidClientTokenId
from iamkit.http import Headers, HttpRequest, NeedsBody
from iamkit.identity.principal import Principal
from iamkit.kit import IAM

_HOST: Final = "localhost"


def by_key(iam: IAM, key_id: str, secret: str, token: str | None = None) -> Principal:
    """The principal that a key proves, with its session token if it is a temporary one.

    Raises AuthenticationError if it is unknown, inactive, expired or wrong.
    """
    session = None if token is None else Secret(token)
    signer = Signer(key_id, Secret(secret), iam.settings.signing_service, token=session)
    return _admitted(
        iam,
        signer.sign("GET", f"http://{_HOST}/", {}, b"", now=iam.clock.now()),
        "the access key of the environment proves nothing; check its two variables",
    )


def by_token(iam: IAM, token: str) -> Principal:
    """The principal that a session's or a personal token proves. Raises AuthenticationError."""
    fields = {"host": _HOST, "authorization": f"Bearer {token}"}
    return _admitted(iam, fields, "the token of the environment proves nothing; sign in again")


def _admitted(iam: IAM, fields: Mapping[str, str], failed: str) -> Principal:
    request = HttpRequest(
        method="GET",
        scheme="http",
        host=_HOST,
        raw_path="/",
        path="/",
        query="",
        headers=Headers(tuple(fields.items())),
        body=b"",
    )
    principal = iam.gate.admit(request)
    if isinstance(principal, NeedsBody) or principal.authentication is None:
        raise InvalidClientTokenId(failed)
    return principal
