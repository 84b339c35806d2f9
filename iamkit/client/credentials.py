"""What a client proves itself by: an access key, a temporary one with its session token, or a token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from iamkit.client.signer import Signer
from iamkit.credentials.secret import Secret
from iamkit.errors import ConfigurationError

KEY_ID_VARIABLE: Final = "IAMKIT_ACCESS_KEY_ID"
SECRET_VARIABLE: Final = "IAMKIT_SECRET_ACCESS_KEY"  # noqa: S105  # the name of a variable
SESSION_VARIABLE: Final = "IAMKIT_SESSION_TOKEN"  # the name of a variable
TOKEN_VARIABLE: Final = "IAMKIT_TOKEN"  # noqa: S105  # the name of a variable


@dataclass(frozen=True, slots=True)
class Bearer:
    """A session's or a personal token, which is sent with each request."""

    token: Secret = field(repr=False)

    @property
    def fields(self) -> dict[str, str]:
        """The header field that carries it."""
        return {"Authorization": f"Bearer {self.token.reveal()}"}


Credentials = Signer | Bearer


def from_environment(variables: Mapping[str, str], *, service: str, region: str) -> Credentials | None:
    """The key of the environment, with its session token if it is a temporary one, else the token; else None.

    Raises ConfigurationError for half of a key.
    """
    key_id, secret = variables.get(KEY_ID_VARIABLE), variables.get(SECRET_VARIABLE)
    if key_id and secret:
        session = variables.get(SESSION_VARIABLE)
        return Signer(key_id, Secret(secret), service, region, Secret(session) if session else None)
    if key_id or secret:
        missing = SECRET_VARIABLE if key_id else KEY_ID_VARIABLE
        raise ConfigurationError(f"`{missing}` is not set, though its other half is; set both or none")
    token = variables.get(TOKEN_VARIABLE)
    return Bearer(Secret(token)) if token else None
