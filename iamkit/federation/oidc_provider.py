"""OpenID Connect providers: whose tokens an account takes, with the clients that they may be for (CAP-H2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from iamkit.errors import EntityAlreadyExists, InputError, NoSuchEntity, ValidationError
from iamkit.storage import Reader, Unit, record

URL_LENGTH: Final = 255
CLIENT_ID_LENGTH: Final = 255
THUMBPRINTS: Final = 5

_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# No port, no query, no user, nothing that a pattern reads: the text becomes part of an ARN.
_URL: Final = re.compile(rf"https://{_LABEL}(?:\.{_LABEL})*(?:/[A-Za-z0-9._~!$&'()+,;=@%-]*)*", re.ASCII)
_CLIENT_ID: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)
_THUMBPRINT: Final = re.compile(r"[0-9a-fA-F]{40}", re.ASCII)


@record("oidc_provider", key=("arn",), index=(("account",),))
@dataclass(frozen=True, slots=True)
class OidcProvider:
    """A provider. `url` is what its tokens say in `iss`, letter for letter.

    Tokens have to be for one of `client_ids`. `thumbprints` are the SHA-1 digests, in hexadecimal digits, of
    certificates. They are told back as AWS's clients give them, and nothing is trusted for their sake: its
    TLS has to hang on an authority that the deployment trusts.
    """

    arn: str
    account: str
    url: str
    created_at: datetime
    client_ids: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The URL without its scheme: how policies name the provider, and the end of its ARN."""
        return self.url.removeprefix("https://")


def checked_url(url: str) -> str:
    """`url`, if it can be an issuer: https, a host in lower case, perhaps a path. Raises InputError."""
    if not 1 <= len(url) <= URL_LENGTH:
        raise ValidationError(f"a provider's URL must have 1 to {URL_LENGTH} characters")
    segments = url.split("/")[3:]
    if not _URL.fullmatch(url) or any(part in (".", "..") for part in segments) or "" in segments[:-1]:
        raise InputError(
            f"`{url[:80]!a}` is no URL of a provider; write `https://`, a host in lower case and perhaps a "
            "path, without port and query, as its tokens say it in `iss`"
        )
    return url


def checked_client_ids(client_ids: Iterable[str]) -> tuple[str, ...]:
    """Client ids, each once. Raises ValidationError."""
    found = tuple(dict.fromkeys(client_ids))
    for client_id in found:
        if not 1 <= len(client_id) <= CLIENT_ID_LENGTH or not _CLIENT_ID.fullmatch(client_id):
            raise ValidationError(
                f"client id `{client_id[:80]!a}` must have 1 to {CLIENT_ID_LENGTH} visible ASCII characters"
            )
    return found


def checked_thumbprints(thumbprints: Iterable[str]) -> tuple[str, ...]:
    """Thumbprints in lower case, each once. Raises ValidationError, InputError for more than five."""
    found = tuple(dict.fromkeys(text.lower() for text in thumbprints))
    for text in found:
        if not _THUMBPRINT.fullmatch(text):
            raise ValidationError(f"thumbprint `{text[:80]!a}` must be 40 hexadecimal digits")
    if len(found) > THUMBPRINTS:
        raise InputError(f"a provider has at most {THUMBPRINTS} thumbprints, not {len(found)}")
    return found


def create(
    unit: Unit,
    *,
    arn: str,
    account: str,
    url: str,
    now: datetime,
    client_ids: Iterable[str] = (),
    thumbprints: Iterable[str] = (),
    tags: Mapping[str, str] | None = None,
) -> OidcProvider:
    """Keep a provider under its ARN. Raises InputError, EntityAlreadyExists."""
    made = OidcProvider(
        arn=arn,
        account=account,
        url=checked_url(url),
        created_at=now,
        client_ids=checked_client_ids(client_ids),
        thumbprints=checked_thumbprints(thumbprints),
        tags=tags or {},
    )
    if find(unit, account, arn) is not None:
        raise EntityAlreadyExists(f"there is a provider with the URL `{url}` already")
    unit.add(made)
    return made


def find(reader: Reader, account: str, arn: str) -> OidcProvider | None:
    """The account's provider with that ARN."""
    found = reader.get(OidcProvider, (arn,))
    return found if found is not None and found.account == account else None


def get(reader: Reader, account: str, arn: str) -> OidcProvider:
    """The account's provider with that ARN. Raises NoSuchEntity."""
    found = find(reader, account, arn)
    if found is None:
        raise NoSuchEntity(f"there is no OpenID Connect provider `{arn[:300]}`")
    return found


def listing(reader: Reader, account: str) -> list[OidcProvider]:
    """The providers of an account, by ARN."""
    return reader.find(OidcProvider, {"account": account}, order="arn")


def count(reader: Reader, account: str) -> int:
    """How many providers an account has."""
    return reader.count(OidcProvider, {"account": account})


def set_client_ids(unit: Unit, provider: OidcProvider, client_ids: Iterable[str]) -> OidcProvider:
    """Replace the clients. Raises ValidationError."""
    changed = replace(provider, client_ids=checked_client_ids(client_ids))
    unit.change(OidcProvider, (provider.arn,), {"client_ids": changed.client_ids})
    return changed


def set_thumbprints(unit: Unit, provider: OidcProvider, thumbprints: Iterable[str]) -> OidcProvider:
    """Replace the thumbprints. Raises ValidationError, InputError."""
    changed = replace(provider, thumbprints=checked_thumbprints(thumbprints))
    unit.change(OidcProvider, (provider.arn,), {"thumbprints": changed.thumbprints})
    return changed


def set_tags(unit: Unit, provider: OidcProvider, tags: Mapping[str, str]) -> OidcProvider:
    """Replace the tags, which are checked already."""
    unit.change(OidcProvider, (provider.arn,), {"tags": tags})
    return replace(provider, tags=tags)


def delete(unit: Unit, provider: OidcProvider) -> None:
    """Forget a provider: no token of it is taken from then on."""
    unit.remove(OidcProvider, (provider.arn,))
