"""The caller whose access key stands in the environment: proved by the verifier that guards the web."""

from __future__ import annotations

from typing import Final

from iamkit.client.signer import Signer
from iamkit.credentials.secret import Secret
from iamkit.errors import InvalidClientTokenId
from iamkit.http import Headers, HttpRequest, NeedsBody
from iamkit.identity.principal import Principal
from iamkit.kit import IAM

_HOST: Final = "localhost"


def by_key(iam: IAM, key_id: str, secret: str) -> Principal:
    """The principal that a key proves. Raises AuthenticationError if it is unknown, inactive or wrong."""
    signer = Signer(key_id, Secret(secret), iam.settings.signing_service)
    fields = signer.sign("GET", f"http://{_HOST}/", {}, b"", now=iam.clock.now())
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
        raise InvalidClientTokenId(
            "the access key of the environment proves nothing; check its two variables"
        )
    return principal
