"""An endpoint: a management API elsewhere that a command has its operations done by."""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from iamkit.client.credentials import Bearer, from_environment
from iamkit.client.signer import Signer
from iamkit.client.variables import KEY_ID_VARIABLE, SECRET_VARIABLE, TOKEN_VARIABLE
from iamkit.errors import ConfigurationError, InputError

if TYPE_CHECKING:
    from iamkit.api.remote import RemoteDesk

_REGION: Final = "us-east-1"
# Nobody waits at a terminal for longer before being told to come back.
_LONGEST_WAIT: Final = 2.0


def desk(url: str, key_pair: tuple[str, str] | None, *, plain_http: bool, user_agent: str) -> RemoteDesk:
    """The desk at `url`, for the key that was given, else the key or token of the environment.

    Raises InputError for an address that is none or would carry secrets in the clear, ConfigurationError
    where there is nothing to prove oneself by.
    """
    from iamkit.api.remote import SERVICE, RemoteDesk
    from iamkit.client.client import Client

    _check(url, plain_http=plain_http)
    if key_pair is None:
        found = from_environment(os.environ, service=SERVICE, region=_REGION)
    else:
        found = Signer.of(*key_pair, SERVICE, _REGION)
    if found is None:
        raise ConfigurationError(
            f"nothing proves who you are to `{url}`; set {KEY_ID_VARIABLE} and {SECRET_VARIABLE},"
            f" or {TOKEN_VARIABLE}"
        )
    if isinstance(found, Bearer):
        client = Client(url, bearer=found.token, longest_wait=_LONGEST_WAIT)
    else:
        client = Client(
            url,
            found.key_id,
            found.secret,
            token=found.token,
            service=SERVICE,
            region=_REGION,
            longest_wait=_LONGEST_WAIT,
        )
    return RemoteDesk(client, user_agent=user_agent)


def _check(url: str, *, plain_http: bool) -> None:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if (
        parts.scheme not in ("http", "https")
        or not host
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise InputError(f"the endpoint `{url[:200]}` must be like `https://iam.example.org`")
    if parts.scheme == "http" and not plain_http and not loopback(host):
        raise InputError(
            f"`{url[:200]}` is not encrypted, and answers hold secrets; use `https://`, or give"
            " `--plain-http` where the way there is safe by other means"
        )


def loopback(host: str) -> bool:
    """Whether a host is this one."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
